#include "rundir/record.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"

enum { BUFFER_SIZE = 1 << 16 };

struct Records {
    FILE *file;   /* owned */
    char *path;   /* owned */
    char *buffer; /* (BUFFER_SIZE) the file's; owned */
    bool failed;  /* and told */
};

Status records_open(const char *path, Records **records)
{
    Status st = memory_new(records, 1, "the records");
    if (st != STATUS_OK) return st;
    Records *r = *records;
    st = memory_new(&r->path, strlen(path) + 1, "the records");
    if (st == STATUS_OK) st = memory_new(&r->buffer, BUFFER_SIZE, "the records");
    if (st == STATUS_OK) {
        strcpy(r->path, path);
        r->file = fopen(path, "ae");
        if (!r->file) st = status_fail(STATUS_CANT_CREATE, "cannot create \"%s\": %s", path, strerror(errno));
    }
    if (st == STATUS_OK)
        setvbuf(r->file, r->buffer, _IOFBF, BUFFER_SIZE);
    else {
        records_close(r);
        *records = NULL;
    }
    return st;
}

static void tell_failure(Records *r)
{
    if (!r->failed)
        log_warning("cannot write \"%s\": %s; training goes on, records are missing", r->path, strerror(errno));
    r->failed = true;
}

void records_close(Records *r)
{
    if (!r) return;
    if (r->file) {
        records_flush(r);
        if (fclose(r->file) != 0) tell_failure(r);
    }
    memory_free(r->path);
    memory_free(r->buffer);
    memory_free(r);
}

/* A JSON string: quotes, backslashes and control characters escaped. */
static void put_string(FILE *file, const char *text)
{
    fputc('"', file);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(file, "\\%c", *c);
        else if (*c < 0x20)
            fprintf(file, "\\u%04x", *c);
        else
            fputc(*c, file);
    }
    fputc('"', file);
}

void record_begin(Records *r, const char *event)
{
    if (!r) return;
    fputs("{\"event\":", r->file);
    put_string(r->file, event);
}

void record_integer(Records *r, const char *key, uint64_t value)
{
    if (r) fprintf(r->file, ",\"%s\":%" PRIu64, key, value);
}

void record_hex(Records *r, const char *key, uint64_t value)
{
    if (r) fprintf(r->file, ",\"%s\":\"%016" PRIx64 "\"", key, value);
}

void record_float(Records *r, const char *key, double value)
{
    if (!r) return;
    if (isfinite(value))
        fprintf(r->file, ",\"%s\":%.17g,\"%s_hex\":\"%a\"", key, value, key, value);
    else
        fprintf(r->file, ",\"%s\":null,\"%s_hex\":\"%f\"", key, key, value);
}

void record_null(Records *r, const char *key)
{
    if (r) fprintf(r->file, ",\"%s\":null,\"%s_hex\":null", key, key);
}

void record_text(Records *r, const char *key, const char *value)
{
    if (!r) return;
    fprintf(r->file, ",\"%s\":", key);
    put_string(r->file, value);
}

void record_counts(Records *r, const char *key, size_t rows, size_t columns, RecordCount *at, const void *context)
{
    if (!r) return;
    fprintf(r->file, ",\"%s\":%s", key, rows ? "[" : "");
    for (size_t i = 0; i < (rows ? rows : 1); i++) {
        fputs(i ? ",[" : "[", r->file);
        for (size_t j = 0; j < columns; j++) fprintf(r->file, "%s%" PRIu64, j ? "," : "", at(context, i, j));
        fputc(']', r->file);
    }
    if (rows) fputc(']', r->file);
}

void record_end(Records *r)
{
    if (r) fputs("}\n", r->file);
}

void records_flush(Records *r)
{
    if (r && (fflush(r->file) != 0 || ferror(r->file))) tell_failure(r);
}

void records_sync(Records *r)
{
    records_flush(r);
    if (r && !r->failed && fsync(fileno(r->file)) != 0) tell_failure(r);
}
