/* A file of records, and its lines without their links. */
#ifndef LOCKSTEP_TESTS_RECORD_LINES_H
#define LOCKSTEP_TESTS_RECORD_LINES_H

#include "rundir/record.h"
#include "rundir/record_link.h"
#include "scratch.h"
#include "unit.h"

static inline Records *open_records(const char *name)
{
    Records *records;
    remove(scratch_path(name));
    CU_ASSERT_EQUAL_FATAL(records_open(scratch_path(name), &records), STATUS_OK);
    return records;
}

/* The next line of the file, without its link, which must be to the line before; last: record_link_of that, then of
 * this one. NULL at the end. */
static inline const char *next_line(FILE *file, uint64_t *last)
{
    static char line[512];
    uint64_t previous = 0;
    if (!fgets(line, sizeof line, file)) return NULL;
    const size_t length = strlen(line) - 1;
    CU_ASSERT_FATAL(record_link_get(line, length, &previous));
    CU_ASSERT_EQUAL_FATAL(previous, *last);
    *last = record_link_of(line, length);
    strcpy(line + length - RECORD_LINK_SIZE, "}\n");
    return line;
}

/* The whole file, so read. */
static inline const char *unlinked(const char *path)
{
    static char bare[4096];
    uint64_t last = 0;
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    *bare = '\0';
    for (const char *line; (line = next_line(file, &last));) strcat(bare, line);
    fclose(file);
    return bare;
}

#endif
