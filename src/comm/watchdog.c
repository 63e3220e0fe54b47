#include "comm/watchdog.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "comm/comm_internal.h"
#include "comm/process.h"

/* Where a rank's main thread is; a cache line of the window that the ranks of a host share. */
typedef struct {
    _Alignas(64) atomic_uint_least64_t beats; /* changes at every beat */
    atomic_uint_least64_t ticks;              /* of this rank's watchdog: a stopped process has none */
    atomic_uint_least64_t step;
    atomic_int place, waiting;
    int rank; /* in the job */
} Slot;

struct Watchdog {
    Comm *comm;
    const char *const *place; /* borrowed */
    double deadline, tick;    /* seconds */
    MPI_Win window;
    int ranks, mine; /* of the host */
    Slot *slot;      /* (ranks); in the window */
    uint64_t *seen;  /* (ranks) the others' ticks when they last changed; owned */
    uint64_t *beats; /* (ranks) the others' beats one tick ago; owned */
    double *silent;  /* (ranks) for how long they have not, in own seconds; owned */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t closed; /* on the monotonic clock */
    bool closing;          /* guarded by mutex */
};

/* A process whose watchdog has not ticked for so long, in seconds, does not run. */
static const double longest_silence = 1.0;

static bool is_stopped(const Watchdog *w, int i)
{
    return w->silent[i] > longest_silence;
}

/* Not where this rank waits. */
static bool is_late(const Watchdog *w, int i)
{
    const Slot *slot = &w->slot[i];
    return is_stopped(w, i) || !atomic_load(&slot->waiting) ||
           atomic_load(&slot->step) < atomic_load(&w->slot[w->mine].step);
}

/* Who waits where on this host, and who is late. */
static void tell(const Watchdog *w)
{
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    fprintf(stderr, "lockstep: error: no progress for %g s (run.deadline_seconds) on host %s\n", w->deadline, host);
    for (int i = 0; i < w->ranks; i++) {
        const Slot *slot = &w->slot[i];
        const bool waits = atomic_load(&slot->waiting);
        const char *does = is_stopped(w, i) ? "does not run, in" : waits ? "waits in" : "is in";
        fprintf(stderr, "lockstep: error:   rank %d %s %s of step %" PRIu64 "%s\n", slot->rank, does,
                w->place[atomic_load(&slot->place)], (uint64_t)atomic_load(&slot->step), is_late(w, i) ? ": LATE" : "");
    }
    fflush(stderr);
}

/* This rank has waited past the deadline: true if it is the one of its host that speaks. */
static bool speaks(const Watchdog *w)
{
    for (int i = 0; i < w->mine; i++)
        if (!is_late(w, i)) return false;
    return true;
}

static bool somebody_is_late(const Watchdog *w)
{
    for (int i = 0; i < w->ranks; i++)
        if (is_late(w, i)) return true;
    return false;
}

/* One tick: this process runs; which others do? True if this rank, or one that is late, has gone on. */
static bool look_around(Watchdog *w)
{
    bool moved = false;
    atomic_fetch_add(&w->slot[w->mine].ticks, 1);
    for (int i = 0; i < w->ranks; i++) {
        const uint64_t ticks = atomic_load(&w->slot[i].ticks);
        w->silent[i] = ticks == w->seen[i] ? w->silent[i] + w->tick : 0.0;
        w->seen[i] = ticks;
        const uint64_t beats = atomic_load(&w->slot[i].beats);
        moved = moved || (beats != w->beats[i] && (i == w->mine || is_late(w, i)));
        w->beats[i] = beats;
    }
    return moved;
}

/* One tick, a late one being one too; false at once when the watchdog is closed. */
static bool sleep_tick(Watchdog *w)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    const double end = (double)until.tv_nsec * 1e-9 + w->tick;
    until.tv_sec += (time_t)end;
    until.tv_nsec = (long)((end - (double)(time_t)end) * 1e9);
    pthread_mutex_lock(&w->mutex);
    while (!w->closing && pthread_cond_timedwait(&w->closed, &w->mutex, &until) == 0) {
    }
    const bool closing = w->closing;
    pthread_mutex_unlock(&w->mutex);
    return !closing;
}

static void *watch(void *context)
{
    Watchdog *w = context;
    const Slot *own = &w->slot[w->mine];
    const double patience = 2.0; /* of a host with nobody late */
    double waited = 0.0;
    while (sleep_tick(w)) {
        const bool moved = look_around(w);
        waited = !moved && atomic_load(&own->waiting) ? waited + w->tick : 0.0;
        if (waited < w->deadline || (waited < w->deadline + patience && !somebody_is_late(w))) continue;
        if (!speaks(w)) continue;
        tell(w);
        comm_leave(STATUS_INTERNAL);
    }
    return NULL;
}

static Status start(Watchdog *w)
{
    Status st = memory_new(&w->seen, (size_t)w->ranks, "the watchdog");
    if (st == STATUS_OK) st = memory_new(&w->beats, (size_t)w->ranks, "the watchdog");
    if (st == STATUS_OK) st = memory_new(&w->silent, (size_t)w->ranks, "the watchdog");
    if (st != STATUS_OK) return st;
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->closed, &clock);
    pthread_condattr_destroy(&clock);
    const int error = pthread_create(&w->thread, NULL, watch, w);
    return error ? status_fail(STATUS_INTERNAL, "cannot start the watchdog's thread (error %d)", error) : STATUS_OK;
}

Status watchdog_open(Comm *comm, double deadline, const char *const *place, Watchdog **watchdog)
{
    enum { MOST_TICKS = 100 };
    *watchdog = NULL;
    if (deadline == 0.0 || comm->size == 1) return STATUS_OK;
    Watchdog *w;
    Status st = comm_agree(comm, memory_new(&w, 1, "the watchdog"));
    if (st != STATUS_OK) {
        memory_free(w);
        return st;
    }
    w->comm = comm;
    w->place = place;
    w->deadline = deadline;
    w->tick = deadline / MOST_TICKS > 1.0 ? 1.0 : deadline / MOST_TICKS;
    MPI_Comm_rank(comm->host, &w->mine);
    MPI_Comm_size(comm->host, &w->ranks);
    MPI_Aint size = w->mine == 0 ? (MPI_Aint)sizeof(Slot) * (w->ranks + 1) : 0; /* one for the alignment */
    int unit;
    MPI_Win_allocate_shared(size, 1, MPI_INFO_NULL, comm->host, &w->slot, &w->window);
    MPI_Win_shared_query(w->window, 0, &size, &unit, &w->slot);
    w->slot = (Slot *)(((uintptr_t)w->slot + _Alignof(Slot) - 1) / _Alignof(Slot) * _Alignof(Slot));
    w->slot[w->mine].rank = comm->rank;
    MPI_Barrier(comm->host);
    st = comm_agree(comm, start(w));
    *watchdog = comm->watchdog = w;
    return st;
}

void watchdog_close(Watchdog *w)
{
    if (!w) return;
    w->comm->watchdog = NULL;
    pthread_mutex_lock(&w->mutex);
    w->closing = true;
    pthread_cond_signal(&w->closed);
    pthread_mutex_unlock(&w->mutex);
    if (w->thread) pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->closed);
    pthread_mutex_destroy(&w->mutex);
    MPI_Win_free(&w->window);
    memory_free(w->seen);
    memory_free(w->beats);
    memory_free(w->silent);
    memory_free(w);
}

void watchdog_beat(Watchdog *w, uint64_t step, int place)
{
    if (!w) return;
    Slot *slot = &w->slot[w->mine];
    atomic_store_explicit(&slot->step, step, memory_order_relaxed);
    atomic_store_explicit(&slot->place, place, memory_order_relaxed);
    atomic_fetch_add_explicit(&slot->beats, 1, memory_order_release);
}

void watchdog_wait(Watchdog *w, bool waiting)
{
    if (!w) return;
    Slot *slot = &w->slot[w->mine];
    atomic_store_explicit(&slot->waiting, waiting, memory_order_relaxed);
    atomic_fetch_add_explicit(&slot->beats, 1, memory_order_release);
}
