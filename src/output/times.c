#include "output/times.h"

#include <stdbool.h>
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

static double seconds_of(const Event *event, int kind, size_t rank)
{
    double seconds = 0.0;
    for (int p = 0; p < MOST_PHASES && phase[kind][p]; p++) {
        char key[64];
        snprintf(key, sizeof key, "%s_microseconds", phase[kind][p]);
        seconds += 1e-6 * (double)history_count(event, key, 0, rank);
    }
    return seconds;
}

size_t times_ranks(const Event *event)
{
    size_t rows, ranks;
    return event->object && history_has_counts(event, "compute_microseconds", &rows, &ranks) && rows == 0 ? ranks : 0;
}

/* As the records are gone through: how many parts there were, and whether the next record is of the last of them. */
typedef struct {
    size_t parts;
    bool is_begun; /* in this start */
    const Event
        *epoch; /* the record of it, behind which come those of its checkpoints and of the end; NULL: none yet */
} Course;

/* The ranks whose times the next record tells. */
static size_t follow(Course *course, const Event *event)
{
    const size_t ranks = times_ranks(event);
    if (history_is_start(event)) course->is_begun = false;
    if (ranks == 0) return 0;
    if (!course->is_begun || (course->epoch && event->step > course->epoch->step)) {
        course->parts++;
        course->is_begun = true;
        course->epoch = NULL;
    }
    if (event->kind == EVENT_EPOCH) course->epoch = event;
    return ranks;
}

static void measure(const History *history, Times *times)
{
    Course course = {0};
    for (size_t i = 0; i < history->count; i++) {
        const size_t ranks = follow(&course, &history->event[i]);
        if (ranks > times->all_ranks) times->all_ranks = ranks;
    }
    times->all_parts = course.parts;
    times->parts_each = (times->all_parts + TIMES_MOST_PARTS - 1) / TIMES_MOST_PARTS;
    times->ranks_each = (times->all_ranks + TIMES_MOST_RANKS - 1) / TIMES_MOST_RANKS;
    if (times->all_parts == 0) return;
    times->parts = (times->all_parts + times->parts_each - 1) / times->parts_each;
    times->ranks = (times->all_ranks + times->ranks_each - 1) / times->ranks_each;
}

/* How many neighbours a cell stands for. */
static double neighbours(size_t cell, size_t each, size_t all)
{
    const size_t left = all - cell * each;
    return (double)(left < each ? left : each);
}

static void add_rank(Times *times, const Event *event, size_t part, size_t rank, size_t ranks)
{
    const size_t column = part / times->parts_each, row = rank / times->ranks_each;
    const double parts = neighbours(column, times->parts_each, times->all_parts),
                 merged = neighbours(row, times->ranks_each, times->all_ranks);
    for (int kind = 0; kind < TIMES_KINDS; kind++) {
        const double seconds = seconds_of(event, kind, rank);
        times->part[column][kind] += seconds / (double)ranks / parts;
        times->rank[row][kind] += seconds / merged;
        times->cell[row][column][0] += kind == TIMES_WAITING ? seconds : 0.0;
        times->cell[row][column][1] += seconds;
    }
}

void times_of(const History *history, Times *times)
{
    Course course = {0};
    *times = (Times){0};
    measure(history, times);
    for (size_t i = 0; i < history->count; i++) {
        const size_t ranks = follow(&course, &history->event[i]);
        for (size_t r = 0; r < ranks; r++) add_rank(times, &history->event[i], course.parts - 1, r, ranks);
    }
}
