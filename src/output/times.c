#include "output/times.h"

#include <stdio.h>

enum { MOST_PHASES = 3 };

/* As the trainer records them (train/trainer.h, trainer_record_times). */
static const char *const phase[TIMES_KINDS][MOST_PHASES] = {
    {"load"},
    {"pack"},
    {"compute"},
    {"reduce"},
    {"update"},
    {"evaluate"},
    {"check", "save", "record"},
    {"waiting", "idle"},
};

const char *const times_title[TIMES_KINDS] = {
    "load and set up", "shuffle and pack", "forward and backward",         "reduce",
    "sum and update",  "evaluate",         "checks, checkpoints, records", "wait for other ranks",
};

static double seconds_of(const Event *epoch, int kind, size_t rank)
{
    double seconds = 0.0;
    for (int p = 0; p < MOST_PHASES && phase[kind][p]; p++) {
        char key[64];
        snprintf(key, sizeof key, "%s_microseconds", phase[kind][p]);
        seconds += 1e-6 * (double)history_count(epoch, key, 0, rank);
    }
    return seconds;
}

/* The ranks that an epoch's record tells of; 0: it tells of none. */
static size_t ranks_of(const Event *event)
{
    size_t rows, ranks;
    const bool has = event->kind == EVENT_EPOCH && history_has_counts(event, "compute_microseconds", &rows, &ranks);
    return has && rows == 0 ? ranks : 0;
}

static void measure(const History *history, Times *times)
{
    for (size_t i = 0; i < history->count; i++) {
        const size_t ranks = ranks_of(&history->event[i]);
        times->records += ranks > 0;
        if (ranks > times->all_ranks) times->all_ranks = ranks;
    }
    times->epochs_each = (times->records + TIMES_MOST_EPOCHS - 1) / TIMES_MOST_EPOCHS;
    times->ranks_each = (times->all_ranks + TIMES_MOST_RANKS - 1) / TIMES_MOST_RANKS;
    if (times->records == 0) return;
    times->epochs = (times->records + times->epochs_each - 1) / times->epochs_each;
    times->ranks = (times->all_ranks + times->ranks_each - 1) / times->ranks_each;
}

/* How many neighbours a cell stands for. */
static double neighbours(size_t cell, size_t each, size_t all)
{
    const size_t left = all - cell * each;
    return (double)(left < each ? left : each);
}

static void add_rank(Times *times, const Event *event, size_t epoch, size_t rank, size_t ranks)
{
    const size_t column = epoch / times->epochs_each, row = rank / times->ranks_each;
    const double epochs = neighbours(column, times->epochs_each, times->records),
                 merged = neighbours(row, times->ranks_each, times->all_ranks);
    for (int kind = 0; kind < TIMES_KINDS; kind++) {
        const double seconds = seconds_of(event, kind, rank);
        times->epoch[column][kind] += seconds / (double)ranks / epochs;
        times->rank[row][kind] += seconds / merged;
        times->cell[row][column][0] += kind == TIMES_WAITING ? seconds : 0.0;
        times->cell[row][column][1] += seconds;
    }
}

void times_of(const History *history, Times *times)
{
    size_t epoch = 0;
    *times = (Times){0};
    measure(history, times);
    for (size_t i = 0; i < history->count; i++) {
        const size_t ranks = ranks_of(&history->event[i]);
        for (size_t r = 0; r < ranks; r++) add_rank(times, &history->event[i], epoch, r, ranks);
        epoch += ranks > 0;
    }
}
