/* lockstep status: how far a run is, who holds it, how fast it was, how often it was started. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "commands.h"
#include "rundir/checkpoint.h"
#include "rundir/history.h"
#include "rundir/rundir.h"

/* What the records of a run come to. */
typedef struct {
    uint64_t starts, step, steps, ranks;
    const Event *epoch, *last; /* the last epoch event; the last event of all */
    double best;               /* test accuracy */
} Course;

static Course read_course(const History *history)
{
    Course course = {.best = NAN};
    for (size_t i = 0; i < history->count; i++) {
        const Event *event = &history->event[i];
        if (event->kind == EVENT_START || event->kind == EVENT_RESUME) {
            course.starts++;
            course.ranks = event->ranks;
            course.steps = event->steps;
        }
        if (event->kind != EVENT_OTHER) course.step = event->step;
        if (event->kind == EVENT_EPOCH) course.epoch = event;
        if (event->kind == EVENT_EPOCH && !(event->test_accuracy <= course.best)) course.best = event->test_accuracy;
        course.last = event;
    }
    return course;
}

/* "finished", "stopped": as the end record says; without one the lock tells a running from a killed one. */
static const char *state_of(const Course *course, const char *holder)
{
    if (*holder) return "running";
    if (course->last && course->last->kind == EVENT_END) return course->last->reason;
    return "killed: the same train command goes on from the newest checkpoint";
}

static void print_epoch(const Event *epoch)
{
    if (!epoch) return;
    printf("epoch        %" PRIu64 ": train loss %.4f", epoch->epoch, epoch->loss);
    if (!isnan(epoch->test_accuracy))
        printf(", test loss %.4f, accuracy %.2f %%", epoch->test_loss, 100.0 * epoch->test_accuracy);
    printf("\nspeed        %.0f samples/s\n", epoch->samples_per_second);
}

static Status print_checkpoints(const char *run)
{
    uint64_t *steps;
    size_t count;
    Status st = checkpoint_list(run, &steps, &count);
    if (st != STATUS_OK) return st;
    printf("checkpoints  %zu", count);
    if (count) printf(", the newest of step %" PRIu64, steps[0]);
    putchar('\n');
    memory_free(steps);
    return STATUS_OK;
}

static Status status(const Invocation *invocation)
{
    const char *run = invocation->operands[0];
    History history;
    char holder[320];
    Status st = history_read(run, &history);
    if (st != STATUS_OK) return st;
    rundir_holder(run, holder, sizeof holder);
    const Course course = read_course(&history);
    printf("run          %s\n", run);
    printf("state        %s\n", state_of(&course, holder));
    if (*holder) printf("held by      %s\n", holder);
    printf("step         %" PRIu64 " of %" PRIu64 " (%.1f %%)\n", course.step, course.steps,
           course.steps ? 100.0 * (double)course.step / (double)course.steps : 0.0);
    printf("starts       %" PRIu64 ", the last on %" PRIu64 " ranks\n", course.starts, course.ranks);
    print_epoch(course.epoch);
    if (!isnan(course.best)) printf("best         %.2f %%\n", 100.0 * course.best);
    st = print_checkpoints(run);
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
