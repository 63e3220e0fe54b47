/* lockstep inspect: what is in a dataset, checked. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/memory.h"
#include "base/sha256.h"
#include "base/text.h"
#include "commands.h"
#include "data/dataset.h"
#include "inspect_checkpoint.h"
#include "inspect_paths.h"
#include "run_directory.h"

enum { BLOCK_VALUES = 1 << 24, COUNTS_A_LINE = 10, MOST_COUNTS = 100 };

/* What the values of one part are. */
typedef struct {
    uint64_t *per_class; /* (classes) samples; owned */
    double least, most, sum;
    uint64_t zeros, values;
} Statistics;

static void add_value(Statistics *statistics, double value, uint64_t times)
{
    if (value < statistics->least) statistics->least = value;
    if (value > statistics->most) statistics->most = value;
    if (value == 0) statistics->zeros += times;
    statistics->sum += value * (double)times;
    statistics->values += times;
}

/* Bytes are counted first, so that their sum is exact and fast. */
static void add_samples(Statistics *statistics, const Samples *samples)
{
    const size_t values = samples->count * samples->features;
    for (size_t i = 0; i < samples->count; i++) statistics->per_class[samples->label[i]]++;
    if (samples->kind == ELEMENT_UINT8) {
        uint64_t times[256] = {0};
        const uint8_t *pixel = samples->pixels;
        for (size_t i = 0; i < values; i++) times[pixel[i]]++;
        for (int value = 0; value < 256; value++)
            if (times[value]) add_value(statistics, value, times[value]);
    } else {
        const float *pixel = samples->pixels;
        for (size_t i = 0; i < values; i++) add_value(statistics, (double)pixel[i], 1);
    }
}

static void print_classes(const Statistics *statistics, uint32_t classes)
{
    uint32_t seen = 0;
    for (uint32_t c = 0; c < classes; c++) seen += statistics->per_class[c] > 0;
    printf("  labels  all in [0, %" PRIu32 "), %" PRIu32 " classes seen\n", classes, seen);
    for (uint32_t c = 0; c < classes && classes <= MOST_COUNTS; c++)
        printf("%s%" PRIu32 ":%" PRIu64 "%s", c % COUNTS_A_LINE ? "  " : "          ", c, statistics->per_class[c],
               c % COUNTS_A_LINE == COUNTS_A_LINE - 1 || c + 1 == classes ? "\n" : "");
}

static void print_part(const Dataset *dataset, Part part, const Statistics *statistics)
{
    uint64_t extent[H5FILE_MAX_DIMENSIONS];
    const int dimensions = dataset_shape(dataset, extent);
    printf("%s%s: %" PRIu32 " images of ", part == PART_TRAIN ? "" : "\n", dataset_part_name[part],
           dataset_rows(dataset, part));
    for (int i = 0; i < dimensions; i++) printf("%s%" PRIu64, i ? "x" : "", extent[i]);
    printf(" %s\n", dataset_kind(dataset) == ELEMENT_UINT8 ? "uint8" : "float32");
    print_classes(statistics, dataset_classes(dataset));
    printf("  pixels  %g to %g, mean %.6g, %.1f %% zeros\n", statistics->least, statistics->most,
           statistics->sum / (double)statistics->values, 100 * (double)statistics->zeros / (double)statistics->values);
}

static Status check_part(Dataset *dataset, Part part)
{
    const uint32_t rows = dataset_rows(dataset, part);
    const uint32_t block = (uint32_t)(1 + BLOCK_VALUES / dataset_features(dataset));
    Statistics statistics = {.least = INFINITY, .most = -INFINITY};
    Status st = memory_new(&statistics.per_class, dataset_classes(dataset), "the counts of classes");
    for (uint32_t first = 0, count; st == STATUS_OK && first < rows; first += count) {
        Samples samples;
        count = rows - first < block ? rows - first : block;
        st = samples_init(&samples, dataset, part, first, count);
        if (st == STATUS_OK) add_samples(&statistics, &samples);
        samples_free(&samples);
    }
    if (st == STATUS_OK) print_part(dataset, part, &statistics);
    memory_free(statistics.per_class);
    return st;
}

static Status check(const DatasetSource *source)
{
    Dataset *dataset;
    Digest digest;
    char sha256[SHA256_HEX_SIZE];
    Status st = dataset_open(source, &dataset);
    if (st == STATUS_OK) st = check_part(dataset, PART_TRAIN);
    if (st == STATUS_OK) st = check_part(dataset, PART_TEST);
    if (st == STATUS_OK) st = dataset_digest(dataset, &digest);
    if (st == STATUS_OK) {
        char hex[DIGEST_HEX_SIZE];
        digest_hex(digest, hex);
        printf("\ndigest of the values: %s\n", hex);
    }
    dataset_close(dataset);
    if (st == STATUS_OK) st = sha256_of_file(source->file, "HDF5 file", sha256);
    if (st == STATUS_OK) printf("to train on these very bytes alone: data.sha256 = \"%s\"\n", sha256);
    return st;
}

static void print_setting(Part part, const char *what, const char *path)
{
    printf("  data.%s_%s = \"", dataset_part_name[part], what);
    text_put(path, false, stdout);
    printf("\"\n");
}

static void print_settings(const DatasetSource *source)
{
    printf("Not the default names. By their names and shapes, these are the settings to train on it:\n");
    for (int part = 0; part < 2; part++) {
        print_setting((Part)part, "images", source->images[part]);
        print_setting((Part)part, "labels", source->labels[part]);
    }
    printf("\n");
}

static Status check_contents(const Contents *contents, DatasetSource *source)
{
    bool is_default;
    printf("\n");
    contents_print(contents);
    if (!contents_choose(contents, source, &is_default))
        return status_fail(STATUS_DATA,
                           "\"%s\": no four datasets are the images and labels of both parts by their names "
                           "and shapes; images are uint8 or float32 (N, ...), labels integers (N), their paths the "
                           "settings data.train_images, train_labels, test_images and test_labels",
                           source->file);
    if (!is_default) print_settings(source);
    return check(source);
}

static Status inspect(const Invocation *invocation)
{
    DatasetSource source = {.file = invocation->operands[0]};
    long long classes = 10;
    Status st = invocation_number(invocation, "classes", 1, 1 << 24, &classes);
    if (st == STATUS_OK) st = run_directory_refuse(source.file);
    if (st != STATUS_OK) return st;
    source.classes = (uint32_t)classes;
    if (inspect_is_checkpoint(source.file)) return inspect_checkpoint(source.file);
    H5File *file;
    Contents contents = {0};
    st = h5file_open(source.file, &file);
    if (st != STATUS_OK) return st;
    st = contents_init(&contents, file);
    h5file_close(file);
    if (st == STATUS_OK) {
        text_put(source.file, false, stdout);
        st = check_contents(&contents, &source);
    }
    contents_free(&contents);
    fflush(stdout); /* what was found comes before the message about what is wrong */
    return st;
}

static const Option options[] = {
    {"classes", 0, "N", "labels must be in [0, N) (default 10, as data.classes)", false},
};

const Command command_inspect = {
    .name = "inspect",
    .operands = "FILE",
    .least_operands = 1,
    .most_operands = 1,
    .summary = "Shows what is in a dataset file and checks every value of it.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .apart = true,
    .run = inspect,
};
