#include "rundir/history.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/memory.h"
#include "rundir/history_internal.h"
#include "rundir/record_link.h"

static EventKind kind_of(const char *name)
{
    static const char *const names[] = {
        [EVENT_START] = "start", [EVENT_RESUME] = "resume",         [EVENT_STEP] = "step", [EVENT_SHARDS] = "shards",
        [EVENT_EPOCH] = "epoch", [EVENT_CHECKPOINT] = "checkpoint", [EVENT_END] = "end",   [EVENT_LOST] = "lost"};
    for (int kind = 0; kind < EVENT_OTHER; kind++)
        if (strcmp(name, names[kind]) == 0) return (EventKind)kind;
    return EVENT_OTHER;
}

static uint64_t integer(const json_t *object, const char *key)
{
    const json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

static void text(const json_t *object, const char *key, char *out, size_t size)
{
    const char *value = json_string_value(json_object_get(object, key));
    snprintf(out, size, "%s", value ? value : "");
}

static void read_integers(const json_t *object, Event *event)
{
    event->step = integer(object, "step");
    event->epoch = integer(object, "epoch");
    event->samples = integer(object, "samples");
    event->ranks = integer(object, "ranks");
    event->nodes = integer(object, "nodes");
    event->shards = integer(object, "shards");
    event->train_samples = integer(object, "train_samples");
    event->test_samples = integer(object, "test_samples");
    event->image_width = json_object_get(object, "image_width") ? integer(object, "image_width") : HISTORY_NO_WIDTH;
    event->parameters = integer(object, "parameters");
    event->steps = integer(object, "steps");
    const char *rows = json_string_value(json_object_get(object, "rows"));
    event->rows = rows ? strtoull(rows, NULL, 16) : 0;
}

/* false: one of them differs from its twin. */
static bool read_reals(const json_t *object, Event *event)
{
    bool good = history_real(object, event->kind == EVENT_EPOCH ? "train_loss" : "loss", &event->loss);
    good &= history_real(object, "test_loss", &event->test_loss);
    good &= history_real(object, "test_accuracy", &event->test_accuracy);
    good &= history_real(object, "learning_rate", &event->learning_rate);
    good &= history_real(object, "samples_per_second", &event->samples_per_second);
    return good & history_real(object, "target_accuracy", &event->target_accuracy);
}

static void read_texts(const json_t *object, Event *event)
{
    text(object, "digest", event->digest, sizeof event->digest);
    text(object, "optimizer_digest", event->optimizer, sizeof event->optimizer);
    text(object, "chain", event->chain, sizeof event->chain);
    text(object, "dataset", event->dataset, sizeof event->dataset);
    text(object, "settings", event->settings, sizeof event->settings);
    text(object, "reason", event->reason, sizeof event->reason);
    text(object, "file", event->file, sizeof event->file);
    text(object, "stopped_by", event->stopped_by, sizeof event->stopped_by);
}

/* Of a shards record: its digests, in their order, each as its bits are. */
static void read_digests(const json_t *object, Event *event)
{
    const json_t *list = json_object_get(object, "digests");
    Digest digest;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (digest_parse(json_string_value(json_array_get(list, i)), &digest)) {
            event->listed = history_count_after(history_count_after(event->listed, digest.low), digest.high);
            event->counted++;
        }
}

/* false with why it is no record. */
static bool read_event(const json_t *object, bool strict, Event *event, char why[HISTORY_WHY])
{
    const char *name = json_string_value(json_object_get(object, "event"));
    if (!name) {
        strcpy(why, "it has no \"event\"");
        return false;
    }
    event->kind = kind_of(name);
    if (strict && event->kind == EVENT_OTHER) {
        snprintf(why, HISTORY_WHY, "no record is a \"%.40s\"", name);
        return false;
    }
    read_integers(object, event);
    read_texts(object, event);
    if (strict && !history_check_members(object, event->kind, why)) return false;
    if (!read_reals(object, event)) {
        strcpy(why, "a number differs from its twin \"..._hex\"");
        return false;
    }
    if (strict && event->kind == EVENT_SHARDS) read_digests(object, event);
    return !strict || event->kind != EVENT_END || history_read_counts(object, event, why);
}

static Status not_a_record(const char *path, uint64_t line, const char *why)
{
    return status_fail(STATUS_DATA, "%s:%" PRIu64 ": not a record of a run: %s", path, line, why);
}

static Status read_line(const char *path, const char *line, size_t length, bool strict, Event *event)
{
    json_error_t error;
    char why[HISTORY_WHY] = "";
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
    Status st = STATUS_OK;
    if (!object)
        st = not_a_record(path, event->line, error.text);
    else if (!read_event(object, strict, event, why))
        st = not_a_record(path, event->line, why);
    if (st == STATUS_OK && event->kind != EVENT_STEP && event->kind != EVENT_SHARDS)
        event->object = json_incref(object);
    json_decref(object);
    return st;
}

/* last: record_link_of the line before, and then of this one; 0 before the first. */
static Status follow_link(const char *path, uint64_t number, const char *line, size_t length, uint64_t *last)
{
    uint64_t previous;
    const bool has_one = record_link_get(line, length, &previous), good = has_one && previous == *last;
    *last = record_link_of(line, length);
    if (good) return STATUS_OK;
    if (!has_one) return not_a_record(path, number, "its last member is not \"previous\"");
    if (number == 1)
        return status_fail(STATUS_DATA, "%s:1: not the first record of the run: those before it were removed", path);
    return status_fail(STATUS_DATA,
                       "%s:%" PRIu64 ": does not follow line %" PRIu64 " as that is now: line %" PRIu64
                       " was altered, or a record was removed, doubled or moved here",
                       path, number, number - 1, number - 1);
}

static Status read_history(const char *directory, size_t first, bool strict, History *history)
{
    const size_t most = (size_t)1 << 40;
    *history = (History){0};
    char path[4096 + 32], *bytes;
    size_t size, lines = 0;
    snprintf(path, sizeof path, "%.4095s/metrics.jsonl", directory);
    Status st = file_read(path, "the records of a run", most, STATUS_DATA, &bytes, &size);
    if (st != STATUS_OK) return st;
    size = size < first ? size : first;
    for (size_t i = 0; i < size; i++) lines += bytes[i] == '\n';
    st = memory_new(&history->event, lines, "the records of a run");
    const char *line = bytes;
    uint64_t last = 0;
    for (size_t i = 0; i < lines && st == STATUS_OK; i++) {
        const char *end = strchr(line, '\n');
        if (!end) end = line; /* a zero byte within the line */
        history->event[i].line = i + 1;
        st = read_line(path, line, (size_t)(end - line), strict, &history->event[i]);
        if (st == STATUS_OK && strict) st = follow_link(path, i + 1, line, (size_t)(end - line), &last);
        history->count++;
        line = end + 1;
    }
    history->torn = size > 0 && bytes[size - 1] != '\n';
    memory_free(bytes);
    if (st != STATUS_OK) history_free(history);
    return st;
}

Status history_read(const char *directory, History *history)
{
    return read_history(directory, SIZE_MAX, false, history);
}

Status history_read_first(const char *directory, size_t first, History *history)
{
    return read_history(directory, first, false, history);
}

Status history_read_linked(const char *directory, History *history)
{
    return read_history(directory, SIZE_MAX, true, history);
}

const char *history_text(const Event *event, const char *key)
{
    const char *value = json_string_value(json_object_get(event->object, key));
    return value ? value : "";
}

double history_float(const Event *event, const char *key)
{
    double value;
    return history_real(event->object, key, &value) ? value : (double)NAN;
}

bool history_has_counts(const Event *event, const char *key, size_t *rows, size_t *columns)
{
    const json_t *list = json_object_get(event->object, key), *first = json_array_get(list, 0);
    *rows = json_is_array(first) ? json_array_size(list) : 0;
    *columns = json_array_size(*rows ? first : list);
    for (size_t i = 1; i < *rows; i++)
        if (json_array_size(json_array_get(list, i)) != *columns) return false;
    return *columns > 0;
}

uint64_t history_count(const Event *event, const char *key, size_t row, size_t column)
{
    const json_t *list = json_object_get(event->object, key);
    if (json_is_array(json_array_get(list, 0))) list = json_array_get(list, row);
    const json_int_t value = json_integer_value(json_array_get(list, column));
    return value > 0 ? (uint64_t)value : 0;
}

bool history_is_start(const Event *event)
{
    return event->kind == EVENT_START || event->kind == EVENT_RESUME;
}

void history_free(History *history)
{
    for (size_t i = 0; i < history->count; i++) json_decref(history->event[i].object);
    memory_free(history->event);
    *history = (History){0};
}
