/* lockstep inspect: which datasets a file has, and which of them are the images and labels of a training. */
#ifndef LOCKSTEP_JOBS_INSPECT_PATHS_H
#define LOCKSTEP_JOBS_INSPECT_PATHS_H

#include <stdbool.h>

#include "data/dataset.h"

/* A dataset of a file. */
typedef struct {
    char *path;    /* owned */
    char *refused; /* why it cannot be read, or NULL; owned */
    H5Info info;   /* if it can */
} Entry;

/* Every dataset of a file. */
typedef struct {
    size_t count;
    Entry *entry; /* (count) owned */
} Contents;

/* Local. STATUS_DATA: damaged groups. On failure it is empty; contents_free accepts that. */
MUST_CHECK Status contents_init(Contents *contents, H5File *file);
void contents_free(Contents *contents);

/* Prints a table of path, shape and type to stdout. */
void contents_print(const Contents *contents);

/* Sets the four paths of source to datasets of contents (views into it): those of the default names, or else what their
 * names, shapes and types suggest. Returns whether there are four; *is_default: of the default names. */
bool contents_choose(const Contents *contents, DatasetSource *source, bool *is_default);

#endif
