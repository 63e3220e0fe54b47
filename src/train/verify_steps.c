/* The step records: whole, in order, of the right rows. */
#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "data/order.h"
#include "train/setup.h"
#include "train/verify_internal.h"

/* The first start's record; NULL: there is none. */
static const Event *first_start(const History *history)
{
    for (size_t i = 0; i < history->count; i++)
        if (history_is_start(&history->event[i])) return &history->event[i];
    return NULL;
}

static uint64_t steps_in_gaps(const Gaps *gaps)
{
    uint64_t steps = 0;
    for (size_t i = 0; i < gaps->count; i++) steps += gaps->gap[i].last - gaps->gap[i].first + 1;
    return steps;
}

/* Which steps there are, and memory for as many. */
static Status open_steps(Verification *v)
{
    const Event *start = first_start(&v->history);
    v->first_step = v->last_step = start ? start->step : 0;
    for (size_t i = 0; i < v->history.count; i++)
        if (v->history.event[i].kind == EVENT_STEP && v->history.event[i].step > v->last_step)
            v->last_step = v->history.event[i].step;
    if (gaps_last(&v->gaps) > v->last_step) v->last_step = gaps_last(&v->gaps);
    if (v->last_step - v->first_step > v->history.count + steps_in_gaps(&v->gaps))
        return status_fail(STATUS_DATA, "step %" PRIu64 " is recorded, but there are only %zu records", v->last_step,
                           v->history.count);
    const char *what = "the steps of a run";
    Status st = memory_new(&v->of_step, v->last_step + 1, what);
    if (st == STATUS_OK) st = memory_new(&v->of_model, v->last_step + 1, what);
    if (st == STATUS_OK) st = memory_new(&v->of_optimizer, v->last_step + 1, what);
    if (st == STATUS_OK) st = memory_new(&v->of_shards, v->last_step + 1, what);
    if (st == STATUS_OK) st = memory_new(&v->of_score, v->last_step + 1, what);
    return st == STATUS_OK ? memory_new(&v->times, v->last_step + 1, what) : st;
}

/* How far a start has come. */
typedef struct {
    bool begun, epoch_due; /* the record of the epoch that has just ended is still to come */
    bool shards_due;       /* the record of its shards may come: that of the step is the last */
    bool lost;             /* records were dropped here: whatever comes next may */
    bool chained, unsure;  /* its records tell the chain; after a gap the next one decides */
    const Event *end;      /* how it ended; NULL: not yet */
    bool saved;            /* and the checkpoint of the end is recorded */
    uint64_t step;
} Course;

static Status follow_step(const Verification *v, const Event *event, Course *course)
{
    if (event->step == course->step + 1) {
        course->step++;
        course->epoch_due = course->step % v->steps_per_epoch == 0;
        course->shards_due = true;
        return STATUS_OK;
    }
    return status_fail(STATUS_DATA,
                       "line %" PRIu64 " of metrics.jsonl: step %" PRIu64 " follows step %" PRIu64
                       " of the same start: a record was removed, doubled, moved or never written",
                       event->line, event->step, course->step);
}

static Status follow_start(const Verification *v, const Event *event, Course *course)
{
    *course = (Course){.begun = true, .chained = event->kind == EVENT_START || *event->chain, .step = event->step};
    if (event->step <= v->last_step) return STATUS_OK;
    return status_fail(STATUS_DATA,
                       "line %" PRIu64 " of metrics.jsonl: the run went on from step %" PRIu64
                       ", but no step after %" PRIu64 " is recorded",
                       event->line, event->step, v->last_step);
}

/* The course that the event is the next of. */
static Status follow_gap(const Verification *v, const Event *event, Course *course)
{
    const bool is_step = event->kind == EVENT_STEP && event->step > 0,
               ends_epoch = event->step > 0 && event->step % v->steps_per_epoch == 0;
    *course = (Course){.begun = true,
                       .step = event->step - is_step,
                       .epoch_due = event->kind == EVENT_EPOCH && ends_epoch,
                       .shards_due = event->kind == EVENT_SHARDS,
                       .unsure = true};
    if (event->step <= v->last_step) return STATUS_OK;
    return status_fail(STATUS_DATA,
                       "line %" PRIu64 " of metrics.jsonl is about step %" PRIu64 ", but no step after %" PRIu64
                       " is recorded, or told as lost by the newest checkpoint",
                       event->line, event->step, v->last_step);
}

/* has: the event's record has the member; due: it should. */
static Status check_member(const Event *event, const char *member, bool has, bool due)
{
    if (has == due) return STATUS_OK;
    return status_fail(STATUS_DATA, "line %" PRIu64 " of metrics.jsonl %s \"%s\", unlike its start or config.cfg",
                       event->line, due ? "lacks" : "has a", member);
}

/* A state that is recorded has all its digests. */
static Status follow_state(const Verification *v, const Event *event, Course *course)
{
    const bool is_state = event->kind == EVENT_RESUME || event->kind == EVENT_CHECKPOINT ||
                          (event->kind == EVENT_END && !verify_failed(event));
    if (!is_state) return STATUS_OK;
    if (course->unsure) course->chained = *event->chain;
    course->unsure = false;
    Status st = check_member(event, "digest", *event->digest, true);
    if (st == STATUS_OK)
        st = check_member(event, "optimizer_digest", *event->optimizer, v->settings.optimizer.momentum != 0.0);
    return st == STATUS_OK ? check_member(event, "chain", *event->chain, course->chained) : st;
}

/* After its end only the last checkpoint of a start is recorded, or that it could not be written, once. */
static Status follow_end(const Event *event, Course *course)
{
    const bool last_save = (event->kind == EVENT_CHECKPOINT || verify_failed(event)) && !verify_failed(course->end);
    const bool first = !course->saved;
    course->saved = true;
    if (last_save && first) return STATUS_OK;
    return status_fail(STATUS_DATA, "line %" PRIu64 " of metrics.jsonl comes after the end of its start, line %" PRIu64,
                       event->line, course->end->line);
}

static Status check_epoch_due(const Event *event, const Course *course)
{
    if (event->kind == EVENT_SHARDS && course->shards_due) return STATUS_OK;
    if (event->kind == EVENT_SHARDS)
        return status_fail(STATUS_DATA,
                           "line %" PRIu64 " of metrics.jsonl: the record of shards does not follow its step's",
                           event->line);
    /* A run that fails may end before its last epoch is recorded. */
    if (course->epoch_due == (event->kind == EVENT_EPOCH) || verify_failed(event)) return STATUS_OK;
    return status_fail(STATUS_DATA, "line %" PRIu64 " of metrics.jsonl: the record of an epoch %s", event->line,
                       course->epoch_due ? "is missing before it" : "where none has ended");
}

/* Is the event what comes next within its start? */
static Status follow_within(const Verification *v, const Event *event, Course *course)
{
    if (!course->begun)
        return status_fail(STATUS_DATA,
                           "line %" PRIu64 " of metrics.jsonl: the record of the start is missing before it",
                           event->line);
    if (course->end) return follow_end(event, course);
    if (event->kind != EVENT_STEP && event->step != course->step)
        return status_fail(STATUS_DATA,
                           "line %" PRIu64 " of metrics.jsonl is about step %" PRIu64 ", but stands after step %" PRIu64
                           ": a record was removed, doubled, moved or never written",
                           event->line, event->step, course->step);
    Status st = check_epoch_due(event, course);
    if (st != STATUS_OK) return st;
    course->shards_due = false;
    if (event->kind == EVENT_STEP) return follow_step(v, event, course);
    if (event->kind == EVENT_END) course->end = event;
    course->epoch_due = course->epoch_due && event->kind == EVENT_SHARDS;
    return STATUS_OK;
}

/* Is the event what comes next, within one start, or the next start? */
static Status follow(const Verification *v, const Event *event, Course *course)
{
    if (event->kind == EVENT_LOST) course->lost = true;
    if (event->kind == EVENT_LOST) return STATUS_OK;
    Status st = STATUS_OK;
    if (history_is_start(event))
        st = follow_start(v, event, course);
    else if (course->lost)
        st = follow_gap(v, event, course);
    if (st == STATUS_OK && !history_is_start(event)) st = follow_within(v, event, course);
    return st == STATUS_OK ? follow_state(v, event, course) : st;
}

static bool same_step(const Event *a, const Event *b)
{
    return a->rows == b->rows && a->samples == b->samples && a->epoch == b->epoch && verify_same(a->loss, b->loss) &&
           verify_same(a->learning_rate, b->learning_rate);
}

static bool same_score(const Event *a, const Event *b)
{
    return verify_same(a->test_loss, b->test_loss) && verify_same(a->test_accuracy, b->test_accuracy);
}

static bool same_optimizer(const Event *a, const Event *b)
{
    return strcmp(a->optimizer, b->optimizer) == 0;
}

static bool same_shards(const Event *a, const Event *b)
{
    return a->listed == b->listed;
}

static bool same_model(const Event *a, const Event *b)
{
    return strcmp(a->digest, b->digest) == 0;
}

/* Notes that event i is the last of its kind about a step, which all before it must equal. */
static Status note(const Verification *v, size_t *last, size_t i, bool (*same)(const Event *, const Event *),
                   const char *difference)
{
    const Event *event = &v->history.event[i], *before = verify_event(v, last[event->step]);
    last[event->step] = i + 1;
    if (!before || same(before, event)) return STATUS_OK;
    return status_fail(STATUS_DATA, "step %" PRIu64 " %s: lines %" PRIu64 " and %" PRIu64 " of metrics.jsonl",
                       event->step, difference, before->line, event->line);
}

static Status note_event(Verification *v, size_t i)
{
    const Event *event = &v->history.event[i];
    Status st = STATUS_OK;
    if (event->kind == EVENT_STEP) {
        v->times[event->step]++;
        st = note(v, v->of_step, i, same_step, "was done twice and differs");
    }
    if (st == STATUS_OK && *event->digest) st = note(v, v->of_model, i, same_model, "left two models that differ");
    if (st == STATUS_OK && *event->optimizer)
        st = note(v, v->of_optimizer, i, same_optimizer, "left two states of the optimizer that differ");
    if (st == STATUS_OK && event->kind == EVENT_SHARDS)
        st = note(v, v->of_shards, i, same_shards, "had two gradients of a shard that differ");
    if (st == STATUS_OK && !isnan(event->test_accuracy))
        st = note(v, v->of_score, i, same_score, "has two evaluations");
    return st;
}

bool verify_recorded(const Verification *v, uint64_t first, uint64_t last)
{
    uint64_t step = first + 1;
    while (step <= last && v->of_step[step]) step++;
    return step > last;
}

/* The steps before the first that is recorded are another run's, of which a checkpoint was taken. */
static Status check_origin(Verification *v)
{
    const Event *start = first_start(&v->history);
    const bool elsewhere = start && *start->file == '/';
    v->adopted = elsewhere && start->step == v->first_step;
    if (v->first_step == 0 || elsewhere) return STATUS_OK;
    return status_fail(STATUS_DATA,
                       "line %" PRIu64
                       " of metrics.jsonl: the run went on from its own \"%s\", but the records of the "
                       "steps up to %" PRIu64 " are missing",
                       start->line, start->file, v->first_step);
}

Status verify_sequence(Verification *v)
{
    Course course = {0};
    Status st = open_steps(v);
    for (size_t i = 0; i < v->history.count && st == STATUS_OK; i++) {
        const Event *event = &v->history.event[i];
        st = follow(v, event, &course);
        if (st == STATUS_OK && event->kind < EVENT_LOST) st = note_event(v, i);
    }
    /* A later start may have gone further back, and the record of the first may be lost. */
    while (st == STATUS_OK && v->first_step > 0 && (v->of_step[v->first_step] || gaps_hold(&v->gaps, v->first_step)))
        v->first_step--;
    return st == STATUS_OK ? check_origin(v) : st;
}

/* The record of a step against the digest and the number of samples that the order demands. */
static Status check_step(const Verification *v, uint64_t step, uint64_t samples, uint64_t digest)
{
    const Event *event = verify_event(v, v->of_step[step]);
    if (!event && gaps_hold(&v->gaps, step)) return STATUS_OK;
    if (!event)
        return status_fail(STATUS_DATA, "step %" PRIu64 " is not recorded in metrics.jsonl, step %" PRIu64 " is", step,
                           v->last_step);
    if (event->rows != digest || event->samples != samples)
        return status_fail(STATUS_DATA,
                           "step %" PRIu64 " (line %" PRIu64
                           " of metrics.jsonl) used other rows than the order demands: %" PRIu64
                           " samples, digest %016" PRIx64 "; due are %" PRIu64 ", %016" PRIx64,
                           step, event->line, event->samples, event->rows, samples, digest);
    const uint64_t epoch = (step - 1) / v->steps_per_epoch + 1;
    if (event->epoch != epoch)
        return status_fail(STATUS_DATA,
                           "step %" PRIu64 " (line %" PRIu64 " of metrics.jsonl) is said to be of epoch %" PRIu64
                           "; it is of epoch %" PRIu64,
                           step, event->line, event->epoch, epoch);
    return STATUS_OK;
}

static Status check_rates(const Verification *v)
{
    const Schedule schedule = setup_schedule(&v->settings, v->steps_per_epoch);
    for (uint64_t step = v->first_step + 1; step <= v->last_step; step++) {
        const Event *event = verify_event(v, v->of_step[step]);
        const double due = (double)schedule_rate(&schedule, step - 1);
        if (event && !verify_same(event->learning_rate, due))
            return status_fail(STATUS_DATA,
                               "step %" PRIu64 " (line %" PRIu64
                               " of metrics.jsonl) has the learning rate %.9g; by config.cfg it is %.9g",
                               step, event->line, event->learning_rate, due);
    }
    return STATUS_OK;
}

/* row (rows) = the row at each position of an epoch; each must come once. seen (rows): scratch. */
static Status replay_order(const Verification *v, uint32_t epoch, uint32_t *row, uint32_t *permutation, uint8_t *seen)
{
    const size_t shards = (size_t)v->settings.training.shards;
    memset(seen, 0, v->rows);
    for (size_t s = 0; s < shards; s++) {
        const uint32_t count = shard_size(v->rows, shards, s), first = shard_begin(v->rows, shards, s);
        order_shuffle((uint64_t)v->settings.run.seed, epoch, s, count, permutation);
        for (uint32_t i = 0; i < count; i++) {
            row[(uint64_t)i * shards + s] = first + permutation[i];
            seen[first + permutation[i]]++;
        }
    }
    for (uint32_t r = 0; r < v->rows; r++)
        if (seen[r] != 1)
            return status_fail(STATUS_INTERNAL, "the order of epoch %" PRIu32 " has row %" PRIu32 " %d times",
                               epoch + 1, r, seen[r]);
    return STATUS_OK;
}

static Status check_rows(const Verification *v, uint32_t *row, uint32_t *permutation, uint8_t *seen)
{
    Status st = STATUS_OK;
    for (uint64_t step = v->first_step + 1; step <= v->last_step && st == STATUS_OK; step++) {
        const uint64_t in_epoch = (step - 1) % v->steps_per_epoch;
        if (in_epoch == 0 || step == v->first_step + 1)
            st = replay_order(v, (uint32_t)((step - 1) / v->steps_per_epoch), row, permutation, seen);
        const uint64_t begin = in_epoch * v->batch, end = begin + v->batch < v->rows ? begin + v->batch : v->rows;
        uint64_t digest = 0;
        for (uint64_t g = begin; g < end && st == STATUS_OK; g++) digest += digest_sample(g, row[g]);
        if (st == STATUS_OK) st = check_step(v, step, end - begin, digest);
    }
    return st;
}

Status verify_order(const Verification *v)
{
    uint32_t *row = NULL, *permutation = NULL;
    uint8_t *seen = NULL;
    Status st = memory_new(&row, v->rows, "the order");
    if (st == STATUS_OK) st = memory_new(&permutation, v->rows, "the order");
    if (st == STATUS_OK) st = memory_new(&seen, v->rows, "the order");
    if (st == STATUS_OK) st = check_rows(v, row, permutation, seen);
    memory_free(row);
    memory_free(permutation);
    memory_free(seen);
    return st == STATUS_OK ? check_rates(v) : st;
}
