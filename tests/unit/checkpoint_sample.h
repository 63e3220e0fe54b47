/* For tests of checkpoints: one whose every value is drawn, so that no two are equal by accident. */
#ifndef LOCKSTEP_TESTS_CHECKPOINT_SAMPLE_H
#define LOCKSTEP_TESTS_CHECKPOINT_SAMPLE_H

#include <math.h>

#include "base/memory.h"
#include "base/philox.h"
#include "base/sha256.h"
#include "rundir/checkpoint.h"
#include "scratch.h"
#include "unit.h"

static const uint64_t SAMPLE_SEED = 4711;

/* Any finite bits: denormals, -0.0 ... */
static inline float sample_float(Stream *stream)
{
    uint32_t bits = stream_next(stream);
    if ((bits & 0x7f800000u) == 0x7f800000u) bits ^= 0x00800000u;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The padding is NaN: if it were written or digested, a test would see it. */
static inline float *sample_vector(const Network *network, uint32_t which)
{
    float *vector;
    CU_ASSERT_EQUAL_FATAL(memory_new(&vector, network->floats, "a sample"), STATUS_OK);
    for (size_t i = 0; i < network->floats; i++) vector[i] = NAN;
    Stream stream;
    stream_init(&stream, SAMPLE_SEED, PURPOSE_SYNTHESIS, which, 0);
    for (size_t t = 0; t < network_tensors(network); t++)
        for (size_t i = 0; i < network_tensor_size(network, t); i++)
            vector[network_tensor_index(network, t, i)] = sample_float(&stream);
    return vector;
}

/* Of a vector of this network's parameters. */
static inline Digest sample_digest(const Network *network, const float *vector)
{
    Digest digest;
    CU_ASSERT_EQUAL_FATAL(network_digest_vector(network, vector, &digest), STATUS_OK);
    return digest;
}

/* sizes (count): inputs, hidden layers, classes. Freed by sample_free. */
static inline Checkpoint sample_make(const size_t *sizes, size_t count, Activation activation, bool momentum,
                                     uint64_t step)
{
    Checkpoint c = {
        .image_dimensions = 2,
        .image_extent = {1, sizes[0]},
        .pixels = ELEMENT_UINT8,
        .scaling = {.kind = SCALING_STANDARD, .shift = 33.3f, .factor = 0.0127f},
        .step = step,
        .steps_per_epoch = 1000,
        .epoch_loss = 0x1.23456789abcdep+7,
        .epoch_digest = 0xfedcba9876543210u,
        .chained = true,
        .chain = {.low = 0x1122334455667788u, .high = 0x99},
        .unrecorded = {.gap = {{step - step / 4, step}}, .count = step > 0},
        .best = {.step = step / 2, .correct = 9000, .count = 10000, .loss = 0.1},
        .last = {.step = step, .correct = 8999, .count = 10000, .loss = NAN},
        .dataset = {.low = 0x0123456789abcdefu, .high = 0xf0},
        .config = "run = { name = \"r\xc3\xa9seau\"; };\n",
        .versions = checkpoint_versions("Open MPI v4.1.4"),
    };
    for (int v = 0; v < 256; v++) c.scaling.table[v] = ((float)v - 33.3f) * 0.0127f;
    CU_ASSERT_EQUAL_FATAL(network_init(&c.network, sizes[0], sizes + 1, count - 2, sizes[count - 1], activation),
                          STATUS_OK);
    c.parameter = sample_vector(&c.network, 0);
    c.velocity = momentum ? sample_vector(&c.network, 1) : NULL;
    c.model = sample_digest(&c.network, c.parameter);
    if (momentum) c.optimizer = sample_digest(&c.network, c.velocity);
    return c;
}

/* A small one: 7-3-2, with momentum. */
static inline Checkpoint sample_small(uint64_t step)
{
    return sample_make((const size_t[]){7, 3, 2}, 3, ACTIVATION_RELU, true, step);
}

/* A file of these bytes, which were changed, gets the digests of a whole one. */
static inline void sample_sign(unsigned char *bytes, size_t size)
{
    sha256_of(bytes + CHECKPOINT_HEADER, size - CHECKPOINT_HEADER, bytes + 32);
    sha256_of(bytes, 480, bytes + 480);
}

static inline void sample_free(Checkpoint *c)
{
    memory_free((void *)c->parameter);
    memory_free((void *)c->velocity);
    *c = (Checkpoint){0};
}

#endif
