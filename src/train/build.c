#include "train/build.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "lockstep/lockstep.h"
#include "rundir/checkpoint.h"
#include "train/ranks.h"

static Status compare(Comm *comm, const char *text, char table[RANKS_TABLE])
{
    return ranks_compare(comm, digest_of(text, strlen(text)), text, table);
}

Status build_check(Comm *comm)
{
    char text[RANKS_TEXT], table[RANKS_TABLE];
    snprintf(text, sizeof text, "lockstep %s, source %s", lockstep_version(), build_source);
    const Status st = compare(comm, text, table);
    if (st != STATUS_OK || !*table) return st;
    return status_fail(STATUS_INTERNAL,
                       "the ranks run programs that were built of different sources; install one build everywhere:%s",
                       table);
}

/* "glibc 2.36"; "" where the C library has no such name. */
static const char *c_library(void)
{
    static char name[64];
    confstr(_CS_GNU_LIBC_VERSION, name, sizeof name);
    return name;
}

/* The best kernel set that this processor runs, whichever was chosen. */
static const char *processor_level(void)
{
    return kernels_all()[0]->name;
}

Status build_compare_machines(Comm *comm, const Kernels *kernels)
{
    const CheckpointVersions versions = checkpoint_versions(comm_library());
    char text[RANKS_TEXT], table[RANKS_TABLE];
    snprintf(text, sizeof text, "kernels %s on a processor for %s, %s, HDF5 %s, %s, compiled by %s", kernels->name,
             processor_level(), versions.mpi, versions.hdf5, c_library(), versions.compiler);
    const Status st = compare(comm, text, table);
    if (st == STATUS_OK && *table)
        log_warning(
            "the ranks differ in what they run on; training goes on, and its result does not depend on the "
            "processor:%s",
            table);
    return st;
}

/* What the processor is called, as far as Linux tells it (proc_cpuinfo(5); on x86 alone); "" where it does not. */
static void processor_name(char *name, size_t size)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "re");
    *name = '\0';
    while (file && !*name && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", strlen("model name")) != 0 || !colon) continue;
        snprintf(name, size, "%s", colon + 1 + strspn(colon + 1, " "));
        name[strcspn(name, "\n")] = '\0';
    }
    if (file) fclose(file);
}

/* The host and processor of this process. */
static void record_machine(Records *records)
{
    char host[HOST_NAME_MAX + 1] = "", name[256];
    gethostname(host, sizeof host - 1);
    processor_name(name, sizeof name);
    record_text(records, "host", host);
    if (*name) record_text(records, "processor_name", name);
}

void build_record(Records *records, const Kernels *kernels)
{
    const CheckpointVersions versions = checkpoint_versions(comm_library());
    record_text(records, "version", versions.lockstep);
    record_text(records, "source", build_source);
    record_text(records, "mpi", versions.mpi);
    record_text(records, "hdf5", versions.hdf5);
    record_text(records, "libc", c_library());
    record_text(records, "compiler", versions.compiler);
    record_text(records, "kernels", kernels->name);
    record_text(records, "processor", processor_level());
    record_machine(records);
}
