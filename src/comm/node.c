/* A share is an MPI-3 shared window with memory of each rank's own (alloc_shared_noncontig), so that its pages lie
 * where their rank runs, by first touch: they come zero from the system, and only those that are used. Open MPI 4.1
 * begins each segment 264 bytes into a page: a page more is asked for, and the segment begins on the next one. No MPI
 * call is made on the windows later: all is loads, stores and C11 atomics.
 *
 * Open MPI puts the files of windows into the directory osc_sm_backing_directory, by default /dev/shm. Asking MPI_T for
 * its value costs 0.2 s; mpirun --mca hands it on in the environment. */
#include "comm/node.h"

#include <assert.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/memory.h"
#include "comm/comm_internal.h"
#include "kernels/fold.h"

/* The counters begin shortly before they wrap around, so that every run goes through it. */
#define FIRST_ARRIVALS (UINT_MAX - 100)

/* Of one rank; a cache line of its own. */
typedef struct {
    _Alignas(64) atomic_uint arrivals;
    atomic_uint sleepers; /* ranks that have the system wake them when it arrives */
} Line;

struct Node {
    Comm *comm;
    int rank, size, count, mine;
    int *begin;     /* (count + 1) owned */
    MPI_Comm ranks; /* of this node; MPI_COMM_NULL for one rank; the host's, or owned */
    size_t left;    /* bytes that may still be asked for */
    bool crowded;   /* the host has more ranks than processors that they may run on */
    int shares;
    struct {
        MPI_Win window; /* or */
        void *alone;    /* owned */
    } share[NODE_MOST_SHARES];
    Line *line; /* (size) in a share; NULL for one rank */

    unsigned arrivals; /* of this rank */
};

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* What a share of so many bytes takes of the host's shared memory. */
static size_t window_bytes(size_t bytes)
{
    return bytes == 0 ? 0 : (bytes + 2 * page_size() - 1) / page_size() * page_size();
}

/* Into how many runs LOCKSTEP_NODES deals the ranks, in tests; else 1. */
static Status read_feigned(int *nodes)
{
    const char *text = getenv("LOCKSTEP_NODES");
    char *end;
    *nodes = 1;
    if (!text || !*text) return STATUS_OK;
    const long number = strtol(text, &end, 10);
    if (*end || number < 1 || number > INT_MAX)
        return status_fail(STATUS_USAGE, "LOCKSTEP_NODES=%s: it must be a whole number from 1", text);
    *nodes = (int)number;
    return STATUS_OK;
}

/* In which run of those a rank is. */
static int feigned_node(const Comm *comm, int nodes)
{
    int i = 0;
    while (fold_run_begin((size_t)comm->size, (size_t)nodes, (size_t)i + 1) <= (size_t)comm->rank) i++;
    return i;
}

static Status check_room(size_t bytes)
{
    const char *directory = getenv("OMPI_MCA_osc_sm_backing_directory");
    if (!directory) directory = "/dev/shm";
    struct statvfs fs;
    if (statvfs(directory, &fs) != 0) memset(&fs, 0, sizeof fs);
    const size_t room = (size_t)fs.f_bavail * fs.f_frsize;
    if (bytes <= room && !fault_at("no-shared-memory", 0)) return STATUS_OK;
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    return status_fail(STATUS_INTERNAL, "the ranks of host %s want to share %.1f MB and %s has %.1f MB free", host,
                       (double)bytes * 1e-6, directory, (double)room * 1e-6);
}

/* Is there room for all shares on all hosts? Collective; the same on every rank. */
static bool shares_fit(Comm *comm, size_t bytes)
{
    int in_host;
    uint64_t total = bytes + (NODE_MOST_SHARES + 1) * window_bytes(1);
    MPI_Comm_rank(comm->host, &in_host);
    MPI_Allreduce(MPI_IN_PLACE, &total, 1, MPI_UINT64_T, MPI_SUM, comm->host);
    const Status st = comm_agree(comm, in_host == 0 ? check_room(total) : STATUS_OK);
    if (st == STATUS_OK) return true;
    log_warning(
        "%s: the ranks exchange messages instead, with the same results, but slower; give it more space (docker run "
        "--shm-size, mount -o remount,size=) or name a local directory with more in OMPI_MCA_osc_sm_backing_directory",
        status_message());
    status_clear();
    return false;
}

/* Have the ranks of this host fewer processors than there are ranks? Collective. */
static bool is_crowded(const Comm *comm)
{
    enum { MOST_CPUS = 8192, WORDS = MOST_CPUS / 64 };
    union {
        cpu_set_t set;
        uint64_t word[WORDS];
    } cpus = {.word = {0}};
    int ranks;
    if (sched_getaffinity(0, sizeof cpus, &cpus.set) != 0) memset(&cpus, 0, sizeof cpus);
    MPI_Allreduce(MPI_IN_PLACE, cpus.word, WORDS, MPI_UINT64_T, MPI_BOR, comm->host);
    MPI_Comm_size(comm->host, &ranks);
    return CPU_COUNT_S(sizeof cpus, &cpus.set) < ranks;
}

/* Sets rank, size and ranks. Collective. */
static void find_ranks(Node *node, int feigned)
{
    Comm *comm = node->comm;
    node->size = 1;
    node->ranks = MPI_COMM_NULL;
    if (comm->size == 1) return;
    if (feigned >= comm->size) return;
    node->crowded = is_crowded(comm);
    node->ranks = comm->host;
    if (feigned > 1) MPI_Comm_split(comm->host, feigned_node(comm, feigned), 0, &node->ranks);
    MPI_Comm_rank(node->ranks, &node->rank);
    MPI_Comm_size(node->ranks, &node->size);
}

/* Sets count, mine and begin, from every rank's node's first rank. Collective. */
static Status find_nodes(Node *node)
{
    const size_t size = (size_t)node->comm->size;
    int *first;
    Status st = memory_new(&first, size, "the nodes");
    if (st == STATUS_OK && !node->begin) st = memory_new(&node->begin, size + 1, "the nodes");
    st = comm_agree(node->comm, st);
    node->count = 0;
    if (st == STATUS_OK) {
        const int own = node->comm->rank - node->rank;
        comm_gather_all(node->comm, &own, sizeof own, first);
        for (size_t r = 0; r < size; r++) {
            if (first[r] == (int)r) node->begin[node->count++] = first[r];
            if (r == (size_t)node->comm->rank) node->mine = node->count - 1;
        }
        node->begin[node->count] = node->comm->size;
    }
    memory_free(first);
    return st;
}

/* The lines of the barrier, in the first rank's share. */
static Status share_lines(Node *node)
{
    void **segment;
    Status st = comm_agree(node->comm, memory_new(&segment, (size_t)node->size, "the node"));
    const size_t bytes = node->size > 1 && node->rank == 0 ? (size_t)node->size * sizeof(Line) : 0;
    if (st == STATUS_OK) st = node_share(node, bytes, segment);
    if (st == STATUS_OK) node->line = segment[0];
    memory_free(segment);
    if (st != STATUS_OK || node->count == node->comm->size) return st;
    node->arrivals = FIRST_ARRIVALS;
    if (node->line) atomic_store(&node->line[node->rank].arrivals, FIRST_ARRIVALS);
    return comm_agree(node->comm, STATUS_OK); /* nobody waits for a counter that has not begun */
}

Status node_open(Comm *comm, Node **opened)
{
    Node *node;
    int feigned = 1;
    *opened = NULL;
    Status st = memory_new(&node, 1, "the node");
    if (st == STATUS_OK && comm->rank == 0) st = read_feigned(&feigned); /* of rank 0's environment */
    st = comm_agree(comm, st);
    if (st != STATUS_OK) {
        memory_free(node);
        return st;
    }
    comm_broadcast(comm, &feigned, sizeof feigned);
    node->comm = comm;
    find_ranks(node, feigned);
    st = find_nodes(node);
    if (st != STATUS_OK)
        node_close(node);
    else
        *opened = node;
    return st;
}

static void free_ranks(Node *node)
{
    if (node->ranks != MPI_COMM_NULL && node->ranks != node->comm->host) MPI_Comm_free(&node->ranks);
    node->ranks = MPI_COMM_NULL;
}

Status node_reserve(Node *node, size_t bytes)
{
    assert(node->shares == 0);
    Status st = STATUS_OK;
    if (node->count < node->comm->size && !shares_fit(node->comm, bytes)) {
        free_ranks(node);
        node->rank = 0, node->size = 1;
        st = find_nodes(node);
    }
    node->left = bytes + (size_t)node->size * sizeof(Line);
    return st == STATUS_OK ? share_lines(node) : st;
}

void node_close(Node *node)
{
    if (!node) return;
    for (int i = node->shares - 1; i >= 0; i--) {
        if (node->size > 1) MPI_Win_free(&node->share[i].window);
        memory_free(node->share[i].alone);
    }
    free_ranks(node);
    memory_free(node->begin);
    memory_free(node);
}

int node_rank(const Node *node)
{
    return node->rank;
}

int node_size(const Node *node)
{
    return node->size;
}

int node_count(const Node *node)
{
    return node->count;
}

int node_mine(const Node *node)
{
    return node->mine;
}

int node_begin(const Node *node, int i)
{
    assert(i >= 0 && i <= node->count);
    return node->begin[i];
}

static Status share_alone(Node *node, size_t bytes, void **segment)
{
    char *memory;
    segment[0] = NULL;
    if (bytes == 0) return STATUS_OK;
    const Status st = memory_new(&memory, bytes, "the node");
    segment[0] = node->share[node->shares].alone = memory;
    return st;
}

static void share_window(Node *node, size_t bytes, void **segment)
{
    const size_t page = page_size();
    MPI_Info own_pages;
    MPI_Info_create(&own_pages);
    MPI_Info_set(own_pages, "alloc_shared_noncontig", "true");
    void *mine;
    MPI_Win *window = &node->share[node->shares].window;
    MPI_Win_allocate_shared((MPI_Aint)window_bytes(bytes), 1, own_pages, node->ranks, &mine, window);
    MPI_Info_free(&own_pages);
    for (int q = 0; q < node->size; q++) {
        MPI_Aint size;
        int unit;
        MPI_Win_shared_query(*window, q, &size, &unit, &segment[q]);
        const uintptr_t address = ((uintptr_t)segment[q] + page - 1) / page * page;
        segment[q] = size > 0 ? (void *)address : NULL;
    }
}

Status node_share(Node *node, size_t bytes, void **segment)
{
    assert(node->shares < NODE_MOST_SHARES);
    Status st = STATUS_OK;
    if (node->size == 1)
        st = share_alone(node, bytes, segment);
    else {
        assert(bytes <= node->left);
        node->left -= bytes;
        share_window(node, bytes, segment);
    }
    node->shares++;
    return comm_agree(node->comm, st);
}

/* The store and the load are in one order with those of sleep_for: either this rank sees the sleeper, or that one the
 * arrival. */
void node_arrive(Node *node)
{
    if (node->size == 1) return;
    Line *line = &node->line[node->rank];
    atomic_store(&line->arrivals, ++node->arrivals);
    if (atomic_load(&line->sleepers) > 0) syscall(SYS_futex, &line->arrivals, FUTEX_WAKE, node->size, NULL, NULL, 0);
}

/* So many arrivals are as many as this rank's, or more; the counts may wrap around. */
static bool is_enough(const Node *node, unsigned arrivals)
{
    return arrivals - node->arrivals <= ~0u / 2;
}

static bool has_arrived(const Node *node, int q)
{
    return is_enough(node, atomic_load_explicit(&node->line[q].arrivals, memory_order_acquire));
}

/* Until rank q arrives once more, if it has not yet, or for no reason. */
static void sleep_for(const Node *node, int q)
{
    Line *line = &node->line[q];
    atomic_fetch_add(&line->sleepers, 1);
    const unsigned arrivals = atomic_load(&line->arrivals);
    if (!is_enough(node, arrivals)) syscall(SYS_futex, &line->arrivals, FUTEX_WAIT, arrivals, NULL, NULL, 0);
    atomic_fetch_sub(&line->sleepers, 1);
}

static void pause_processor(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

/* With a processor of its own a rank is back at once only if it stays awake. With fewer processors than ranks whoever
 * waits must get out of the way: 8 ranks on 2 cores did 1.1 to 2 times the steps so than by sched_yield. */
static void wait_for(const Node *node, int q)
{
    enum { MOST_PAUSES = 1000 }; /* some 20 us; then somebody else may need the processor, whatever the masks say */
    for (int pauses = 0; !has_arrived(node, q);) {
        if (node->crowded)
            sleep_for(node, q);
        else if (pauses == MOST_PAUSES)
            sched_yield();
        else {
            pause_processor();
            pauses++;
        }
    }
}

void node_wait(Node *node)
{
    bool waiting = false;
    for (int q = 0; q < node->size && node->size > 1; q++) {
        if (has_arrived(node, q)) continue;
        if (!waiting) watchdog_wait(node->comm->watchdog, true);
        waiting = true;
        wait_for(node, q);
    }
    if (waiting) watchdog_wait(node->comm->watchdog, false);
}

void node_barrier(Node *node)
{
    node_arrive(node);
    node_wait(node);
}
