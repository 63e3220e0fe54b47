/* crashed_run: for each run directory that a line of stdin names, a line of what a start there would find, by the steps
 * of its own (open_run in src/train/state.c):
 *
 *   STEP DIGEST COVERED ENDED BEST DAMAGED
 *
 *   STEP, DIGEST  of the checkpoint that it goes on from; 0 and - if it begins
 *   COVERED       the records hold all steps up to this one
 *   ENDED         1: the records hold the end of a finished training
 *   BEST          the step of best.h5, 0 if there is none
 *   DAMAGED       files under a checkpoint's name that are none
 *
 * or "refused: MESSAGE" if it would not start. Warnings are lost. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "rundir/checkpoint.h"
#include "rundir/history.h"
#include "rundir/rundir.h"

typedef struct {
    uint64_t step, covered, best, damaged;
    char digest[DIGEST_HEX_SIZE];
    bool ended;
} Found;

static bool have_step(const History *history, uint64_t step)
{
    for (size_t i = 0; i < history->count; i++)
        if (history->event[i].kind == EVENT_STEP && history->event[i].step == step) return true;
    return false;
}

static Status look_at_records(const char *run, Found *found)
{
    History history;
    const Status st = history_read(run, &history);
    if (st != STATUS_OK) return st;
    while (have_step(&history, found->covered + 1)) found->covered++;
    for (size_t i = 0; i < history.count; i++)
        if (history.event[i].kind == EVENT_END && strcmp(history.event[i].reason, "finished") == 0) found->ended = true;
    history_free(&history);
    return STATUS_OK;
}

/* I5: *step of a checkpoint, if the file is there. */
static void look_at_checkpoint(const char *path, uint64_t *step, uint64_t *damaged)
{
    Checkpoint read;
    const Status st = checkpoint_read(path, &read);
    if (st != STATUS_OK && st != STATUS_NO_INPUT) ++*damaged;
    *step = read.step;
    checkpoint_free(&read);
    status_clear();
}

static Status look_at_checkpoints(const char *run, Found *found)
{
    uint64_t *steps, step;
    size_t count;
    char path[CHECKPOINT_PATH_SIZE];
    const Status st = checkpoint_list(run, &steps, &count);
    for (size_t i = 0; st == STATUS_OK && i < count; i++) {
        checkpoint_path(run, steps[i], path);
        look_at_checkpoint(path, &step, &found->damaged);
    }
    memory_free(steps);
    checkpoint_best_path(run, path);
    look_at_checkpoint(path, &found->best, &found->damaged);
    return st;
}

static Status look_at_newest(const char *run, Found *found)
{
    Checkpoint newest;
    Status st = checkpoint_read_newest(run, &newest);
    strcpy(found->digest, "-");
    if (st == STATUS_OK) digest_hex(newest.model, found->digest);
    found->step = newest.step;
    checkpoint_free(&newest);
    if (st != STATUS_NO_INPUT) return st;
    status_clear();
    return STATUS_OK;
}

static Status look(const char *path, Found *found)
{
    RunDir run;
    *found = (Found){0};
    Status st = rundir_open(path, false, &run);
    if (st != STATUS_OK) return st;
    st = look_at_checkpoints(path, found);
    if (st == STATUS_OK) st = look_at_newest(path, found);
    if (st == STATUS_OK) st = rundir_begin_records(&run, found->step);
    if (st == STATUS_OK) st = look_at_records(path, found);
    rundir_close(&run);
    return st;
}

int main(void)
{
    char run[4096];
    log_set_speaker(false);
    while (fgets(run, sizeof run, stdin)) {
        Found found;
        run[strcspn(run, "\n")] = '\0';
        if (look(run, &found) == STATUS_OK)
            printf("%" PRIu64 " %s %" PRIu64 " %d %" PRIu64 " %" PRIu64 "\n", found.step, found.digest, found.covered,
                   found.ended, found.best, found.damaged);
        else
            printf("refused: %s\n", status_message());
        status_clear();
        fflush(stdout);
    }
    return 0;
}
