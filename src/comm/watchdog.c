#include "comm/watchdog.h"

#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/thread.h"
#include "comm/comm_internal.h"
#include "comm/process.h"
#include "comm/watchdog_internal.h"

/* One tick, a late one being one too; called, and returns, with the mutex taken. False at once when it is closed. */
static bool sleep_tick(Watchdog *w)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    const double end = (double)until.tv_nsec * 1e-9 + w->tick;
    until.tv_sec += (time_t)end;
    until.tv_nsec = (long)((end - (double)(time_t)end) * 1e9);
    while (!w->closing && pthread_cond_timedwait(&w->closed, &w->mutex, &until) == 0) {
    }
    return !w->closing;
}

/* Of a host with nobody late. If another host is lost, mpirun should find that first: once it ends a job for another
 * reason it waits for the lost host's daemon for ever (Open MPI 4.1), and its exit code 205 tells the two apart. */
static double patience(const Watchdog *w)
{
    return w->slot == &w->alone || w->ranks == w->size ? 2.0 : 30.0;
}

static void *watch(void *context)
{
    Watchdog *w = context;
    double waited = 0.0;
    pthread_mutex_lock(&w->mutex);
    while (sleep_tick(w)) {
        const bool moved = watchdog_look(w);
        waited = !moved && atomic_load(&w->slot[w->mine].waiting) ? waited + w->tick : 0.0;
        if (w->deadline == 0.0 || waited < w->deadline) continue;
        if (w->slot == &w->alone) watchdog_tell(w); /* before mpirun ends it for what another has done */
        if (waited < w->deadline + patience(w) && !watchdog_sees_late(w)) continue;
        if (!watchdog_speaks(w)) continue;
        watchdog_tell(w);
        comm_leave(STATUS_INTERNAL);
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

static void set_deadline(Watchdog *w, double deadline, const char *setting)
{
    enum { LEAST_TICKS = 100 };
    w->deadline = deadline;
    w->setting = setting;
    w->tick = deadline > 0.0 && deadline < LEAST_TICKS ? deadline / LEAST_TICKS : 1.0;
}

static void init_locks(Watchdog *w)
{
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->closed, &clock);
    pthread_condattr_destroy(&clock);
}

static void free_all(Watchdog *w)
{
    pthread_cond_destroy(&w->closed);
    pthread_mutex_destroy(&w->mutex);
    memory_free(w->sight);
    memory_free(w);
}

Status watchdog_start(int rank, int size, Watchdog **watchdog)
{
    double deadline;
    Watchdog *w = NULL;
    *watchdog = NULL;
    Status st = watchdog_start_seconds(&deadline);
    if (st == STATUS_OK) st = memory_new(&w, 1, "the watchdog");
    if (st != STATUS_OK) return st;
    init_locks(w);
    w->alone.rank = rank;
    w->alone.place = PLACE_START;
    w->alone.waiting = true;
    w->size = size;
    w->ranks = 1;
    w->slot = &w->alone;
    w->window = MPI_WIN_NULL;
    set_deadline(w, deadline, WATCHDOG_START_VARIABLE);
    st = memory_new(&w->sight, (size_t)size, "the watchdog");
    if (st == STATUS_OK) st = thread_start(&w->thread, watch, w, "the watchdog");
    if (st == STATUS_OK)
        *watchdog = w;
    else
        free_all(w);
    return st;
}

/* From now on the thread looks at these. */
static void look_at(Watchdog *w, Slot *slot, int ranks, int mine)
{
    pthread_mutex_lock(&w->mutex);
    w->slot = slot;
    w->ranks = ranks;
    w->mine = mine;
    pthread_mutex_unlock(&w->mutex);
}

void watchdog_join(Watchdog *w, const Comm *comm)
{
    int ranks, mine, unit;
    MPI_Comm_rank(comm->host, &mine);
    MPI_Comm_size(comm->host, &ranks);
    MPI_Aint size = mine == 0 ? (MPI_Aint)sizeof(Slot) * (ranks + 1) : 0; /* one for the alignment */
    Slot *slot;
    MPI_Win_allocate_shared(size, 1, MPI_INFO_NULL, comm->host, &slot, &w->window);
    MPI_Win_shared_query(w->window, 0, &size, &unit, &slot);
    slot = (Slot *)(((uintptr_t)slot + _Alignof(Slot) - 1) / _Alignof(Slot) * _Alignof(Slot));
    slot[mine].rank = comm->rank;
    slot[mine].place = PLACE_START;
    MPI_Barrier(comm->host);
    look_at(w, slot, ranks, mine);
}

void watchdog_part(Watchdog *w)
{
    w->alone.rank = w->slot[w->mine].rank;
    w->alone.place = PLACE_END;
    w->alone.waiting = true;
    look_at(w, &w->alone, 1, 0);
    MPI_Win_free(&w->window);
}

void watchdog_stop(Watchdog *w)
{
    if (!w) return;
    pthread_mutex_lock(&w->mutex);
    w->closing = true;
    pthread_cond_signal(&w->closed);
    pthread_mutex_unlock(&w->mutex);
    pthread_join(w->thread, NULL);
    free_all(w);
}

void watchdog_set_places(Watchdog *w, const char *const *place)
{
    if (!w) return;
    pthread_mutex_lock(&w->mutex);
    w->place = place;
    pthread_mutex_unlock(&w->mutex);
}

void watchdog_set_deadline(Watchdog *w, double deadline)
{
    if (!w) return;
    pthread_mutex_lock(&w->mutex);
    set_deadline(w, deadline, "run.deadline_seconds");
    pthread_mutex_unlock(&w->mutex);
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
    const double now = clock_seconds();
    if (waiting)
        w->wait_began = now;
    else
        w->waited += now - w->wait_began;
    atomic_store_explicit(&slot->waiting, waiting, memory_order_relaxed);
    atomic_fetch_add_explicit(&slot->beats, 1, memory_order_release);
}

double watchdog_waited(const Watchdog *w)
{
    return w ? w->waited : 0.0;
}
