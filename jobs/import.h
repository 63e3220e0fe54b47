/* What the import commands share. */
#ifndef LOCKSTEP_JOBS_IMPORT_H
#define LOCKSTEP_JOBS_IMPORT_H

#include "base/status.h"

/* Reads a dataset file that was just written with default paths and uint8 values, and prints one line about it. */
MUST_CHECK Status import_print(const char *path);

#endif
