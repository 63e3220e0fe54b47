#include "output/foreign.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

int foreign_shape(const Network *network, size_t tensor, uint64_t extent[2])
{
    const Layer *layer = &network->layer[tensor / 2];
    extent[0] = layer->out;
    extent[1] = layer->in;
    return tensor % 2 ? 1 : 2;
}

/* Where element i of a tensor, as it is there, stands in a parameter vector. */
static size_t index_of(const Network *network, size_t tensor, size_t i)
{
    const size_t in = network->layer[tensor / 2].in;
    return tensor % 2 ? network_weight_index(network, tensor / 2, in, i)
                      : network_weight_index(network, tensor / 2, i % in, i / in);
}

/* Floats are little-endian in memory too: network.c compiles nowhere else. */
void foreign_write(const Network *network, const float *parameter, size_t tensor, unsigned char *values)
{
    for (size_t i = 0; i < network_tensor_size(network, tensor); i++)
        memcpy(values + i * sizeof(float), parameter + index_of(network, tensor, i), sizeof(float));
}

void foreign_read(const Network *network, const unsigned char *values, size_t tensor, float *parameter)
{
    for (size_t i = 0; i < network_tensor_size(network, tensor); i++)
        memcpy(parameter + index_of(network, tensor, i), values + i * sizeof(float), sizeof(float));
}

enum { FACT_SIZE = 256 };

static void shape_text(const Checkpoint *c, char text[FACT_SIZE])
{
    int used = 0;
    for (int d = 0; d < c->image_dimensions; d++)
        used += snprintf(text + used, (size_t)(FACT_SIZE - used), "%s%" PRIu64, d ? "x" : "", c->image_extent[d]);
}

Status foreign_facts(const Checkpoint *c, void (*put)(void *context, const char *key, const char *value), void *context)
{
    char digest[DIGEST_HEX_SIZE], dataset[DIGEST_HEX_SIZE], step[FACT_SIZE], shape[FACT_SIZE], shift[FACT_SIZE],
        factor[FACT_SIZE], *config;
    Status st = memory_new(&config, TEXT_ESCAPED * strlen(c->config) + 1, "the config's text");
    if (st != STATUS_OK) return st;
    text_escape(c->config, true, config);
    digest_hex(c->model, digest);
    digest_hex(c->dataset, dataset);
    snprintf(step, sizeof step, "%" PRIu64, c->step);
    shape_text(c, shape);
    snprintf(shift, sizeof shift, "%.9g", (double)c->scaling.shift);
    snprintf(factor, sizeof factor, "%.9g", (double)c->scaling.factor);
    const struct {
        const char *key, *value;
    } facts[] = {
        {"digest", digest},
        {"step", step},
        {"dataset_digest", dataset},
        {"activation", checkpoint_activation_name[c->network.layer[0].activation]},
        {"image_shape", shape},
        {"pixels", c->pixels == ELEMENT_UINT8 ? "uint8" : "float32"},
        {"scaling", checkpoint_scaling_name[c->scaling.kind]},
        {"scaling_shift", shift},
        {"scaling_factor", factor},
        {"training_compute", checkpoint_compute(c)},
        {"config", config},
    };
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) put(context, facts[i].key, facts[i].value);
    memory_free(config);
    return STATUS_OK;
}
