/* The whole step, as training makes it, but with records that go nowhere. */
#include "train/bench_internal.h"

/* The phases that a step goes through. */
static const Phase phases[] = {PHASE_PACK, PHASE_COMPUTE, PHASE_REDUCE, PHASE_UPDATE, PHASE_RECORD};
static const char *const phase_name[] = {"pack", "compute", "reduce", "update", "record"};
enum { STEP_PHASES = sizeof phases / sizeof *phases };

typedef struct {
    uint64_t steps; /* of a block */
    size_t blocks;
    double phase[STEP_PHASES][BENCH_MOST_BLOCKS]; /* seconds of a step */
    double step[BENCH_MOST_BLOCKS], samples[BENCH_MOST_BLOCKS];
} Blocks;

/* Training may not be so long: it begins again, once no rank reads the last step's operands. Collective. */
static void rewind_steps(Trainer *t)
{
    exchange_finish(t);
    comm_barrier(t->comm);
    t->step = 0;
}

/* The samples of the step that comes. */
static double samples_of_step(const Trainer *t)
{
    const uint64_t batch = (uint64_t)t->settings->training.batch_size;
    const uint64_t left = t->loader.rows - t->step % t->steps_per_epoch * batch;
    return (double)(left < batch ? left : batch);
}

/* Measures block b. Collective; agreed. */
static Status run_block(Bench *bench, Blocks *blocks, size_t b)
{
    Trainer *t = &bench->trainer;
    double before[STEP_PHASES];
    if (t->step + blocks->steps > t->schedule.total) rewind_steps(t);
    comm_barrier(t->comm);
    trainer_enter(t, PHASE_LOAD);
    for (size_t p = 0; p < STEP_PHASES; p++) before[p] = t->seconds[phases[p]];
    const double begin = t->phase_began;
    blocks->samples[b] = 0.0;
    for (uint64_t i = 0; i < blocks->steps; i++) {
        blocks->samples[b] += samples_of_step(t);
        Status st = trainer_step(t);
        if (st != STATUS_OK) return st;
    }
    trainer_enter(t, PHASE_LOAD);
    const double steps = (double)blocks->steps;
    for (size_t p = 0; p < STEP_PHASES; p++) blocks->phase[p][b] = (t->seconds[phases[p]] - before[p]) / steps;
    blocks->step[b] = (t->phase_began - begin) / steps;
    return STATUS_OK;
}

/* How many steps a block has, and how many blocks there is time for; rank 0's clock decides. Collective; agreed. */
static Status calibrate(Bench *bench, Blocks *blocks, double seconds)
{
    enum { WARM_UP = 20 };
    const double block = seconds / 51.0;
    const uint64_t total = bench->trainer.schedule.total;
    blocks->steps = total < WARM_UP ? total : WARM_UP;
    for (int i = 0; i < 2; i++) {
        Status st = run_block(bench, blocks, 0);
        if (st != STATUS_OK) return st;
    }
    double step = blocks->step[0];
    comm_broadcast(bench->comm, &step, sizeof step);
    const double wanted = block / step;
    blocks->steps = wanted < 1.0 ? 1 : wanted > (double)total ? total : (uint64_t)wanted;
    const double affordable = seconds / (step * (double)blocks->steps);
    blocks->blocks = affordable < BENCH_LEAST_BLOCKS  ? BENCH_LEAST_BLOCKS
                     : affordable > BENCH_MOST_BLOCKS ? BENCH_MOST_BLOCKS
                                                      : (size_t)affordable;
    return STATUS_OK;
}

/* Floating-point operations on one sample; the first layer's elements that are zero count if dense. */
static double flops_of_sample(const Trainer *t, bool dense)
{
    double flops = 0.0;
    for (size_t i = 0; i < t->network.layers; i++) {
        const double product = 2.0 * (double)t->network.layer[i].in * (double)t->network.layer[i].out;
        flops += i > 0 ? 3.0 * product : 2.0 * product * (dense ? 1.0 : t->density);
    }
    return flops;
}

static void emit_step(Bench *bench, double step, double samples)
{
    const Trainer *t = &bench->trainer;
    const double speed = samples / step, peak = bench->peak * comm_size(bench->comm);
    const double flops = speed * flops_of_sample(t, !t->skip_zeros), dense = speed * flops_of_sample(t, true);
    BenchRow row;
    bench_row(&row, "step", "step, plan %s (%s)", t->settings->training.plan, exchange_name[t->exchange.kind]);
    bench_text(&row, "plan", t->settings->training.plan);
    bench_text(&row, "exchange", exchange_name[t->exchange.kind]);
    bench_text(&row, "reduction", t->settings->training.reduction);
    bench_number(&row, "samples_per_second", "samples/s", 0, speed);
    bench_number(&row, "microseconds", "us a step", 1, 1e6 * step);
    bench_number(&row, "gflops_per_second", "GFLOP/s", 1, 1e-9 * flops);
    bench_number(&row, "peak_percent", "% of peak", 1, 100.0 * flops / peak);
    bench_number(&row, "dense_gflops_per_second", "as if dense", 1, 1e-9 * dense);
    bench_number(&row, "dense_peak_percent", "% of peak", 1, 100.0 * dense / peak);
    bench_emit(bench, &row);
}

static void emit_phase(Bench *bench, const char *name, double seconds, double step)
{
    const BenchSpread spread = bench_spread(bench, seconds);
    BenchRow row;
    bench_row(&row, "phase", "phase of the step: %s", name);
    bench_text(&row, "phase", name);
    bench_number(&row, "microseconds_mean", "us: mean", 1, 1e6 * spread.mean);
    bench_number(&row, "microseconds_most", "most", 1, 1e6 * spread.most);
    bench_number(&row, "step_percent", "% of step", 1, 100.0 * spread.mean / step);
    bench_emit(bench, &row);
}

Status bench_step(Bench *bench, double seconds)
{
    static Blocks blocks;
    const double end = bench_end(seconds);
    Status st = calibrate(bench, &blocks, seconds);
    for (size_t b = 0; b < blocks.blocks && st == STATUS_OK; b++) {
        st = run_block(bench, &blocks, b);
        if (b + 1 >= BENCH_LEAST_BLOCKS && bench_is_late(bench, end)) blocks.blocks = b + 1;
    }
    if (st != STATUS_OK) return st;
    exchange_finish(&bench->trainer);
    const double step = bench_spread(bench, bench_median(blocks.step, blocks.blocks)).most;
    emit_step(bench, step, bench_median(blocks.samples, blocks.blocks) / (double)blocks.steps);
    for (size_t p = 0; p < STEP_PHASES; p++)
        emit_phase(bench, phase_name[p], bench_median(blocks.phase[p], blocks.blocks), step);
    return STATUS_OK;
}
