/* The ends of starts: why they ended, and the counts and file of predictions of a training that did. */
#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "output/predictions.h"
#include "rundir/rundir.h"
#include "train/confusion.h"
#include "train/verify_internal.h"

bool verify_finished(const Event *event)
{
    return event->kind == EVENT_END && strcmp(event->reason, "finished") == 0;
}

bool verify_failed(const Event *event)
{
    return event->kind == EVENT_END && !verify_finished(event) && strcmp(event->reason, "stopped") != 0;
}

static bool is_failure(const char *reason)
{
    static const Status failures[] = {STATUS_DIVERGED,    STATUS_DATA, STATUS_NO_INPUT, STATUS_INTERNAL,
                                      STATUS_CANT_CREATE, STATUS_IO,   STATUS_CONFIG};
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        if (strcmp(reason, status_name(failures[i])) == 0) return true;
    return false;
}

static Status contradicts(const Event *end, const char *what)
{
    return status_fail(STATUS_DATA, "line %" PRIu64 " of metrics.jsonl: an end %s", end->line, what);
}

/* start: that ended; NULL if its record may be lost. */
static Status check_finished(const Verification *v, const Event *end, const Event *start)
{
    const bool reached = start && start->target_accuracy > 0.0 && end->test_accuracy >= start->target_accuracy;
    if (start && end->step != start->steps && !reached)
        return contradicts(end, "\"finished\" before the last step and the target accuracy");
    if (end->counted != v->test_rows || (double)end->right / (double)end->counted != end->test_accuracy)
        return contradicts(end, "whose counts of predictions are not its accuracy on the test set");
    return STATUS_OK;
}

static Status check_end(const Verification *v, const Event *end, const Event *start)
{
    if (verify_finished(end)) return check_finished(v, end, start);
    if (verify_failed(end) && !is_failure(end->reason)) return contradicts(end, "for a reason that there is not");
    if (verify_failed(end) && *end->digest) return contradicts(end, "by a failure that tells the digest of a model");
    if (end->counted || !isnan(end->test_accuracy)) return contradicts(end, "with an evaluation that it had not");
    return STATUS_OK;
}

Status verify_ends(const Verification *v)
{
    const Event *start = NULL;
    Status st = STATUS_OK;
    for (size_t i = 0; i < v->history.count && st == STATUS_OK; i++) {
        const Event *event = &v->history.event[i];
        if (history_is_start(event)) start = event;
        if (event->kind == EVENT_LOST) start = NULL;
        if (event->kind == EVENT_END) st = check_end(v, event, start);
    }
    return st;
}

bool verify_ended(const Verification *v)
{
    for (size_t i = 0; i < v->history.count; i++)
        if (verify_finished(&v->history.event[i]) && v->history.event[i].step == v->total_steps) return true;
    return false;
}

/* As an end record lists them. */
static uint64_t listed(const Confusion *confusion)
{
    uint64_t digest = 0;
    const size_t classes = confusion->classes;
    if (classes <= CONFUSION_RECORDED_CLASSES) {
        for (size_t i = 0; i < classes * classes; i++) digest = history_count_after(digest, confusion->word[i]);
        return digest;
    }
    for (size_t c = 0; c < classes; c++) digest = history_count_after(digest, confusion_class(confusion, c).samples);
    for (size_t c = 0; c < classes; c++) digest = history_count_after(digest, confusion_class(confusion, c).right);
    return digest;
}

static Status check_rows(const Verification *v, const Event *end, const char *path, const Prediction *prediction,
                         const uint32_t *label, Confusion *confusion)
{
    for (uint32_t row = 0; row < v->test_rows; row++) {
        const Prediction *p = &prediction[row];
        if (p->label != label[row] || p->prediction >= confusion->classes)
            return status_fail(STATUS_DATA,
                               "\"%s\" is not the predictions of the test set: line %" PRIu32 " is another", path,
                               row + 2);
        confusion_add(confusion, p->label, p->prediction);
    }
    if (listed(confusion) == end->listed) return STATUS_OK;
    return status_fail(STATUS_DATA, "\"%s\" has other predictions than line %" PRIu64 " of metrics.jsonl counts", path,
                       end->line);
}

static Status check_predictions(const Verification *v, const Event *end, const char *path, const Prediction *prediction,
                                size_t count)
{
    uint32_t *label = NULL;
    Confusion confusion = {0};
    if (count != v->test_rows)
        return status_fail(STATUS_DATA, "\"%s\" is not the predictions of the test set: line %zu is another", path,
                           count + 2);
    Status st = memory_new(&label, v->test_rows, "labels");
    if (st == STATUS_OK) st = confusion_init(&confusion, dataset_classes(v->dataset));
    if (st == STATUS_OK) st = dataset_read_labels(v->dataset, PART_TEST, 0, v->test_rows, label);
    if (st == STATUS_OK) st = check_rows(v, end, path, prediction, label, &confusion);
    confusion_free(&confusion);
    memory_free(label);
    return st;
}

/* Where the run has come to an end; before another one, predictions of it may be there without its record. */
static const Event *end_of_run(const Verification *v)
{
    for (size_t i = v->history.count; i-- > 0;)
        if (verify_finished(&v->history.event[i]) && v->history.event[i].step == v->last_step)
            return &v->history.event[i];
    return NULL;
}

Status verify_predictions(Verification *v)
{
    const Event *end = end_of_run(v);
    char path[RUNDIR_PATH_SIZE + 32];
    Prediction *prediction;
    size_t count;
    if (!end) return STATUS_OK;
    snprintf(path, sizeof path, "%s/predictions.csv", v->directory);
    Status st = predictions_read(path, v->test_rows, &prediction, &count);
    if (st == STATUS_NO_INPUT) {
        status_clear();
        if (v->settings.evaluation.predictions) verify_miss(v, "predictions.csv");
        return STATUS_OK;
    }
    if (st == STATUS_OK) st = check_predictions(v, end, path, prediction, count);
    memory_free(prediction);
    return st;
}
