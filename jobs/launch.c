/* lockstep launch: mpirun, and again after what can be mended by starting again. */
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "comm/watchdog.h"
#include "commands.h"
#include "config_file.h"
#include "course.h"
#include "launch_job.h"
#include "rundir/checkpoint.h"

enum { PATH_SIZE = 4096 }; /* of a run directory */

static const Option options[] = {
    {"ranks", 'n', "N", "ranks (default: one a slot of the hosts that answer, at most training.shards)", false},
    {"hostfile", 0, "FILE",
     "hosts, a line each: NAME [slots=N] [max_slots=M] (default: the Slurm allocation's, else this one)", false},
    {"restarts", 0, "N", "give up after N restarts in a row without a new checkpoint (default 5)", false},
    {"patience", 0, "S", "leave out, until the next restart, a host that does not answer in S seconds (default 10)",
     false},
    {"mpirun", 0, "OPTION", "one more word for mpirun; may be given many times", false},
    {"run", 0, "DIR", "as for train", false},
    {"resume", 0, "auto|none", "as for train, at the first start; later ones go on", false},
    {"set", 0, "PATH=VALUE", "as for train; may be given many times", false},
    {"quiet", 0, NULL, "only warnings, errors and the last line", false},
};

/* What is launched. */
typedef struct {
    const Invocation *invocation; /* borrowed */
    Settings settings;
    char run[PATH_SIZE];
    Hosts hosts;
    size_t wanted;      /* ranks; 0: as many as there are slots */
    long long restarts; /* in a row without a new checkpoint */
    long long patience; /* seconds for a host to answer */
    double start;       /* seconds that a rank may wait before training begins; 0: for ever */

    bool talks; /* mpirun: the last start came to nothing */
} Launch;

/* What the run directory says. */
typedef struct {
    uint64_t starts, newest; /* how often it was started; the step of the newest checkpoint */
    bool safe;               /* there is one */
    char end[64];            /* course_end; "" if it was killed */
} Standing;

static Standing standing_of(const char *run)
{
    Standing standing = {0};
    History history;
    uint64_t *steps;
    size_t count;
    if (checkpoint_list(run, &steps, &count) != STATUS_OK) count = 0;
    if (count) standing.newest = steps[0];
    standing.safe = count > 0;
    memory_free(steps);
    if (history_read(run, &history) == STATUS_OK) {
        const Course course = course_of(&history);
        const char *end = course_end(&course, standing.newest);
        standing.starts = course.starts;
        snprintf(standing.end, sizeof standing.end, "%s", end ? end : "");
        history_free(&history);
    }
    status_clear(); /* no directory yet, or one that the ranks will tell of */
    return standing;
}

static Status read_options(Launch *launch)
{
    const Invocation *invocation = launch->invocation;
    long long ranks = 0;
    launch->restarts = 5;
    launch->patience = 10;
    Status st = invocation_number(invocation, "ranks", 1, 1 << 20, &ranks);
    if (st == STATUS_OK) st = invocation_number(invocation, "restarts", 0, 1000000, &launch->restarts);
    if (st == STATUS_OK) st = invocation_number(invocation, "patience", 1, 3600, &launch->patience);
    const char *resume = invocation_value(invocation, "resume", "auto");
    if (st == STATUS_OK && strcmp(resume, "auto") != 0 && strcmp(resume, "none") != 0)
        st = status_fail(STATUS_USAGE, "launch: --resume %s: it must be auto or none", resume);
    if (st == STATUS_OK) st = watchdog_start_seconds(&launch->start);
    if (st == STATUS_OK) st = config_file_read(invocation, invocation->operands[0], &launch->settings);
    if (st == STATUS_OK) st = config_file_run(invocation, &launch->settings, launch->run, sizeof launch->run);
    launch->wanted = (size_t)ranks;
    if (st == STATUS_OK && ranks > launch->settings.training.shards)
        st = status_fail(STATUS_CONFIG,
                         "--ranks %lld: there are %" PRId64 " shards (training.shards), and no more ranks", ranks,
                         launch->settings.training.shards);
    return st;
}

/* As many ranks as are wanted, while all hosts are there and may take more than their slots; else as many as there are
 * slots. */
static size_t ranks_of(const Launch *launch)
{
    const size_t slots = hosts_slots(&launch->hosts), shards = (size_t)launch->settings.training.shards;
    bool all = true;
    for (size_t i = 0; i < launch->hosts.count; i++) all = all && launch->hosts.host[i].answers;
    size_t ranks = launch->wanted ? launch->wanted : slots;
    if ((!all || launch->hosts.limited) && ranks > slots) ranks = slots;
    return ranks < shards ? ranks : shards;
}

/* What mpirun may take longer than its ranks, whose own watchdogs shall be the first to see what is wrong. */
static const double margin = 60.0;

/* Twice as long as the ranks' own watchdogs wait, and as the log may be silent. Of a deadline that the watchdogs find
 * by themselves nothing is known here. */
static double longest_silence(const Settings *s)
{
    const double long_enough = 3600.0;
    if (s->run.deadline_seconds < 0.0) return long_enough;
    return s->run.deadline_seconds > 0.0 ? 2.0 * (s->run.deadline_seconds + s->log.seconds) + margin : 0.0;
}

/* Of a start, which by the watchdogs may take longer than anything later. */
static double longest_start(const Launch *launch)
{
    const double later = longest_silence(&launch->settings), start = launch->start + margin;
    if (launch->start == 0.0 || later == 0.0) return 0.0;
    return later > start ? later : start;
}

static Status run_once(Launch *launch, bool first, JobEnd *end)
{
    const Job job = {
        .hosts = &launch->hosts,
        .ranks = ranks_of(launch),
        .talks = launch->talks,
        .resume = first ? invocation_value(launch->invocation, "resume", "auto") : "auto",
        .invocation = launch->invocation,
        .run = launch->run,
        .longest_start = longest_start(launch),
        .longest_silence = longest_silence(&launch->settings),
    };
    return job_run(&job, end);
}

/* Failures that another start would meet again. A 1 may be mpirun's own, which is none of them: it counts if the run's
 * end record says so. */
static bool is_final(int code, const Standing *before, const Standing *after)
{
    switch (code) {
        case STATUS_DIVERGED:
            return after->starts > before->starts && strcmp(after->end, status_name(STATUS_DIVERGED)) == 0;
        case STATUS_USAGE:
        case STATUS_DATA:
        case STATUS_NO_INPUT:
        case STATUS_CANT_CREATE:
        case STATUS_IO:
        case STATUS_CONFIG: return true;
        default: return false;
    }
}

static const char *describe(const JobEnd *end)
{
    if (end->lost) return "mpirun was lost";
    if (end->signalled) return "mpirun itself was ended by a signal";
    switch (end->code) {
        case STATUS_INTERNAL: return "the ranks ended the job themselves";
        case 137: return "a rank was killed";
        case 134:
        case 135:
        case 136:
        case 139: return "a rank crashed";
        case 205: return "a host was lost";
        default: return "mpirun failed";
    }
}

/* Of a start that came to nothing mpirun tells at most how, and its code may be anything. */
static const char *advice(const Launch *launch)
{
    return launch->talks
               ? "; training had not begun: \"lockstep doctor\" with this config looks for the cause, such as "
                 "a full /dev/shm"
               : "";
}

/* Seconds before restart number `restart` in a row: 1, 2, 4 ... */
static double back_off(long long restart)
{
    enum { MOST = 6 };
    return (double)(1u << (restart - 1 < MOST ? restart - 1 : MOST));
}

static Status stopped(const Launch *launch)
{
    log_info("stopped on request; the same command goes on with \"%s\"", launch->run);
    return STATUS_STOPPED;
}

/* Asked to stop, it is not started again, however it ended: mpirun's exit code may be anything, and the run directory
 * decides. STATUS_STOPPED promises that nothing is lost. trained: since there was a checkpoint. */
static Status as_asked(const Launch *launch, const Standing *standing, bool trained)
{
    if (strcmp(standing->end, "finished") == 0) return STATUS_OK;
    if (strcmp(standing->end, "stopped") == 0 || (standing->safe && !trained)) return stopped(launch);
    if (standing->safe)
        return status_fail(STATUS_INTERNAL,
                           "stopped as asked, but killed before its checkpoint; the newest is that of step %" PRIu64
                           ", from which the same command goes on",
                           standing->newest);
    return status_fail(STATUS_INTERNAL,
                       "stopped as asked, but killed before its first checkpoint: the same command "
                       "begins anew");
}

/* After a job that ended badly. *row: restarts without a new checkpoint. */
static Status before_restart(Launch *launch, const JobEnd *end, const Standing *standing, long long *row)
{
    if (++*row > launch->restarts)
        return status_fail(
            STATUS_INTERNAL,
            "%s (exit code %d), %lld times in a row without a new checkpoint: given up; \"lockstep status "
            "%s\" tells how far it is, the same command goes on%s",
            describe(end), end->code, *row, launch->run, advice(launch));
    for (;;) {
        const double pause = back_off(*row);
        log_warning("%s (exit code %d); restart %lld of at most %lld in a row, from the checkpoint of step %" PRIu64
                    ", in %.0f s%s",
                    describe(end), end->code, *row, launch->restarts, standing->newest, pause, advice(launch));
        if (job_pause(pause)) return as_asked(launch, standing, false);
        hosts_ask(&launch->hosts, true);
        if (hosts_slots(&launch->hosts) > 0) return STATUS_OK;
        if (++*row > launch->restarts) return status_fail(STATUS_INTERNAL, "no host can be used: given up");
    }
}

/* Codes of setpriv, which starts mpirun. */
static bool was_not_started(int code)
{
    return code == 126 || code == 127;
}

/* Until the training has ended, or cannot. */
static Status supervise(Launch *launch)
{
    long long row = 0;
    for (bool first = true;; first = false) {
        JobEnd end = {0};
        const Standing before = standing_of(launch->run);
        Status st = run_once(launch, first, &end);
        if (st != STATUS_OK || (end.code == 0 && !end.asked)) return st; /* its message is pending */
        const Standing after = standing_of(launch->run);
        if (was_not_started(end.code))
            return status_fail(STATUS_INTERNAL, "mpirun cannot be started: Open MPI's must be on the PATH");
        if (end.code == STATUS_STOPPED) return stopped(launch);
        if (is_final(end.code, &before, &after)) return (Status)end.code; /* the ranks have said why */
        if (end.asked) return as_asked(launch, &after, after.starts > before.starts);
        if (after.newest > before.newest) row = 0;
        launch->talks = after.starts == before.starts;
        st = before_restart(launch, &end, &after, &row);
        if (st != STATUS_OK) return st;
    }
}

static Status launch_run(const Invocation *invocation)
{
    static Launch launch;
    launch.invocation = invocation;
    Status st = read_options(&launch);
    if (st != STATUS_OK) return st;
    log_set_quiet(invocation_has(invocation, "quiet"));
    st = hosts_open(invocation_value(invocation, "hostfile", NULL), (double)launch.patience, &launch.hosts);
    if (st != STATUS_OK) return st;
    job_take_signals();
    hosts_ask(&launch.hosts, false);
    if (launch.hosts.limited && launch.wanted > hosts_slots(&launch.hosts))
        log_warning("--ranks %zu: where a line of the hostfile has max_slots, there are no more ranks than slots, %zu",
                    launch.wanted, hosts_slots(&launch.hosts));
    if (hosts_slots(&launch.hosts) == 0)
        st = status_fail(STATUS_INTERNAL, "no host can be used; \"lockstep doctor\" looks closer");
    else
        st = supervise(&launch);
    hosts_clean(&launch.hosts);
    hosts_close(&launch.hosts);
    return st;
}

const Command command_launch = {
    .name = "launch",
    .operands = "CONFIG",
    .least_operands = 1,
    .most_operands = 1,
    .summary = "Trains under mpirun, on this host or several, and starts again what was killed, hung or lost a host.",
    .example = "lockstep launch configs/mnist.cfg -n 4 --hostfile hosts --run runs/long",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = launch_run,
};
