/* The records of starts, against the config and the dataset. */
#include <inttypes.h>
#include <string.h>

#include "train/setup.h"
#include "train/verify_internal.h"

/* Of the start at index i: did it train, as far as records tell? One that did not binds nobody. */
static bool trained(const History *history, size_t i)
{
    while (++i < history->count && !history_is_start(&history->event[i]))
        if (history->event[i].kind == EVENT_STEP || history->event[i].kind == EVENT_LOST) return true;
    return false;
}

static Status says(const Event *event, const char *what, uint64_t said, uint64_t due)
{
    return status_fail(STATUS_DATA,
                       "line %" PRIu64 " of metrics.jsonl: a start with %" PRIu64
                       " %s; by config.cfg and the dataset there are %" PRIu64,
                       event->line, said, what, due);
}

static Status check_counts(const Verification *v, const Event *e)
{
    const struct {
        const char *what;
        uint64_t said, due;
    } counts[] = {
        {"shards", e->shards, (uint64_t)v->settings.training.shards},
        {"training samples", e->train_samples, v->rows},
        {"test samples", e->test_samples, v->test_rows},
        {"parameters", e->parameters, v->parameters},
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i].said != counts[i].due) return says(e, counts[i].what, counts[i].said, counts[i].due);
    const bool whole = e->steps > 0 && e->steps % v->steps_per_epoch == 0 && e->steps <= v->total_steps;
    if (!whole) return says(e, "steps in all", e->steps, v->total_steps);
    if (e->ranks >= 1 && e->ranks <= e->shards && e->nodes >= 1 && e->nodes <= e->ranks) return STATUS_OK;
    return status_fail(STATUS_DATA,
                       "line %" PRIu64 " of metrics.jsonl: a start on %" PRIu64 " ranks and %" PRIu64
                       " nodes, with %" PRIu64 " shards",
                       e->line, e->ranks, e->nodes, e->shards);
}

static Status check_values(const Verification *v, const Event *event)
{
    char now[DIGEST_HEX_SIZE], settings[DIGEST_HEX_SIZE];
    digest_hex(v->dataset_digest, now);
    digest_hex(settings_digest(&v->settings), settings);
    if (strcmp(event->dataset, now) != 0)
        return status_fail(STATUS_DATA,
                           "\"%s\" is another dataset than the run had: its values have the digest %s, line %" PRIu64
                           " of metrics.jsonl says %s",
                           v->settings.data.file, now, event->line, event->dataset);
    if (event->image_width != HISTORY_NO_WIDTH && event->image_width != v->image_width)
        return status_fail(STATUS_DATA,
                           "the images in \"%s\" are of another shape than those that the run had, by line %" PRIu64
                           " of metrics.jsonl",
                           v->settings.data.file, event->line);
    if (strcmp(event->settings, settings) != 0)
        return status_fail(STATUS_DATA,
                           "config.cfg has other settings than the run had: those that belong to the result have the "
                           "digest %s, line %" PRIu64 " of metrics.jsonl says %s",
                           settings, event->line, event->settings);
    return STATUS_OK;
}

/* What may change between starts is as the last one left it in the config. Its record may be among the lost ones. */
static Status check_last(const Verification *v, const Event *event)
{
    if (v->gaps.count) return STATUS_OK;
    if (event->steps != v->total_steps) return says(event, "steps in all", event->steps, v->total_steps);
    if (verify_same(event->target_accuracy, v->settings.training.target_accuracy)) return STATUS_OK;
    return status_fail(STATUS_DATA,
                       "line %" PRIu64
                       " of metrics.jsonl: a start with the target accuracy %.9g; by config.cfg it is "
                       "%.9g",
                       event->line, event->target_accuracy, v->settings.training.target_accuracy);
}

static Status check_place(const Verification *v, const Event *event)
{
    if (event->kind == EVENT_START ? event->step == 0 : event->step <= v->total_steps) return STATUS_OK;
    return status_fail(
        STATUS_DATA,
        "line %" PRIu64 " of metrics.jsonl: the run %s step %" PRIu64 ", but its steps are those from 1 to %" PRIu64,
        event->line, event->kind == EVENT_START ? "began with" : "went on from", event->step, v->total_steps);
}

Status verify_starts(const Verification *v)
{
    const Event *last = NULL;
    for (size_t i = 0; i < v->history.count; i++) {
        const Event *event = &v->history.event[i];
        if (!history_is_start(event)) continue;
        last = event;
        Status st = check_place(v, event);
        if (st == STATUS_OK && trained(&v->history, i)) st = check_values(v, event);
        if (st == STATUS_OK && trained(&v->history, i)) st = check_counts(v, event);
        if (st != STATUS_OK) return st;
    }
    return last ? check_last(v, last) : STATUS_OK;
}
