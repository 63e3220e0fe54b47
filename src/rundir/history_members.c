/* What the writers of records (src/train) give each kind. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "rundir/history_internal.h"
#include "rundir/record_link.h"

typedef enum { INTEGER, WORD, REAL, FINITE, TEXT, DIGEST, DIGESTS, COUNTS } MemberType;

enum {
    START = 1 << EVENT_START,
    RESUME = 1 << EVENT_RESUME,
    STEP = 1 << EVENT_STEP,
    SHARDS = 1 << EVENT_SHARDS,
    EPOCH = 1 << EVENT_EPOCH,
    CHECKPOINT = 1 << EVENT_CHECKPOINT,
    END = 1 << EVENT_END,
    LOST = 1 << EVENT_LOST,
    STARTS = START | RESUME,
    TIMED = EPOCH | CHECKPOINT | END
};

typedef struct {
    const char *key;
    MemberType type;
    unsigned always, sometimes; /* the kinds that have it, and that may have it */
} Member;

static const Member members[] = {
    {"step", INTEGER, STARTS | STEP | SHARDS | EPOCH | CHECKPOINT | END, 0},
    {"epoch", INTEGER, STEP | EPOCH, 0},
    {"samples", INTEGER, STEP, 0},
    {"rows", WORD, STEP, 0},
    {"loss", FINITE, STEP, 0},
    {"learning_rate", FINITE, STEP, 0},
    {"train_loss", FINITE, EPOCH, 0},
    {"test_loss", REAL, EPOCH | END, 0},
    {"test_accuracy", REAL, EPOCH | END, 0},
    {"samples_per_second", REAL, EPOCH, END},
    {"seconds", FINITE, EPOCH | END, CHECKPOINT},
    {"load_microseconds", COUNTS, 0, TIMED},
    {"pack_microseconds", COUNTS, 0, TIMED},
    {"compute_microseconds", COUNTS, 0, TIMED},
    {"reduce_microseconds", COUNTS, 0, TIMED},
    {"update_microseconds", COUNTS, 0, TIMED},
    {"evaluate_microseconds", COUNTS, 0, TIMED},
    {"idle_microseconds", COUNTS, 0, TIMED},
    {"check_microseconds", COUNTS, 0, TIMED},
    {"save_microseconds", COUNTS, 0, TIMED},
    {"record_microseconds", COUNTS, 0, TIMED},
    {"waiting_microseconds", COUNTS, 0, TIMED},
    {"reason", TEXT, END, 0},
    {"stopped_by", TEXT, 0, END},
    {"digests", DIGESTS, SHARDS, 0},
    {"confusion", COUNTS, 0, END},
    {"class_samples", COUNTS, 0, END},
    {"class_right", COUNTS, 0, END},
    {"dataset", DIGEST, STARTS, 0},
    {"settings", DIGEST, STARTS, 0},
    {"file", TEXT, RESUME | CHECKPOINT, 0},
    {"digest", DIGEST, RESUME | EPOCH | CHECKPOINT, END},
    {"optimizer_digest", DIGEST, 0, RESUME | CHECKPOINT | END},
    {"chain", DIGEST, 0, RESUME | CHECKPOINT | END},
    {"version", TEXT, STARTS, 0},
    {"source", TEXT, STARTS, 0},
    {"mpi", TEXT, STARTS, 0},
    {"hdf5", TEXT, STARTS, 0},
    {"libc", TEXT, STARTS, 0},
    {"compiler", TEXT, STARTS, 0},
    {"kernels", TEXT, STARTS, 0},
    {"processor", TEXT, STARTS, 0},
    {"processor_name", TEXT, 0, STARTS},
    {"host", TEXT, 0, STARTS},
    {"exchange", TEXT, STARTS, 0},
    {"zeros", TEXT, STARTS, 0},
    {"ranks", INTEGER, STARTS, 0},
    {"nodes", INTEGER, STARTS, 0},
    {"shards", INTEGER, STARTS, 0},
    {"train_samples", INTEGER, STARTS, 0},
    {"test_samples", INTEGER, STARTS, 0},
    {"image_width", INTEGER, 0, STARTS},
    {"parameters", INTEGER, STARTS, 0},
    {"steps", INTEGER, STARTS, 0},
    {"target_accuracy", FINITE, STARTS, 0},
    {"slurm_job", TEXT, 0, STARTS},
    {"slurm_restarts", INTEGER, 0, STARTS},
    {"slurm_nodes", TEXT, 0, STARTS},
    {"previous", WORD, STARTS | STEP | SHARDS | EPOCH | CHECKPOINT | END | LOST, 0},
};

bool history_real(const json_t *object, const char *key, double *value)
{
    char twin[64], again[64];
    snprintf(twin, sizeof twin, "%s_hex", key);
    const json_t *number = json_object_get(object, key);
    const char *text = json_string_value(json_object_get(object, twin));
    *value = text ? strtod(text, NULL) : (double)NAN;
    if (!text) return !json_is_number(number);
    snprintf(again, sizeof again, isfinite(*value) ? "%a" : "%f", *value);
    if (strcmp(again, text) != 0) return false;
    return isfinite(*value) ? json_is_number(number) && json_number_value(number) == *value : json_is_null(number);
}

static bool is_digest(const json_t *value)
{
    Digest digest;
    return json_is_string(value) && digest_parse(json_string_value(value), &digest);
}

static bool is_word(const json_t *value)
{
    const char *text = json_string_value(value);
    return text && strlen(text) == RECORD_LINK_DIGITS && strspn(text, "0123456789abcdef") == RECORD_LINK_DIGITS;
}

static bool is_list(const json_t *list, bool (*is)(const json_t *))
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!is(json_array_get(list, i))) return false;
    return json_array_size(list) > 0;
}

static bool is_count(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool is_counts(const json_t *value)
{
    return is_list(value, is_count);
}

static bool has_type(const json_t *object, const Member *member)
{
    double exact;
    const json_t *value = json_object_get(object, member->key);
    switch (member->type) {
        case INTEGER: return is_count(value);
        case WORD: return is_word(value);
        case REAL: return history_real(object, member->key, &exact);
        case FINITE: return history_real(object, member->key, &exact) && isfinite(exact);
        case TEXT: return json_is_string(value);
        case DIGEST: return is_digest(value);
        case DIGESTS: return is_list(value, is_digest);
        case COUNTS: break;
    }
    return is_counts(value) || is_list(value, is_counts);
}

/* So many keys of the record are this member: itself, and a float's twin. */
static size_t keys_of(const json_t *object, const Member *member)
{
    char twin[64];
    snprintf(twin, sizeof twin, "%s_hex", member->key);
    const bool real = member->type == REAL || member->type == FINITE;
    return (size_t)(json_object_get(object, member->key) != NULL) + (real && json_object_get(object, twin));
}

bool history_check_members(const json_t *object, EventKind kind, char why[HISTORY_WHY])
{
    const unsigned bit = 1u << kind;
    size_t known = 1; /* "event" */
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const Member *member = &members[i];
        if (!((member->always | member->sometimes) & bit)) continue;
        const bool real = member->type == REAL || member->type == FINITE;
        const size_t keys = keys_of(object, member);
        known += keys;
        if (keys == 0 && member->sometimes & bit) continue;
        if (keys < (real ? 2 : 1)) {
            snprintf(why, HISTORY_WHY, "it lacks \"%s\"%s", member->key, real ? " or its twin \"..._hex\"" : "");
            return false;
        }
        if (has_type(object, member)) continue;
        snprintf(why, HISTORY_WHY, "its \"%s\" is not what such a record has%s", member->key,
                 real ? ", or differs from its twin \"..._hex\"" : "");
        return false;
    }
    if (known == json_object_size(object)) return true;
    snprintf(why, HISTORY_WHY, "it has members that are not of its kind");
    return false;
}

/* The counts one after another, and those of them that were right: on the diagonal, or all of a list. */
typedef struct {
    uint64_t sum, right, last; /* last: XXH3-64 of all so far */
} Counts;

static void add_row(Counts *counts, const json_t *row, size_t diagonal)
{
    for (size_t j = 0; j < json_array_size(row); j++) {
        const uint64_t count = (uint64_t)json_integer_value(json_array_get(row, j));
        counts->sum += count;
        counts->right += j == diagonal ? count : 0;
        counts->last = history_count_after(counts->last, count);
    }
}

uint64_t history_count_after(uint64_t listed, uint64_t count)
{
    const uint64_t word[] = {listed, count};
    return digest_short(word, sizeof word);
}

static bool is_square(const json_t *matrix)
{
    const size_t classes = json_array_size(matrix);
    for (size_t i = 0; i < classes; i++)
        if (json_array_size(json_array_get(matrix, i)) != classes) return false;
    return true;
}

bool history_read_counts(const json_t *object, Event *event, char why[HISTORY_WHY])
{
    const json_t *matrix = json_object_get(object, "confusion"), *samples = json_object_get(object, "class_samples"),
                 *right = json_object_get(object, "class_right");
    Counts counts = {0}, of_right = {0};
    const bool good = matrix ? !samples && !right && is_square(matrix)
                             : !samples == !right && json_array_size(samples) == json_array_size(right);
    if (!good) {
        snprintf(why, HISTORY_WHY, "its counts of predictions have no shape that such a record has");
        return false;
    }
    for (size_t i = 0; i < json_array_size(matrix); i++) add_row(&counts, json_array_get(matrix, i), i);
    add_row(&counts, samples, SIZE_MAX);
    of_right.last = counts.last;
    add_row(&of_right, right, SIZE_MAX);
    event->counted = counts.sum;
    event->right = counts.right + of_right.sum;
    event->listed = of_right.last;
    return true;
}
