/* A file of records to which is appended though the disk may be full for a while (TensorFlow's TFRecord,
 * tensorflow/core/lib/io/record_writer.h). All numbers are little-endian:
 *
 *   8 bytes   the length of the data
 *   4         masked CRC-32C of these 8 bytes
 *   length    the data
 *   4         masked CRC-32C of the data
 *
 * A check sum is masked by rotating it right by 15 bits and adding 0xa282ead8. Under events.h, which has the whole
 * contract. Local. */
#ifndef LOCKSTEP_OUTPUT_EVENT_FILE_H
#define LOCKSTEP_OUTPUT_EVENT_FILE_H

#include "base/status.h"
#include "output/bytes.h"

typedef struct EventFile EventFile;

/* Makes events.out.tfevents.<seconds>.<host>.<process>, which sorts behind all that are in the directory.
 * STATUS_CANT_CREATE, STATUS_INTERNAL: out of memory. */
MUST_CHECK Status event_file_open(const char *directory, EventFile **file);
void event_file_close(EventFile *file); /* flushes; accepts NULL */

/* What is added between the two is the data of a record. */
Bytes *event_file_begin(EventFile *file);
void event_file_end(EventFile *file);

/* As events_flush. */
void event_file_flush(EventFile *file);

#endif
