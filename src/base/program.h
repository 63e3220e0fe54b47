/* Other programs that the program starts. */
#ifndef LOCKSTEP_BASE_PROGRAM_H
#define LOCKSTEP_BASE_PROGRAM_H

#include <sys/types.h>

#include "base/status.h"

/* Starts a program of the PATH, in a process group of its own, with no signal blocked, PIPE not ignored and nothing on
 * its stdin. out: what it prints can be read from *out (the caller closes it); NULL: it prints where this process does.
 * The caller waits for *child. STATUS_INTERNAL: it cannot be started; *child is then 0. */
MUST_CHECK Status program_start(char *const *argv, pid_t *child, int *out);

#endif
