#include "train/check.h"

#include <inttypes.h>

#include "base/apart.h"
#include "base/text.h"
#include "rundir/rundir.h"
#include "train/measure.h"
#include "train/summary.h"

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
    char line[SUMMARY_LINE_SIZE];
    fprintf(out, "%s\n", summary_layer_head);
    for (size_t i = 0; i < network->layers; i++) {
        summary_layer(network, i, line);
        fprintf(out, "%s\n", line);
    }
    fprintf(out, "parameters   %zu\n", network->parameters);
    fputs("dataset      ", out);
    text_put(s->data.file, false, out);
    fprintf(out, ": %" PRIu32 " training, %" PRIu32 " test samples, digest %s\n", rows,
            dataset_rows(dataset, PART_TEST), hex);
    fprintf(out, "steps        %" PRIu64 " an epoch, %" PRIu64 " in all\n", steps,
            steps * (uint64_t)s->training.epochs);
    fprintf(out, "ranks        %zu of at most %" PRId64 " (training.shards)\n", ranks, s->training.shards);
    summary_memory(needs.bytes, needs.largest, line);
    fprintf(out, "%s\n", line);
    text_line("run          ", run_path, out);
    return STATUS_OK;
}

Status train_check(const Settings *settings, size_t ranks, const char *run_path, bool fresh, FILE *out)
{
    Dataset *dataset = NULL;
    Network network;
    const Kernels *kernels;
    Scaling scaling;
    Status st = setup_check_ranks(settings, ranks);
    if (st == STATUS_OK) st = setup_dataset(settings, &dataset);
    if (st == STATUS_OK) st = setup_network(settings, dataset, &network);
    if (st == STATUS_OK) st = kernels_choose(network.copies > 0, &kernels);
    if (st == STATUS_OK) st = measure_scaling(settings, dataset, &scaling);
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
