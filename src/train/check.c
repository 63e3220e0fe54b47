#include "train/check.h"

#include <inttypes.h>
#include <math.h>

#include "base/apart.h"
#include "base/text.h"
#include "data/scaling.h"
#include "rundir/rundir.h"

/* An upper bound: the text of the config and what HDF5 adds stay far below. */
static size_t checkpoint_bytes(const Settings *s, const Network *network)
{
    enum { BESIDES = 1 << 16 };
    return network->parameters * sizeof(float) * (s->optimizer.momentum != 0.0 ? 2 : 1) + BESIDES;
}

Status train_needs(const Settings *s, const Dataset *dataset, const Network *network, size_t ranks, TrainNeeds *needs)
{
    *needs = (TrainNeeds){.checkpoint = checkpoint_bytes(s, network)};
    for (size_t rank = 0; rank < ranks; rank++) {
        RankPlan plan;
        Status st = setup_plan(s, dataset, network, ranks, rank, &plan);
        if (st != STATUS_OK) return st;
        if (plan.bytes > needs->bytes) needs->bytes = plan.bytes, needs->largest = rank;
        if (plan.shared > needs->shared) needs->shared = plan.shared;
    }
    return STATUS_OK;
}

/* What is measured of the training images; shard by shard, as ranks do it. */
typedef struct {
    uint64_t integers[2];
    float range[2];
    double value[FOLD_MAX_SHARDS];
} Measures;

typedef enum { MEASURE_FIRST, MEASURE_SUM, MEASURE_SQUARES } Measure;

static Status measure(Dataset *dataset, size_t shards, Measure what, double mean, Measures *m)
{
    const uint32_t rows = dataset_rows(dataset, PART_TRAIN);
    for (size_t s = 0; s < shards; s++) {
        Samples samples;
        float range[2];
        const uint32_t count = shard_size(rows, shards, s);
        Status st = samples_init(&samples, dataset, PART_TRAIN, shard_begin(rows, shards, s), count);
        if (st != STATUS_OK) return st;
        if (what == MEASURE_SUM) m->value[s] = scaling_sum(&samples, 0, count);
        if (what == MEASURE_SQUARES) m->value[s] = scaling_squares(&samples, 0, count, mean);
        if (what == MEASURE_FIRST && samples.kind == ELEMENT_UINT8) scaling_add_integers(&samples, m->integers);
        if (what == MEASURE_FIRST && samples.kind == ELEMENT_FLOAT32) {
            scaling_range(&samples, range);
            m->range[0] = range[0] < m->range[0] ? range[0] : m->range[0];
            m->range[1] = range[1] > m->range[1] ? range[1] : m->range[1];
        }
        samples_free(&samples);
    }
    return STATUS_OK;
}

static Status check_float_scaling(Dataset *dataset, size_t shards, ScalingKind kind, Measures *m)
{
    Scaling scaling;
    if (kind != SCALING_STANDARD || !(m->range[0] < m->range[1]))
        return scaling_init_float(&scaling, kind, (double)m->range[0],
                                  kind == SCALING_STANDARD ? 0.0 : (double)m->range[1]);
    const double pixels = (double)dataset_rows(dataset, PART_TRAIN) * (double)dataset_features(dataset);
    double mean = 0.0, square = 0.0;
    Fold whole;
    Status st = fold_init_run(&whole, shards, 0, shards);
    if (st != STATUS_OK) return st;
    st = measure(dataset, shards, MEASURE_SUM, 0.0, m);
    mean = fold_doubles(&whole, m->value) / pixels;
    if (st == STATUS_OK) st = measure(dataset, shards, MEASURE_SQUARES, mean, m);
    square = fold_doubles(&whole, m->value) / pixels;
    fold_free(&whole);
    return st == STATUS_OK ? scaling_init_float(&scaling, kind, mean, __builtin_sqrt(square)) : st;
}

/* Does the scaling that training would set up fit these images? */
static Status check_scaling(const Settings *s, Dataset *dataset)
{
    const ScalingKind kind = scaling_kind(s->data.scaling);
    const size_t shards = (size_t)s->training.shards;
    Measures m = {.range = {INFINITY, -INFINITY}};
    Status st = measure(dataset, shards, MEASURE_FIRST, 0.0, &m);
    if (st != STATUS_OK) return st;
    Scaling scaling;
    if (dataset_kind(dataset) == ELEMENT_UINT8)
        return scaling_init_uint8(&scaling, kind, m.integers,
                                  (uint64_t)dataset_rows(dataset, PART_TRAIN) * dataset_features(dataset));
    return check_float_scaling(dataset, shards, kind, &m);
}

static Status print_plan(const Settings *s, Dataset *dataset, const Network *network, size_t ranks,
                         const char *run_path, FILE *out)
{
    TrainNeeds needs;
    Status st = train_needs(s, dataset, network, ranks, &needs);
    if (st != STATUS_OK) return st;
    Digest digest;
    st = dataset_digest(dataset, &digest);
    if (st != STATUS_OK) return st;
    char hex[DIGEST_HEX_SIZE];
    digest_hex(digest, hex);
    const uint32_t rows = dataset_rows(dataset, PART_TRAIN);
    const uint64_t batch = (uint64_t)s->training.batch_size, steps = (rows + batch - 1) / batch;
    fprintf(out, "layer        in       out   parameters   activation   compute\n");
    for (size_t i = 0; i < network->layers; i++) {
        const Layer *layer = &network->layer[i];
        fprintf(out, "%5zu  %8zu  %8zu  %11zu   %-10s   %s\n", i, layer->in, layer->out, (layer->in + 1) * layer->out,
                i + 1 < network->layers ? s->model.activation : "softmax", layer->bf16 ? "bf16" : "fp32");
    }
    fprintf(out, "parameters   %zu\n", network->parameters);
    fputs("dataset      ", out);
    text_put(s->data.file, false, out);
    fprintf(out, ": %" PRIu32 " training, %" PRIu32 " test samples, digest %s\n", rows,
            dataset_rows(dataset, PART_TEST), hex);
    fprintf(out, "steps        %" PRIu64 " an epoch, %" PRIu64 " in all\n", steps,
            steps * (uint64_t)s->training.epochs);
    fprintf(out, "ranks        %zu of at most %" PRId64 " (training.shards)\n", ranks, s->training.shards);
    fprintf(out, "memory       %.1f MB on rank %zu, the most of any, beyond the program's and MPI's own\n",
            (double)needs.bytes * 1e-6, needs.largest);
    text_line("run          ", run_path, out);
    return STATUS_OK;
}

Status train_check(const Settings *settings, size_t ranks, const char *run_path, bool fresh, FILE *out)
{
    Dataset *dataset = NULL;
    Network network;
    const Kernels *kernels;
    Status st = setup_check_ranks(settings, ranks);
    if (st == STATUS_OK) st = kernels_choose(&kernels);
    if (st == STATUS_OK) st = setup_dataset(settings, &dataset);
    if (st == STATUS_OK) st = setup_network(settings, dataset, &network);
    if (st == STATUS_OK) st = check_scaling(settings, dataset);
    if (st == STATUS_OK) st = rundir_check(run_path, fresh);
    if (st == STATUS_OK) st = print_plan(settings, dataset, &network, ranks, run_path, out);
    dataset_close(dataset);
    return st;
}

/* Whatever else is wrong with the dataset, its reader will find. */
static Status try_dataset(void *settings)
{
    Dataset *dataset = NULL;
    DatasetFacts facts;
    Status st = setup_dataset(settings, &dataset);
    if (st == STATUS_OK) st = dataset_facts(dataset, &facts);
    dataset_close(dataset);
    (void)st;
    return STATUS_OK;
}

Status train_try_dataset(Settings *settings)
{
    enum { PATIENCE_SECONDS = 600 }; /* 32 of the largest chunks take a few minutes */
    return apart_run(try_dataset, settings, PATIENCE_SECONDS, settings->data.file);
}
