/* The trainer's state in records. */
#include <stdio.h>

#include "base/clock.h"
#include "train/build.h"
#include "train/slurm.h"
#include "train/trainer.h"

void trainer_record_state(Trainer *t, const Replica *state)
{
    Records *records = t->run.records;
    record_digest(records, "digest", state->model);
    if (t->velocity) record_digest(records, "optimizer_digest", state->velocity);
    if (t->chained) record_digest(records, "chain", state->chain);
}

/* The checkpoint that a start goes on from. */
static void record_origin(Trainer *t)
{
    char path[CHECKPOINT_PATH_SIZE], name[CHECKPOINT_PATH_SIZE];
    checkpoint_path(t->run.path, t->step, path);
    rundir_name(&t->run, t->options.resume == RESUME_FILE ? t->options.checkpoint : path, name);
    record_text(t->run.records, "file", name);
}

void trainer_record_start(Trainer *t, const Replica *from)
{
    Records *records = t->run.records;
    record_begin(records, from ? "resume" : "start");
    record_integer(records, "step", t->step);
    record_digest(records, "dataset", t->dataset);
    record_digest(records, "settings", settings_digest(t->settings));
    if (from) {
        record_origin(t);
        trainer_record_state(t, from);
    }
    build_record(records, t->kernels);
    record_text(records, "exchange", exchange_name[t->exchange.kind]);
    record_text(records, "zeros", t->inputs_kind == INPUTS_LISTS ? "skip" : "multiply");
    record_integer(records, "ranks", (uint64_t)comm_size(t->comm));
    record_integer(records, "nodes", (uint64_t)node_count(t->node));
    record_integer(records, "shards", t->shards);
    record_integer(records, "train_samples", t->loader.rows);
    record_integer(records, "test_samples", t->test_rows);
    record_integer(records, "image_width", t->network.width);
    record_integer(records, "parameters", t->network.parameters);
    record_integer(records, "steps", t->schedule.total);
    record_float(records, "target_accuracy", t->settings->training.target_accuracy);
    slurm_record(records);
    record_end(records);
    records_flush(records);
}

enum { OWN_TIMES = PHASES + 1 }; /* of each phase without the waiting in it, and last all waiting; microseconds */

static uint64_t microseconds(double seconds)
{
    return seconds > 0.0 ? (uint64_t)(seconds * 1e6 + 0.5) : 0;
}

/* This rank's times since it last took them. */
static void take_times(Trainer *t, uint64_t time[OWN_TIMES])
{
    double waiting = 0.0;
    trainer_settle(t);
    for (int p = 0; p < PHASES; p++) {
        const double waited = t->waited[p] - t->recorded_waited[p];
        time[p] = microseconds(t->seconds[p] - t->recorded_seconds[p] - waited);
        waiting += waited;
        t->recorded_seconds[p] = t->seconds[p];
        t->recorded_waited[p] = t->waited[p];
    }
    time[PHASES] = microseconds(waiting);
}

/* all (ranks, OWN_TIMES) from the column that is meant. */
static uint64_t time_at(const void *all, size_t row, size_t rank)
{
    (void)row;
    return ((const uint64_t *)all)[rank * OWN_TIMES];
}

void trainer_record_times(Trainer *t)
{
    static uint64_t all[FOLD_MAX_SHARDS * OWN_TIMES]; /* there are no more ranks than shards */
    uint64_t mine[OWN_TIMES];
    record_float(t->run.records, "seconds", clock_seconds() - t->started);
    take_times(t, mine);
    comm_gather_all(t->comm, mine, sizeof mine, all);
    for (int p = 0; p < OWN_TIMES; p++) {
        char key[64];
        snprintf(key, sizeof key, "%s_microseconds", p < PHASES ? phase_name[p].key : "waiting");
        record_counts(t->run.records, key, 0, (size_t)comm_size(t->comm), time_at, all + p);
    }
}
