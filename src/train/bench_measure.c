#include <stdlib.h>

#include "base/clock.h"
#include "train/bench_internal.h"

static double within(double x, double least, double most)
{
    return x < least ? least : x > most ? most : x;
}

/* Seconds of a call in one block. */
static double time_block(Bench *bench, BenchCase *c)
{
    if (c->prepare) c->prepare(c->context);
    comm_barrier(bench->comm);
    const double begin = clock_seconds();
    for (size_t i = 0; i < c->calls; i++) c->run(c->context);
    return (clock_seconds() - begin) / (double)c->calls;
}

/* How many calls make a block of so many seconds, and how many blocks there is time for. Rank 0's clock decides for
 * all. */
static void calibrate(Bench *bench, BenchCase *c, double block, double seconds)
{
    enum { MOST_CALLS = 1 << 24, ROUNDS = 9 };
    double whole = 0.0;
    c->calls = 1;
    for (int i = 0; i < ROUNDS; i++) {
        const double begin = clock_seconds();
        time_block(bench, c);
        whole = within(clock_seconds() - begin, 1e-9, 1e9);
        comm_broadcast(bench->comm, &whole, sizeof whole);
        if (i == 0 && whole < 0.5 * seconds) continue; /* the first call finds nothing in the caches */
        if (c->prepare || whole >= 0.5 * block) break;
        c->calls = (size_t)within(block / whole * (double)c->calls, 1.0, MOST_CALLS);
    }
    c->blocks = (size_t)within(seconds / whole, 1.0, BENCH_MOST_BLOCKS);
}

double bench_end(double seconds)
{
    return clock_seconds() + seconds;
}

bool bench_is_late(Bench *bench, double end)
{
    bool late = clock_seconds() > end;
    comm_broadcast(bench->comm, &late, sizeof late);
    return late;
}

void bench_measure(Bench *bench, BenchCase *cases, size_t count, double seconds)
{
    const double each = seconds / (double)count;
    const double block = within(each / 11.0, 50e-6, 2e-3);
    const double end = bench_end(seconds);
    size_t most = 0;
    for (size_t i = 0; i < count; i++) {
        watchdog_beat(bench->trainer.watchdog, bench->trainer.step, PHASE_COMPUTE);
        calibrate(bench, &cases[i], block, each);
        if (cases[i].blocks > most) most = cases[i].blocks;
    }
    for (size_t b = 0; b < most; b++) {
        if (b > 0 && bench_is_late(bench, end)) most = b;
        watchdog_beat(bench->trainer.watchdog, bench->trainer.step, PHASE_COMPUTE);
        for (size_t i = 0; i < count && b < most; i++)
            if (b < cases[i].blocks) cases[i].block[b] = time_block(bench, &cases[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (cases[i].blocks > most) cases[i].blocks = most;
        cases[i].seconds = bench_median(cases[i].block, cases[i].blocks);
        cases[i].least = cases[i].block[0];
    }
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *value, size_t count)
{
    qsort(value, count, sizeof *value, ascending);
    return count % 2 ? value[count / 2] : 0.5 * (value[count / 2 - 1] + value[count / 2]);
}

BenchSpread bench_spread(Bench *bench, double mine)
{
    double all[FOLD_MAX_SHARDS]; /* there are no more ranks than shards */
    const int ranks = comm_size(bench->comm);
    comm_gather_all(bench->comm, &mine, sizeof mine, all);
    BenchSpread spread = {.least = all[0], .most = all[0]};
    for (int r = 0; r < ranks; r++) {
        spread.sum += all[r];
        if (all[r] < spread.least) spread.least = all[r];
        if (all[r] > spread.most) spread.most = all[r];
    }
    spread.mean = spread.sum / ranks;
    return spread;
}
