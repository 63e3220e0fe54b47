#include "data/loader.h"

#include <inttypes.h>
#include <string.h>

#include "base/digest.h"
#include "base/fault.h"
#include "base/memory.h"

Status loader_init(Loader *loader, Dataset *dataset, uint64_t seed, size_t shards, size_t first_shard, size_t run,
                   const Kernels *kernels)
{
    const uint32_t rows = dataset_rows(dataset, PART_TRAIN);
    *loader = (Loader){.seed = seed,
                       .rows = rows,
                       .shards = shards,
                       .first_shard = first_shard,
                       .run = run,
                       .kernels = kernels,
                       .epoch = UINT32_MAX};
    const uint32_t begin = shard_begin(rows, shards, first_shard), end = shard_begin(rows, shards, first_shard + run);
    Status st = samples_init(&loader->samples, dataset, PART_TRAIN, begin, end - begin);
    if (st == STATUS_OK) st = memory_new(&loader->permutation, end - begin, "the order of samples");
    const uint32_t largest = shard_size(rows, shards, first_shard); /* earlier shards are never smaller */
    if (st == STATUS_OK) st = memory_new(&loader->scratch, largest, "the order of samples");
    if (st == STATUS_OK) st = memory_new(&loader->seen, largest, "the order of samples");
    if (st != STATUS_OK) loader_free(loader);
    return st;
}

void loader_free(Loader *loader)
{
    samples_free(&loader->samples);
    memory_free(loader->permutation);
    memory_free(loader->scratch);
    memory_free(loader->seen);
    *loader = (Loader){0};
}

size_t loader_share(size_t rows_of_run, size_t shards, size_t run, size_t batch_size)
{
    const size_t share = (batch_size + shards - 1) / shards;
    return share > rows_of_run / run ? rows_of_run : share * run;
}

Status batch_init(Batch *batch, const Loader *loader, size_t capacity)
{
    *batch = (Batch){0};
    Status st = memory_new(&batch->label, capacity, "a batch of labels");
    if (st == STATUS_OK) st = memory_new(&batch->first_row, loader->run + 1, "a batch");
    if (st != STATUS_OK) batch_free(batch);
    return st;
}

void batch_free(Batch *batch)
{
    memory_free(batch->label);
    memory_free(batch->first_row);
    *batch = (Batch){0};
}

/* The index in samples of the run's shard i. */
static uint32_t local_begin(const Loader *loader, size_t i)
{
    return shard_begin(loader->rows, loader->shards, loader->first_shard + i) -
           shard_begin(loader->rows, loader->shards, loader->first_shard);
}

static void shuffle(Loader *loader, uint32_t epoch)
{
    if (loader->epoch == epoch) return;
    for (size_t i = 0; i < loader->run; i++) {
        const size_t s = loader->first_shard + i;
        order_shuffle(loader->seed, epoch, s, shard_size(loader->rows, loader->shards, s),
                      loader->permutation + local_begin(loader, i));
    }
    if (loader->samples.count > 1 && fault_at("spoil-permutation", epoch + 1))
        loader->permutation[0] = loader->permutation[1];
    loader->epoch = epoch;
}

/* The rows come from anywhere in memory: so many are on their way while others are packed. */
enum { AHEAD = 8 };

/* Asks for the pixels of elements [first, last) of a shard's order. */
static void prefetch(const Loader *loader, uint32_t begin, uint32_t first, uint32_t last)
{
    for (uint32_t element = first; element < last; element++)
        samples_prefetch(&loader->samples, begin + loader->permutation[begin + element]);
}

void loader_pack(Loader *loader, uint32_t epoch, uint32_t begin, uint32_t end, Batch *batch)
{
    shuffle(loader, epoch);
    size_t n = 0;
    inputs_clear(batch->inputs);
    batch->digest = 0;
    for (size_t i = 0; i < loader->run; i++) {
        const size_t s = loader->first_shard + i;
        const uint32_t first = shard_share(begin, loader->shards, s), last = shard_share(end, loader->shards, s);
        const uint32_t own = local_begin(loader, i);
        batch->first_row[i] = n;
        prefetch(loader, own, first, last - first < AHEAD ? last : first + AHEAD);
        for (uint32_t element = first; element < last; element++, n++) {
            const uint64_t position = (uint64_t)element * loader->shards + s;
            size_t sample = own + loader->permutation[own + element];
            if (last - element > AHEAD) prefetch(loader, own, element + AHEAD, element + AHEAD + 1);
            if (fault_at("pack-wrong-row", position)) sample = (sample + 1) % loader->samples.count;
            inputs_add(batch->inputs, &loader->scaling, loader->kernels, &loader->samples, sample);
            batch->label[n] = loader->samples.label[sample];
            batch->digest += digest_sample(position, loader->samples.row[sample]);
        }
    }
    batch->first_row[loader->run] = n;
    inputs_end(batch->inputs, &loader->scaling, loader->kernels);
}

/* Does each of [0, count) stand in the order once? seen (count): scratch. */
static bool is_permutation(const uint32_t *order, uint32_t count, uint8_t *seen)
{
    memset(seen, 0, count);
    for (uint32_t i = 0; i < count; i++)
        if (order[i] >= count || seen[order[i]]++) return false;
    return true;
}

Status loader_expected_digest(Loader *loader, uint32_t epoch, uint64_t *digest)
{
    *digest = 0;
    for (size_t s = loader->first_shard; s < loader->first_shard + loader->run; s++) {
        const uint32_t first_row = shard_begin(loader->rows, loader->shards, s);
        const uint32_t count = shard_size(loader->rows, loader->shards, s);
        order_shuffle(loader->seed, epoch, s, count, loader->scratch);
        if (!is_permutation(loader->scratch, count, loader->seen))
            return status_fail(STATUS_INTERNAL,
                               "the order of shard %zu in epoch %" PRIu32 " does not have each row exactly once", s,
                               epoch + 1);
        for (uint32_t e = 0; e < count; e++)
            *digest += digest_sample((uint64_t)e * loader->shards + s, first_row + loader->scratch[e]);
    }
    return STATUS_OK;
}
