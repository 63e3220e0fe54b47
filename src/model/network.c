#include "model/network.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/philox.h"

Status network_init(Network *network, size_t features, const size_t *hidden, size_t count, size_t classes,
                    Activation activation)
{
    const uint64_t most = 1ull << 40;
    assert(count < NETWORK_MAX_LAYERS);
    *network = (Network){.layers = count + 1};
    for (size_t i = 0; i <= count; i++) {
        Layer *layer = &network->layer[i];
        layer->in = i ? network->layer[i - 1].out : features;
        layer->out = i < count ? hidden[i] : classes;
        layer->activation = i < count ? activation : ACTIVATION_NONE;
        layer->offset = network->floats;
        if (layer->in > most || layer->out > most || layer->out + 2 * PANEL > most / (layer->in + 1) ||
            network->floats + kernel_weights(layer->in, layer->out) > most)
            return status_fail(STATUS_CONFIG, "model.hidden: the network has more than %" PRIu64 " parameters", most);
        network->floats += kernel_weights(layer->in, layer->out);
        network->parameters += (layer->in + 1) * layer->out;
    }
    return STATUS_OK;
}

void network_set_image(Network *network, int dimensions, const uint64_t *extent)
{
    network->width = patches_width(dimensions, extent);
}

size_t network_difference(const Network *a, const Network *b)
{
    size_t i = 0;
    while (i < a->layers && i < b->layers && a->layer[i].in == b->layer[i].in && a->layer[i].out == b->layer[i].out &&
           a->layer[i].activation == b->layer[i].activation)
        i++;
    return i;
}

Activation network_activation(const char *name)
{
    if (strcmp(name, "relu") == 0) return ACTIVATION_RELU;
    if (strcmp(name, "tanh") == 0) return ACTIVATION_TANH;
    assert(strcmp(name, "sigmoid") == 0);
    return ACTIVATION_SIGMOID;
}

Initialisation network_initialisation(const char *name)
{
    if (strcmp(name, "kaiming") == 0) return INIT_KAIMING;
    if (strcmp(name, "xavier") == 0) return INIT_XAVIER;
    assert(strcmp(name, "uniform") == 0);
    return INIT_UNIFORM;
}

static float bound_of(Initialisation kind, const Layer *layer)
{
    switch (kind) {
        case INIT_KAIMING: return __builtin_sqrtf(6.0f / (float)layer->in);
        case INIT_XAVIER: return __builtin_sqrtf(6.0f / (float)(layer->in + layer->out));
        case INIT_UNIFORM: break;
    }
    return 1.0f / (float)layer->in;
}

/* Number i of the stream, uniform in [-bound, bound). */
static float symmetric(Stream *stream, float bound)
{
    return (2.0f * stream_uniform(stream) - 1.0f) * bound;
}

void network_draw(const Network *network, const Kernels *kernels, Initialisation kind, uint64_t seed, float *parameter)
{
    memset(parameter, 0, network->floats * sizeof *parameter);
    for (size_t t = 0; t < network_tensors(network); t++) {
        const Layer *layer = &network->layer[t / 2];
        const bool bias = t % 2 == 1;
        if (bias && kind != INIT_UNIFORM) continue;
        Stream stream;
        stream_init(&stream, seed, PURPOSE_INITIALISATION, (uint32_t)(t / 2), bias);
        const float bound = bound_of(kind, layer);
        for (size_t i = 0; i < network_tensor_size(network, t); i++)
            parameter[network_tensor_index(network, t, i)] = symmetric(&stream, bound);
    }
    network_round(network, kernels, parameter, 0, network->floats);
}

size_t network_tensors(const Network *network)
{
    return 2 * network->layers;
}

size_t network_tensor_size(const Network *network, size_t tensor)
{
    const Layer *layer = &network->layer[tensor / 2];
    return tensor % 2 ? layer->out : layer->in * layer->out;
}

void network_tensor_name(const Network *network, size_t tensor, char name[64])
{
    assert(tensor < network_tensors(network));
    snprintf(name, 64, "layer%zu.%s", tensor / 2, tensor % 2 ? "bias" : "weight");
}

size_t network_weight_index(const Network *network, size_t layer, size_t row, size_t column)
{
    const Layer *l = &network->layer[layer];
    if (layer == 0 && row < l->in) row = patches_place(network->width, row);
    return l->offset + kernel_weight_index(l->in, row, column);
}

size_t network_tensor_index(const Network *network, size_t tensor, size_t i)
{
    const Layer *layer = &network->layer[tensor / 2];
    const size_t row = tensor % 2 ? layer->in : i / layer->out;
    return network_weight_index(network, tensor / 2, row, i % layer->out);
}

void network_each_run(const Network *network, const float *parameter, size_t tensor, NetworkRun *run, void *context)
{
    const Layer *layer = &network->layer[tensor / 2];
    const size_t first = tensor % 2 ? layer->in : 0, end = tensor % 2 ? layer->in + 1 : layer->in;
    for (size_t row = first; row < end; row++)
        for (size_t j = 0; j < layer->out; j += PANEL)
            run(context, parameter + network_weight_index(network, tensor / 2, row, j),
                layer->out - j < PANEL ? layer->out - j : PANEL);
}

static void digest_run(void *state, const float *value, size_t count)
{
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "digests are taken over little-endian floats"
#endif
    digest_add(state, value, count * sizeof *value);
}

void network_digest_tensor(const Network *network, const float *parameter, size_t tensor, DigestState *state)
{
    network_each_run(network, parameter, tensor, digest_run, state);
}

void network_digest(const Network *network, const float *parameter, DigestState *state)
{
    for (size_t t = 0; t < network_tensors(network); t++) network_digest_tensor(network, parameter, t, state);
}

Status network_digest_vector(const Network *network, const float *parameter, Digest *digest)
{
    DigestState *state;
    const Status st = digest_open(&state);
    if (st != STATUS_OK) return st;
    digest_begin(state);
    network_digest(network, parameter, state);
    *digest = digest_end(state);
    digest_close(state);
    return st;
}
