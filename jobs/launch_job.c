#include "launch_job.h"

#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/program.h"
#include "mpirun.h"

/* The values of an option of the invocation, each after `before` if that is not NULL. */
static void add_values(Mpirun *mpirun, const Job *job, const char *name, const char *before)
{
    for (size_t i = 0; i < job->invocation->given_count; i++) {
        const struct GivenOption *given = &job->invocation->given[i];
        if (strcmp(given->option->name, name) != 0) continue;
        if (before) mpirun_add(mpirun, before);
        mpirun_add(mpirun, given->value);
    }
}

static void add_train(Mpirun *mpirun, const Job *job)
{
    mpirun_add(mpirun, mpirun->program);
    mpirun_add(mpirun, "train");
    mpirun_add(mpirun, job->invocation->operands[0]);
    mpirun_add(mpirun, "--run");
    mpirun_add(mpirun, job->run);
    mpirun_add(mpirun, "--resume");
    mpirun_add(mpirun, job->resume);
    if (invocation_has(job->invocation, "quiet")) mpirun_add(mpirun, "--quiet");
    add_values(mpirun, job, "set", "--set");
}

static sigset_t taken_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    const int taken[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT, SIGCHLD};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) sigaddset(&set, taken[i]);
    return set;
}

/* Whatever becomes mpirun inherits what is ignored, and drops USR1 and USR2 until it is ready to pass them on: else
 * they would end it. Linux keeps a blocked signal for sigtimedwait though it is ignored. */
void job_take_signals(void)
{
    const sigset_t set = taken_signals();
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGPIPE, SIG_IGN); /* what is left behind is removed, though nobody listens any more */
}

static bool is_request(int signal)
{
    return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT || signal == SIGUSR2;
}

/* The next signal within so many seconds, 0 for none. */
static int next_signal(double seconds)
{
    const sigset_t set = taken_signals();
    const struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    const int signal = sigtimedwait(&set, NULL, &time);
    return signal > 0 ? signal : 0;
}

/* When a file of the run directory last changed, and how large it is: a number that changes with either. */
static uint64_t trace_of(const char *run, const char *name)
{
    char path[PATH_MAX];
    struct stat about;
    if (snprintf(path, sizeof path, "%s/%s", run, name) >= (int)sizeof path || stat(path, &about) != 0) return 0;
    return (uint64_t)about.st_mtim.tv_sec * 1000000007u + (uint64_t)about.st_mtim.tv_nsec * 31u +
           (uint64_t)about.st_size;
}

static const double tick = 1.0; /* seconds from one look to the next, at most */

/* One mpirun, from its start to its end. */
typedef struct {
    const Job *job;
    pid_t mpirun;
    uint64_t unstarted; /* the trace of the records before its start */

    double looked, now; /* the time at the last look, and what this process knows as time */
    uint64_t trace;
    double changed; /* when the run directory last did */
    int requests;   /* to stop */
    double asked;   /* when the last one came */
    bool lost;
} Watch;

/* Nobody is taken for lost because this process stood still, suspended with its job or on a machine that slept: a late
 * tick counts as one. */
static void count_tick(Watch *watch)
{
    const double time = clock_seconds(), passed = time - watch->looked;
    watch->looked = time;
    watch->now += passed < tick ? passed : tick;
}

/* Has the run directory been silent for too long? Who asked to stop does not wait for ever. */
static bool is_silent(Watch *watch)
{
    const double longest_stop = 600.0;
    const Job *job = watch->job;
    const uint64_t records = trace_of(job->run, "metrics.jsonl");
    const uint64_t trace = records ^ trace_of(job->run, "log.txt") ^ trace_of(job->run, "checkpoints");
    const double now = watch->now;
    const double longest = records == watch->unstarted ? job->longest_start : job->longest_silence;
    if (trace != watch->trace) {
        watch->trace = trace;
        watch->changed = now;
    }
    if (longest > 0.0 && now - watch->changed > longest) return true;
    return watch->requests > 0 && now - watch->changed > longest_stop && now - watch->asked > longest_stop;
}

static void take_request(Watch *watch, int signal)
{
    watch->asked = watch->now;
    switch (++watch->requests) {
        case 1:
            log_info("asked to stop (signal %d): the ranks checkpoint and stop; once more, and they are killed",
                     signal);
            kill(watch->mpirun, SIGUSR2);
            break;
        case 2:
            log_info("asked again (signal %d): the ranks are killed; once more, and mpirun is too", signal);
            kill(watch->mpirun, SIGTERM);
            break;
        default: kill(-watch->mpirun, SIGKILL);
    }
}

static void pass_signal(Watch *watch, int signal)
{
    if (signal == SIGUSR1 || signal == SIGTSTP || signal == SIGCONT) kill(watch->mpirun, signal);
    if (signal == SIGTSTP) raise(SIGSTOP);
    if (is_request(signal))
        take_request(watch, signal);
    else if (watch->requests == 1)
        kill(watch->mpirun, SIGUSR2); /* mpirun drops it before its ranks run; they only note it, however often */
}

/* mpirun waits for ever for the daemon of a host that fell silent. */
static void end_if_lost(Watch *watch)
{
    const double longest_end = 10.0; /* mpirun kills ranks within a second or two */
    if (watch->lost) return;
    if (is_silent(watch))
        log_error("nothing has been written to \"%s\" for %.0f s: mpirun is taken for lost and ended", watch->job->run,
                  watch->now - watch->changed);
    else if (watch->requests > 1 && watch->now - watch->asked > longest_end)
        log_warning("mpirun does not end: it is killed");
    else
        return;
    watch->lost = true;
    kill(-watch->mpirun, SIGKILL);
}

static JobEnd wait_for(const Job *job, pid_t mpirun, uint64_t unstarted)
{
    Watch watch = {
        .job = job,
        .mpirun = mpirun,
        .unstarted = unstarted,
        .looked = clock_seconds(),
    };
    int status;
    for (;;) {
        const int signal = next_signal(tick);
        if (waitpid(mpirun, &status, WNOHANG) == mpirun) break;
        count_tick(&watch);
        pass_signal(&watch, signal);
        end_if_lost(&watch);
    }
    return (JobEnd){
        .code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
        .signalled = WIFSIGNALED(status),
        .asked = watch.requests > 0,
        .lost = watch.lost,
    };
}

Status job_run(const Job *job, JobEnd *end)
{
    enum { WORDS_OF_TRAIN = 8 };
    Mpirun mpirun;
    pid_t child;
    Status st =
        mpirun_open(job->hosts, job->ranks, job->talks, WORDS_OF_TRAIN + 2 * job->invocation->given_count, &mpirun);
    if (st != STATUS_OK) return st;
    add_values(&mpirun, job, "mpirun", NULL);
    add_train(&mpirun, job);
    const uint64_t unstarted = trace_of(job->run, "metrics.jsonl");
    st = program_start((char *const *)mpirun.word, &child, NULL);
    if (st == STATUS_OK) *end = wait_for(job, child, unstarted);
    mpirun_close(&mpirun);
    return st;
}

bool job_pause(double seconds)
{
    const double until = clock_seconds() + seconds;
    for (double left; (left = until - clock_seconds()) > 0.0;) {
        const int signal = next_signal(left);
        if (is_request(signal)) return true;
        if (signal == SIGTSTP) raise(SIGSTOP);
    }
    return false;
}
