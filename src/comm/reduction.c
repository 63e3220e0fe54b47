/* The tree between ranks. The gradient has a slice for each rank of the job, its owner: [slice_begin(r),
 * slice_begin(r + 1)). On every node each slice has one keeper: its owner, or on the other nodes the rank that speaks
 * with the owner about it.
 *
 * Words: every keeper of a foreign slice folds the pieces of its node's ranks into the node's subtree sums, in place,
 * and sends them to the owner with the sum of the node's words, so that each rank hears once from every other node.
 *
 * Finish: every owner folds the subtree sums of the other nodes and the pieces of its own into the root, into its own
 * piece 0, and sends the slice back to its keepers, which put it into theirs. Then the summed gradient lies on every
 * node, each slice in its keeper's piece 0.
 *
 * On one node no message is left, and the slices are a matter of traffic. With k items in the fold of P ranks and a
 * gradient of M bytes, each rank moves
 *
 *     by slices: (k + 1) M/P to add its own and write it, and M to read them all, with a barrier between
 *     directly:  k M to add everything itself
 *
 * so that 2 ranks add directly, and more by slices. */
#include <assert.h>
#include <string.h>

#include "base/fault.h"
#include "comm/reduction_internal.h"

enum { STRETCH = 1 << 20 /* floats, of every array: a part of the last cache */ };

float *const *reduction_pieces(const Reduction *r)
{
    return r->piece;
}

void reduction_begin(Reduction *r)
{
    node_wait(r->node);
}

/* Floats [begin, begin + count) of a fold's outputs. output (fold.outputs): where they go; NULL: the only one, to
 * wherever it happens to be. Returns where the last one is. Additions on the way go into the scratch, because outputs
 * may be items. */
static const float *fold_block(const Reduction *r, const Addends *addends, size_t begin, size_t count,
                               const Item *output)
{
    const float *stack[FOLD_MAX_DEPTH];
    size_t depth = 0;
    for (size_t i = 0; i < addends->fold.items; i++) {
        const unsigned merges = addends->fold.merges[i];
        float *to = output && addends->fold.closes[i] ? output->at + (begin - output->begin) : NULL;
        stack[depth++] = addends->item[i].at + (begin - addends->item[i].begin);
        for (unsigned m = 0; m < merges; m++, depth--) {
            float *place = to && m + 1 == merges ? to : r->scratch + (depth - 2) * REDUCTION_BLOCK;
            r->kernels->add(count, stack[depth - 2], stack[depth - 1], place);
            stack[depth - 2] = place;
        }
        if (!addends->fold.closes[i]) continue;
        depth--;
        if (to && stack[depth] != to) stack[depth] = memcpy(to, stack[depth], count * sizeof *to);
        if (output) output++;
    }
    return stack[0];
}

/* A part of the sum reaches its consumer. For tests, on its way to the rank one bit of the gradient's first float may
 * flip. */
static void hand_over(const Reduction *r, size_t begin, size_t count, const float *sum, ReductionConsumer *consume,
                      void *context)
{
    if (begin == 0 && fault_at("flip-received", r->finished + 1)) {
        float line[REDUCTION_LINE];
        memcpy(line, sum, sizeof line);
        fault_flip_bit(line);
        consume(context, 0, REDUCTION_LINE, line);
        begin += REDUCTION_LINE, sum += REDUCTION_LINE, count -= REDUCTION_LINE;
    }
    if (count > 0) consume(context, begin, count, sum);
}

/* Floats [begin, end), block by block; consume may be NULL. */
static void fold_range(const Reduction *r, const Addends *addends, size_t begin, size_t end, const Item *output,
                       ReductionConsumer *consume, void *context)
{
    for (size_t count; begin < end; begin += count) {
        count = end - begin < REDUCTION_BLOCK ? end - begin : REDUCTION_BLOCK;
        const float *gradient = fold_block(r, addends, begin, count, output);
        if (consume) hand_over(r, begin, count, gradient, consume, context);
    }
}

/* To all owners on other nodes what this one has of their slices. */
static void send_subtrees(Reduction *r)
{
    for (size_t owner = 0; owner < (size_t)r->comm->size; owner++) {
        if (reduction_is_here(r, owner) || r->keeper[owner] != (size_t)r->comm->rank) continue;
        const size_t begin = reduction_slice_begin(r, owner);
        fold_range(r, &r->here, begin, begin + reduction_slice_floats(r, owner), r->subtree, NULL, NULL);
    }
    messages_start(&r->items_out);
    watchdog_wait(r->comm->watchdog, true);
    messages_wait(&r->items_in);
    messages_wait(&r->items_out);
    watchdog_wait(r->comm->watchdog, false);
}

void reduction_words(Reduction *r, uint64_t *word)
{
    if (r->kind == REDUCTION_MPI) {
        comm_sum_words(r->comm, word, r->words);
        return;
    }
    messages_start(&r->items_in);
    memcpy(r->posted[node_rank(r->node)], word, r->words * sizeof *word);
    node_barrier(r->node);
    memset(r->word, 0, r->words * sizeof *word);
    for (int q = 0; q < node_size(r->node); q++)
        for (size_t i = 0; i < r->words; i++) r->word[i] += r->posted[q][i];
    if (node_count(r->node) > 1) send_subtrees(r);
    memcpy(word, r->word, r->words * sizeof *word);
    for (size_t n = 1; n < (size_t)node_count(r->node); n++)
        for (size_t i = 0; i < r->words; i++) word[i] += r->word[n * r->word_lines * WORDS_PER_LINE + i];
}

/* The slice is in its keeper's piece 0 by now. */
static void consume_slice(const Reduction *r, size_t owner, ReductionConsumer *consume, void *context)
{
    const float *sum = r->alone ? r->alone : r->segment[r->keeper[owner] - reduction_first_here(r)];
    const size_t begin = reduction_slice_begin(r, owner), count = reduction_slice_floats(r, owner);
    if (count > 0) hand_over(r, begin, count, sum + begin, consume, context);
}

/* What this rank has not been given yet, beginning with what is nearest in rank, so that not all read the same. */
static void consume_others(const Reduction *r, ReductionShare share, ReductionConsumer *consume, void *context)
{
    const size_t me = (size_t)r->comm->rank, size = (size_t)r->comm->size;
    for (size_t i = 1; i < size; i++) {
        const size_t owner = (me + i) % size;
        if (share == REDUCTION_ALL || r->keeper[owner] == me) consume_slice(r, owner, consume, context);
    }
}

static void finish_by_slices(Reduction *r, ReductionShare share, ReductionConsumer *consume, void *context)
{
    const size_t me = (size_t)r->comm->rank, begin = reduction_slice_begin(r, me);
    const bool one_node = node_count(r->node) == 1;
    const Item sum = {r->piece[0], 0};
    messages_start(&r->sums_in);
    fold_range(r, &r->all, begin, begin + reduction_slice_floats(r, me),
               one_node && share == REDUCTION_MINE ? NULL : &sum, one_node ? consume : NULL, context);
    messages_start(&r->sums_out);
    if (!one_node) {
        consume_slice(r, me, consume, context);
        watchdog_wait(r->comm->watchdog, true);
        messages_wait(&r->sums_in);
        messages_wait(&r->sums_out);
        watchdog_wait(r->comm->watchdog, false);
    }
    if (share == REDUCTION_ALL) node_barrier(r->node);
    consume_others(r, share, consume, context);
}

/* Stretch by stretch, each rank beginning at another place of it: two that read the same lines at the same moment wait
 * for each other, but what one has brought into the shared cache is still there for the other. */
static void finish_directly(Reduction *r, ReductionConsumer *consume, void *context)
{
    const size_t me = (size_t)r->comm->rank, size = (size_t)r->comm->size;
    for (size_t begin = 0, end; begin < r->count; begin = end) {
        end = r->count - begin < STRETCH ? r->count : begin + STRETCH;
        const size_t first = begin + (end - begin) / REDUCTION_LINE * me / size * REDUCTION_LINE;
        fold_range(r, &r->all, first, end, NULL, consume, context);
        fold_range(r, &r->all, begin, first, NULL, consume, context);
    }
}

static void finish_mpi(Reduction *r, ReductionShare share, ReductionConsumer *consume, void *context)
{
    enum { MOST = 1 << 30 }; /* floats in one call */
    for (size_t i = 1; i < r->pieces; i++) r->kernels->add(r->count, r->alone, r->piece[i], r->alone);
    watchdog_wait(r->comm->watchdog, true);
    for (size_t begin = 0; begin < r->count && r->comm->size > 1; begin += MOST) {
        const size_t count = r->count - begin < MOST ? r->count - begin : MOST;
        MPI_Allreduce(MPI_IN_PLACE, r->alone + begin, comm_int(count), MPI_FLOAT, MPI_SUM, r->comm->world);
    }
    watchdog_wait(r->comm->watchdog, false);
    consume_slice(r, (size_t)r->comm->rank, consume, context);
    consume_others(r, share, consume, context);
}

void reduction_finish(Reduction *r, ReductionShare share, ReductionConsumer *consume, void *context)
{
    if (r->kind == REDUCTION_MPI)
        finish_mpi(r, share, consume, context);
    else if (r->direct && share == REDUCTION_ALL)
        finish_directly(r, consume, context);
    else
        finish_by_slices(r, share, consume, context);
    r->finished++;
    node_arrive(r->node);
}
