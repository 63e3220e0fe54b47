/* src/rundir: checkpoints of other format versions than this program writes. (A newer major version: checkpoint.c and
 * checkpoint_run.c.) */
#include <hdf5.h>

#include "checkpoint_sample.h"

static void check_hex(Digest digest, const char *expected)
{
    char hex[DIGEST_HEX_SIZE];
    digest_hex(digest, hex);
    CU_ASSERT_STRING_EQUAL(hex, expected);
}

static void check_score(const CheckpointScore *score, uint64_t step, uint64_t correct)
{
    CU_ASSERT(score->step == step && score->correct == correct && score->count == 10000);
}

/* The values that every golden file holds (tests/golden/README.md): later versions only add. */
static void check_values(const Checkpoint *c)
{
    CU_ASSERT_EQUAL_FATAL(c->network.layers, 2);
    CU_ASSERT(c->network.layer[0].in == 7 && c->network.layer[0].out == 3 && c->network.layer[1].out == 2);
    CU_ASSERT_EQUAL(c->network.layer[0].activation, ACTIVATION_RELU);
    CU_ASSERT(c->image_dimensions == 2 && c->image_extent[0] == 1 && c->image_extent[1] == 7);
    CU_ASSERT_EQUAL(c->pixels, ELEMENT_UINT8);
    CU_ASSERT(c->scaling.kind == SCALING_STANDARD && c->scaling.shift == 33.3f && c->scaling.factor == 0.0127f);
    CU_ASSERT_EQUAL(c->scaling.table[255], (255.0f - 33.3f) * 0.0127f);
    CU_ASSERT(c->step == 5 && c->steps_per_epoch == 1000);
    CU_ASSERT(c->epoch_loss == 0x1.23456789abcdep+7 && c->epoch_digest == 0xfedcba9876543210u);
    check_score(&c->best, 2, 9000);
    CU_ASSERT_EQUAL(c->best.loss, 0.1);
    check_score(&c->last, 5, 8999);
    CU_ASSERT(isnan(c->last.loss));
    check_hex(c->dataset, "00000000000000f00123456789abcdef");
    check_hex(c->model, "9934c2fa68942985ea075efa0bb4be21");
    check_hex(sample_digest(&c->network, c->parameter), "9934c2fa68942985ea075efa0bb4be21");
    CU_ASSERT_PTR_NOT_NULL_FATAL(c->velocity);
    check_hex(sample_digest(&c->network, c->velocity), "dc5e054ecc48136bb8b64988d13399f2");
    check_hex(c->optimizer, "dc5e054ecc48136bb8b64988d13399f2");
    CU_ASSERT_STRING_EQUAL(c->config, "run = { name = \"r\xc3\xa9seau\"; };\n");
    CU_ASSERT_STRING_EQUAL(c->versions.mpi, "Open MPI v4.1.4");
}

/* One file per format version that there has been. */
static void golden_files_are_read(void)
{
    static const char *const versions[] = {"1.0", "1.1", "1.2"};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/checkpoint-%s.h5", GOLDEN_DIR, versions[i]);
        Checkpoint read;
        CU_ASSERT_EQUAL_FATAL(checkpoint_read(path, &read), STATUS_OK);
        check_values(&read);
        CU_ASSERT_EQUAL(read.chained, i >= 1);
        CU_ASSERT_EQUAL(read.unrecorded.count, i >= 2);
        if (i >= 2) CU_ASSERT(read.unrecorded.gap[0].first == 4 && read.unrecorded.gap[0].last == 5);
        checkpoint_free(&read);
    }
}

/* By HDF5 alone, which takes the header for a user block. */
static void add_item(hid_t file, const char *path)
{
    const hid_t space = H5Screate(H5S_SCALAR), links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    const hid_t item = H5Dcreate2(file, path, H5T_IEEE_F64LE, space, links, H5P_DEFAULT, H5P_DEFAULT);
    CU_ASSERT_FATAL(item >= 0);
    H5Dclose(item);
    H5Pclose(links);
    H5Sclose(space);
}

/* The header of a grown file: a newer minor version, the new length, a word where this version has zeros. */
static void make_newer(const char *path)
{
    size_t size;
    unsigned char *bytes = scratch_read(path, &size);
    const uint64_t rest = size - CHECKPOINT_HEADER;
    bytes[20] = CHECKPOINT_MINOR + 1;
    memcpy(bytes + 24, &rest, sizeof rest);
    bytes[100] = 1;
    sample_sign(bytes, size);
    scratch_write(path, bytes, size);
    free(bytes);
}

static void unknown_items_of_a_newer_minor_version_are_ignored(void)
{
    const char *path = scratch_path("newer.h5");
    Checkpoint c = sample_small(5), read;
    CU_ASSERT_EQUAL_FATAL(checkpoint_write(&c, path), STATUS_OK);
    sample_free(&c);
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    CU_ASSERT_FATAL(file >= 0);
    add_item(file, "/state/novelty");
    add_item(file, "/novelties/of/depth");
    add_item(file, "/model/layer0/novelty");
    CU_ASSERT_EQUAL_FATAL(H5Fclose(file), 0);
    make_newer(path);
    CU_ASSERT_EQUAL_FATAL(checkpoint_read(path, &read), STATUS_OK);
    check_values(&read);
    checkpoint_free(&read);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(golden_files_are_read),
        UNIT(unknown_items_of_a_newer_minor_version_are_ignored),
    };
    return UNIT_RUN("checkpoint_version", tests);
}
