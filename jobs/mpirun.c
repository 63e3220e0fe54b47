#include "mpirun.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "comm/watchdog.h"

void mpirun_add(Mpirun *mpirun, const char *word)
{
    if (mpirun->count + 1 < mpirun->room) mpirun->word[mpirun->count++] = word;
}

/* `--mca name value` */
static void add_parameter(Mpirun *mpirun, const char *name, const char *value)
{
    mpirun_add(mpirun, "--mca");
    mpirun_add(mpirun, name);
    mpirun_add(mpirun, value);
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

/* The same, unless the user's environment has another value. */
static void add_default(Mpirun *mpirun, const char *name, const char *value)
{
    char variable[64];
    snprintf(variable, sizeof variable, "OMPI_MCA_%s", name);
    if (!getenv(variable)) add_parameter(mpirun, name, value);
}

/* Without keepalives mpirun waits for ever for the daemon of a host that fell silent (power cut, link down). Kernels
 * answer them, however busy their hosts are, so that only a network that is down can raise a false alarm: the time is
 * longer than a switch takes to find another way, or a virtual machine to move, and shorter than the watchdogs of the
 * other hosts wait for mpirun to find the lost host first (comm/watchdog.h: the deadline and 30 s more). 10 s without a
 * word and three questions, 3 s apart: 19 s. slurm/common.sh has the same figures. */
static void add_keepalives(Mpirun *mpirun)
{
    add_default(mpirun, "oob_tcp_keepalive_time", "10");
    add_default(mpirun, "oob_tcp_keepalive_intvl", "3");
    add_default(mpirun, "oob_tcp_keepalive_probes", "3");
}

/* Ranks are bound, or yield where they share cores; shared memory and files lie where they can be found and removed. */
static void add_words(Mpirun *mpirun, const Hosts *hosts, bool crowded, bool talks)
{
    /* Should this process be killed, the ranks checkpoint and stop. */
    mpirun_add(mpirun, "setpriv");
    mpirun_add(mpirun, "--pdeathsig");
    mpirun_add(mpirun, "USR2");
    /* Open MPI 4.1 gives up its handler of this signal at its end, when it may still write to ranks that have gone:
     * that would end it with 141 instead of their code. Ranks start with the default again, which it sees to. */
    mpirun_add(mpirun, "sh");
    mpirun_add(mpirun, "-c");
    mpirun_add(mpirun, "trap '' PIPE; exec \"$@\"");
    mpirun_add(mpirun, "sh");
    mpirun_add(mpirun, "mpirun");
    if (geteuid() == 0) mpirun_add(mpirun, "--allow-run-as-root");
    if (!talks) mpirun_add(mpirun, "--quiet");
    mpirun_add(mpirun, "-n");
    mpirun_add(mpirun, mpirun->ranks);
    if (hosts->reach != REACH_LOCAL) {
        mpirun_add(mpirun, "--host");
        mpirun_add(mpirun, mpirun->hosts);
    }
    add_keepalives(mpirun);
    add_parameter(mpirun, "btl_vader_backing_directory", mpirun->shared);
    add_parameter(mpirun, "osc_sm_backing_directory", mpirun->shared);
    add_parameter(mpirun, "orte_tmpdir_base", mpirun->files);
    mpirun_add(mpirun, "--bind-to");
    mpirun_add(mpirun, crowded ? "none" : "core");
    if (crowded) {
        mpirun_add(mpirun, "--oversubscribe");
        add_parameter(mpirun, "mpi_yield_when_idle", "1");
    }
    mpirun_add(mpirun, "-x");
    mpirun_add(mpirun, mpirun->mark);
    if (!getenv(WATCHDOG_START_VARIABLE)) return;
    mpirun_add(mpirun, "-x"); /* by itself mpirun takes to other hosts only what is Open MPI's */
    mpirun_add(mpirun, WATCHDOG_START_VARIABLE);
}

Status mpirun_program(char program[PATH_MAX])
{
    const ssize_t length = readlink("/proc/self/exe", program, PATH_MAX - 1);
    if (length <= 0) return status_fail(STATUS_INTERNAL, "cannot find this program's own file: %s", strerror(errno));
    program[length] = '\0';
    return STATUS_OK;
}

Status mpirun_open(const Hosts *hosts, size_t ranks, bool talks, size_t more, Mpirun *mpirun)
{
    enum { FIXED = 48 };
    *mpirun = (Mpirun){.room = FIXED + more};
    snprintf(mpirun->ranks, sizeof mpirun->ranks, "%zu", ranks);
    snprintf(mpirun->mark, sizeof mpirun->mark, "LOCKSTEP_LAUNCH=%s", hosts->job);
    hosts_directories(hosts, mpirun->shared, mpirun->files);
    Status st = mpirun_program(mpirun->program);
    if (st == STATUS_OK) st = memory_new(&mpirun->word, mpirun->room, "the command line of mpirun");
    if (st == STATUS_OK) st = list_hosts(hosts, &mpirun->hosts);
    if (st == STATUS_OK)
        add_words(mpirun, hosts, hosts_crowded(hosts, ranks), talks);
    else
        mpirun_close(mpirun);
    return st;
}

void mpirun_close(Mpirun *mpirun)
{
    memory_free(mpirun->word);
    memory_free(mpirun->hosts);
    *mpirun = (Mpirun){0};
}
