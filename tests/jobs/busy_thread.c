/* Preloaded: a thread beside the program's own that computes without end, as a library's might. */
#include <pthread.h>
#include <stddef.h>

static void *compute(void *context)
{
    for (volatile size_t i = 0;; i++) continue;
    return context;
}

__attribute__((constructor)) static void begin(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, compute, NULL) == 0) pthread_detach(thread);
}
