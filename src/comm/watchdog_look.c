/* What a watchdog sees of the ranks of its host, and says. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "comm/watchdog_internal.h"

/* A process whose watchdog has not ticked for so long, in seconds and in ticks, does not run. */
static const double longest_silence = 1.0, most_missed = 2.5;

static bool is_stopped(const Watchdog *w, int i)
{
    return w->sight[i].silent > longest_silence && w->sight[i].silent > most_missed * w->tick;
}

/* Not where this rank waits. */
static bool is_late(const Watchdog *w, int i)
{
    const Slot *slot = &w->slot[i];
    return is_stopped(w, i) || !atomic_load(&slot->waiting) ||
           atomic_load(&slot->step) < atomic_load(&w->slot[w->mine].step);
}

bool watchdog_look(Watchdog *w)
{
    bool moved = false;
    atomic_fetch_add(&w->slot[w->mine].ticks, 1);
    for (int i = 0; i < w->ranks; i++) {
        Sight *sight = &w->sight[i];
        const uint64_t ticks = atomic_load(&w->slot[i].ticks), beats = atomic_load(&w->slot[i].beats);
        sight->silent = ticks == sight->ticks ? sight->silent + w->tick : 0.0;
        moved = moved || (beats != sight->beats && (i == w->mine || is_late(w, i)));
        sight->ticks = ticks;
        sight->beats = beats;
    }
    return moved;
}

bool watchdog_speaks(const Watchdog *w)
{
    for (int i = 0; i < w->mine; i++)
        if (!is_late(w, i)) return false;
    return true;
}

bool watchdog_sees_late(const Watchdog *w)
{
    for (int i = 0; i < w->ranks; i++)
        if (is_late(w, i)) return true;
    return false;
}

static void tell_place(const Watchdog *w, const Slot *slot)
{
    const int place = atomic_load(&slot->place);
    if (place == PLACE_START)
        fprintf(stderr, "the start of MPI");
    else if (place == PLACE_END)
        fprintf(stderr, "the end of MPI");
    else
        fprintf(stderr, "%s of step %" PRIu64, w->place[place], (uint64_t)atomic_load(&slot->step));
}

static void tell_rank(const Watchdog *w, int i)
{
    const Slot *slot = &w->slot[i];
    const char *does = is_stopped(w, i) ? "does not run, in" : atomic_load(&slot->waiting) ? "waits in" : "is in";
    fprintf(stderr, "lockstep: error:   rank %d %s ", slot->rank, does);
    tell_place(w, slot);
    fprintf(stderr, "%s\n", is_late(w, i) ? ": LATE" : "");
}

/* What else can be known if nobody of this host is late. */
static void tell_of_others(const Watchdog *w)
{
    fprintf(stderr, "lockstep: error:   ");
    if (w->slot == &w->alone)
        fprintf(stderr, "late are those of the %d ranks that do not say so\n", w->size);
    else if (w->ranks < w->size)
        fprintf(stderr, "nobody here is late: one of the other %d ranks is, on another host\n", w->size - w->ranks);
    else
        fprintf(stderr, "nobody is late: they wait for different things, an error of the program\n");
}

void watchdog_tell(const Watchdog *w)
{
    char host[256] = "";
    for (int i = 0; i < w->ranks; i++)
        if (atomic_load(&w->slot[i].told)) return;
    atomic_store(&w->slot[w->mine].told, true);
    gethostname(host, sizeof host - 1);
    fprintf(stderr, "lockstep: error: no progress for %g s (%s) on host %s\n", w->deadline, w->setting, host);
    for (int i = 0; i < w->ranks; i++) tell_rank(w, i);
    if (!watchdog_sees_late(w)) tell_of_others(w);
    fflush(stderr);
}
