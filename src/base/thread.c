#include "base/thread.h"

#include <signal.h>
#include <string.h>

Status thread_start(pthread_t *thread, void *(*run)(void *context), void *context, const char *what)
{
    enum { STACK = 256 << 10 };
    pthread_attr_t small;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const int error = pthread_create(thread, &small, run, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&small);
    return error
               ? status_fail(STATUS_INTERNAL, "out of memory: cannot start the thread of %s: %s", what, strerror(error))
               : STATUS_OK;
}
