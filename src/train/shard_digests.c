#include "train/shard_digests.h"

#include <string.h>

#include "base/memory.h"
#include "train/trainer.h"

enum { WORDS = sizeof(Digest) / sizeof(uint64_t) };
_Static_assert(WORDS * sizeof(uint64_t) == sizeof(Digest), "a digest travels as words");

Status shard_digests_init(ShardDigests *d, size_t shards, size_t run, size_t floats)
{
    const char *what = "the gradients of shards (log.shard_digests)";
    *d = (ShardDigests){0};
    Status st = fold_init_each(&d->each, run);
    if (st == STATUS_OK) st = memory_new(&d->memory, run * floats, what);
    if (st == STATUS_OK) st = memory_new(&d->gradient, run, what);
    if (st == STATUS_OK) st = memory_new(&d->digest, shards, what);
    for (size_t i = 0; i < run && st == STATUS_OK; i++) d->gradient[i] = d->memory + i * floats;
    if (st != STATUS_OK) shard_digests_free(d);
    return st;
}

void shard_digests_free(ShardDigests *d)
{
    fold_free(&d->each);
    memory_free(d->memory);
    memory_free(d->gradient);
    memory_free(d->digest);
    *d = (ShardDigests){0};
}

size_t shard_digests_bytes(size_t shards, size_t run, size_t floats)
{
    return run * (floats * sizeof(float) + sizeof(float *)) + shards * sizeof(Digest);
}

void shard_digests_take(Trainer *t)
{
    ShardDigests *d = &t->shard_digests;
    trainer_enter(t, PHASE_CHECK);
    exchange_gradient(t, &d->each, d->gradient);
    memset(d->digest, 0, t->shards * sizeof *d->digest);
    for (size_t i = 0; i < t->run_length; i++) {
        digest_begin(t->digest);
        network_digest(&t->network, d->gradient[i], t->digest);
        d->digest[t->first_shard + i] = digest_end(t->digest);
    }
}

void shard_digests_record(Trainer *t)
{
    ShardDigests *d = &t->shard_digests;
    comm_sum_words(t->comm, (uint64_t *)(void *)d->digest, WORDS * t->shards);
    record_begin(t->run.records, "shards");
    record_integer(t->run.records, "step", t->step);
    record_digests(t->run.records, "digests", t->shards, d->digest);
    record_end(t->run.records);
}
