/* lockstep inspect, for checkpoints. */
#ifndef LOCKSTEP_JOBS_INSPECT_CHECKPOINT_H
#define LOCKSTEP_JOBS_INSPECT_CHECKPOINT_H

#include <stdbool.h>

#include "base/status.h"

/* Does the file begin as a checkpoint does? A file that cannot be read does not. */
bool inspect_is_checkpoint(const char *path);

/* Checks it and prints what is in it. Failures of checkpoint_read. */
MUST_CHECK Status inspect_checkpoint(const char *path);

#endif
