/* The ranks that share memory: who they are, what they see, how they wait. */
#include "comm/node.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "kernels/fold.h"
#include "mpi_test.h"

/* The ranks dealt into so many nodes. */
static Node *open_feigned(Comm *comm, int nodes, size_t bytes)
{
    char text[16];
    snprintf(text, sizeof text, "%d", nodes);
    setenv("LOCKSTEP_NODES", text, 1);
    Node *node;
    CHECK(node_open(comm, &node) == STATUS_OK);
    CHECK(node_reserve(node, bytes) == STATUS_OK);
    return node;
}

static void nodes_are_runs_of_ranks(Comm *comm, int nodes)
{
    Node *node = open_feigned(comm, nodes, 0);
    const int me = comm_rank(comm), mine = node_mine(node);
    CHECK(node_count(node) == nodes);
    CHECK(node_begin(node, 0) == 0 && node_begin(node, nodes) == comm_size(comm));
    for (int i = 0; i <= nodes; i++)
        CHECK(node_begin(node, i) == (int)fold_run_begin((size_t)comm_size(comm), (size_t)nodes, (size_t)i));
    CHECK(node_begin(node, mine) + node_rank(node) == me);
    CHECK(node_begin(node, mine) + node_size(node) == node_begin(node, mine + 1));
    node_close(node);
}

/* Of different sizes; one of the ranks shares nothing. */
static void every_rank_sees_what_the_others_share(Comm *comm, int nodes)
{
    enum { MOST = 64 };
    const size_t bytes = comm_rank(comm) == 1 ? 0 : 10000 + 5000 * (size_t)comm_rank(comm);
    Node *node = open_feigned(comm, nodes, 2 * bytes);
    char *segment[2][MOST];
    for (int share = 0; share < 2; share++) {
        CHECK(node_share(node, bytes, (void **)segment[share]) == STATUS_OK);
        char *own = segment[share][node_rank(node)];
        CHECK((own == NULL) == (bytes == 0));
        if (own && node_size(node) > 1) CHECK((uintptr_t)own % 4096 == 0);
        bool zeroed = true;
        for (size_t i = 0; i < bytes; i++) zeroed = zeroed && own[i] == 0;
        CHECK(zeroed);
    }
    for (int share = 0; share < 2; share++)
        if (bytes > 0) memset(segment[share][node_rank(node)], 1 + comm_rank(comm) + 100 * share, bytes);
    node_barrier(node);
    for (int q = 0; q < node_size(node); q++) {
        const int rank = node_begin(node, node_mine(node)) + q;
        if (rank == 1) continue;
        const size_t last = 10000 + 5000 * (size_t)rank - 1;
        for (int share = 0; share < 2; share++) {
            const char expected = (char)(1 + rank + 100 * share);
            CHECK(segment[share][q][0] == expected && segment[share][q][last] == expected);
        }
    }
    node_barrier(node);
    node_close(node);
}

/* Rounds of writing and reading by turns, at every moment some rank ahead: a rank that waits sees this round's numbers,
 * and nobody the next round's before all have arrived again. */
static void nobody_passes_the_barrier_early(Comm *comm, int nodes)
{
    enum { MOST = 64, ROUNDS = 2000 };
    Node *node = open_feigned(comm, nodes, sizeof(int));
    volatile int *segment[MOST];
    CHECK(node_share(node, sizeof(int), (void **)segment) == STATUS_OK);
    int wrong = 0;
    for (int round = 1; round <= ROUNDS; round++) {
        for (volatile int work = (round + comm_rank(comm)) % comm_size(comm) * 100; work > 0;) work = work - 1;
        *segment[node_rank(node)] = round;
        node_barrier(node);
        for (int q = 0; q < node_size(node); q++) wrong += *segment[q] != round;
        node_arrive(node);
        if (round % 3 == 0) node_arrive(node); /* again, without having waited */
        node_wait(node);
    }
    CHECK(wrong == 0);
    node_close(node);
}

/* More than any host has: messages it is, and rank 0 says why. */
static void without_room_every_rank_is_a_node(Comm *comm)
{
    FILE *log = tmpfile();
    log_set_file(fileno(log), "the log");
    log_set_quiet(true);
    Node *node = open_feigned(comm, 1, (size_t)1 << 50);
    log_set_file(-1, NULL);
    CHECK(node_count(node) == comm_size(comm) && node_size(node) == 1 && node_rank(node) == 0);
    CHECK(node_mine(node) == comm_rank(comm));
    char text[4096] = "";
    rewind(log);
    const size_t read = fread(text, 1, sizeof text - 1, log);
    CHECK((read > 0) == (comm_rank(comm) == 0 && comm_size(comm) > 1));
    if (read > 0) CHECK(strstr(text, "MB free") && strstr(text, "OMPI_MCA_osc_sm_backing_directory"));
    fclose(log);
    node_barrier(node);
    node_close(node);
}

int main(int argc, char **argv)
{
    Comm *comm;
    if (comm_begin(&argc, &argv, &comm) != STATUS_OK) return 2;
    for (int nodes = 1; nodes <= comm_size(comm); nodes++) {
        nodes_are_runs_of_ranks(comm, nodes);
        every_rank_sees_what_the_others_share(comm, nodes);
        nobody_passes_the_barrier_early(comm, nodes);
    }
    without_room_every_rank_is_a_node(comm);
    return mpi_test_end(comm);
}
