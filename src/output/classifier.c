#include "output/classifier.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

/* The parameters, with their copies. */
static Status make_copies(const Classifier *classifier, const float *parameter, float **slab)
{
    const Network *network = classifier->network;
    const Status st = memory_new(slab, network_vector(network), "parameters");
    if (st != STATUS_OK) return st;
    memcpy(*slab, parameter, network->floats * sizeof **slab);
    network_round(network, classifier->kernels, *slab, 0, network->floats);
    return st;
}

Status classifier_load(const Checkpoint *checkpoint, Network *network, float **slab, Classifier *classifier)
{
    *slab = NULL;
    *network = checkpoint->network;
    network_set_compute(network, checkpoint_compute(checkpoint));
    *classifier = (Classifier){.network = network, .parameter = checkpoint->parameter, .scaling = &checkpoint->scaling};
    Status st = kernels_choose(network->copies > 0, &classifier->kernels);
    if (st != STATUS_OK || network->copies == 0) return st;
    st = make_copies(classifier, checkpoint->parameter, slab);
    classifier->parameter = *slab;
    return st;
}

size_t classifier_memory_bytes(const Network *network, InputsKind kind)
{
    return workspace_floats(network, CLASSIFIER_BLOCK, 0) * sizeof(float) +
           inputs_bytes(network->layer[0].in, CLASSIFIER_BLOCK, kind) +
           inputs_scratch_bytes(network->layer[0].in, CLASSIFIER_BLOCK, kind);
}

Status classifier_memory_init(ClassifierMemory *memory, const Network *network, InputsKind kind)
{
    *memory = (ClassifierMemory){0};
    Status st = memory_new(&memory->slab, workspace_floats(network, CLASSIFIER_BLOCK, 0), "activations");
    if (st == STATUS_OK)
        st = inputs_init(&memory->inputs, network->layer[0].in, network->width, CLASSIFIER_BLOCK, kind, true, NULL);
    if (st == STATUS_OK)
        workspace_place(&memory->workspace, network, CLASSIFIER_BLOCK, 0, memory->slab);
    else
        classifier_memory_free(memory);
    return st;
}

Status classifier_memory_init_for(ClassifierMemory *memory, const Classifier *classifier, const Samples *samples)
{
    uint64_t count[2] = {0, 0};
    InputsKind kind;
    *memory = (ClassifierMemory){0};
    Status st = inputs_count(classifier->scaling, classifier->kernels, samples, count);
    if (st == STATUS_OK) st = inputs_choose(count, classifier->network->layer[0].bf16, &kind);
    return st == STATUS_OK ? classifier_memory_init(memory, classifier->network, kind) : st;
}

void classifier_memory_free(ClassifierMemory *memory)
{
    inputs_free(&memory->inputs);
    memory_free(memory->slab);
    *memory = (ClassifierMemory){0};
}

size_t classifier_classes(const Classifier *classifier)
{
    return classifier->network->layer[classifier->network->layers - 1].out;
}

/* The sign and payload that arithmetic gives a NaN are the processor's. */
static void make_plain(float *value, size_t count)
{
    for (size_t i = 0; i < count; i++) value[i] = isnan(value[i]) ? NAN : value[i];
}

const float *classifier_block(const Classifier *classifier, const Samples *samples, size_t first, size_t n,
                              const uint32_t *label, ClassifierMemory *memory)
{
    const Kernels *kernels = classifier->kernels;
    Workspace *workspace = &memory->workspace;
    Inputs *inputs = &memory->inputs;
    if (kernels->set_up) kernels->set_up();
    inputs_clear(inputs);
    for (size_t i = 0; i < n; i++) inputs_add(inputs, classifier->scaling, kernels, samples, first + i);
    inputs_end(inputs, classifier->scaling, kernels);
    network_forward(classifier->network, kernels, classifier->parameter, &inputs->input, workspace);
    float *probability = workspace->output[classifier->network->layers - 1];
    kernels->softmax_cross_entropy(n, classifier_classes(classifier), label, false, probability, workspace->loss);
    make_plain(probability, n * kernel_leading(classifier_classes(classifier)));
    make_plain(workspace->loss, n);
    return probability;
}

uint32_t classifier_best(const float *probability, size_t classes)
{
    uint32_t best = 0;
    for (uint32_t j = 1; j < classes; j++) best = probability[j] > probability[best] ? j : best;
    return best;
}
