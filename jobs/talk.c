#include "talk.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/program.h"

Status talks_open(size_t count, size_t size, Talk **talk)
{
    char *text = NULL;
    Status st = memory_new(talk, count, "what programs say");
    if (st == STATUS_OK) st = memory_new(&text, count * size, "what programs say");
    if (st != STATUS_OK) {
        memory_free(*talk);
        *talk = NULL;
        return st;
    }
    for (size_t i = 0; i < count; i++)
        (*talk)[i] = (Talk){.said = text + i * size, .size = size, .code = -1, .out = -1};
    return STATUS_OK;
}

void talks_close(Talk *talk)
{
    if (talk) memory_free(talk->said); /* the first one's is the memory of all */
    memory_free(talk);
}

Status talk_start(char *const *argv, Talk *talk)
{
    return program_start(argv, &talk->child, &talk->out);
}

static void end(Talk *talk)
{
    close(talk->out);
    talk->out = -1;
}

/* Reads what there is; ends the talk at its end. */
static void hear(Talk *talk)
{
    char scrap[256];
    const size_t room = talk->size - 1 - talk->used;
    const ssize_t got = room ? read(talk->out, talk->said + talk->used, room) : read(talk->out, scrap, sizeof scrap);
    if (got > 0 && room) talk->used += (size_t)got;
    if (got <= 0) end(talk);
}

/* Until all have ended, or the patience has. */
static void hear_all(Talk *talk, struct pollfd *watched, size_t count, double patience)
{
    const double until = clock_seconds() + patience;
    for (double left; (left = until - clock_seconds()) > 0.0;) {
        size_t open = 0;
        for (size_t i = 0; i < count; i++) {
            watched[i] = (struct pollfd){.fd = talk[i].child ? talk[i].out : -1, .events = POLLIN};
            open += watched[i].fd >= 0;
        }
        if (open == 0) return;
        if (poll(watched, (nfds_t)count, (int)(left * 1e3) + 1) <= 0) continue;
        for (size_t i = 0; i < count; i++)
            if (watched[i].fd >= 0 && watched[i].revents) hear(&talk[i]);
    }
}

/* Has the child ended, or does it within some seconds? True where the kernel cannot tell (before Linux 5.3). */
static bool ends_soon(pid_t child)
{
    enum { MILLISECONDS = 3000 };
    const int fd = (int)syscall(SYS_pidfd_open, child, 0);
    if (fd < 0) return true;
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    const bool ended = poll(&watched, 1, MILLISECONDS) > 0;
    close(fd);
    return ended;
}

/* One that hangs in the system, on a file system that does not answer, cannot even be killed: it is left. */
static void conclude(Talk *talk)
{
    int status;
    const bool late = talk->out >= 0 || !ends_soon(talk->child);
    if (late) kill(-talk->child, SIGKILL);
    if (talk->out >= 0) end(talk);
    if (ends_soon(talk->child) && waitpid(talk->child, &status, 0) == talk->child && !late)
        talk->code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    talk->child = 0;
}

void talks_hear(Talk *talk, size_t count, double patience)
{
    struct pollfd *watched;
    if (memory_new(&watched, count, "what programs say") == STATUS_OK)
        hear_all(talk, watched, count, patience);
    else
        status_clear(); /* they count as late */
    for (size_t i = 0; i < count; i++)
        if (talk[i].child > 0) conclude(&talk[i]);
    memory_free(watched);
}
