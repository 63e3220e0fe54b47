/* Checks of the ranks and of what the hosts have for them: processors, memory. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "train/binding.h"

/* "0-3,8" */
static void parse_processors(const char *text, cpu_set_t *set)
{
    CPU_ZERO(set);
    for (char *end; *text; text = *end == ',' ? end + 1 : end) {
        const long first = strtol(text, &end, 10);
        if (end == text) return;
        const long last = *end == '-' ? strtol(end + 1, &end, 10) : first;
        for (long cpu = first; cpu >= 0 && cpu <= last && cpu < CPU_SETSIZE; cpu++) CPU_SET((size_t)cpu, set);
    }
}

static const cpu_set_t *processors_of(const char *facts, cpu_set_t *set)
{
    char text[FACT_SIZE];
    parse_processors(facts_text(facts, "cpus", text), set);
    return set;
}

static bool on_host(const char *rank, const char *host)
{
    char a[FACT_SIZE], b[FACT_SIZE];
    return strcmp(facts_text(rank, "host", a), facts_text(host, "host", b)) == 0;
}

static Binding binding_on(const Doctor *doctor, const char *host)
{
    cpu_set_t own;
    Binding binding = {0};
    for (size_t r = 0; r < doctor->started; r++)
        if (on_host(doctor->rank[r], host)) binding_add(&binding, processors_of(doctor->rank[r], &own));
    for (size_t r = 0; r < doctor->started; r++)
        if (on_host(doctor->rank[r], host)) binding_count_free(&binding, processors_of(doctor->rank[r], &own));
    return binding;
}

size_t doctor_ranks_on(const Doctor *doctor, size_t host)
{
    return doctor->started ? binding_on(doctor, doctor->told[host]).ranks
                           : hosts_ranks_on(doctor->hosts, host, doctor->ranks);
}

void check_binding(Doctor *doctor)
{
    size_t good = 0;
    for (size_t i = 0; i < doctor->hosts->count; i++) {
        const char *name = doctor->hosts->host[i].name;
        const Binding binding = binding_on(doctor, doctor->told[i]);
        const int cpus = CPU_COUNT(&binding.all);
        const BindingKind kind = binding_judge(&binding);
        if (kind == BINDING_CROWDED)
            doctor_says(
                doctor, WARNING,
                "ranks take turns on a core, and each step waits for all: many times slower, with the same bits",
                "start at most as many ranks as cores: -n, or slots=N in the hostfile",
                "host %s: %zu ranks on %d processors", name, binding.ranks, cpus);
        else if (kind == BINDING_NONE)
            doctor_says(doctor, WARNING,
                        "the system moves them about, away from their memory and onto each other: slower",
                        "mpirun --bind-to core, as launch does", "host %s: %zu ranks are bound to no core", name,
                        binding.ranks);
        else if (kind == BINDING_OVERLAP)
            doctor_says(doctor, WARNING, "they take turns, and each step waits for all: half as fast",
                        "unset what binds them (hwloc_base_binding_policy, taskset), or mpirun --bind-to core",
                        "host %s: of %zu ranks two or more are bound to the same of %d processors", name, binding.ranks,
                        cpus);
        else
            good += binding.ranks > 0;
    }
    if (good > 0 && good == doctor->tellers)
        doctor_says(doctor, FINE, NULL, NULL, "every rank has processors of its own");
}

void check_copying(Doctor *doctor)
{
    char text[FACT_SIZE];
    const char *told = getenv("OMPI_MCA_btl_vader_single_copy_mechanism");
    size_t pairs = 0;
    for (size_t r = 0; r < doctor->started; r++) {
        facts_text(doctor->rank[r], "copy", text);
        if (!*text || strcmp(text, "alone") == 0) continue;
        pairs++;
        if (strcmp(text, "ok") == 0) continue;
        if (told && strcmp(told, "none") == 0)
            doctor_says(doctor, FINE, NULL, NULL,
                        "ranks may not read each other's memory, and Open MPI is told not to try: large messages go by "
                        "two copies");
        else
            doctor_says(
                doctor, WARNING,
                "Open MPI finds out at the first large message, prints \"Read -1, expected ...\" and goes by two "
                "copies; a container's seccomp filter or the kernel's ptrace_scope forbids it",
                "export OMPI_MCA_btl_vader_single_copy_mechanism=none, or docker run --cap-add SYS_PTRACE",
                "rank %zu may not read the memory of others (process_vm_readv: %s)", r, text);
        return;
    }
    if (pairs) doctor_says(doctor, FINE, NULL, NULL, "ranks of a host read each other's memory: one copy a message");
}

/* Of a rank, in shared memory: Open MPI 4's btl_vader_segment_size (ompi_info --param btl vader --level 9). */
static const double segment = 4.0 * (1 << 20);

void check_shared_memory(Doctor *doctor)
{
    char directory[FACT_SIZE];
    const double share = facts_number(doctor->first, "need.shared");
    size_t good = 0;
    for (size_t i = 0; i < doctor->hosts->count; i++) {
        const char *told = doctor->told[i], *name = doctor->hosts->host[i].name;
        const double ranks = (double)doctor_ranks_on(doctor, i), room = facts_number(told, "shm.free");
        if (!*facts_text(told, "shm.directory", directory) || ranks < 2.0) continue;
        if (room < ranks * segment)
            doctor_says(
                doctor, PROBLEM,
                "Open MPI, which wants 4 MB a rank there, goes by TCP inside the host, or crashes once it is full",
                "docker run --shm-size 1g; mount -o remount,size=1g /dev/shm; remove what killed jobs left there",
                "host %s: %s has %.1f MB free for %.0f ranks", name, directory, room * 1e-6, ranks);
        else if (room < ranks * (segment + share))
            doctor_says(doctor, WARNING, "the ranks exchange messages instead: the same bits, but slower",
                        "docker run --shm-size, mount -o remount,size=, or remove what killed jobs left there",
                        "host %s: %s has %.1f MB free, this config's %.0f ranks share %.1f MB", name, directory,
                        room * 1e-6, ranks, ranks * (segment + share) * 1e-6);
        else
            good++;
    }
    if (good)
        doctor_says(doctor, FINE, NULL, NULL, "%.0f MB free, at most %.1f MB a rank needed",
                    facts_number(doctor->first, "shm.free") * 1e-6, (segment + share) * 1e-6);
}

void check_memory(Doctor *doctor)
{
    const double need = facts_number(doctor->first, "need.memory"),
                 checkpoint = facts_number(doctor->first, "need.checkpoint");
    size_t good = 0;
    if (need <= 0.0) return;
    for (size_t i = 0; i < doctor->hosts->count; i++) {
        const double ranks = (double)doctor_ranks_on(doctor, i), room = facts_number(doctor->told[i], "memory.free");
        if (ranks < 1.0 || !facts_has(doctor->told[i], "memory.free")) continue;
        /* A checkpoint is made in memory. */
        const double all = ranks * need + checkpoint;
        if (all > room)
            doctor_says(doctor, PROBLEM, "a rank ends with \"out of memory\", or the system kills it",
                        "fewer ranks on this host, more hosts, a smaller batch or model; or end what fills its memory",
                        "host %s: %.0f ranks need up to %.1f MB, %.1f MB are free", doctor->hosts->host[i].name, ranks,
                        all * 1e-6, room * 1e-6);
        else
            good++;
    }
    if (good) doctor_says(doctor, FINE, NULL, NULL, "at most %.1f MB a rank needed, free on every host", need * 1e-6);
}
