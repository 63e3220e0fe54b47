/* lockstep status: how far a run is, who holds it, how fast it was, how often it was started. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "commands.h"
#include "course.h"
#include "run_directory.h"
#include "rundir/checkpoint.h"
#include "rundir/rundir.h"
#include "train/outcome.h"

static const char *state_of(const Course *course, uint64_t newest, const char *holder)
{
    if (*holder) return "running";
    const char *end = course_end(course, newest);
    return end ? end : "killed: the same train command goes on from the newest checkpoint";
}

/* Where a run that nobody holds has come to. */
static void print_end(const Course *course, uint64_t newest)
{
    const char *end = course_end(course, newest);
    if (!end) return;
    if (*course->last->stopped_by) text_line("stopped by   ", course->last->stopped_by, stdout);
    if (strcmp(end, "finished") != 0) return;
    char line[OUTCOME_LINES][OUTCOME_LINE_SIZE];
    const Outcome outcome = {course->last->test_accuracy, course->last->test_loss, course->last->samples_per_second,
                             course->last->digest};
    outcome_lines(&outcome, line);
    for (int i = 0; i < OUTCOME_LINES; i++) text_line("", line[i], stdout);
}

static void print_epoch(const Event *epoch)
{
    if (!epoch) return;
    printf("epoch        %" PRIu64 ": train loss %.4f", epoch->epoch, epoch->loss);
    if (!isnan(epoch->test_accuracy))
        printf(", test loss %.4f, accuracy %.2f %%", epoch->test_loss, 100.0 * epoch->test_accuracy);
    printf(", %.0f samples/s\n", epoch->samples_per_second);
}

static void print_checkpoints(const uint64_t *steps, size_t count)
{
    printf("checkpoints  %zu", count);
    if (count) printf(", the newest of step %" PRIu64, steps[0]);
    putchar('\n');
}

static Status status(const Invocation *invocation)
{
    const char *run = invocation->operands[0];
    History history;
    uint64_t *steps;
    size_t count;
    char holder[LOCK_HOLDER_SIZE];
    Status st = run_directory_check(run);
    if (st == STATUS_OK) st = history_read(run, &history);
    if (st != STATUS_OK) return st;
    st = checkpoint_list(run, &steps, &count);
    if (st != STATUS_OK) {
        history_free(&history);
        return st;
    }
    lock_holder(run, holder);
    const Course course = course_of(&history);
    text_line("run          ", run, stdout);
    text_line("state        ", state_of(&course, count ? steps[0] : 0, holder), stdout);
    if (*holder)
        text_line("held by      ", holder, stdout);
    else
        print_end(&course, count ? steps[0] : 0);
    printf("step         %" PRIu64 " of %" PRIu64 " (%.1f %%)\n", course.step, course.steps,
           course.steps ? 100.0 * (double)course.step / (double)course.steps : 0.0);
    printf("starts       %" PRIu64 ", the last on %" PRIu64 " ranks\n", course.starts, course.ranks);
    print_epoch(course.epoch);
    if (!isnan(course.best)) printf("best         %.2f %%\n", 100.0 * course.best);
    print_checkpoints(steps, count);
    memory_free(steps);
    history_free(&history);
    return st;
}

const Command command_status = {
    .name = "status",
    .operands = "RUNDIR",
    .least_operands = 1,
    .most_operands = 1,
    .summary = "Tells how far a run is, who holds it, how fast, how often it was started.",
    .run = status,
};
