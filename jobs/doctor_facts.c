#include "doctor_facts.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "kernels/kernels.h"
#include "lockstep/lockstep.h"
#include "mpirun.h"
#include "rundir/checkpoint.h"
#include "rundir/probe.h"
#include "rundir/rundir.h"
#include "train/check.h"

/* The pending message as a line, which it then no longer is. */
static void write_failure(const char *key, FILE *out)
{
    fprintf(out, "%s ", key);
    text_put(status_message(), false, out);
    fputc('\n', out);
    status_clear();
}

static Status digest_program(char hex[DIGEST_HEX_SIZE])
{
    enum { LARGEST = 1 << 30 };
    char path[PATH_MAX], *bytes = NULL;
    size_t size;
    Status st = mpirun_program(path);
    if (st == STATUS_OK) st = file_read(path, "program", LARGEST, STATUS_DATA, &bytes, &size);
    if (st != STATUS_OK) return st;
    digest_hex(digest_of(bytes, size), hex);
    memory_free(bytes);
    return STATUS_OK;
}

static void write_program(FILE *out)
{
    char hex[DIGEST_HEX_SIZE];
    const Kernels *kernels;
    fprintf(out, "version %s\nmpi %s\n", lockstep_version(), comm_library());
    if (digest_program(hex) == STATUS_OK)
        fprintf(out, "program %s\n", hex);
    else
        write_failure("program.error", out);
    if (kernels_choose(true, &kernels) == STATUS_OK)
        fprintf(out, "kernels %s\n", kernels->name);
    else
        write_failure("kernels.error", out);
}

/* Runs of processors as "0-3,8". */
static void write_processors(FILE *out)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return;
    const char *before = "cpus ";
    for (size_t first = 0; first < CPU_SETSIZE; first++) {
        if (!CPU_ISSET(first, &set)) continue;
        size_t last = first;
        while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set)) last++;
        fprintf(out, "%s%zu", before, first);
        if (last > first) fprintf(out, "-%zu", last);
        first = last;
        before = ",";
    }
    fputc('\n', out);
}

static Status look_at_dataset(const FactsAsked *asked, FILE *out)
{
    Dataset *dataset = NULL;
    DatasetFacts facts;
    Network network;
    TrainNeeds needs;
    char text[FACT_SIZE];
    if (asked->dataset_error) return status_fail(STATUS_DATA, "%s", asked->dataset_error);
    Status st = setup_check_ranks(asked->settings, asked->ranks);
    if (st == STATUS_OK) st = setup_dataset(asked->settings, &dataset);
    if (st == STATUS_OK) st = dataset_facts(dataset, &facts);
    if (st == STATUS_OK) st = setup_network(asked->settings, dataset, &network);
    if (st == STATUS_OK) st = train_needs(asked->settings, dataset, &network, asked->ranks, &needs);
    dataset_close(dataset);
    if (st != STATUS_OK) return st;
    dataset_facts_text(&facts, text, sizeof text);
    fprintf(out, "dataset %s\nneed.memory %zu\nneed.shared %zu\nneed.checkpoint %zu\n", text, needs.bytes, needs.shared,
            needs.checkpoint);
    return STATUS_OK;
}

static void write_checkpoints(const char *run, FILE *out)
{
    uint64_t *steps;
    size_t count;
    if (checkpoint_list(run, &steps, &count) == STATUS_OK) fprintf(out, "run.checkpoints %zu\n", count);
    memory_free(steps);
    status_clear();
}

static void write_run(const char *run, FILE *out)
{
    char directory[RUNDIR_PATH_SIZE];
    double seconds;
    struct statvfs fs;
    if (rundir_existing(run, directory) != STATUS_OK) {
        write_failure("run.error", out);
        return;
    }
    fprintf(out, "run.directory %s\n", directory);
    fflush(out);
    write_checkpoints(run, out);
    if (statvfs(directory, &fs) == 0) fprintf(out, "run.free %" PRIu64 "\n", (uint64_t)fs.f_bavail * fs.f_frsize);
    fflush(out);
    if (probe_files(directory, &seconds) != STATUS_OK) {
        write_failure("run.error", out);
        return;
    }
    fprintf(out, "run.seconds %.6f\n", seconds);
    fflush(out);
    if (probe_locks(directory) != STATUS_OK) write_failure("run.locks", out);
}

void facts_write(const FactsAsked *asked, FILE *out)
{
    fprintf(out, "rank %d\nsize %d\ncopy %s\n", asked->rank, asked->size, asked->copying);
    write_program(out);
    write_processors(out);
    fflush(out);
    facts_write_host(out);
    fflush(out);
    if (asked->settings && look_at_dataset(asked, out) != STATUS_OK) write_failure("dataset.error", out);
    fflush(out);
    if (*asked->run) write_run(asked->run, out);
    fputs("end\n", out);
}

/* What a rank shows to the next one. */
typedef struct {
    char host[256];
    pid_t process;
    const void *address;
} Shown;

/* Another process' memory, as Open MPI reads it (process_vm_readv(2)). */
static void read_memory_of(const Shown *other, char text[FACT_SIZE])
{
    char byte;
    const struct iovec here = {&byte, 1}, there = {(void *)(uintptr_t)other->address, 1};
    const ssize_t got = process_vm_readv(other->process, &here, 1, &there, 1, 0);
    snprintf(text, FACT_SIZE, "%s", got == 1 ? "ok" : strerror(errno));
}

Status facts_copying(Comm *comm, char text[FACT_SIZE])
{
    const int size = comm_size(comm), rank = comm_rank(comm);
    Shown mine = {.process = getpid(), .address = &mine}, *all;
    gethostname(mine.host, sizeof mine.host - 1);
    strcpy(text, "alone");
    Status st = comm_agree(comm, memory_new(&all, (size_t)size, "what the ranks show"));
    if (st == STATUS_OK) {
        comm_gather_all(comm, &mine, sizeof mine, all);
        int other = 0;
        while (other < size && (other == rank || strcmp(all[other].host, mine.host) != 0)) other++;
        if (other < size) read_memory_of(&all[other], text);
        comm_barrier(comm); /* mine is still there */
    }
    memory_free(all);
    return st;
}

bool facts_next(const char **at, const char *key, char value[FACT_SIZE])
{
    const size_t length = strlen(key);
    for (const char *line = *at; *line;) {
        const size_t size = strcspn(line, "\n");
        const char *next = line + size + (line[size] == '\n');
        if (strncmp(line, key, length) == 0 && (line[length] == ' ' || line[length] == '\n')) {
            const size_t skipped = length + (line[length] == ' ');
            snprintf(value, FACT_SIZE, "%.*s", (int)(size - skipped), line + skipped);
            *at = next;
            return true;
        }
        line = next;
    }
    return false;
}

const char *facts_text(const char *facts, const char *key, char value[FACT_SIZE])
{
    *value = '\0';
    facts_next(&facts, key, value);
    return value;
}

bool facts_has(const char *facts, const char *key)
{
    char value[FACT_SIZE];
    return facts_next(&facts, key, value);
}

double facts_number(const char *facts, const char *key)
{
    char value[FACT_SIZE];
    return strtod(facts_text(facts, key, value), NULL);
}
