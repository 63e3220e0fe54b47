/* What the commands tell of a path before they take it for a checkpoint or a run. Local. */
#ifndef LOCKSTEP_JOBS_RUN_DIRECTORY_H
#define LOCKSTEP_JOBS_RUN_DIRECTORY_H

#include "base/status.h"

/* For commands that want a file. STATUS_NO_INPUT: path is a run directory; the message names a checkpoint in it. */
MUST_CHECK Status run_directory_refuse(const char *path);

/* For commands that want a run. STATUS_NO_INPUT: path is a directory, but of no run. */
MUST_CHECK Status run_directory_check(const char *path);

#endif
