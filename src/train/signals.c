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

static void set_handler(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    const int taken[] = {SIGUSR1, SIGUSR2, SIGTERM, SIGINT};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) sigaction(taken[i], &action, NULL);
}

void signals_begin(void)
{
    set_handler(handle);
}

void signals_end(void)
{
    set_handler(SIG_DFL);
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
