/* Threads beside the main one, which alone computes, calls MPI and takes signals. */
#ifndef LOCKSTEP_BASE_THREAD_H
#define LOCKSTEP_BASE_THREAD_H

#include <pthread.h>

#include "base/status.h"

/* Starts run(context) in a thread that takes no signals and has a small stack (256 KiB), so that it needs little memory
 * and of the address space; the caller joins it. what names it in the message of STATUS_INTERNAL: it cannot be started.
 */
MUST_CHECK Status thread_start(pthread_t *thread, void *(*run)(void *context), void *context, const char *what);

#endif
