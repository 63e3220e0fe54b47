/* The real network for tests: in float, in panels, its batch split over shards. */
#ifndef LOCKSTEP_TESTS_FLOAT_NETWORK_H
#define LOCKSTEP_TESTS_FLOAT_NETWORK_H

#include <CUnit/Basic.h>

#include "base/memory.h"
#include "model/network.h"

typedef struct {
    Network network;
    Workspace workspace;
    Fold fold;
    float *activations, *parameter, *velocity, *gradient, *x;
} FloatCase;

static inline void open_float(FloatCase *f, size_t capacity, size_t shards)
{
    CU_ASSERT_EQUAL_FATAL(memory_new(&f->activations, workspace_floats(&f->network, capacity, shards), "test"),
                          STATUS_OK);
    workspace_place(&f->workspace, &f->network, capacity, shards, f->activations);
    CU_ASSERT_EQUAL_FATAL(fold_init_run(&f->fold, shards, 0, shards), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(memory_new(&f->parameter, network_vector(&f->network), "test"), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(memory_new(&f->velocity, f->network.floats, "test"), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(memory_new(&f->gradient, f->network.floats, "test"), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(memory_new(&f->x, capacity * kernel_leading(f->network.layer[0].in), "test"), STATUS_OK);
}

static inline void close_float(FloatCase *f)
{
    memory_free(f->activations);
    fold_free(&f->fold);
    memory_free(f->parameter);
    memory_free(f->velocity);
    memory_free(f->gradient);
    memory_free(f->x);
}

/* Element i of the order of files, for a whole vector. */
static inline size_t file_index(const Network *network, size_t i)
{
    size_t tensor = 0;
    for (; i >= network_tensor_size(network, tensor); tensor++) i -= network_tensor_size(network, tensor);
    return network_tensor_index(network, tensor, i);
}

static inline void gradient_of_batch(FloatCase *f, const Kernels *kernels, size_t n, size_t shards, const double *x,
                                     const uint32_t *label)
{
    const size_t in = f->network.layer[0].in;
    const BatchInput input = {.n = n, .x = f->x};
    Share share[FOLD_MAX_SHARDS];
    for (size_t s = 0; s < shards; s++) share[s] = (Share){&input, &f->workspace, s * n / shards, (s + 1) * n / shards};
    for (size_t s = 0; s < n; s++)
        for (size_t k = 0; k < in; k++) f->x[s * kernel_leading(in) + k] = (float)x[s * in + k];
    network_forward(&f->network, kernels, f->parameter, &input, &f->workspace);
    network_errors(&f->network, kernels, f->parameter, n, label, &f->workspace);
    for (size_t i = 0; i < f->network.layers; i++) {
        float *sum = f->gradient + f->network.layer[i].offset;
        WeightGradient target = {.sum = &sum};
        network_whole(&f->network, i, &target);
        network_gradient(&f->network, kernels, i, &f->fold, share, &target);
    }
}

#endif
