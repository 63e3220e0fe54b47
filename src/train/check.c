#include "train/check.h"

#include <inttypes.h>

#include "train/setup.h"

/* Bytes of rank 0, which has the test set besides its run of shards. */
static Status memory_of_rank(const Settings *s, Dataset *dataset, const Network *network, size_t ranks, size_t *bytes)
{
    const size_t shards = (size_t)s->training.shards, run = fold_run_begin(shards, ranks, 1);
    const size_t pixel = dataset_kind(dataset) == ELEMENT_UINT8 ? 1 : sizeof(float);
    const size_t sample = dataset_features(dataset) * pixel + 3 * sizeof(uint32_t);
    const size_t rows = shard_begin(dataset_rows(dataset, PART_TRAIN), shards, run);
    const size_t share = ((size_t)s->training.batch_size + shards - 1) / shards * run;
    Fold fold;
    Status st = fold_init_run(&fold, shards, 0, run);
    if (st != STATUS_OK) return st;
    size_t activations = kernel_leading(dataset_features(dataset));
    for (size_t i = 0; i < network->layers; i++) activations += 3 * kernel_leading(network->layer[i].out);
    *bytes = (rows + dataset_rows(dataset, PART_TEST)) * sample + share * activations * sizeof(float) +
             network->floats * sizeof(float) * (fold.outputs + (s->optimizer.momentum != 0.0 ? 2 : 1));
    fold_free(&fold);
    return STATUS_OK;
}

static Status print_plan(const Settings *s, Dataset *dataset, const Network *network, size_t ranks,
                         const char *run_path, FILE *out)
{
    size_t bytes;
    Status st = memory_of_rank(s, dataset, network, ranks, &bytes);
    if (st != STATUS_OK) return st;
    Digest digest;
    st = dataset_digest(dataset, &digest);
    if (st != STATUS_OK) return st;
    char hex[DIGEST_HEX_SIZE];
    digest_hex(digest, hex);
    const uint32_t rows = dataset_rows(dataset, PART_TRAIN);
    const uint64_t batch = (uint64_t)s->training.batch_size, steps = (rows + batch - 1) / batch;
    fprintf(out, "layer        in       out   parameters   activation\n");
    for (size_t i = 0; i < network->layers; i++) {
        const Layer *layer = &network->layer[i];
        fprintf(out, "%5zu  %8zu  %8zu  %11zu   %s\n", i, layer->in, layer->out, (layer->in + 1) * layer->out,
                i + 1 < network->layers ? s->model.activation : "softmax");
    }
    fprintf(out, "parameters   %zu\n", network->parameters);
    fprintf(out, "dataset      %s: %" PRIu32 " training, %" PRIu32 " test samples, digest %s\n", s->data.file, rows,
            dataset_rows(dataset, PART_TEST), hex);
    fprintf(out, "steps        %" PRIu64 " an epoch, %" PRIu64 " in all\n", steps,
            steps * (uint64_t)s->training.epochs);
    fprintf(out, "ranks        %zu of at most %" PRId64 " (training.shards)\n", ranks, s->training.shards);
    fprintf(out, "memory       %.1f MB on rank 0 beyond the program's own\n", (double)bytes * 1e-6);
    fprintf(out, "run          %s\n", run_path);
    return STATUS_OK;
}

Status train_check(const Settings *settings, size_t ranks, const char *run_path, FILE *out)
{
    Dataset *dataset = NULL;
    Network network;
    const Kernels *kernels;
    Status st = setup_check_ranks(settings, ranks);
    if (st == STATUS_OK) st = kernels_choose(&kernels);
    if (st == STATUS_OK) st = setup_dataset(settings, &dataset);
    if (st == STATUS_OK) st = setup_network(settings, dataset, &network);
    if (st == STATUS_OK) st = print_plan(settings, dataset, &network, ranks, run_path, out);
    dataset_close(dataset);
    return st;
}
