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

static void set_handlers(void (*asking)(int), void (*writing)(int))
{
    struct sigaction action = {.sa_handler = asking, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    const int asks[] = {SIGUSR1, SIGUSR2, SIGTERM, SIGINT};
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) sigaction(asks[i], &action, NULL);
    action.sa_handler = writing;
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL);
}

void signals_begin(void)
{
    set_handlers(handle, SIG_IGN);
}

void signals_end(void)
{
    set_handlers(SIG_DFL, SIG_DFL);
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
