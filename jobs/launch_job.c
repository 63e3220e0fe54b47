#include "launch_job.h"

#include <errno.h>
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
#include "base/memory.h"
#include "process.h"

/* A command line that is being made. */
typedef struct {
    const char **word; /* (room); owned */
    size_t count, room;
} Words;

static void add(Words *words, const char *word)
{
    if (words->count + 1 < words->room) words->word[words->count++] = word;
}

/* `--mca name value` */
static void add_parameter(Words *words, const char *name, const char *value)
{
    add(words, "--mca");
    add(words, name);
    add(words, value);
}

/* "h1:2,h3:2": the hosts that answer. */
static Status list_hosts(const Hosts *hosts, char **list)
{
    const size_t size = hosts->count * (HOST_NAME_SIZE + 24) + 1;
    Status st = memory_new(list, size, "the list of hosts");
    size_t used = 0;
    for (size_t i = 0; i < hosts->count && st == STATUS_OK; i++)
        if (hosts->host[i].answers)
            used += (size_t)snprintf(*list + used, size - used, "%s%s:%zu", used ? "," : "", hosts->host[i].name,
                                     hosts->host[i].slots);
    return st;
}

/* The texts that the words of a command line point to. */
typedef struct {
    char ranks[24], program[PATH_MAX], mark[JOB_NAME_SIZE + 24];
    char shared[JOB_NAME_SIZE + 16], files[JOB_NAME_SIZE + 16];
    char *hosts; /* owned */
} Texts;

/* Open MPI 4.1 as found necessary: without keepalives a link that is down is never noticed; ranks that are bound, or
 * yield where they share cores; shared memory and files where they can be found and removed. */
static void add_mpirun(Words *words, const Job *job, const Texts *texts)
{
    /* Should this process be killed, the ranks checkpoint and stop. */
    add(words, "setpriv");
    add(words, "--pdeathsig");
    add(words, "USR2");
    add(words, "mpirun");
    if (geteuid() == 0) add(words, "--allow-run-as-root");
    if (!job->talks) add(words, "--quiet");
    add(words, "-n");
    add(words, texts->ranks);
    if (job->hosts->reach != REACH_LOCAL) {
        add(words, "--host");
        add(words, texts->hosts);
    }
    add_parameter(words, "oob_tcp_keepalive_time", "3");
    add_parameter(words, "oob_tcp_keepalive_intvl", "1");
    add_parameter(words, "oob_tcp_keepalive_probes", "3");
    add_parameter(words, "btl_vader_backing_directory", texts->shared);
    add_parameter(words, "osc_sm_backing_directory", texts->shared);
    add_parameter(words, "orte_tmpdir_base", texts->files);
    add(words, "--bind-to");
    add(words, job->crowded ? "none" : "core");
    if (job->crowded) {
        add(words, "--oversubscribe");
        add_parameter(words, "mpi_yield_when_idle", "1");
    }
    add(words, "-x");
    add(words, texts->mark);
}

/* The values of an option of the invocation, each after `before` if that is not NULL. */
static void add_values(Words *words, const Job *job, const char *name, const char *before)
{
    for (size_t i = 0; i < job->invocation->given_count; i++) {
        const struct GivenOption *given = &job->invocation->given[i];
        if (strcmp(given->option->name, name) != 0) continue;
        if (before) add(words, before);
        add(words, given->value);
    }
}

static void add_train(Words *words, const Job *job, const Texts *texts)
{
    add(words, texts->program);
    add(words, "train");
    add(words, job->invocation->operands[0]);
    add(words, "--run");
    add(words, job->run);
    add(words, "--resume");
    add(words, job->resume);
    if (invocation_has(job->invocation, "quiet")) add(words, "--quiet");
    add_values(words, job, "set", "--set");
}

static Status find_program(char program[PATH_MAX])
{
    const ssize_t length = readlink("/proc/self/exe", program, PATH_MAX - 1);
    if (length <= 0) return status_fail(STATUS_INTERNAL, "cannot find this program's own file: %s", strerror(errno));
    program[length] = '\0';
    return STATUS_OK;
}

/* words->word and texts->hosts are the caller's to free. */
static Status make_words(const Job *job, Texts *texts, Words *words)
{
    enum { FIXED = 64 };
    *words = (Words){.room = FIXED + 2 * job->invocation->given_count};
    *texts = (Texts){0};
    snprintf(texts->ranks, sizeof texts->ranks, "%zu", job->ranks);
    snprintf(texts->mark, sizeof texts->mark, "LOCKSTEP_LAUNCH=%s", job->hosts->job);
    hosts_directories(job->hosts, texts->shared, texts->files);
    Status st = find_program(texts->program);
    if (st == STATUS_OK) st = memory_new(&words->word, words->room, "the command line of mpirun");
    if (st == STATUS_OK) st = list_hosts(job->hosts, &texts->hosts);
    if (st != STATUS_OK) return st;
    add_mpirun(words, job, texts);
    add_values(words, job, "mpirun", NULL);
    add_train(words, job, texts);
    return STATUS_OK;
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
    Words words;
    Texts texts;
    pid_t mpirun;
    Status st = make_words(job, &texts, &words);
    if (st == STATUS_OK) st = process_start((char *const *)words.word, &mpirun, NULL);
    if (st == STATUS_OK) *end = wait_for(job, mpirun);
    memory_free(words.word);
    memory_free(texts.hosts);
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
