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
    const int taken[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) sigaddset(&set, taken[i]);
    return set;
}

void job_take_signals(void)
{
    const sigset_t set = taken_signals();
    sigprocmask(SIG_BLOCK, &set, NULL);
}

/* The next signal within a second, 0 for none. */
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

/* Has the run directory been silent for too long? */
typedef struct {
    uint64_t trace;
    double since;
} Silence;

static bool is_silent(const Job *job, Silence *silence)
{
    const uint64_t trace =
        trace_of(job->run, "metrics.jsonl") ^ trace_of(job->run, "log.txt") ^ trace_of(job->run, "checkpoints");
    const double now = clock_seconds();
    if (trace != silence->trace) *silence = (Silence){trace, now};
    return job->longest_silence > 0.0 && now - silence->since > job->longest_silence;
}

static void pass_signal(int signal, pid_t mpirun, JobEnd *end)
{
    if (signal == SIGUSR1) {
        kill(mpirun, SIGUSR1);
        return;
    }
    if (!end->asked)
        log_info("asked to stop (signal %d): the ranks checkpoint and stop; once more, and they are killed", signal);
    kill(mpirun, end->asked ? SIGTERM : SIGUSR2);
    end->asked = true;
}

static JobEnd wait_for(const Job *job, pid_t mpirun)
{
    JobEnd end = {0};
    Silence silence = {0, clock_seconds()};
    int status;
    for (;;) {
        const int signal = next_signal(1.0);
        const pid_t ended = waitpid(mpirun, &status, WNOHANG);
        if (ended == mpirun) break;
        if (signal && signal != SIGCHLD) pass_signal(signal, mpirun, &end);
        if (end.lost || !is_silent(job, &silence)) continue;
        log_error("nothing has been written to \"%s\" for %.0f s: mpirun is taken for lost and ended", job->run,
                  job->longest_silence);
        end.lost = true;
        kill(-mpirun, SIGKILL);
    }
    end.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return end;
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
    st = program_start((char *const *)mpirun.word, &child, NULL);
    if (st == STATUS_OK) *end = wait_for(job, child);
    mpirun_close(&mpirun);
    return st;
}

bool job_pause(double seconds)
{
    const double until = clock_seconds() + seconds;
    for (double left; (left = until - clock_seconds()) > 0.0;) {
        const int signal = next_signal(left);
        if (signal && signal != SIGCHLD && signal != SIGUSR1) return true;
    }
    return false;
}
