#include "train/obstacles.h"

#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "train/binding.h"
#include "train/trainer.h"

enum { HOST_SIZE = 64 };

static const double least_seconds = 0.1; /* of a processor, to judge by */
static const double most_of_own = 0.2;

/* What a rank tells. */
typedef struct {
    char host[HOST_SIZE];
    cpu_set_t cpus;
} Place;

static const char *const advice[] = {
    [BINDING_CROWDED] = "they take turns, and each step waits for all; start at most as many ranks as processors",
    [BINDING_NONE] = "none is bound to a core, and the system moves them about; mpirun --bind-to core",
    [BINDING_OVERLAP] =
        "two or more are bound to the same ones; mpirun --bind-to core, and unset what binds them otherwise",
};

/* The ranks of a host, which are neighbours: of all (ranks) those from `first` on. *end: behind the last. */
static Binding binding_on_host(const Place *all, int first, int ranks, int *end)
{
    Binding binding = {0};
    *end = first;
    for (; *end < ranks && strcmp(all[*end].host, all[first].host) == 0; (*end)++)
        binding_add(&binding, &all[*end].cpus);
    for (int r = first; r < *end; r++) binding_count_free(&binding, &all[r].cpus);
    return binding;
}

/* The first host with an obstacle stands for all. */
static void tell_binding(const Place *all, int ranks)
{
    for (int first = 0, end; first < ranks; first = end) {
        const Binding binding = binding_on_host(all, first, ranks, &end);
        const BindingKind kind = binding_judge(&binding);
        if (kind == BINDING_GOOD) continue;
        log_info("slow: host %s has %zu ranks on %d processors: %s", all[first].host, binding.ranks,
                 CPU_COUNT(&binding.all), advice[kind]);
        return;
    }
}

/* Is [begin, end) of `shards` beside the batch_size shards from `from` on, round and round? */
static bool is_idle(size_t begin, size_t end, size_t from, size_t shards, size_t batch_size)
{
    return (from < begin || from >= end) && (begin + shards - from) % shards >= batch_size;
}

double obstacles_idle_ranks(size_t shards, size_t ranks, size_t batch_size)
{
    size_t idle = 0;
    for (size_t step = 0; step < shards; step++) /* after which it begins anew */
        for (size_t r = 0; r < ranks; r++)
            idle += is_idle(fold_run_begin(shards, ranks, r), fold_run_begin(shards, ranks, r + 1),
                            step * batch_size % shards, shards, batch_size);
    return (double)idle / (double)shards;
}

static void tell_idle(const Trainer *t)
{
    const size_t ranks = (size_t)comm_size(t->comm);
    const double idle = obstacles_idle_ranks(t->shards, ranks, (size_t)t->settings->training.batch_size);
    if (idle > 0.0)
        log_info("slow: training.batch_size %" PRId64
                 " is small for %zu ranks: %.1f of them have no sample in a step, on "
                 "average, and wait; start fewer, or make it larger (it is part of the result)",
                 t->settings->training.batch_size, ranks, idle);
}

static double seconds_of(const struct rusage *usage)
{
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
           1e-6 * (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);
}

/* That processors have worked for this process. */
static Obstacles seconds_so_far(void)
{
    struct rusage all, own;
    getrusage(RUSAGE_THREAD, &own);
    getrusage(RUSAGE_SELF, &all);
    return (Obstacles){.own = seconds_of(&own), .others = seconds_of(&all) - seconds_of(&own)};
}

void obstacles_tell(Trainer *t)
{
    static Place all[FOLD_MAX_SHARDS]; /* there are no more ranks than shards */
    const int ranks = comm_size(t->comm);
    Place mine = {.host = ""};
    t->obstacles = seconds_so_far();
    if (ranks == 1) return;
    gethostname(mine.host, sizeof mine.host - 1);
    sched_getaffinity(0, sizeof mine.cpus, &mine.cpus);
    comm_gather_all(t->comm, &mine, sizeof mine, all);
    if (comm_rank(t->comm) != 0) return;
    tell_binding(all, ranks);
    tell_idle(t);
}

void obstacles_tell_threads(Trainer *t)
{
    double share[FOLD_MAX_SHARDS]; /* there are no more ranks than shards */
    const Obstacles now = seconds_so_far();
    const double own = now.own - t->obstacles.own, others = now.others - t->obstacles.others;
    const double mine = others >= least_seconds ? others / own : 0.0;
    comm_gather_all(t->comm, &mine, sizeof mine, share);
    for (int r = 0; r < comm_size(t->comm); r++) {
        if (share[r] <= most_of_own) continue;
        log_info(
            "slow: for each second of rank %d's own work other threads of its process take %.1f s: a library that "
            "is loaded started them; give it one thread (OMP_NUM_THREADS=1, OPENBLAS_NUM_THREADS=1), or do not "
            "preload it",
            r, share[r]);
        return;
    }
}
