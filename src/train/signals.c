#include "train/signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t stop, checkpoint;

static void handle(int signal)
{
    if (signal == SIGUSR1)
        checkpoint = 1;
    else
        stop = 1;
}

void signals_begin(void)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    const int asks[] = {SIGUSR1, SIGUSR2, SIGTERM, SIGINT};
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) sigaction(asks[i], &action, NULL);
    action.sa_handler = SIG_IGN; /* a write that fails is told */
    sigaction(SIGPIPE, &action, NULL);
}

bool signals_stop(void)
{
    return stop;
}

bool signals_take_checkpoint(void)
{
    const bool taken = checkpoint;
    checkpoint = 0;
    return taken;
}
