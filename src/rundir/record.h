/* metrics.jsonl: what happened in a run, one JSON object a line (RFC 8259), "event" first. A record is built with
 * record_begin, members, record_end, which adds the link to the line before (record_link.h). Every float has a twin
 * "<key>_hex" with its exact value; what is not finite is null. A Records that is NULL (every rank but 0) takes all
 * calls and does nothing. */
#ifndef LOCKSTEP_RUNDIR_RECORD_H
#define LOCKSTEP_RUNDIR_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/status.h"
#include "rundir/chain.h"

typedef struct Records Records;

/* Appends to the file at path, whose last line is read. STATUS_CANT_CREATE, STATUS_IO. */
MUST_CHECK Status records_open(const char *path, Records **records);
void records_close(Records *records); /* accepts NULL */

void record_begin(Records *records, const char *event);
void record_integer(Records *records, const char *key, uint64_t value);
void record_hex(Records *records, const char *key, uint64_t value); /* 16 hex digits, as a string */
void record_float(Records *records, const char *key, double value);
void record_null(Records *records, const char *key); /* a float that was not measured, and its twin */
void record_text(Records *records, const char *key, const char *value); /* bytes that are no UTF-8 become \xNN */
/* The counts at(context, row, column) as an array of `rows` arrays; with rows 0 those of row 0 as one array. */
typedef uint64_t RecordCount(const void *context, size_t row, size_t column);
void record_counts(Records *records, const char *key, size_t rows, size_t columns, RecordCount *at,
                   const void *context);
void record_digest(Records *records, const char *key, Digest digest);                        /* as hex */
void record_digests(Records *records, const char *key, size_t count, const Digest *digests); /* an array of hex */
void record_end(Records *records);

/* The whole record of one step. It waits with others, so that a step does not pay for printing: in the file it stands
 * before whatever is recorded after it, and a flush takes it along. */
void record_step(Records *records, const ChainLink *link, uint64_t epoch);

/* Hands what was recorded to the operating system. What cannot be written waits in memory for the next call, and no
 * part of a record stays in the file. What is not on disk is kept, up to 3 MiB: then it is synced without being asked,
 * and where that fails the oldest records are dropped, and one {"event":"lost"} comes in their place, to which the next
 * is linked. Each is told as a
 * warning; training goes on. */
void records_flush(Records *records);

/* The same, and onto the disk: what was recorded survives a power failure (I7). Is all of it there? After an fsync that
 * failed its descriptor is not used again: the next call opens the file anew and writes again what was not on disk. */
bool records_sync(Records *records);

/* Were records dropped since the last call? They are not coming any more. */
bool records_take_loss(Records *records);

#endif
