#include "train/slurm.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/program.h"

static const double patience = 5.0;     /* seconds for an answer */
static const double seldom = 300.0;     /* between two questions: a controller serves a whole cluster, */
static const double recent = 10.0;      /* and when the time seems to be up */
static const double most_margin = 30.0; /* Slurm's clock, the words of a step, logs: seconds, */
static const double margin_share = 0.1; /* or less, so that a short job trains at all */

/* Within an array, SLURM_JOB_ID may be the number of the whole array. */
static const char question[] =
    "exec squeue -h -o %L -j "
    "\"${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_}${SLURM_ARRAY_TASK_ID:-$SLURM_JOB_ID}\" "
    "2>/dev/null";

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "";
}

double slurm_parse_time(const char *text)
{
    double seconds = 0.0;
    if (strcmp(text, "UNLIMITED\n") == 0) return INFINITY;
    for (;; text++) {
        char *end;
        if (*text < '0' || *text > '9') return -1.0;
        seconds += (double)strtoul(text, &end, 10);
        text = end;
        if (*text != '-' && *text != ':') break;
        seconds *= *text == '-' ? 24.0 : 60.0;
    }
    return strcmp(text, "\n") == 0 ? seconds : -1.0;
}

/* Has the last squeue been waited for? One that hangs in the system stays, and no other is started. */
static bool is_reaped(Slurm *slurm)
{
    if (slurm->squeue > 0 && waitpid(slurm->squeue, NULL, WNOHANG) != 0) slurm->squeue = 0;
    return slurm->squeue == 0;
}

static void ask(Slurm *slurm, double now)
{
    char *const shell[] = {"sh", "-c", (char *)question, NULL};
    slurm->asked = now;
    if (!is_reaped(slurm)) return;
    if (program_start(shell, &slurm->squeue, &slurm->answer) != STATUS_OK) {
        status_clear();
        slurm->answer = -1;
        return;
    }
    fcntl(slurm->answer, F_SETFL, O_NONBLOCK);
    slurm->used = 0;
}

static void stop_listening(Slurm *slurm)
{
    if (slurm->answer < 0) return;
    close(slurm->answer);
    slurm->answer = -1;
    kill(-slurm->squeue, SIGKILL);
}

static void take_answer(Slurm *slurm)
{
    slurm->text[slurm->used] = '\0';
    const double left = slurm_parse_time(slurm->text);
    if (left >= 0.0) slurm->end = slurm->asked + left;
    if (left >= 0.0 || isfinite(slurm->end) || slurm->told) return;
    slurm->told = true;
    log_warning("%ssqueue does not say when Slurm ends job %s: only a signal makes this training stop in time",
                slurm->expired ? "SLURM_JOB_END_TIME had passed before this start, and " : "",
                variable("SLURM_JOB_ID"));
}

/* What squeue has said by now. */
static void hear(Slurm *slurm, double now)
{
    const size_t room = sizeof slurm->text - 1 - slurm->used;
    const ssize_t got = read(slurm->answer, slurm->text + slurm->used, room);
    if (got > 0) slurm->used += (size_t)got;
    const bool more = got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
    if (more && now - slurm->asked < patience) return;
    stop_listening(slurm);
    take_answer(slurm);
}

/* A shell that outlives its allocation keeps the variables: a time that has passed tells nothing of a job in which
 * something can still be started. */
static void take_variable(Slurm *slurm)
{
    const long long end = strtoll(variable("SLURM_JOB_END_TIME"), NULL, 10);
    const long long now = time(NULL);
    if (end > now) slurm->end = slurm->began + (double)(end - now);
    slurm->expired = end > 0 && end <= now;
}

void slurm_begin(Slurm *slurm)
{
    *slurm = (Slurm){.inside = *variable("SLURM_JOB_ID"), .began = clock_seconds(), .end = INFINITY, .answer = -1};
    if (!slurm->inside) return;
    take_variable(slurm);
    ask(slurm, slurm->began);
}

void slurm_end(Slurm *slurm)
{
    if (slurm->inside) stop_listening(slurm);
    is_reaped(slurm);
}

static double margin(const Slurm *slurm)
{
    const double share = margin_share * (slurm->end - slurm->began);
    return share < most_margin ? share : most_margin;
}

bool slurm_time_is_up(Slurm *slurm, double needed)
{
    if (!slurm->inside) return false;
    const double now = clock_seconds();
    if (slurm->answer >= 0) hear(slurm, now);
    const bool up = slurm->end - now <= needed + margin(slurm);
    if (slurm->answer < 0 && now - slurm->asked >= (up ? recent : seldom)) ask(slurm, now);
    return up && slurm->answer < 0;
}

void slurm_record(Records *records)
{
    if (!*variable("SLURM_JOB_ID")) return;
    record_text(records, "slurm_job", variable("SLURM_JOB_ID"));
    record_integer(records, "slurm_restarts", strtoull(variable("SLURM_RESTART_COUNT"), NULL, 10));
    record_text(records, "slurm_nodes", variable("SLURM_JOB_NODELIST"));
}
