/* The members of a record, as JSON. */
#include "rundir/record.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "rundir/record_file.h"

enum { MOST_STEPS = 256 };

/* A step that waits to be printed. Many are printed at once: alone, each would find the code for it out of the caches,
 * which a step's products have filled. */
typedef struct {
    ChainLink link;
    uint64_t epoch;
} StepRecord;

struct Records {
    RecordFile *file; /* owned */

    StepRecord step[MOST_STEPS]; /* (steps) recorded after what the file has */
    size_t steps;
};

Status records_open(const char *path, Records **records)
{
    Status st = memory_new(records, 1, "the records");
    if (st == STATUS_OK) st = record_file_open(path, &(*records)->file);
    if (st == STATUS_OK) return st;
    memory_free(*records);
    *records = NULL;
    return st;
}

static void put_text(Records *r, const char *text)
{
    record_file_put(r->file, text, strlen(text));
}

/* ,"key": */
static void put_key(Records *r, const char *key)
{
    put_text(r, ",\"");
    put_text(r, key);
    put_text(r, "\":");
}

/* The number in decimal: several a step are printed, faster than by printf. */
static void put_number(Records *r, uint64_t value)
{
    char text[20];
    size_t first = sizeof text;
    do {
        text[--first] = "0123456789"[value % 10];
        value /= 10;
    } while (value);
    record_file_put(r->file, text + first, sizeof text - first);
}

/* A short text. */
PRINTF_LIKE(2, 3) static void put(Records *r, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    assert(length >= 0 && (size_t)length < sizeof text);
    record_file_put(r->file, text, (size_t)length);
}

/* A JSON string: quotes, backslashes and control characters escaped; bytes that are no UTF-8 as \xNN, for people. */
static void put_string(Records *r, const char *text)
{
    put_text(r, "\"");
    for (size_t length; *text; text += length ? length : 1) {
        length = text_utf8(text);
        if (length == 0)
            put(r, "\\\\x%02x", (unsigned char)*text);
        else if (*text == '"' || *text == '\\')
            put(r, "\\%c", *text);
        else if ((unsigned char)*text < 0x20)
            put(r, "\\u%04x", (unsigned char)*text);
        else
            record_file_put(r->file, text, length);
    }
    put_text(r, "\"");
}

static void begin(Records *r, const char *event)
{
    put_text(r, "{\"event\":");
    put_string(r, event);
}

static void put_step(Records *r, const StepRecord *step)
{
    begin(r, "step");
    record_integer(r, "step", step->link.step);
    record_integer(r, "epoch", step->epoch);
    record_integer(r, "samples", step->link.samples);
    record_hex(r, "rows", step->link.rows);
    record_float(r, "loss", step->link.loss);
    record_float(r, "learning_rate", step->link.learning_rate);
    record_end(r);
}

static void put_steps(Records *r)
{
    for (size_t i = 0; i < r->steps; i++) put_step(r, &r->step[i]);
    r->steps = 0;
}

void record_step(Records *r, const ChainLink *link, uint64_t epoch)
{
    if (!r) return;
    r->step[r->steps++] = (StepRecord){.link = *link, .epoch = epoch};
    if (r->steps == MOST_STEPS) put_steps(r);
}

void record_begin(Records *r, const char *event)
{
    if (!r) return;
    put_steps(r);
    begin(r, event);
}

void record_integer(Records *r, const char *key, uint64_t value)
{
    if (!r) return;
    put_key(r, key);
    put_number(r, value);
}

void record_hex(Records *r, const char *key, uint64_t value)
{
    if (!r) return;
    put_key(r, key);
    char quoted[] = "\"0123456789abcdef\"";
    text_hex(value, quoted + 1);
    put_text(r, quoted);
}

void record_float(Records *r, const char *key, double value)
{
    if (!r) return;
    if (isfinite(value))
        put(r, ",\"%s\":%.17g,\"%s_hex\":\"%a\"", key, value, key, value);
    else
        put(r, ",\"%s\":null,\"%s_hex\":\"%s\"", key, key, text_not_finite(value));
}

void record_null(Records *r, const char *key)
{
    if (r) put(r, ",\"%s\":null,\"%s_hex\":null", key, key);
}

void record_text(Records *r, const char *key, const char *value)
{
    if (!r) return;
    put_key(r, key);
    put_string(r, value);
}

void record_counts(Records *r, const char *key, size_t rows, size_t columns, RecordCount *at, const void *context)
{
    if (!r) return;
    put_key(r, key);
    if (rows) put_text(r, "[");
    for (size_t i = 0; i < (rows ? rows : 1); i++) {
        put_text(r, i ? ",[" : "[");
        for (size_t j = 0; j < columns; j++) {
            if (j) put_text(r, ",");
            put_number(r, at(context, i, j));
        }
        put_text(r, "]");
    }
    if (rows) put_text(r, "]");
}

void record_digest(Records *r, const char *key, Digest digest)
{
    char hex[DIGEST_HEX_SIZE];
    digest_hex(digest, hex);
    record_text(r, key, hex);
}

void record_digests(Records *r, const char *key, size_t count, const Digest *digests)
{
    if (!r) return;
    put_key(r, key);
    put_text(r, "[");
    for (size_t i = 0; i < count; i++) {
        char hex[DIGEST_HEX_SIZE];
        digest_hex(digests[i], hex);
        if (i) put_text(r, ",");
        put_string(r, hex);
    }
    put_text(r, "]");
}

void record_end(Records *r)
{
    if (!r) return;
    record_file_end(r->file);
}

void records_flush(Records *r)
{
    if (!r) return;
    put_steps(r);
    record_file_flush(r->file);
}

bool records_sync(Records *r)
{
    if (!r) return true;
    put_steps(r);
    return record_file_sync(r->file);
}

bool records_take_loss(Records *r)
{
    return r && record_file_take_loss(r->file);
}

void records_close(Records *r)
{
    if (!r) return;
    put_steps(r);
    record_file_close(r->file);
    memory_free(r);
}
