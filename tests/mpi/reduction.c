/* The reduction between real ranks, on one node and between several that are feigned: it is the tree of the definition,
 * in bits. */
#include "comm/reduction.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/philox.h"
#include "mpi_test.h"

enum { WORDS = 11 };

/* What is reduced, and what a consumer was given of it. */
typedef struct {
    Comm *comm;
    Node *node;
    Reduction *reduction;
    size_t shards, count;
    Fold run;      /* of this rank's shards */
    float *got;    /* (count) */
    uint64_t *had; /* (ranks of the job, count) how often each float was given to ranks of each node */
} Case;

static void take(void *context, size_t begin, size_t count, const float *gradient)
{
    Case *c = context;
    CHECK(begin % REDUCTION_LINE == 0 && count % REDUCTION_LINE == 0 && count > 0 && begin + count <= c->count);
    memcpy(c->got + begin, gradient, count * sizeof *gradient);
    for (size_t i = begin; i < begin + count; i++) c->had[(size_t)node_mine(c->node) * c->count + i]++;
}

/* Element i of shard s in a step: of many magnitudes, so that any other order of adding shows. */
static float element(size_t shard, unsigned step, size_t i)
{
    Stream stream;
    stream_init(&stream, 17 + step, PURPOSE_SYNTHESIS, (uint32_t)shard, (uint32_t)i);
    return (stream_uniform(&stream) - 0.5f) * (float)(1u << stream_below(&stream, 24));
}

/* The definition. */
static float tree(const float *value, size_t shards, unsigned depth, size_t node)
{
    const size_t begin = (node * shards) >> depth, end = ((node + 1) * shards) >> depth;
    if (end - begin == 1) return value[begin];
    const size_t middle = ((2 * node + 1) * shards) >> (depth + 1);
    if (middle == begin) return tree(value, shards, depth + 1, 2 * node + 1);
    if (middle == end) return tree(value, shards, depth + 1, 2 * node);
    return tree(value, shards, depth + 1, 2 * node) + tree(value, shards, depth + 1, 2 * node + 1);
}

static float expected(size_t shards, unsigned step, size_t i)
{
    float value[FOLD_MAX_SHARDS];
    for (size_t s = 0; s < shards; s++) value[s] = element(s, step, i);
    return tree(value, shards, 0, 0);
}

/* This rank's subtree sums, made from its shards by its own fold. */
static void fill_pieces(Case *c, unsigned step)
{
    float *const *piece = reduction_pieces(c->reduction);
    const size_t first = fold_run_begin(c->shards, (size_t)comm_size(c->comm), (size_t)comm_rank(c->comm));
    for (size_t e = 0; e < c->count; e++) {
        float stack[FOLD_MAX_DEPTH];
        size_t depth = 0, output = 0;
        for (size_t i = 0; i < c->run.items; i++) {
            stack[depth++] = element(first + i, step, e);
            for (unsigned m = 0; m < c->run.merges[i]; m++, depth--) stack[depth - 2] += stack[depth - 1];
            if (c->run.closes[i]) piece[output++][e] = stack[--depth];
        }
    }
}

/* Each float was given once to every rank, or once on every node. */
static void check_given(Case *c, ReductionShare share)
{
    const size_t nodes = (size_t)node_count(c->node);
    if (share == REDUCTION_ALL) {
        const uint64_t *had = c->had + (size_t)node_mine(c->node) * c->count;
        bool once = true;
        for (size_t e = 0; e < c->count; e++) once = once && had[e] == 1;
        CHECK(once);
        return;
    }
    bool once = true;
    comm_sum_words(c->comm, c->had, nodes * c->count);
    for (size_t e = 0; e < nodes * c->count; e++) once = once && c->had[e] == 1;
    CHECK(once);
}

static void step_words(Case *c, unsigned step)
{
    const uint64_t size = (uint64_t)comm_size(c->comm), rank = (uint64_t)comm_rank(c->comm);
    uint64_t word[WORDS] = {1, rank + step, rank == size - 1 ? ~0ull - step : 0};
    word[WORDS - 1] = rank * rank;
    reduction_words(c->reduction, word);
    CHECK(word[0] == size && word[1] == size * (size - 1) / 2 + size * step && word[2] == ~0ull - step);
    CHECK(word[WORDS - 1] == size * (size - 1) * (2 * size - 1) / 6);
}

static bool open_case(Case *c, Comm *comm, ReductionKind kind, int nodes, size_t shards, size_t count)
{
    const size_t size = (size_t)comm_size(comm), rank = (size_t)comm_rank(comm);
    char text[16];
    snprintf(text, sizeof text, "%d", nodes);
    setenv("LOCKSTEP_NODES", text, 1);
    *c = (Case){.comm = comm, .shards = shards, .count = count};
    ReductionBytes bytes;
    const Kernels *kernels = kernels_all()[0];
    Status st = reduction_bytes(kind, shards, count, WORDS, size, rank, &bytes);
    if (st == STATUS_OK) st = memory_new(&c->got, count, "the sum");
    if (st == STATUS_OK) st = memory_new(&c->had, size * count, "what was given");
    if (st == STATUS_OK)
        st = fold_init_run(&c->run, shards, fold_run_begin(shards, size, rank), fold_run_begin(shards, size, rank + 1));
    st = comm_agree(comm, st);
    if (st == STATUS_OK) st = node_open(comm, &c->node);
    if (st == STATUS_OK) st = node_reserve(c->node, bytes.shared + count * sizeof(float)); /* and what a test takes */
    if (st == STATUS_OK) st = reduction_open(comm, c->node, kind, kernels, shards, count, WORDS, &c->reduction);
    CHECK(st == STATUS_OK);
    if (st == STATUS_OK) CHECK(node_count(c->node) >= nodes);
    return st == STATUS_OK;
}

static void close_case(Case *c)
{
    reduction_close(c->reduction);
    node_close(c->node);
    fold_free(&c->run);
    memory_free(c->got);
    memory_free(c->had);
}

/* Steps in a row with other numbers each, given to all and shared by turns. */
static void check_reduction(Comm *comm, ReductionKind kind, int nodes, size_t shards, size_t count)
{
    Case c;
    for (unsigned step = open_case(&c, comm, kind, nodes, shards, count) ? 0 : 4; step < 4; step++) {
        const ReductionShare share = step % 2 ? REDUCTION_MINE : REDUCTION_ALL;
        memset(c.had, 0, (size_t)comm_size(comm) * count * sizeof *c.had);
        reduction_begin(c.reduction);
        fill_pieces(&c, step);
        step_words(&c, step);
        reduction_finish(c.reduction, share, take, &c);
        bool same = true;
        for (size_t e = 0; e < count; e++) {
            if (!c.had[(size_t)node_mine(c.node) * count + e]) continue;
            const float should = expected(shards, step, e);
            /* Any order: 40 additions of numbers below 2^24, each off by half an ulp of a sum below 2^27. */
            const float slack = kind == REDUCTION_TREE ? 0.0f : 40 * 8.0f;
            same = same && c.got[e] - should <= slack && should - c.got[e] <= slack;
        }
        CHECK(same);
        check_given(&c, share);
    }
    close_case(&c);
}

/* Whoever is fast and whoever is slow: nobody reads of another step. Small integers, so that every sum is exact and
 * known; every step has its own, and another rank that is late. */
static void steps_never_mix(Comm *comm, int nodes, ReductionShare share, size_t count, unsigned steps)
{
    Case c;
    const unsigned size = (unsigned)comm_size(comm), rank = (unsigned)comm_rank(comm);
    bool same = true;
    const bool opened = open_case(&c, comm, REDUCTION_TREE, nodes, size, count);
    for (unsigned step = 0; opened && step < steps; step++) {
        reduction_begin(c.reduction);
        for (size_t e = 0; e < count; e++) reduction_pieces(c.reduction)[0][e] = (float)(step * (rank + 1) + e);
        for (volatile unsigned late = (step + rank) % size ? 0 : 20000; late > 0;) late = late - 1;
        step_words(&c, step);
        for (volatile unsigned late = (step + 2 * rank) % size ? 0 : 20000; late > 0;) late = late - 1;
        memset(c.had, 0, (size_t)comm_size(comm) * count * sizeof *c.had);
        reduction_finish(c.reduction, share, take, &c);
        for (size_t e = 0; e < count; e++) {
            const bool had = c.had[(size_t)node_mine(c.node) * count + e];
            same = same && (!had || c.got[e] == (float)(step * (size * (size + 1) / 2) + size * e));
        }
    }
    CHECK(same);
    close_case(&c);
}

/* Each rank writes its share of the sum where the node's ranks see it: after the next begin all of it is there, however
 * late a rank wrote, and no rank has begun the step after. */
static void what_was_made_of_the_sum_is_there_at_the_next_begin(Comm *comm, ReductionKind kind, int nodes)
{
    enum { COUNT = 16 * 40, STEPS = 100, MOST = 64 };
    Case c;
    bool same = true;
    const unsigned size = (unsigned)comm_size(comm), rank = (unsigned)comm_rank(comm);
    const bool opened = open_case(&c, comm, kind, nodes, size, COUNT);
    void *segment[MOST] = {c.got};
    float *const own = c.got;
    if (opened && node_share(c.node, node_rank(c.node) == 0 ? COUNT * sizeof(float) : 0, segment) == STATUS_OK)
        c.got = segment[0];
    for (unsigned step = 0; opened && step < STEPS; step++) {
        reduction_begin(c.reduction);
        for (size_t e = 0; e < COUNT && step > 0; e++)
            same = same && c.got[e] == (float)((step - 1) * size * (size + 1) / 2 + size * e);
        for (size_t e = 0; e < COUNT; e++) reduction_pieces(c.reduction)[0][e] = (float)(step * (rank + 1) + e);
        step_words(&c, step);
        for (volatile unsigned late = (step + rank) % size ? 0 : 50000; late > 0;) late = late - 1;
        reduction_finish(c.reduction, REDUCTION_MINE, take, &c);
    }
    CHECK(same);
    c.got = own;
    close_case(&c);
}

/* As when training diverges: nobody wants the gradient, and all leave. */
static void a_step_may_end_with_its_words(Comm *comm, int nodes)
{
    Case c;
    if (open_case(&c, comm, REDUCTION_TREE, nodes, 8, 16 * 9)) {
        reduction_begin(c.reduction);
        fill_pieces(&c, 1);
        step_words(&c, 1);
    }
    close_case(&c);
}

static void check_nodes(Comm *comm, int nodes)
{
    for (size_t shards = (size_t)comm_size(comm); shards <= 13; shards++) {
        check_reduction(comm, REDUCTION_TREE, nodes, shards, 16);
        check_reduction(comm, REDUCTION_TREE, nodes, shards, 16 * 33);
    }
    check_reduction(comm, REDUCTION_TREE, nodes, 13, 16 * 700); /* more than a block a slice */
    check_reduction(comm, REDUCTION_MPI, nodes, 13, 16 * 7);
    steps_never_mix(comm, nodes, REDUCTION_ALL, 16 * 40, 300);
    steps_never_mix(comm, nodes, REDUCTION_MINE, 16 * 40, 300);
    if (comm_size(comm) <= 2) steps_never_mix(comm, nodes, REDUCTION_ALL, 16 * 80000, 2); /* more than a stretch */
    a_step_may_end_with_its_words(comm, nodes);
    what_was_made_of_the_sum_is_there_at_the_next_begin(comm, REDUCTION_TREE, nodes);
    what_was_made_of_the_sum_is_there_at_the_next_begin(comm, REDUCTION_MPI, nodes);
}

int main(int argc, char **argv)
{
    Comm *comm;
    if (comm_begin(&argc, &argv, &comm) != STATUS_OK) return 2;
    const int size = comm_size(comm);
    for (int nodes = 1; nodes <= size && nodes <= 3; nodes++) check_nodes(comm, nodes);
    if (size > 3) check_nodes(comm, size);
    return mpi_test_end(comm);
}
