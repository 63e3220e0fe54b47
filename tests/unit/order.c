/* src/data/order, loader, scaling: which sample stands where (I3), that each is packed exactly once per epoch whatever
 * the number of ranks, and what its pixels become. */
#include <math.h>

#include "base/digest.h"
#include "base/memory.h"
#include "data/loader.h"
#include "hdf5/h5file.h"
#include "scratch.h"
#include "unit.h"

static void shards_partition_the_rows(void)
{
    for (uint32_t n = 0; n <= 300; n++)
        for (size_t shards = 1; shards <= 20; shards++) {
            uint32_t next = 0;
            for (size_t s = 0; s < shards; s++) {
                const uint32_t size = shard_size(n, shards, s);
                const bool right = shard_begin(n, shards, s) == next &&
                                   size == n / (uint32_t)shards + (s < n % shards) && shard_share(n, shards, s) == size;
                if (!right) CU_FAIL("a shard is not where and as long as it should be");
                next += size;
            }
            CU_ASSERT_EQUAL(next, n);
        }
    CU_ASSERT_EQUAL(shard_begin(UINT32_MAX, 1024, 1024), UINT32_MAX);
}

/* Position g belongs to shard g mod S, its element g div S. */
static void each_position_is_one_element_of_one_shard(void)
{
    for (size_t shards = 1; shards <= 20; shards++)
        for (uint32_t g = 0; g < 300; g++)
            for (size_t s = 0; s < shards; s++) {
                const uint32_t before = shard_share(g, shards, s), after = shard_share(g + 1, shards, s);
                const bool right = g % shards == s ? before == g / shards && after == before + 1 : after == before;
                if (!right) CU_FAIL("a position is not the element that it should be");
            }
    CU_PASS("all positions");
}

static void a_shuffle_is_a_permutation(void)
{
    uint32_t permutation[100];
    for (uint32_t count = 0; count <= 100; count++) {
        bool seen[100] = {false};
        order_shuffle(7, 3, 2, count, permutation);
        for (uint32_t i = 0; i < count; i++) {
            CU_ASSERT_FATAL(permutation[i] < count);
            CU_ASSERT_FALSE(seen[permutation[i]]);
            seen[permutation[i]] = true;
        }
    }
}

static void a_shuffle_depends_on_seed_epoch_and_shard(void)
{
    enum { COUNT = 40 };
    uint32_t first[COUNT], other[COUNT];
    static const struct {
        uint64_t seed;
        uint32_t epoch;
        size_t shard;
    } keys[] = {{2, 5, 3}, {1ull << 40 | 1, 5, 3}, {1, 6, 3}, {1, 5, 4}};
    order_shuffle(1, 5, 3, COUNT, first);
    order_shuffle(1, 5, 3, COUNT, other);
    CU_ASSERT_EQUAL(memcmp(first, other, sizeof first), 0);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        order_shuffle(keys[i].seed, keys[i].epoch, keys[i].shard, COUNT, other);
        CU_ASSERT_NOT_EQUAL(memcmp(first, other, sizeof first), 0);
    }
}

static void all_orders_are_as_likely(void)
{
    enum { DRAWS = 6000 };
    int seen[9] = {0}; /* the six orders of 0 1 2, by 3 times the first and the second */
    for (uint32_t epoch = 0; epoch < DRAWS; epoch++) {
        uint32_t permutation[3];
        order_shuffle(1, epoch, 0, 3, permutation);
        seen[3 * permutation[0] + permutation[1]]++;
    }
    /* Binomial: mean 1000, deviation 29; five deviations each way. */
    for (int i = 0; i < 9; i++)
        if (i / 3 != i % 3) CU_ASSERT(abs(seen[i] - DRAWS / 6) < 145);
}

enum { FEATURES = 2, MOST_ROWS = 300 };

/* Image r is the two bytes of r, its label r mod 10: a packed row tells which it is. */
static Dataset *make_dataset(uint32_t rows)
{
    static uint8_t pixels[MOST_ROWS * FEATURES], labels[MOST_ROWS];
    const uint64_t extent[2] = {rows, FEATURES};
    for (uint32_t r = 0; r < rows; r++) {
        pixels[2 * r] = (uint8_t)(r & 255);
        pixels[2 * r + 1] = (uint8_t)(r >> 8);
        labels[r] = (uint8_t)(r % 10);
    }
    DatasetSource source = {.file = scratch_path("rows.h5"), .classes = 10};
    H5Writer *writer;
    CU_ASSERT_EQUAL_FATAL(h5file_create(source.file, &writer), STATUS_OK);
    for (int part = 0; part < 2; part++) {
        source.images[part] = dataset_default_images[part];
        source.labels[part] = dataset_default_labels[part];
        CU_ASSERT_EQUAL(h5file_write_uint8(writer, source.images[part], 2, extent, pixels), STATUS_OK);
        CU_ASSERT_EQUAL(h5file_write_uint8(writer, source.labels[part], 1, extent, labels), STATUS_OK);
    }
    CU_ASSERT_EQUAL_FATAL(h5file_finish(writer), STATUS_OK);
    Dataset *dataset;
    CU_ASSERT_EQUAL_FATAL(dataset_open(&source, &dataset), STATUS_OK);
    return dataset;
}

/* One way to train: N rows, S shards, batches of B, P ranks. */
typedef struct {
    uint32_t rows;
    size_t shards;
    uint32_t batch_size;
    size_t ranks;
} Case;

static void open_batch(const Loader *loader, size_t capacity, Batch *batch, Inputs *inputs)
{
    CU_ASSERT_EQUAL_FATAL(inputs_init(inputs, FEATURES, 0, capacity, INPUTS_ROWS, true, NULL), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(batch_init(batch, loader, capacity), STATUS_OK);
    batch->inputs = inputs;
}

/* Checks the rows of one rank's batch, and puts the row at each position into row_at. Returns the batch's digest. */
static uint64_t check_batch(const Case *c, const Loader *loader, const Batch *batch, uint32_t begin, uint32_t end,
                            uint32_t *row_at)
{
    uint64_t digest = 0;
    CU_ASSERT_EQUAL(batch->first_row[0], 0);
    CU_ASSERT_EQUAL(batch->first_row[loader->run], batch->inputs->input.n);
    CU_ASSERT(batch->inputs->input.n <= loader_share(loader->samples.count, c->shards, loader->run, c->batch_size));
    for (size_t i = 0; i < loader->run; i++) {
        const size_t s = loader->first_shard + i;
        uint32_t position =
            (uint32_t)s + (begin + (uint32_t)(c->shards - 1 - s)) / (uint32_t)c->shards * (uint32_t)c->shards;
        for (size_t k = batch->first_row[i]; k < batch->first_row[i + 1]; k++, position += (uint32_t)c->shards) {
            const float *x = batch->inputs->x + k * kernel_leading(FEATURES);
            const uint32_t row = (uint32_t)lroundf(x[0] * 255.0f) + 256 * (uint32_t)lroundf(x[1] * 255.0f);
            CU_ASSERT_FATAL(position >= begin && position < end && row_at[position] == UINT32_MAX);
            CU_ASSERT(row >= shard_begin(c->rows, c->shards, s) && row < shard_begin(c->rows, c->shards, s + 1));
            CU_ASSERT_EQUAL(batch->label[k], row % 10);
            row_at[position] = row;
            digest += digest_sample(position, row);
        }
    }
    CU_ASSERT_EQUAL(batch->digest, digest);
    return digest;
}

/* All batches of one rank. Returns the sum of their digests less what the order demands. */
static uint64_t pack_epoch(const Case *c, Dataset *dataset, size_t rank, uint32_t epoch, uint32_t *row_at)
{
    const size_t first = rank * c->shards / c->ranks, run = (rank + 1) * c->shards / c->ranks - first;
    Loader loader;
    Batch batch;
    Inputs inputs;
    CU_ASSERT_EQUAL_FATAL(loader_init(&loader, dataset, 11, c->shards, first, run, kernels_all()[0]), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(scaling_init_uint8(&loader.scaling, SCALING_UNIT, (uint64_t[2]){0}, 1), STATUS_OK);
    const size_t capacity = loader_share(loader.samples.count, c->shards, run, c->batch_size);
    open_batch(&loader, capacity, &batch, &inputs);
    uint64_t digest = 0;
    for (uint32_t begin = 0; begin < c->rows; begin += c->batch_size) {
        const uint32_t end = c->rows - begin < c->batch_size ? c->rows : begin + c->batch_size;
        loader_pack(&loader, epoch, begin, end, &batch);
        digest += check_batch(c, &loader, &batch, begin, end, row_at);
    }
    uint64_t expected = 0;
    CU_ASSERT_EQUAL(loader_expected_digest(&loader, epoch, &expected), STATUS_OK);
    digest -= expected;
    batch_free(&batch);
    inputs_free(&inputs);
    loader_free(&loader);
    return digest;
}

static void check_case(const Case *c, Dataset *dataset, uint32_t epoch, uint32_t *row_at)
{
    bool seen[MOST_ROWS] = {false};
    for (uint32_t g = 0; g < c->rows; g++) row_at[g] = UINT32_MAX;
    for (size_t rank = 0; rank < c->ranks; rank++) CU_ASSERT_EQUAL(pack_epoch(c, dataset, rank, epoch, row_at), 0);
    for (uint32_t g = 0; g < c->rows; g++) {
        CU_ASSERT_FATAL(row_at[g] < c->rows);
        CU_ASSERT_FALSE(seen[row_at[g]]);
        seen[row_at[g]] = true;
    }
}

static void each_row_is_packed_once_per_epoch_on_any_number_of_ranks(void)
{
    static const uint32_t rows[] = {1, 5, 8, 97, 300}, batches[] = {1, 7, 64, 1000};
    static const size_t shards[] = {1, 3, 8, 20};
    uint32_t alone[MOST_ROWS], row_at[MOST_ROWS];
    for (size_t n = 0; n < 5; n++) {
        Dataset *dataset = make_dataset(rows[n]);
        for (size_t s = 0; s < 4; s++) {
            check_case(&(Case){rows[n], shards[s], 64, 1}, dataset, 4, alone);
            const size_t ranks[] = {1, 2, 3, shards[s]};
            for (size_t i = 0; i < 16; i++) {
                if (ranks[i % 4] > shards[s]) continue;
                check_case(&(Case){rows[n], shards[s], batches[i / 4], ranks[i % 4]}, dataset, 4, row_at);
                CU_ASSERT_EQUAL(memcmp(row_at, alone, rows[n] * sizeof *alone), 0);
            }
            check_case(&(Case){rows[n], shards[s], 7, 1}, dataset, 5, row_at);
            if (rows[n] > 90) CU_ASSERT_NOT_EQUAL(memcmp(row_at, alone, rows[n] * sizeof *alone), 0);
        }
        dataset_close(dataset);
    }
}

/* An epoch other than the last one packed is shuffled anew, as if it had come first. */
static void epochs_may_come_in_any_order(void)
{
    Dataset *dataset = make_dataset(97);
    Loader loader;
    Batch batch;
    Inputs inputs;
    CU_ASSERT_EQUAL_FATAL(loader_init(&loader, dataset, 1, 8, 2, 3, kernels_all()[0]), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(scaling_init_uint8(&loader.scaling, SCALING_UNIT, (uint64_t[2]){0}, 1), STATUS_OK);
    open_batch(&loader, 97, &batch, &inputs);
    loader_pack(&loader, 0, 0, 50, &batch);
    const uint64_t first = batch.digest;
    loader_pack(&loader, 1, 0, 50, &batch);
    CU_ASSERT_NOT_EQUAL(batch.digest, first);
    loader_pack(&loader, 0, 0, 50, &batch);
    CU_ASSERT_EQUAL(batch.digest, first);
    loader_pack(&loader, 0, 50, 50, &batch);
    CU_ASSERT(batch.inputs->input.n == 0 && batch.digest == 0);
    batch_free(&batch);
    inputs_free(&inputs);
    loader_free(&loader);
    dataset_close(dataset);
}

enum { IMAGES = 7, PIXELS = 30, VALUES = IMAGES * PIXELS };

/* Mean and deviation of what scaling_apply makes of all samples. */
static void measure(const Scaling *scaling, const Samples *samples, double *mean, double *deviation)
{
    float x[PIXELS + 2 * PANEL];
    double sum = 0, squares = 0;
    for (size_t s = 0; s < samples->count; s++) {
        scaling_apply(scaling, kernels_all()[0], samples, s, 0, x);
        for (size_t i = 0; i < samples->features; i++) {
            sum += (double)x[i];
            squares += (double)x[i] * (double)x[i];
        }
    }
    *mean = sum / VALUES;
    *deviation = sqrt(squares / VALUES - *mean * *mean);
}

static void fill_bytes(uint8_t pixels[VALUES])
{
    for (size_t i = 0; i < VALUES; i++) pixels[i] = (uint8_t)(i * i % 251);
}

static void unit_scaling_of_bytes_is_v_over_255(void)
{
    uint8_t pixels[256];
    float x[256 + 2 * PANEL];
    Scaling scaling;
    const Samples samples = {.count = 1, .features = 256, .kind = ELEMENT_UINT8, .pixels = pixels};
    for (int v = 0; v < 256; v++) pixels[v] = (uint8_t)v;
    CU_ASSERT_EQUAL_FATAL(scaling_init_uint8(&scaling, SCALING_UNIT, (uint64_t[2]){0}, 256), STATUS_OK);
    for (const Kernels *const *set = kernels_all(); *set; set++) {
        scaling_apply(&scaling, *set, &samples, 0, 0, x);
        for (int v = 0; v < 256; v++) CU_ASSERT_EQUAL(x[v], (float)v / 255.0f);
    }
}

/* Each table entry is rounded once: |error| <= 2^-24 |x|, and the mean of |x| and of x^2 is at most 1. So mean and
 * deviation are within 2^-24 of 0 and 1, up to the rounding of the sums in double. */
static void standard_scaling_of_bytes_has_mean_0_and_deviation_1(void)
{
    uint8_t pixels[VALUES];
    uint64_t sums[2] = {0, 0};
    double mean, deviation;
    Scaling scaling;
    fill_bytes(pixels);
    const Samples samples = {.count = IMAGES, .features = PIXELS, .kind = ELEMENT_UINT8, .pixels = pixels};
    scaling_add_integers(&samples, sums);
    CU_ASSERT_EQUAL_FATAL(scaling_init_uint8(&scaling, SCALING_STANDARD, sums, VALUES), STATUS_OK);
    measure(&scaling, &samples, &mean, &deviation);
    CU_ASSERT(fabs(mean) <= 0x1p-24 + 1e-12);
    CU_ASSERT(fabs(deviation - 1.0) <= 0x1p-24 + 1e-12);
}

static void fill_floats(float pixels[VALUES])
{
    for (size_t i = 0; i < VALUES; i++) pixels[i] = (float)(i * i % 251) / 16.0f - 3.7f;
}

/* Per value: the rounding of shift and factor, of the difference and of the product, 2^-24 each, of the shift relative
 * to it: |error| <= 2^-24 (3|x| + |mean| / deviation) to first order. */
static void standard_scaling_of_floats_has_mean_0_and_deviation_1(void)
{
    float pixels[VALUES];
    double mean, deviation;
    Scaling scaling;
    fill_floats(pixels);
    const Samples samples = {.count = IMAGES, .features = PIXELS, .kind = ELEMENT_FLOAT32, .pixels = pixels};
    const double a = (scaling_sum(&samples, 0, 3) + scaling_sum(&samples, 3, IMAGES - 3)) / VALUES;
    const double b = sqrt((scaling_squares(&samples, 0, 3, a) + scaling_squares(&samples, 3, IMAGES - 3, a)) / VALUES);
    const double bound = 0x1p-24 * (3.0 + fabs(a) / b) * 1.001 + 1e-12;
    CU_ASSERT_EQUAL_FATAL(scaling_init_float(&scaling, SCALING_STANDARD, a, b), STATUS_OK);
    measure(&scaling, &samples, &mean, &deviation);
    CU_ASSERT(fabs(mean) <= bound);
    CU_ASSERT(fabs(deviation - 1.0) <= 2 * bound); /* of the deviation about a mean that is itself within bound */
}

/* The least becomes 0 exactly; the largest 1 but for three roundings. */
static void unit_scaling_of_floats_is_from_0_to_1(void)
{
    float pixels[VALUES], range[2], x[PIXELS + 2 * PANEL], least = 9, most = -9;
    Scaling scaling;
    fill_floats(pixels);
    const Samples samples = {.count = IMAGES, .features = PIXELS, .kind = ELEMENT_FLOAT32, .pixels = pixels};
    scaling_range(&samples, range);
    CU_ASSERT_EQUAL_FATAL(scaling_init_float(&scaling, SCALING_UNIT, (double)range[0], (double)range[1]), STATUS_OK);
    for (size_t s = 0; s < IMAGES; s++) {
        scaling_apply(&scaling, kernels_all()[0], &samples, s, 0, x);
        for (size_t i = 0; i < PIXELS; i++) {
            least = x[i] < least ? x[i] : least;
            most = x[i] > most ? x[i] : most;
        }
    }
    CU_ASSERT_EQUAL(least, 0.0f);
    CU_ASSERT(fabsf(most - 1.0f) <= 0x3p-24f);
    const Samples none = {.count = 0, .features = PIXELS, .kind = ELEMENT_FLOAT32, .pixels = pixels};
    scaling_range(&none, range);
    CU_ASSERT(isinf(range[0]) && range[0] > 0 && isinf(range[1]) && range[1] < 0);
}

static void no_scaling_keeps_floats_and_refuses_bytes(void)
{
    float pixels[VALUES], x[PIXELS + 2 * PANEL];
    Scaling scaling;
    fill_floats(pixels);
    const Samples samples = {.count = IMAGES, .features = PIXELS, .kind = ELEMENT_FLOAT32, .pixels = pixels};
    CU_ASSERT_EQUAL_FATAL(scaling_init_float(&scaling, SCALING_NONE, 5, 5), STATUS_OK);
    scaling_apply(&scaling, kernels_all()[0], &samples, 2, 0, x);
    CU_ASSERT_EQUAL(memcmp(x, pixels + 2 * PIXELS, PIXELS * sizeof *x), 0);
    CU_ASSERT_EQUAL(scaling_init_uint8(&scaling, SCALING_NONE, (uint64_t[2]){0}, 1), STATUS_CONFIG);
    CU_ASSERT_MESSAGE_HAS("data.scaling");
    status_clear();
}

static void equal_pixels_are_bad_data(void)
{
    Scaling scaling;
    CU_ASSERT_EQUAL(scaling_init_uint8(&scaling, SCALING_STANDARD, (uint64_t[2]){7 * 1000, 49 * 1000}, 1000),
                    STATUS_DATA);
    CU_ASSERT_EQUAL(scaling_init_float(&scaling, SCALING_STANDARD, 0.1, 0.0), STATUS_DATA);
    CU_ASSERT_EQUAL(scaling_init_float(&scaling, SCALING_UNIT, 3.0, 3.0), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("equal");
    status_clear();
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(shards_partition_the_rows),
        UNIT(each_position_is_one_element_of_one_shard),
        UNIT(a_shuffle_is_a_permutation),
        UNIT(a_shuffle_depends_on_seed_epoch_and_shard),
        UNIT(all_orders_are_as_likely),
        UNIT(each_row_is_packed_once_per_epoch_on_any_number_of_ranks),
        UNIT(epochs_may_come_in_any_order),
        UNIT(unit_scaling_of_bytes_is_v_over_255),
        UNIT(standard_scaling_of_bytes_has_mean_0_and_deviation_1),
        UNIT(standard_scaling_of_floats_has_mean_0_and_deviation_1),
        UNIT(unit_scaling_of_floats_is_from_0_to_1),
        UNIT(no_scaling_keeps_floats_and_refuses_bytes),
        UNIT(equal_pixels_are_bad_data),
    };
    return UNIT_RUN("order", tests);
}
