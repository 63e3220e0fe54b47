#include "rundir/history.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

static EventKind kind_of(const char *name)
{
    static const char *const names[] = {
        [EVENT_START] = "start",           [EVENT_RESUME] = "resume", [EVENT_STEP] = "step", [EVENT_EPOCH] = "epoch",
        [EVENT_CHECKPOINT] = "checkpoint", [EVENT_END] = "end",       [EVENT_LOST] = "lost"};
    for (int kind = 0; kind < EVENT_OTHER; kind++)
        if (strcmp(name, names[kind]) == 0) return (EventKind)kind;
    return EVENT_OTHER;
}

static uint64_t integer(const json_t *object, const char *key)
{
    const json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

/* The exact value, from the twin "<key>_hex"; NaN where there is none. good: false if the number is another. */
static double real(const json_t *object, const char *key, bool *good)
{
    char twin[64];
    snprintf(twin, sizeof twin, "%s_hex", key);
    const char *text = json_string_value(json_object_get(object, twin));
    const json_t *number = json_object_get(object, key);
    const double value = text ? strtod(text, NULL) : NAN;
    if (json_is_number(number) && json_number_value(number) != value) *good = false;
    return value;
}

static void text(const json_t *object, const char *key, char *out, size_t size)
{
    const char *value = json_string_value(json_object_get(object, key));
    snprintf(out, size, "%s", value ? value : "");
}

/* NULL, or why it is none. */
static const char *read_event(const json_t *object, Event *event)
{
    bool good = true;
    const char *name = json_string_value(json_object_get(object, "event"));
    if (!name) return "it has no \"event\"";
    event->kind = kind_of(name);
    event->step = integer(object, "step");
    event->epoch = integer(object, "epoch");
    event->samples = integer(object, "samples");
    event->ranks = integer(object, "ranks");
    event->steps = integer(object, "steps");
    const char *rows = json_string_value(json_object_get(object, "rows"));
    event->rows = rows ? strtoull(rows, NULL, 16) : 0;
    event->loss = real(object, event->kind == EVENT_EPOCH ? "train_loss" : "loss", &good);
    event->test_loss = real(object, "test_loss", &good);
    event->test_accuracy = real(object, "test_accuracy", &good);
    event->learning_rate = real(object, "learning_rate", &good);
    event->samples_per_second = real(object, "samples_per_second", &good);
    text(object, "digest", event->digest, sizeof event->digest);
    text(object, "chain", event->chain, sizeof event->chain);
    text(object, "dataset", event->dataset, sizeof event->dataset);
    text(object, "reason", event->reason, sizeof event->reason);
    text(object, "stopped_by", event->stopped_by, sizeof event->stopped_by);
    return good ? NULL : "a number differs from its twin \"..._hex\"";
}

static Status read_line(const char *path, const char *line, size_t length, Event *event)
{
    json_error_t error;
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
    const char *reason = object ? read_event(object, event) : error.text;
    const Status st =
        reason ? status_fail(STATUS_DATA, "%s:%" PRIu64 ": not a record of a run: %s", path, event->line, reason)
               : STATUS_OK;
    json_decref(object);
    return st;
}

Status history_read_first(const char *directory, size_t first, History *history)
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
    for (size_t i = 0; i < lines && st == STATUS_OK; i++) {
        const char *end = strchr(line, '\n');
        if (!end) end = line; /* a zero byte within the line */
        history->event[i].line = i + 1;
        st = read_line(path, line, (size_t)(end - line), &history->event[i]);
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
    return history_read_first(directory, SIZE_MAX, history);
}

void history_free(History *history)
{
    memory_free(history->event);
    *history = (History){0};
}
