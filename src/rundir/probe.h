/* What a directory is good for, by trying: a run needs files that can be made, renamed and brought to disk, and locks.
 * Nothing is left behind. Local. */
#ifndef LOCKSTEP_RUNDIR_PROBE_H
#define LOCKSTEP_RUNDIR_PROBE_H

#include "base/status.h"

/* Makes a file, brings it to disk, renames it and brings the directory to disk, as a checkpoint does. *seconds: the
 * time of what waits for the disk. STATUS_CANT_CREATE, STATUS_IO. */
MUST_CHECK Status probe_files(const char *directory, double *seconds);

/* Does an open-file-description lock keep another one out? STATUS_CANT_CREATE. */
MUST_CHECK Status probe_locks(const char *directory);

#endif
