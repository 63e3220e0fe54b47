/* Agreement and the reduction between real ranks. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/philox.h"
#include "comm/reduction.h"
#include "mpi_test.h"

static void all_ranks_agree_on_success(Comm *comm)
{
    CHECK(comm_agree(comm, STATUS_OK) == STATUS_OK);
}

static void one_rank_s_failure_becomes_everyone_s(Comm *comm)
{
    const int culprit = comm_size(comm) - 1;
    Status st = STATUS_OK;
    if (comm_rank(comm) == culprit) st = status_fail(STATUS_DATA, "the sky is green");
    CHECK(comm_agree(comm, st) == STATUS_DATA);
    if (comm_rank(comm) == 0) CHECK(strstr(status_message(), "the sky is green"));
    if (comm_rank(comm) == 0 && culprit > 0) CHECK(strstr(status_message(), "on rank"));
    if (comm_rank(comm) > 0) CHECK(*status_message() == '\0');
    status_clear();
}

static void the_lowest_failing_rank_is_heard(Comm *comm)
{
    Status st = comm_rank(comm) == 0 ? status_fail(STATUS_IO, "first") : status_fail(STATUS_CONFIG, "other");
    CHECK(comm_agree(comm, st) == STATUS_IO);
    if (comm_rank(comm) == 0) CHECK(strcmp(status_message(), "first") == 0 || comm_size(comm) == 1);
    status_clear();
}

static void words_are_added_and_passed_on(Comm *comm)
{
    uint64_t word[2] = {(uint64_t)comm_rank(comm), comm_rank(comm) == comm_size(comm) - 1 ? 0xfedcba9876543210u : 0};
    comm_sum_words(comm, word, 2);
    CHECK(word[0] == (uint64_t)(comm_size(comm) * (comm_size(comm) - 1) / 2));
    CHECK(word[1] == 0xfedcba9876543210u);
}

/* More than one message. */
static void many_words_are_added(Comm *comm)
{
    const size_t count = COMM_MOST_WORDS + 3;
    uint64_t *word;
    if (comm_agree(comm, memory_new(&word, count, "words")) != STATUS_OK) {
        CHECK(!"memory for the words");
        return;
    }
    word[0] = word[COMM_MOST_WORDS - 1] = 1;
    word[COMM_MOST_WORDS] = word[count - 1] = 2;
    comm_sum_words(comm, word, count);
    const uint64_t size = (uint64_t)comm_size(comm);
    CHECK(word[0] == size && word[COMM_MOST_WORDS - 1] == size && word[1] == 0);
    CHECK(word[COMM_MOST_WORDS] == 2 * size && word[count - 1] == 2 * size);
    memory_free(word);
}

/* Element i of shard s: of many magnitudes, so that any other order of adding shows. */
static float element(size_t shard, size_t i)
{
    Stream stream;
    stream_init(&stream, 17, PURPOSE_SYNTHESIS, (uint32_t)shard, (uint32_t)i);
    return (stream_uniform(&stream) - 0.5f) * (float)(1u << stream_below(&stream, 24));
}

static float tree(size_t shards, size_t i, unsigned depth, size_t node)
{
    const size_t begin = (node * shards) >> depth, end = ((node + 1) * shards) >> depth;
    if (end - begin == 1) return element(begin, i);
    const size_t middle = ((2 * node + 1) * shards) >> (depth + 1);
    if (middle == begin) return tree(shards, i, depth + 1, 2 * node + 1);
    if (middle == end) return tree(shards, i, depth + 1, 2 * node);
    return tree(shards, i, depth + 1, 2 * node) + tree(shards, i, depth + 1, 2 * node + 1);
}

/* This rank's subtree sums, made from its shards by its own fold. */
static void fill_pieces(const Fold *run, size_t first, size_t count, float *const *piece)
{
    for (size_t e = 0; e < count; e++) {
        float stack[FOLD_MAX_DEPTH];
        size_t depth = 0, output = 0;
        for (size_t i = 0; i < run->items; i++) {
            stack[depth++] = element(first + i, e);
            for (unsigned m = 0; m < run->merges[i]; m++, depth--) stack[depth - 2] += stack[depth - 1];
            if (run->closes[i]) piece[output++][e] = stack[--depth];
        }
    }
}

static void check_reduction(Comm *comm, ReductionKind kind, size_t shards, size_t count)
{
    const size_t size = (size_t)comm_size(comm), rank = (size_t)comm_rank(comm);
    const size_t first = fold_run_begin(shards, size, rank), end = fold_run_begin(shards, size, rank + 1);
    Fold run;
    const Status st = comm_agree(comm, fold_init_run(&run, shards, first, end));
    CHECK(st == STATUS_OK);
    if (st != STATUS_OK) return;
    float *piece[2 * FOLD_MAX_DEPTH];
    for (size_t i = 0; i < run.outputs; i++) piece[i] = calloc(count, sizeof *piece[i]);
    Reduction *reduction;
    CHECK(reduction_open(comm, kind, kernels_all()[0], shards, count, piece, 3, &reduction) == STATUS_OK);
    for (int twice = 0; twice < 2; twice++) {
        fill_pieces(&run, first, count, piece);
        uint64_t word[3] = {1, rank, rank == 0 ? ~0ull : 0};
        reduction_run(reduction, word);
        CHECK(word[0] == size && word[1] == size * (size - 1) / 2 && word[2] == ~0ull);
        bool same = true;
        for (size_t e = 0; e < count; e++) {
            const float expected = tree(shards, e, 0, 0), got = piece[0][e];
            /* Any order: 40 additions of numbers below 2^24, each off by half an ulp of a sum below 2^27. */
            const float slack = kind == REDUCTION_TREE ? 0.0f : 40 * 8.0f;
            same = same && got - expected <= slack && expected - got <= slack;
        }
        CHECK(same);
    }
    reduction_close(reduction);
    for (size_t i = 0; i < run.outputs; i++) free(piece[i]);
    fold_free(&run);
}

int main(int argc, char **argv)
{
    Comm *comm;
    if (comm_begin(&argc, &argv, &comm) != STATUS_OK) return 2;
    all_ranks_agree_on_success(comm);
    one_rank_s_failure_becomes_everyone_s(comm);
    the_lowest_failing_rank_is_heard(comm);
    words_are_added_and_passed_on(comm);
    many_words_are_added(comm);
    for (size_t shards = (size_t)comm_size(comm); shards <= 17; shards++) {
        check_reduction(comm, REDUCTION_TREE, shards, 16);
        check_reduction(comm, REDUCTION_TREE, shards, 16 * 33);
        check_reduction(comm, REDUCTION_MPI, shards, 16 * 7);
    }
    check_reduction(comm, REDUCTION_TREE, 16, 16 * 700); /* more than a block a slice */
    return mpi_test_end(comm);
}
