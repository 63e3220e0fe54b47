/* All of src/comm for the one rank of a build without MPI, in place of the files that use it. What is collective is
 * done at once, what ranks agree on is what this one says, and nobody is waited for. */
#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "comm/clocks.h"
#include "comm/comm.h"
#include "comm/process.h"
#include "comm/reduction.h"
#include "comm/watchdog.h"

struct Comm {
    int rank, size;
};

struct Node {
    int shares;
    void *share[NODE_MOST_SHARES]; /* owned */
};

struct Reduction {
    size_t count;
    float *piece; /* (count) the whole tree is one subtree; owned */
};

Status comm_begin(int *argc, char ***argv, Comm **comm)
{
    int rank, size;
    (void)argc, (void)argv;
    *comm = NULL;
    comm_launched(&rank, &size);
    if (rank > 0) comm_leave(0);
    if (size > 1)
        return status_fail(STATUS_USAGE,
                           "this lockstep was built without MPI (LOCKSTEP_MPI=OFF) and was started on %d ranks: start "
                           "it on one, or build it with MPI",
                           size);
    const Status st = memory_new(comm, 1, "the ranks");
    if (st == STATUS_OK) **comm = (Comm){.rank = 0, .size = 1};
    return st;
}

void comm_end(Comm *comm)
{
    memory_free(comm);
}

int comm_rank(const Comm *comm)
{
    return comm->rank;
}

int comm_size(const Comm *comm)
{
    return comm->size;
}

const char *comm_library(void)
{
    return "none";
}

Status comm_agree(Comm *comm, Status mine)
{
    (void)comm;
    return mine;
}

void comm_barrier(Comm *comm)
{
    (void)comm;
}

void comm_broadcast(Comm *comm, void *bytes, size_t size)
{
    (void)comm, (void)bytes, (void)size;
}

void comm_sum_words(Comm *comm, uint64_t *word, size_t count)
{
    (void)comm, (void)word, (void)count;
}

void comm_gather_all(Comm *comm, const void *mine, size_t bytes, void *all)
{
    (void)comm;
    memcpy(all, mine, bytes);
}

void comm_take(Comm *comm, int from, const void *mine, size_t bytes, void *taken)
{
    (void)comm, (void)from;
    memcpy(taken, mine, bytes);
}

HostClock clocks_compare(Comm *comm)
{
    (void)comm;
    return (HostClock){.host = 0};
}

struct Watchdog *comm_watchdog(const Comm *comm)
{
    (void)comm;
    return NULL;
}

void watchdog_set_places(Watchdog *watchdog, const char *const *place)
{
    (void)watchdog, (void)place;
}

void watchdog_set_deadline(Watchdog *watchdog, double deadline)
{
    (void)watchdog, (void)deadline;
}

double watchdog_waited(const Watchdog *watchdog)
{
    (void)watchdog;
    return 0.0;
}

void watchdog_beat(Watchdog *watchdog, uint64_t step, int place)
{
    (void)watchdog, (void)step, (void)place;
}

Status node_open(Comm *comm, Node **node)
{
    (void)comm;
    return memory_new(node, 1, "the node");
}

Status node_reserve(Node *node, size_t bytes)
{
    (void)node, (void)bytes;
    return STATUS_OK;
}

void node_close(Node *node)
{
    if (!node) return;
    for (int i = node->shares - 1; i >= 0; i--) memory_free(node->share[i]);
    memory_free(node);
}

int node_rank(const Node *node)
{
    (void)node;
    return 0;
}

int node_size(const Node *node)
{
    (void)node;
    return 1;
}

int node_count(const Node *node)
{
    (void)node;
    return 1;
}

int node_mine(const Node *node)
{
    (void)node;
    return 0;
}

int node_begin(const Node *node, int i)
{
    (void)node;
    assert(i == 0 || i == 1);
    return i;
}

Status node_share(Node *node, size_t bytes, void **segment)
{
    assert(node->shares < NODE_MOST_SHARES);
    char *memory = NULL;
    const Status st = bytes > 0 ? memory_new(&memory, bytes, "the node") : STATUS_OK;
    segment[0] = node->share[node->shares++] = memory;
    return st;
}

void node_arrive(Node *node)
{
    (void)node;
}

void node_wait(Node *node)
{
    (void)node;
}

void node_barrier(Node *node)
{
    (void)node;
}

Status reduction_open(Comm *comm, Node *node, ReductionKind kind, const Kernels *kernels, size_t shards, size_t count,
                      size_t words, Reduction **reduction)
{
    (void)comm, (void)node, (void)kind, (void)kernels, (void)shards, (void)words;
    Status st = memory_new(reduction, 1, "the reduction");
    if (st != STATUS_OK) return st;
    (*reduction)->count = count;
    st = memory_new(&(*reduction)->piece, count, "gradients");
    if (st == STATUS_OK) return STATUS_OK;
    reduction_close(*reduction);
    *reduction = NULL;
    return st;
}

void reduction_close(Reduction *reduction)
{
    if (!reduction) return;
    memory_free(reduction->piece);
    memory_free(reduction);
}

float *const *reduction_pieces(const Reduction *reduction)
{
    return &reduction->piece;
}

void reduction_begin(Reduction *reduction)
{
    (void)reduction;
}

void reduction_words(Reduction *reduction, uint64_t *word)
{
    (void)reduction, (void)word;
}

void reduction_finish(Reduction *reduction, ReductionShare share, ReductionConsumer *consume, void *context)
{
    (void)share;
    if (reduction->count > 0) consume(context, 0, reduction->count, reduction->piece);
}
