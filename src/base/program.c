#include "base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

static Status failed(const char *program, int error)
{
    return status_fail(STATUS_INTERNAL, "cannot start \"%s\": %s", program, strerror(error));
}

/* write_end: -1: none. */
static int spawn(char *const *argv, int write_end, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, as_usual;
    sigemptyset(&none);
    sigemptyset(&as_usual);
    sigaddset(&as_usual, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (write_end >= 0) posix_spawn_file_actions_adddup2(&actions, write_end, STDOUT_FILENO);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigdefault(&attributes, &as_usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    const int error = posix_spawnp(child, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

Status program_start(char *const *argv, pid_t *child, int *out)
{
    int ends[2] = {-1, -1};
    *child = 0;
    if (out && pipe2(ends, O_CLOEXEC) != 0) return failed(argv[0], errno);
    const int error = spawn(argv, ends[1], child);
    if (out) {
        close(ends[1]);
        *out = ends[0];
    }
    if (error == 0) return STATUS_OK;
    if (out) close(ends[0]);
    *child = 0;
    return failed(argv[0], error);
}
