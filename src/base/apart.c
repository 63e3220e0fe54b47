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

/* Pages that this process has mapped (proc(5), statm); 0 if the system does not tell. */
static rlim_t mapped_pages(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file) return 0;
    if (fscanf(file, "%llu", &pages) != 1) pages = 0;
    fclose(file);
    return (rlim_t)pages;
}

/* Beside what is mapped already, as much as the machine has: more would drive it into the ground before any allocation
 * failed. */
static void limit_memory(void)
{
    struct rlimit space;
    const rlim_t own = mapped_pages();
    const long machine = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (own == 0 || machine <= 0 || getrlimit(RLIMIT_AS, &space) != 0) return;
    const rlim_t most = (own + (rlim_t)machine) * (rlim_t)page;
    if (most >= space.rlim_cur) return;
    space.rlim_cur = most;
    setrlimit(RLIMIT_AS, &space);
}

static void limit(unsigned seconds)
{
    const struct rlimit no_core = {0, 0}, time = {seconds, seconds + 1};
    setrlimit(RLIMIT_CORE, &no_core);
    setrlimit(RLIMIT_CPU, &time);
    limit_memory();
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
    const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    size_t i = 0;
    while (i < sizeof faults / sizeof *faults && faults[i] != signal) i++;
    return i < sizeof faults / sizeof *faults;
}

/* A signal that would have ended this process, had it done the work itself, ends it: a closed pipe is no news. */
static Status take_signal(int signal, const char *what, unsigned seconds)
{
    if (signal == SIGXCPU)
        return status_fail(
            STATUS_DATA,
            "%s: took too long, more than %u s of processor time: a file that it read is damaged, or made "
            "to do harm, or very large",
            what, seconds);
    if (is_files_fault(signal))
        return status_fail(
            STATUS_DATA,
            "%s: the process that reads it was ended by a signal (%s): a library could not cope with a file, which is "
            "damaged, or made to do harm; copy it again from where it came, or do without it",
            what, strsignal(signal));
    if (signal != SIGKILL) raise(signal);
    return status_fail(STATUS_INTERNAL,
                       "%s: the process that reads it was ended by a signal (%s); if nobody did that, the system was "
                       "out of memory",
                       what, strsignal(signal));
}

static Status take(const Outcome *outcome, int ended, const char *what, unsigned seconds)
{
    if (WIFSIGNALED(ended)) return take_signal(WTERMSIG(ended), what, seconds);
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
    const Status st = child < 0 ? work(context) : take(outcome, ended, what, seconds);
    munmap(outcome, sizeof *outcome);
    return st;
}
