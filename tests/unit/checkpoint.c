/* src/rundir: a checkpoint's bytes. */
#include <inttypes.h>
#include <time.h>

#include "checkpoint_sample.h"

static void check_vector(const Network *network, const float *a, const float *b)
{
    CU_ASSERT_EQUAL_FATAL(a == NULL, b == NULL);
    int different = 0;
    for (size_t t = 0; a && t < network_tensors(network); t++)
        for (size_t i = 0; i < network_tensor_size(network, t); i++) {
            const size_t at = network_tensor_index(network, t, i);
            different += memcmp(a + at, b + at, sizeof *a) != 0;
        }
    CU_ASSERT_EQUAL(different, 0);
}

/* The kernels count on zeros there. */
static void check_padding(const Network *network, float *vector)
{
    for (size_t t = 0; vector && t < network_tensors(network); t++)
        for (size_t i = 0; i < network_tensor_size(network, t); i++) vector[network_tensor_index(network, t, i)] = 0.0f;
    int different = 0;
    for (size_t i = 0; vector && i < network->floats; i++) different += vector[i] != 0.0f || signbit(vector[i]);
    CU_ASSERT_EQUAL(different, 0);
}

static void check_score(const CheckpointScore *a, const CheckpointScore *b)
{
    CU_ASSERT(a->step == b->step && a->correct == b->correct && a->count == b->count);
    CU_ASSERT_EQUAL(memcmp(&a->loss, &b->loss, sizeof a->loss), 0);
}

static void check_same(const Checkpoint *a, const Checkpoint *b)
{
    CU_ASSERT_EQUAL_FATAL(a->network.layers, b->network.layers);
    CU_ASSERT_EQUAL_FATAL(a->network.floats, b->network.floats);
    CU_ASSERT_EQUAL(a->network.parameters, b->network.parameters);
    for (size_t i = 0; i < a->network.layers; i++) {
        const Layer *x = &a->network.layer[i], *y = &b->network.layer[i];
        CU_ASSERT(x->in == y->in && x->out == y->out && x->offset == y->offset && x->activation == y->activation);
    }
    CU_ASSERT_EQUAL(a->image_dimensions, b->image_dimensions);
    CU_ASSERT_EQUAL(memcmp(a->image_extent, b->image_extent, sizeof a->image_extent), 0);
    CU_ASSERT_EQUAL(a->pixels, b->pixels);
    CU_ASSERT_EQUAL(a->scaling.kind, b->scaling.kind);
    CU_ASSERT_EQUAL(memcmp(&a->scaling.shift, &b->scaling.shift, sizeof(float)), 0);
    CU_ASSERT_EQUAL(memcmp(&a->scaling.factor, &b->scaling.factor, sizeof(float)), 0);
    CU_ASSERT_EQUAL(memcmp(a->scaling.table, b->scaling.table, sizeof a->scaling.table), 0);
    CU_ASSERT(a->step == b->step && a->steps_per_epoch == b->steps_per_epoch && a->epoch_digest == b->epoch_digest);
    CU_ASSERT_EQUAL(memcmp(&a->epoch_loss, &b->epoch_loss, sizeof a->epoch_loss), 0);
    CU_ASSERT_EQUAL(a->chained, b->chained);
    CU_ASSERT(digest_equal(a->chain, b->chain));
    CU_ASSERT_EQUAL_FATAL(a->unrecorded.count, b->unrecorded.count);
    CU_ASSERT_EQUAL(memcmp(a->unrecorded.gap, b->unrecorded.gap, a->unrecorded.count * sizeof(Gap)), 0);
    check_score(&a->best, &b->best);
    check_score(&a->last, &b->last);
    CU_ASSERT(digest_equal(a->model, b->model) && digest_equal(a->dataset, b->dataset));
    CU_ASSERT(digest_equal(a->optimizer, b->optimizer));
    CU_ASSERT_STRING_EQUAL(a->config, b->config);
    CU_ASSERT_STRING_EQUAL(a->versions.lockstep, b->versions.lockstep);
    CU_ASSERT_STRING_EQUAL(a->versions.hdf5, b->versions.hdf5);
    CU_ASSERT_STRING_EQUAL(a->versions.mpi, b->versions.mpi);
    CU_ASSERT_STRING_EQUAL(a->versions.compiler, b->versions.compiler);
    check_vector(&a->network, a->parameter, b->parameter);
    check_vector(&a->network, a->velocity, b->velocity);
}

static void round_trip(const Checkpoint *c)
{
    unsigned char *bytes;
    size_t size;
    Checkpoint read;
    CU_ASSERT_EQUAL_FATAL(checkpoint_encode(c, &bytes, &size), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(checkpoint_decode("round trip", bytes, size, &read), STATUS_OK);
    memory_free(bytes);
    check_same(c, &read);
    check_padding(&read.network, read.slab);
    check_padding(&read.network, read.velocity ? read.slab + read.network.floats : NULL);
    checkpoint_free(&read);
    CU_ASSERT_PTR_NULL(read.slab);
    checkpoint_free(&read);
}

/* I6 asks for every bit. */
static void every_bit_comes_back(void)
{
    size_t deep[NETWORK_MAX_LAYERS + 1];
    for (size_t i = 0; i <= NETWORK_MAX_LAYERS; i++) deep[i] = i % 3 + 1;
    const struct {
        size_t sizes[5], count;
        const size_t *longer;
        Activation activation;
    } nets[] = {
        {{7, 3, 2}, 3, NULL, ACTIVATION_RELU},
        {{5, 33, 32, 31, 1}, 5, NULL, ACTIVATION_TANH},
        {{4, 10}, 2, NULL, ACTIVATION_RELU},
        {{784, 100, 10}, 3, NULL, ACTIVATION_SIGMOID},
        {{0}, NETWORK_MAX_LAYERS + 1, deep, ACTIVATION_RELU},
    };
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
        for (int momentum = 0; momentum < 2; momentum++) {
            const size_t *sizes = nets[i].longer ? nets[i].longer : nets[i].sizes;
            Checkpoint c = sample_make(sizes, nets[i].count, nets[i].activation, momentum, 12345);
            round_trip(&c);
            sample_free(&c);
        }
}

/* Read by HDF5 alone: (in,out) row-major, as the design says, whatever the layout in memory. */
static void a_file_holds_tensors_row_major(void)
{
    Checkpoint c = sample_make((const size_t[]){5, 33, 40, 2}, 4, ACTIVATION_TANH, true, 1);
    unsigned char *bytes;
    size_t size;
    H5File *file;
    CU_ASSERT_EQUAL_FATAL(checkpoint_encode(&c, &bytes, &size), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(h5image_open("tensors", bytes, size, &file), STATUS_OK);
    for (size_t t = 0; t < 2 * network_tensors(&c.network); t++) {
        const size_t tensor = t / 2;
        const Layer *layer = &c.network.layer[tensor / 2];
        const float *vector = t % 2 ? c.velocity : c.parameter;
        char path[64];
        snprintf(path, sizeof path, "/%s/layer%zu/%s", t % 2 ? "optimizer" : "model", tensor / 2,
                 tensor % 2 ? "bias" : "weight");
        H5Info info;
        float values[33 * 40];
        CU_ASSERT_EQUAL_FATAL(h5file_info(file, path, &info), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(info.dimensions, tensor % 2 ? 1 : 2);
        CU_ASSERT(tensor % 2 || (info.extent[0] == layer->in && info.extent[1] == layer->out));
        CU_ASSERT_EQUAL_FATAL(h5file_read_float32(file, path, 0, info.extent[0], values), STATUS_OK);
        int different = 0;
        for (size_t i = 0; i < network_tensor_size(&c.network, tensor); i++)
            different += memcmp(values + i, vector + network_tensor_index(&c.network, tensor, i), sizeof *values) != 0;
        CU_ASSERT_EQUAL(different, 0);
    }
    h5file_close(file);
    memory_free(bytes);
    sample_free(&c);
}

static void edges_of_the_state_come_back(void)
{
    Checkpoint c = sample_make((const size_t[]){12, 3, 2}, 3, ACTIVATION_TANH, true, 0);
    c.best = c.last = (CheckpointScore){0};
    c.epoch_loss = -0.0;
    c.chained = false; /* as of format version 1.0 */
    c.chain = (Digest){0};
    c.image_dimensions = 3;
    memcpy(c.image_extent, (const uint64_t[]){2, 3, 2}, 3 * sizeof(uint64_t));
    c.pixels = ELEMENT_FLOAT32;
    c.scaling = (Scaling){.kind = SCALING_NONE, .factor = 1.0f};
    c.versions.mpi = "";
    c.config = "";
    round_trip(&c);
    c.step = UINT64_MAX;
    c.last = (CheckpointScore){.step = UINT64_MAX, .count = 1, .loss = INFINITY};
    c.scaling.kind = SCALING_UNIT;
    for (uint64_t i = 0; i < GAPS_MOST; i++) gaps_add(&c.unrecorded, UINT64_MAX - 40 + 2 * i, UINT64_MAX - 40 + 2 * i);
    gaps_add(&c.unrecorded, UINT64_MAX, UINT64_MAX);
    round_trip(&c);
    sample_free(&c);
}

/* The first layer's rows are in another order in memory than in the file. */
static void images_in_patches_come_back(void)
{
    Checkpoint c = sample_make((const size_t[]){24, 33, 2}, 3, ACTIVATION_RELU, true, 7);
    memory_free((void *)c.parameter);
    memory_free((void *)c.velocity);
    memcpy(c.image_extent, (const uint64_t[]){4, 6}, 2 * sizeof(uint64_t));
    network_set_image(&c.network, c.image_dimensions, c.image_extent);
    CU_ASSERT_EQUAL(c.network.width, 6);
    c.parameter = sample_vector(&c.network, 0);
    c.velocity = sample_vector(&c.network, 1);
    c.model = sample_digest(&c.network, c.parameter);
    c.optimizer = sample_digest(&c.network, c.velocity);
    round_trip(&c);
    sample_free(&c);
}

static void the_same_state_gives_the_same_bytes(void)
{
    Checkpoint c = sample_small(5);
    unsigned char *first, *second;
    size_t size, again;
    CU_ASSERT_EQUAL_FATAL(checkpoint_encode(&c, &first, &size), STATUS_OK);
    nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 100000000}, NULL); /* HDF5's object times are in seconds */
    CU_ASSERT_EQUAL_FATAL(checkpoint_encode(&c, &second, &again), STATUS_OK);
    CU_ASSERT(size == again && memcmp(first, second, size) == 0);
    memory_free(first);
    memory_free(second);
    sample_free(&c);
}

static void what_is_not_finite_is_never_saved(void)
{
    Checkpoint c = sample_small(5);
    unsigned char *bytes;
    size_t size;
    const size_t at = network_tensor_index(&c.network, 1, 2);
    const float *const vectors[] = {c.parameter, c.velocity};
    for (int i = 0; i < 2; i++) {
        float *vector = (float *)vectors[i];
        const float old = vector[at];
        vector[at] = i ? NAN : -INFINITY;
        CU_ASSERT_EQUAL(checkpoint_encode(&c, &bytes, &size), STATUS_DIVERGED);
        CU_ASSERT_MESSAGE_HAS(i ? "/optimizer/layer0/bias" : "/model/layer0/bias");
        CU_ASSERT_PTR_NULL(bytes);
        vector[at] = old;
    }
    sample_free(&c);
}

static void other_values_than_the_digests_are_never_saved(void)
{
    Checkpoint c = sample_small(5);
    unsigned char *bytes;
    size_t size;
    Digest *const digests[] = {&c.model, &c.optimizer};
    for (int i = 0; i < 2; i++) {
        digests[i]->low ^= 1;
        CU_ASSERT_EQUAL(checkpoint_encode(&c, &bytes, &size), STATUS_DATA);
        CU_ASSERT_MESSAGE_HAS(i ? "/optimizer has the digest dc5e054ecc48136bb8b64988d13399f2 where"
                                : "/model has the digest 9934c2fa68942985ea075efa0bb4be21 where");
        CU_ASSERT_PTR_NULL(bytes);
        digests[i]->low ^= 1;
    }
    sample_free(&c);
}

static const char *sample_path;

static void a_sample_is_written(void)
{
    Checkpoint c = sample_small(5);
    CU_ASSERT_EQUAL(checkpoint_write(&c, sample_path), STATUS_OK);
    sample_free(&c);
}

/* With an argument: writes a sample there, for checkpoint_tools.sh. */
int main(int argc, char **argv)
{
    if (argc == 2) {
        sample_path = argv[1];
        return UNIT_RUN("sample", ((const UnitTest[]){UNIT(a_sample_is_written)}));
    }
    static const UnitTest tests[] = {
        UNIT(every_bit_comes_back),
        UNIT(a_file_holds_tensors_row_major),
        UNIT(edges_of_the_state_come_back),
        UNIT(images_in_patches_come_back),
        UNIT(the_same_state_gives_the_same_bytes),
        UNIT(what_is_not_finite_is_never_saved),
        UNIT(other_values_than_the_digests_are_never_saved),
    };
    return UNIT_RUN("checkpoint", tests);
}
