#include "train/evaluate.h"

#include "base/memory.h"

size_t evaluation_memory_bytes(const Network *network, InputsKind kind)
{
    return workspace_floats(network, EVALUATION_BLOCK, 0) * sizeof(float) +
           inputs_bytes(network->layer[0].in, EVALUATION_BLOCK, kind) +
           inputs_scratch_bytes(network->layer[0].in, EVALUATION_BLOCK, kind);
}

Status evaluation_memory_init(EvaluationMemory *memory, const Network *network, InputsKind kind)
{
    *memory = (EvaluationMemory){0};
    Status st = memory_new(&memory->slab, workspace_floats(network, EVALUATION_BLOCK, 0), "activations");
    if (st == STATUS_OK)
        st = inputs_init(&memory->inputs, network->layer[0].in, network->width, EVALUATION_BLOCK, kind, true, NULL);
    if (st == STATUS_OK)
        workspace_place(&memory->workspace, network, EVALUATION_BLOCK, 0, memory->slab);
    else
        evaluation_memory_free(memory);
    return st;
}

void evaluation_memory_free(EvaluationMemory *memory)
{
    inputs_free(&memory->inputs);
    memory_free(memory->slab);
    *memory = (EvaluationMemory){0};
}

/* One block of rows; returns the sum of *loss and the block's losses. */
static double evaluate_block(const Evaluation *e, size_t first, size_t n, double loss, Confusion *confusion,
                             Prediction *prediction)
{
    const size_t last = e->network->layers - 1, classes = e->network->layer[last].out;
    const uint32_t *label = e->samples->label + first;
    Workspace *workspace = &e->memory->workspace;
    Inputs *inputs = &e->memory->inputs;
    inputs_clear(inputs);
    for (size_t i = 0; i < n; i++) inputs_add(inputs, e->scaling, e->kernels, e->samples, first + i);
    inputs_end(inputs, e->scaling, e->kernels);
    network_forward(e->network, e->kernels, e->parameter, &inputs->input, workspace);
    float *p = workspace->output[last];
    e->kernels->softmax_cross_entropy(n, classes, label, false, p, workspace->loss);
    for (size_t i = 0; i < n; i++) {
        const float *row = p + i * kernel_leading(classes);
        const uint32_t index = e->samples->row[first + i];
        uint32_t best = 0;
        for (uint32_t j = 1; j < classes; j++) best = row[j] > row[best] ? j : best;
        confusion_add(confusion, label[i], best);
        loss += (double)workspace->loss[i];
        if (prediction) prediction[index] = (Prediction){index, label[i], best, row[best]};
    }
    return loss;
}

void evaluate_shards(const Evaluation *e, double *shard_loss, Confusion *confusion, Prediction *prediction)
{
    const size_t block = EVALUATION_BLOCK;
    const uint32_t origin = shard_begin(e->rows, e->shards, e->first_shard);
    for (size_t s = e->first_shard; s < e->first_shard + e->length; s++) {
        const size_t begin = shard_begin(e->rows, e->shards, s) - origin;
        const size_t end = begin + shard_size(e->rows, e->shards, s);
        double loss = 0.0;
        for (size_t first = begin; first < end; first += block) {
            loss = evaluate_block(e, first, end - first < block ? end - first : block, loss, confusion, prediction);
            if (e->beat) e->beat(e->context);
        }
        shard_loss[s] = loss;
    }
}
