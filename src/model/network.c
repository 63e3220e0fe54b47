#include "model/network.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
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
        if (layer->in > most || layer->out > most / (layer->in + 1) - 2 * PANEL ||
            network->floats + kernel_weights(layer->in, layer->out) > most)
            return status_fail(STATUS_CONFIG, "model.hidden: the network has more than %" PRIu64 " parameters", most);
        network->floats += kernel_weights(layer->in, layer->out);
        network->parameters += (layer->in + 1) * layer->out;
    }
    return STATUS_OK;
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

void network_draw(const Network *network, Initialisation kind, uint64_t seed, float *parameter)
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

size_t network_tensor_index(const Network *network, size_t tensor, size_t i)
{
    const Layer *layer = &network->layer[tensor / 2];
    const size_t row = tensor % 2 ? layer->in : i / layer->out;
    return layer->offset + kernel_weight_index(layer->in, row, i % layer->out);
}

void network_digest_tensor(const Network *network, const float *parameter, size_t tensor, DigestState *state)
{
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "digests are taken over little-endian floats"
#endif
    const Layer *layer = &network->layer[tensor / 2];
    const float *panels = parameter + layer->offset;
    const size_t first = tensor % 2 ? layer->in : 0, end = tensor % 2 ? layer->in + 1 : layer->in;
    for (size_t row = first; row < end; row++)
        for (size_t j = 0; j < layer->out; j += PANEL) {
            const size_t columns = layer->out - j < PANEL ? layer->out - j : PANEL;
            digest_add(state, panels + kernel_weight_index(layer->in, row, j), columns * sizeof *panels);
        }
}

void network_digest(const Network *network, const float *parameter, DigestState *state)
{
    for (size_t t = 0; t < network_tensors(network); t++) network_digest_tensor(network, parameter, t, state);
}

/* What a workspace is made of, floats. */
typedef struct {
    size_t outputs, widest; /* a sample */
    size_t losses, scratch; /* in all */
} WorkspaceSizes;

static WorkspaceSizes workspace_sizes(const Network *network, size_t capacity, bool backward)
{
    WorkspaceSizes sizes = {.losses = (capacity + PANEL - 1) / PANEL * PANEL};
    for (size_t i = 0; i < network->layers; i++) {
        const Layer *layer = &network->layer[i];
        sizes.outputs += kernel_leading(layer->out);
        if (i == 0 || !backward) continue;
        if (kernel_leading(layer->in) > sizes.widest) sizes.widest = kernel_leading(layer->in);
        if (kernel_scratch(layer->in, layer->out) > sizes.scratch)
            sizes.scratch = kernel_scratch(layer->in, layer->out);
    }
    return sizes;
}

size_t workspace_floats(const Network *network, size_t capacity, bool backward)
{
    const WorkspaceSizes sizes = workspace_sizes(network, capacity, backward);
    return capacity * (sizes.outputs + 2 * sizes.widest) + sizes.losses + sizes.scratch;
}

Status workspace_init(Workspace *workspace, const Network *network, size_t capacity, bool backward)
{
    *workspace = (Workspace){.capacity = capacity};
    const WorkspaceSizes sizes = workspace_sizes(network, capacity, backward);
    Status st = memory_new(&workspace->slab, workspace_floats(network, capacity, backward), "activations");
    if (st != STATUS_OK) return st;
    float *next = workspace->slab;
    for (size_t i = 0; i < network->layers; i++) {
        workspace->output[i] = next;
        next += capacity * kernel_leading(network->layer[i].out);
    }
    workspace->error[0] = next;
    workspace->error[1] = workspace->error[0] + capacity * sizes.widest;
    workspace->scratch = workspace->error[1] + capacity * sizes.widest;
    workspace->loss = workspace->scratch + sizes.scratch;
    return STATUS_OK;
}

void workspace_free(Workspace *workspace)
{
    memory_free(workspace->slab);
    *workspace = (Workspace){0};
}

void network_forward(const Network *network, const Kernels *kernels, const float *parameter, size_t n, const float *x,
                     Workspace *workspace)
{
    assert(n <= workspace->capacity);
    for (size_t i = 0; i < network->layers; i++) {
        const Layer *layer = &network->layer[i];
        kernels->forward(n, layer->in, layer->out, i ? workspace->output[i - 1] : x, parameter + layer->offset,
                         layer->activation, workspace->output[i]);
    }
}

void network_backward(const Network *network, const Kernels *kernels, const float *parameter, size_t n, const float *x,
                      const uint32_t *label, const Fold *fold, const size_t *first_row, Workspace *workspace,
                      float *const *gradient)
{
    const size_t last = network->layers - 1;
    float *e = workspace->output[last];
    kernels->softmax_cross_entropy(n, network->layer[last].out, label, true, e, workspace->loss);
    for (size_t i = last + 1; i-- > 0;) {
        const Layer *layer = &network->layer[i];
        const float *input = i ? workspace->output[i - 1] : x;
        float *piece[2 * FOLD_MAX_DEPTH];
        for (size_t o = 0; o < fold->outputs; o++) piece[o] = gradient[o] + layer->offset;
        kernels->backward_weight(layer->in, layer->out, input, e, fold, first_row, piece);
        if (i == 0) break;
        float *below = workspace->error[i % 2];
        kernels->backward_data(n, layer->in, layer->out, e, parameter + layer->offset, input,
                               network->layer[i - 1].activation, below, workspace->scratch);
        e = below;
    }
}
