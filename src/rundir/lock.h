/* One run directory, one job. The file `lock` says who has it ("host, process 123"), and an open-file-description lock
 * on it (fcntl(2)) dies with the process. Some file systems have no such locks, and on some each host sees its own
 * alone: so where another host has written itself in, or there are no locks, a heartbeat decides. The holder touches
 * the file every 2 s; whoever finds it untouched for 10 s by the file system's clock takes over, and tells. */
#ifndef LOCKSTEP_RUNDIR_LOCK_H
#define LOCKSTEP_RUNDIR_LOCK_H

#include <stddef.h>

#include "base/status.h"

typedef struct Lock Lock;

enum { LOCK_HOLDER_SIZE = 320 };

/* STATUS_CANT_CREATE: held by another training, which is named, or the file cannot be made. It may take 10 s to tell
 * the dead from the living, where a heartbeat decides. */
MUST_CHECK Status lock_take(const char *directory, Lock **lock);

/* STATUS_CANT_CREATE: another job has taken over, because this process did not run for so long. A lock that cannot be
 * read counts as held. */
MUST_CHECK Status lock_check(const Lock *lock);

void lock_release(Lock *lock); /* accepts NULL */

/* Who holds it, "" if nobody does or there is no such directory; "unknown: ..." if it cannot be looked at. Of a
 * heartbeat the clock of this host decides. */
void lock_holder(const char *directory, char holder[LOCK_HOLDER_SIZE]);

/* "run directory ... is held by ..." */
MUST_CHECK Status lock_held(const char *directory, const char *holder);

#endif
