/* The weights of bf16 layers, rounded: copies behind the parameters, and of all layers but the first of the transpose
 * too, in the layout in which products read them (kernels/bf16.h). */
#include <assert.h>
#include <string.h>

#include "model/network.h"

void network_set_bf16(Network *network)
{
    for (size_t i = 0; i < network->layers; i++) {
        Layer *layer = &network->layer[i];
        layer->bf16 = layer->in >= NETWORK_LEAST_BF16 && layer->out >= NETWORK_LEAST_BF16;
        if (!layer->bf16) continue;
        layer->copy = network->copies;
        network->copies += bf16_weights(layer->in, layer->out);
        if (i == 0) continue; /* no error goes back to the inputs */
        layer->transpose = network->copies;
        network->copies += bf16_weights(layer->in, layer->out);
    }
}

void network_set_compute(Network *network, const char *compute)
{
    if (strcmp(compute, "bf16") == 0)
        network_set_bf16(network);
    else
        assert(strcmp(compute, "fp32") == 0);
}

size_t network_vector(const Network *network)
{
    return network->floats + network->copies * sizeof(Bf16) / sizeof(float);
}

Bf16 *network_copies(const Network *network, float *parameter)
{
    return (Bf16 *)(void *)(parameter + network->floats);
}

const Bf16 *network_copy(const Network *network, const float *parameter, size_t at)
{
    return (const Bf16 *)(const void *)(parameter + network->floats) + at;
}

void network_round(const Network *network, const Kernels *kernels, float *parameter, size_t begin, size_t end)
{
    Bf16 *copies = network_copies(network, parameter);
    for (size_t i = 0; i < network->layers; i++) {
        const Layer *layer = &network->layer[i];
        const size_t from = layer->offset, to = from + kernel_weights(layer->in, layer->out);
        const size_t first = begin > from ? begin : from, last = end < to ? end : to;
        if (!layer->bf16 || first >= last) continue;
        kernels->round_weights(layer->in, layer->out, first - from, last - from, parameter + from, copies + layer->copy,
                               i > 0 ? copies + layer->transpose : NULL);
    }
}

/* Are the copies of rows [q PANEL, (q + 1) PANEL) of panel p of a layer what these are rounded to? */
static bool block_is_rounded(const Network *network, const Kernels *kernels, const float *parameter, size_t layer,
                             size_t p, size_t q)
{
    const Layer *l = &network->layer[layer];
    const size_t left = l->in - q * PANEL, rows = left < PANEL ? left : PANEL;
    const size_t at = p * bf16_block(l->in) + q * BF16_BLOCK, transposed = q * bf16_block(l->out) + p * BF16_BLOCK;
    Bf16 copy[BF16_BLOCK] = {0}, transpose[BF16_BLOCK] = {0};
    kernels->round_weights(rows, PANEL, 0, rows * PANEL,
                           parameter + l->offset + kernel_weight_index(l->in, q * PANEL, p * PANEL), copy, transpose);
    return memcmp(copy, network_copy(network, parameter, l->copy + at), sizeof copy) == 0 &&
           (layer == 0 ||
            memcmp(transpose, network_copy(network, parameter, l->transpose + transposed), sizeof transpose) == 0);
}

size_t network_wrong_copy(const Network *network, const Kernels *kernels, const float *parameter)
{
    for (size_t i = 0; i < network->layers; i++) {
        const Layer *layer = &network->layer[i];
        if (!layer->bf16) continue;
        for (size_t p = 0; p < kernel_panels(layer->out); p++)
            for (size_t q = 0; q < kernel_panels(layer->in); q++)
                if (!block_is_rounded(network, kernels, parameter, i, p, q)) return i;
    }
    return network->layers;
}
