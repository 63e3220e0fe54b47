/* The whole step, as training makes it, but with records that go nowhere. */
#include "train/bench_internal.h"

/* The phases that a step goes through. */
static const Phase phases[] = {PHASE_PACK, PHASE_COMPUTE, PHASE_REDUCE, PHASE_UPDATE, PHASE_RECORD};
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

/* How many steps of so long there is time for. */
static uint64_t steps_in(double seconds, double step, uint64_t most)
{
    const double steps = seconds / step;
    return steps < 1.0 ? 1 : steps > (double)most ? most : (uint64_t)steps;
}

/* How many steps a block has, and how many blocks there is time for; rank 0's clock decides. A first step tells for how
 * many there is time to warm up. Collective; agreed. */
static Status calibrate(Bench *bench, Blocks *blocks, double seconds)
{
    enum { WARM_UP = 20 };
    const uint64_t total = bench->trainer.schedule.total;
    double step = seconds;
    for (int i = 0; i < 2; i++) {
        blocks->steps = steps_in(0.1 * seconds, step, total < WARM_UP ? total : WARM_UP);
        Status st = run_block(bench, blocks, 0);
        if (st != STATUS_OK) return st;
        step = blocks->step[0];
        comm_broadcast(bench->comm, &step, sizeof step);
    }
    blocks->steps = steps_in(seconds / 51.0, step, total);
    blocks->blocks = steps_in(seconds, step * (double)blocks->steps, BENCH_MOST_BLOCKS);
    return STATUS_OK;
}

/* The block that took the median time on rank 0: one for all ranks and phases, so that these add up to the step.
 * Collective. */
static size_t median_block(Bench *bench, const Blocks *blocks)
{
    const double *step = blocks->step;
    size_t median = 0;
    for (size_t b = 0; b < blocks->blocks; b++) {
        size_t shorter = 0;
        for (size_t i = 0; i < blocks->blocks; i++) shorter += step[i] < step[b] || (i < b && step[i] == step[b]);
        if (shorter == blocks->blocks / 2) median = b;
    }
    comm_broadcast(bench->comm, &median, sizeof median);
    return median;
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
    const double speed = samples / step, of_rank = speed / comm_size(bench->comm);
    const double flops = of_rank * flops_of_sample(t, t->inputs_kind != INPUTS_LISTS),
                 dense = of_rank * flops_of_sample(t, true);
    BenchRow row;
    bench_row(&row, "step", "step, plan %s (%s)", t->settings->training.plan, exchange_name[t->exchange.kind]);
    bench_text(&row, "plan", t->settings->training.plan);
    bench_text(&row, "exchange", exchange_name[t->exchange.kind]);
    bench_text(&row, "reduction", t->settings->training.reduction);
    bench_number(&row, "samples_per_second", "samples/s, all", 0, speed);
    bench_number(&row, "microseconds", "us a step", 1, 1e6 * step);
    bench_number(&row, "gflops_per_second_per_rank", "GFLOP/s a rank", 1, 1e-9 * flops);
    bench_number(&row, "peak_percent", "% of peak", 1, 100.0 * flops / bench->peak);
    bench_number(&row, "dense_gflops_per_second_per_rank", "as if dense", 1, 1e-9 * dense);
    bench_number(&row, "dense_peak_percent", "% of peak", 1, 100.0 * dense / bench->peak);
    bench_emit(bench, &row);
}

static void emit_phase(Bench *bench, const char *key, const char *title, double seconds, double step)
{
    const BenchSpread spread = bench_spread(bench, seconds);
    BenchRow row;
    bench_row(&row, "phase", "of the step: %s", title);
    bench_text(&row, "phase", key);
    bench_number(&row, "microseconds_mean", "us: mean", 1, 1e6 * spread.mean);
    bench_number(&row, "microseconds_most", "most", 1, 1e6 * spread.most);
    bench_number(&row, "step_percent", "% of step", 1, 100.0 * spread.mean / step);
    bench_emit(bench, &row);
}

/* The rest is what lies between the phases, and of the ranks that end a block first the wait for the last. */
static void emit_phases(Bench *bench, const Blocks *blocks, size_t block, double step)
{
    double rest = step;
    for (size_t p = 0; p < STEP_PHASES; p++) {
        const double seconds = blocks->phase[p][block];
        emit_phase(bench, phase_name[phases[p]].key, trainer_phase_title(&bench->trainer, phases[p]), seconds, step);
        rest -= seconds;
    }
    emit_phase(bench, "rest", "the rest", rest > 0.0 ? rest : 0.0, step);
}

Status bench_step(Bench *bench, double seconds)
{
    static Blocks blocks;
    const double end = bench_end(seconds);
    Status st = calibrate(bench, &blocks, seconds);
    for (size_t b = 0; b < blocks.blocks && st == STATUS_OK; b++) {
        st = run_block(bench, &blocks, b);
        if (bench_is_late(bench, end)) blocks.blocks = b + 1;
    }
    if (st != STATUS_OK) return st;
    exchange_finish(&bench->trainer);
    const size_t median = median_block(bench, &blocks);
    const double step = bench_spread(bench, blocks.step[median]).most;
    emit_step(bench, step, blocks.samples[median] / (double)blocks.steps);
    emit_phases(bench, &blocks, median, step);
    return STATUS_OK;
}
