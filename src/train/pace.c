#include "train/pace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "train/trainer.h"

enum { LEAST_STEPS = 20, HOST_SIZE = 64 };

static const double least_seconds = 5.0;         /* between two looks */
static const double silent_seconds = 60.0;       /* between two messages */
static const double most_slower = 10.0;          /* times the median of the ranks, */
static const double most_lost = 1.0;             /* and so many seconds in all: less is nobody's trouble */
static const double deadline_steps = 100.0;      /* a hang lasts longer than so many steps, */
static const double deadline_evaluations = 10.0; /* or evaluations by one rank */

/* What a rank tells. */
typedef struct {
    double work; /* seconds, on the steps since the last look */
    char host[HOST_SIZE];
} Report;

static bool is_automatic(const Trainer *t)
{
    return t->settings->run.deadline_seconds < 0.0;
}

static void remember(Trainer *t)
{
    t->pace.step = t->step;
    t->pace.began = clock_seconds();
    t->pace.work = trainer_work_seconds(t);
}

void pace_begin(Trainer *t)
{
    watchdog_set_places(t->watchdog, phase_place);
    t->waited_before = watchdog_waited(t->watchdog);
    t->pace.told = -silent_seconds;
    remember(t);
}

void pace_begin_training(Trainer *t)
{
    watchdog_set_deadline(t->watchdog, is_automatic(t) ? WATCHDOG_START_SECONDS : t->settings->run.deadline_seconds);
}

bool pace_is_due(const Trainer *t)
{
    return t->watchdog && comm_rank(t->comm) == 0 && t->step - t->pace.step >= LEAST_STEPS &&
           clock_seconds() - t->pace.began >= least_seconds;
}

/* From the time that a step took: a rank that evaluates alone passes the test set through what was a batch's work of
 * all ranks. */
static void set_deadline(Trainer *t, double step)
{
    const double rank_batch = (double)t->settings->training.batch_size / comm_size(t->comm);
    const double evaluation = step * (double)t->test_rows / rank_batch;
    double deadline = WATCHDOG_START_SECONDS;
    if (deadline < deadline_steps * step) deadline = deadline_steps * step;
    if (deadline < deadline_evaluations * evaluation) deadline = deadline_evaluations * evaluation;
    watchdog_set_deadline(t->watchdog, deadline);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of two ranks the faster one's: nobody is many times as slow as a mean that has itself in it. */
static double median_work(const Report *report, int ranks)
{
    double work[FOLD_MAX_SHARDS]; /* there are no more ranks than shards */
    for (int r = 0; r < ranks; r++) work[r] = report[r].work;
    qsort(work, (size_t)ranks, sizeof *work, ascending);
    return work[(ranks - 1) / 2];
}

/* Twice in a row: once may be a job that was suspended while this rank was at work and the others waited. */
static void name_slow_ranks(Trainer *t, const Report *report)
{
    static bool was_slow[FOLD_MAX_SHARDS];
    const int ranks = comm_size(t->comm);
    const double median = median_work(report, ranks), now = clock_seconds();
    const bool may_speak = now - t->pace.told >= silent_seconds;
    for (int r = 0; r < ranks; r++) {
        const bool before = was_slow[r];
        was_slow[r] = report[r].work - median >= most_lost && report[r].work >= most_slower * median;
        if (!was_slow[r] || !before || !may_speak) continue;
        t->pace.told = now;
        log_warning("rank %d on host %s is slow: it has worked for %.1f s on the last %" PRIu64
                    " steps, the median rank for %.1f s; all ranks wait for it",
                    r, report[r].host, report[r].work, t->step - t->pace.step, median);
    }
}

void pace_look(Trainer *t)
{
    static Report report[FOLD_MAX_SHARDS];
    Report mine = {.work = trainer_work_seconds(t) - t->pace.work};
    const double step = (clock_seconds() - t->pace.began) / (double)(t->step - t->pace.step);
    gethostname(mine.host, sizeof mine.host - 1);
    comm_gather_all(t->comm, &mine, sizeof mine, report);
    if (comm_rank(t->comm) == 0) name_slow_ranks(t, report);
    if (is_automatic(t)) set_deadline(t, step);
    remember(t);
    t->pace.asked = false;
}
