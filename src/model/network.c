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

static size_t place(Workspace *w, const Network *network, size_t capacity, bool backward, float *memory)
{
    size_t bytes = 0, scratch = 0;
    const size_t last = network->layers - 1;
    *w = (Workspace){.capacity = capacity};
    for (size_t i = 0; i <= last; i++) {
        const Layer *layer = &network->layer[i];
        const size_t size = capacity * kernel_leading(layer->out);
        w->output[i] = memory_take(memory, &bytes, size, sizeof(float));
        w->error[i] = i == last ? w->output[i] : backward ? memory_take(memory, &bytes, size, sizeof(float)) : NULL;
        if (i > 0 && kernel_scratch(layer->out) > scratch) scratch = kernel_scratch(layer->out);
    }
    w->loss = memory_take(memory, &bytes, capacity, sizeof(float));
    w->scratch = memory_take(memory, &bytes, backward ? scratch : 0, sizeof(float));
    return bytes / sizeof(float);
}

size_t workspace_floats(const Network *network, size_t capacity, bool backward)
{
    Workspace unused;
    return place(&unused, network, capacity, backward, NULL);
}

void workspace_place(Workspace *workspace, const Network *network, size_t capacity, bool backward, float *memory)
{
    place(workspace, network, capacity, backward, memory);
}

void network_forward_from(const Network *network, const Kernels *kernels, const float *parameter, size_t first,
                          size_t n, Workspace *workspace)
{
    for (size_t i = first; i < network->layers; i++) {
        const Layer *layer = &network->layer[i];
        kernels->forward(n, layer->in, layer->out, 0, kernel_panels(layer->out), workspace->output[i - 1],
                         parameter + layer->offset, layer->activation, workspace->output[i]);
    }
}

void network_forward_first(const Network *network, const Kernels *kernels, const float *parameter, size_t panel,
                           size_t panel_end, size_t passes, const Pass *pass)
{
    const Layer *layer = &network->layer[0];
    const float *w = parameter + layer->offset;
    ForwardItem item[FORWARD_ITEMS];
    size_t items = 0;
    for (size_t i = 0; i < passes; i++) {
        const BatchInput *input = pass[i].input;
        float *y = pass[i].workspace->output[0];
        assert(input->n <= pass[i].workspace->capacity);
        if (input->nonzeros)
            item[items++] = (ForwardItem){input->n, input->nonzeros, y};
        else
            kernels->forward(input->n, layer->in, layer->out, panel, panel_end, input->x, w, layer->activation, y);
        if (items < FORWARD_ITEMS && i + 1 < passes) continue;
        kernels->forward_nonzeros(items, item, layer->out, panel, panel_end, w, layer->activation);
        items = 0;
    }
}

void network_forward(const Network *network, const Kernels *kernels, const float *parameter, const BatchInput *input,
                     Workspace *workspace)
{
    const Pass pass = {input, workspace};
    network_forward_first(network, kernels, parameter, 0, kernel_panels(network->layer[0].out), 1, &pass);
    network_forward_from(network, kernels, parameter, 1, input->n, workspace);
}

void network_errors(const Network *network, const Kernels *kernels, const float *parameter, size_t n,
                    const uint32_t *label, Workspace *workspace)
{
    const size_t last = network->layers - 1;
    kernels->softmax_cross_entropy(n, network->layer[last].out, label, true, workspace->error[last], workspace->loss);
    for (size_t i = last; i > 0; i--) {
        const Layer *layer = &network->layer[i];
        kernels->backward_data(n, layer->in, layer->out, workspace->error[i], parameter + layer->offset,
                               workspace->output[i - 1], network->layer[i - 1].activation, workspace->error[i - 1],
                               workspace->scratch);
    }
}

void network_slice(const Network *network, size_t layer, size_t parts, size_t part, WeightGradient *slice)
{
    const size_t panels = kernel_panels(network->layer[layer].out), rows = network->layer[layer].in + 1;
    slice->panel = 0, slice->panel_end = panels;
    slice->row = 0, slice->row_end = rows;
    if (panels >= parts) {
        slice->panel = part * panels / parts;
        slice->panel_end = (part + 1) * panels / parts;
    } else {
        const size_t quads = nonzeros_quads(rows);
        slice->row = QUAD * (part * quads / parts);
        if (part + 1 < parts) slice->row_end = QUAD * ((part + 1) * quads / parts);
    }
}

bool network_gradient(const Network *network, const Kernels *kernels, size_t layer, const Fold *fold,
                      const Share *share, WeightGradient *target)
{
    Operands item[FOLD_MAX_SHARDS];
    for (size_t i = 0; i < fold->items; i++) {
        const Share *s = &share[i];
        item[i] = (Operands){.e = s->workspace->error[layer], .first = s->first, .end = s->end};
        if (layer > 0)
            item[i].x = s->workspace->output[layer - 1];
        else if (s->input->nonzeros)
            item[i].nonzeros = s->input->nonzeros;
        else
            item[i].x = s->input->x;
    }
    target->in = network->layer[layer].in;
    target->out = network->layer[layer].out;
    target->fold = fold;
    target->item = item;
    const bool bad = kernels->backward_weight(target);
    target->item = NULL;
    return bad;
}
