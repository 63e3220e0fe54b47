#include "base/apart.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child leaves, in memory that both share. */
typedef struct {
    bool done;
    Status st;
    char message[2001];
} Outcome;

static void limit(unsigned seconds)
{
    const struct rlimit no_core = {0, 0}, time = {seconds, seconds + 1};
    setrlimit(RLIMIT_CORE, &no_core);
    if (seconds > 0) setrlimit(RLIMIT_CPU, &time);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void work_apart(Status (*work)(void *), void *context, unsigned seconds, Outcome *outcome)
{
    limit(seconds);
    outcome->st = work(context);
    snprintf(outcome->message, sizeof outcome->message, "%s", status_message());
    outcome->done = true;
    fflush(NULL);
    _exit(ferror(stdout) != 0); /* without what is registered for the parent's exit */
}

/* What a library makes of a bad file; others send the other signals. */
static bool is_files_fault(int signal)
{
    const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU};
    size_t i = 0;
    while (i < sizeof faults / sizeof *faults && faults[i] != signal) i++;
    return i < sizeof faults / sizeof *faults;
}

/* A signal that would have ended this process, had it done the work itself, ends it: a closed pipe is no news. */
static Status take_signal(int signal, const char *what)
{
    if (is_files_fault(signal))
        return status_fail(
            STATUS_DATA,
            "%s: the HDF5 library was ended by a signal (%s): a file that it read is damaged, or made to "
            "do harm; copy it again from where it came, or do without it",
            what, strsignal(signal));
    if (signal != SIGKILL) raise(signal);
    return status_fail(STATUS_INTERNAL,
                       "%s: the process that reads it was ended by a signal (%s); if nobody did that, the system was "
                       "out of memory",
                       what, strsignal(signal));
}

static Status take(const Outcome *outcome, int ended, const char *what)
{
    if (WIFSIGNALED(ended)) return take_signal(WTERMSIG(ended), what);
    if (!outcome->done)
        return status_fail(STATUS_INTERNAL, "%s: the process that reads it ended itself with exit code %d", what,
                           WEXITSTATUS(ended));
    if (outcome->st != STATUS_OK) return status_fail(outcome->st, "%s", outcome->message);
    return WEXITSTATUS(ended) == 0 ? STATUS_OK : status_fail(STATUS_IO, "cannot write to standard output");
}

Status apart_run(Status (*work)(void *), void *context, unsigned seconds, const char *what)
{
    Outcome *outcome = mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (outcome == MAP_FAILED) return work(context);
    fflush(NULL); /* or the child would write it too */
    const pid_t child = fork();
    if (child == 0) work_apart(work, context, seconds, outcome);
    int ended = 0;
    while (child > 0 && waitpid(child, &ended, 0) < 0 && errno == EINTR) continue;
    const Status st = child < 0 ? work(context) : take(outcome, ended, what);
    munmap(outcome, sizeof *outcome);
    return st;
}
