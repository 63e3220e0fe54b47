/* A file of lines that is appended to though the disk may be full or fail for a while: what cannot be written waits in
 * memory, and no part of a line stays in the file. Under record.h, which has the whole contract. */
#ifndef LOCKSTEP_RUNDIR_RECORD_FILE_H
#define LOCKSTEP_RUNDIR_RECORD_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct RecordFile RecordFile;

/* Appends to the file at path, whose last line is read. STATUS_CANT_CREATE, STATUS_IO. */
MUST_CHECK Status record_file_open(const char *path, RecordFile **file);

/* Writes what it can, and tells what is missing. */
void record_file_close(RecordFile *file);

/* A part of the line that is being built; record_file_end: the link to the line before (record_link.h), its end. */
void record_file_put(RecordFile *file, const char *bytes, size_t count);
void record_file_end(RecordFile *file);

/* As records_flush, records_sync and records_take_loss. */
void record_file_flush(RecordFile *file);
bool record_file_sync(RecordFile *file);
bool record_file_take_loss(RecordFile *file);

#endif
