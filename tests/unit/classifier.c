/* Parameters are in memory once, unless others than the checkpoint has are needed. */
#include "output/classifier.h"

#include "checkpoint_sample.h"

static void a_network_in_fp32_borrows_the_checkpoints_parameters(void)
{
    Checkpoint c = sample_make((const size_t[]){40, 33, 4}, 3, ACTIVATION_RELU, false, 5);
    Network network;
    Classifier classifier;
    float *slab;
    CU_ASSERT_EQUAL_FATAL(classifier_load(&c, &network, &slab, &classifier), STATUS_OK);
    CU_ASSERT_PTR_NULL(slab);
    CU_ASSERT_EQUAL(classifier.parameter, c.parameter);
    CU_ASSERT(!network.layer[0].bf16 && classifier.network == &network);
    sample_free(&c);
}

static void one_in_bf16_has_the_copies_too(void)
{
    Checkpoint c = sample_make((const size_t[]){40, 33, 4}, 3, ACTIVATION_RELU, false, 5);
    Network network;
    Classifier classifier;
    float *slab;
    c.config = "training =\n{\n  compute = \"bf16\";\n};\n";
    CU_ASSERT_EQUAL_FATAL(classifier_load(&c, &network, &slab, &classifier), STATUS_OK);
    CU_ASSERT(network.layer[0].bf16 && !network.layer[1].bf16);
    CU_ASSERT_EQUAL(classifier.parameter, slab);
    CU_ASSERT_EQUAL(memcmp(slab, c.parameter, network.floats * sizeof *slab), 0);
    CU_ASSERT_EQUAL(network_wrong_copy(&network, classifier.kernels, slab), network.layers);
    memory_free(slab);
    sample_free(&c);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(a_network_in_fp32_borrows_the_checkpoints_parameters),
        UNIT(one_in_bf16_has_the_copies_too),
    };
    return UNIT_RUN("classifier", tests);
}
