/* The files that the records tell of. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "rundir/checkpoint.h"
#include "train/verify_internal.h"

static const char best_name[] = "best.h5";

void verify_miss(Verification *v, const char *name)
{
    snprintf(v->missing[v->misses++], VERIFY_NAME, "%s", name);
}

static bool is_best(const Event *event)
{
    return strcmp(event->file, best_name) == 0;
}

/* The records of checkpoints name them as they are named. */
static Status check_name(const Event *event)
{
    char path[CHECKPOINT_PATH_SIZE];
    checkpoint_path("", event->step, path); /* with a slash before it */
    if (is_best(event) || strcmp(event->file, path + 1) == 0) return STATUS_OK;
    return status_fail(STATUS_DATA,
                       "line %" PRIu64 " of metrics.jsonl: the checkpoint of step %" PRIu64 " is not \"%s\"",
                       event->line, event->step, event->file);
}

/* Is an evaluation after this step recorded behind the event, and better than the one that the event's best.h5 stands
 * for? That is what an unrecorded best.h5 may be of: the process was killed before its record, or the write counts as
 * failed, for the directory could not be synced, with the file in its place. */
static bool is_better(const Verification *v, const Event *before, uint64_t step)
{
    double known = -1.0;
    bool behind = !before;
    for (size_t i = 0; i < v->history.count; i++) {
        const Event *event = &v->history.event[i];
        if (event == before) behind = true;
        if (event->kind != EVENT_EPOCH) continue;
        if (behind && event->step == step) return event->test_accuracy > known;
        if (!behind && event->step == before->step) known = event->test_accuracy;
    }
    return false;
}

static Status check_best(Verification *v, const Event *recorded, uint64_t step)
{
    if (recorded && step == 0) verify_miss(v, best_name);
    if (step == 0 || (recorded && recorded->step == step) || v->gaps.count || is_better(v, recorded, step))
        return STATUS_OK;
    if (!recorded)
        return status_fail(STATUS_DATA, "\"%s/%s\" is of step %" PRIu64 ", but no such checkpoint is recorded",
                           v->directory, best_name, step);
    return status_fail(STATUS_DATA,
                       "\"%s/%s\" is of step %" PRIu64 ", but line %" PRIu64
                       " of metrics.jsonl tells of that of step %" PRIu64,
                       v->directory, best_name, step, recorded->line, recorded->step);
}

/* newest: the largest step of those that are there. Where records are lost it may have replaced the recorded one. */
static void check_newest(Verification *v, const Event *recorded, uint64_t newest)
{
    char path[CHECKPOINT_PATH_SIZE];
    v->unrecorded = newest > (recorded ? recorded->step : 0);
    if (!recorded || (v->gaps.count && v->unrecorded)) return;
    checkpoint_path(v->directory, recorded->step, path);
    if (access(path, F_OK) != 0) verify_miss(v, path + strlen(v->directory) + 1);
}

Status verify_files(Verification *v, uint64_t newest, uint64_t best_step)
{
    const Event *best = NULL, *numbered = NULL;
    for (size_t i = 0; i < v->history.count; i++) {
        const Event *event = &v->history.event[i];
        if (event->kind != EVENT_CHECKPOINT) continue;
        const Status st = check_name(event);
        if (st != STATUS_OK) return st;
        *(is_best(event) ? &best : &numbered) = event;
    }
    if (newest == v->total_steps && !v->gaps.count && !verify_ended(v))
        return status_fail(STATUS_DATA,
                           "\"%s\" has the checkpoint of step %" PRIu64
                           ", the last of the training, but no end of it is recorded",
                           v->directory, newest);
    check_newest(v, numbered, newest);
    return check_best(v, best, best_step);
}
