/* The reduction's memory, folds and messages. */
#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "comm/reduction_internal.h"

size_t reduction_slice_begin(const Reduction *r, size_t rank)
{
    return reduction_slice_line(r->count, (size_t)r->comm->size, rank) * REDUCTION_LINE;
}

size_t reduction_slice_floats(const Reduction *r, size_t rank)
{
    return reduction_slice_begin(r, rank + 1) - reduction_slice_begin(r, rank);
}

static size_t first_shard(const Reduction *r, size_t rank)
{
    return fold_run_begin(r->shards, (size_t)r->comm->size, rank);
}

/* The ranks of node n. */
static size_t begin_of(const Reduction *r, size_t n)
{
    return (size_t)node_begin(r->node, (int)n);
}

/* Who keeps an owner's slice on node n: the foreign slices go round the node's ranks in runs. */
static size_t keeper_of(const Reduction *r, size_t n, size_t owner)
{
    const size_t first = begin_of(r, n), end = begin_of(r, n + 1), foreign = (size_t)r->comm->size - (end - first);
    if (owner >= first && owner < end) return owner;
    const size_t i = owner < first ? owner : owner - (end - first); /* among the foreign slices */
    return first + i * (end - first) / foreign;
}

/* This rank's part of the node's memory, and where the others' is. Collective; agreed. */
static Status open_share(Reduction *r)
{
    const size_t size = (size_t)r->comm->size, me = (size_t)r->comm->rank, here = (size_t)node_size(r->node);
    size_t bytes;
    Status st = reduction_shared_bytes(r->kind, r->shards, r->count, r->words, size, me, &bytes);
    if (st == STATUS_OK) st = memory_new(&r->segment, here, "the reduction");
    if (st == STATUS_OK) st = memory_new(&r->posted, here, "the reduction");
    st = comm_agree(r->comm, st);
    if (st == STATUS_OK) st = node_share(r->node, bytes, r->segment);
    if (st != STATUS_OK) return st;
    for (size_t q = 0; q < here && st == STATUS_OK; q++) {
        const size_t rank = reduction_first_here(r) + q;
        size_t pieces;
        st = reduction_count_pieces(r->shards, size, rank, rank + 1, &pieces);
        if (st == STATUS_OK) r->posted[q] = (uint64_t *)((float *)r->segment[q] + pieces * r->count);
    }
    if (st == STATUS_OK)
        for (size_t i = 0; i < r->pieces; i++) r->piece[i] = (float *)r->segment[node_rank(r->node)] + i * r->count;
    return comm_agree(r->comm, st);
}

/* The pieces of the node's ranks, in order; returns how many they are. */
static size_t put_pieces(const Reduction *r, Item *item)
{
    size_t items = 0;
    for (int q = 0; q < node_size(r->node); q++)
        for (float *at = r->segment[q]; at < (float *)r->posted[q]; at += r->count) item[items++] = (Item){at, 0};
    return items;
}

/* The fold of the pieces of the node's ranks, and where its subtrees go. */
static Status open_here(Reduction *r)
{
    const size_t first = begin_of(r, (size_t)node_mine(r->node)), ranks = (size_t)node_size(r->node);
    size_t begin[FOLD_MAX_SHARDS + 1];
    for (size_t q = 0; q <= ranks; q++) begin[q] = first_shard(r, first + q);
    Addends *here = &r->here;
    Status st = fold_init_parts(&here->fold, r->shards, ranks, begin);
    if (st == STATUS_OK) st = memory_new(&here->item, here->fold.items, "the reduction");
    if (st == STATUS_OK) st = memory_new(&r->subtree, here->fold.outputs, "the reduction");
    if (st != STATUS_OK) return st;
    const size_t items = put_pieces(r, here->item);
    assert(items == here->fold.items);
    for (size_t i = 0, output = 0; i < here->fold.items; i++) {
        if (i == 0 || here->fold.closes[i - 1]) r->subtree[output++] = here->item[i];
    }
    return STATUS_OK;
}

/* The fold of everything, and what is received for it. subtrees (nodes): each node's. */
static Status open_all(Reduction *r, const size_t *subtrees)
{
    const size_t nodes = (size_t)node_count(r->node), mine = (size_t)node_mine(r->node);
    const size_t me = (size_t)r->comm->rank, floats = reduction_slice_floats(r, me);
    size_t begin[FOLD_MAX_SHARDS + 1], parts = 0;
    for (size_t q = 0; q < (size_t)r->comm->size; q++) {
        size_t n = 0;
        while (begin_of(r, n + 1) <= q) n++;
        if (n == mine || q == begin_of(r, n)) begin[parts++] = first_shard(r, q);
    }
    begin[parts] = r->shards;
    Addends *all = &r->all;
    Status st = fold_init_parts(&all->fold, r->shards, parts, begin);
    if (st == STATUS_OK) st = memory_new(&all->item, all->fold.items, "the reduction");
    if (st == STATUS_OK)
        st = memory_new(&r->received, (all->fold.items - r->here.fold.items) * floats, "the other nodes' gradients");
    if (st != STATUS_OK) return st;
    float *at = r->received;
    size_t items = 0;
    for (size_t n = 0; n < nodes; n++) {
        if (n == mine) items += put_pieces(r, all->item + items);
        for (size_t i = 0; n != mine && i < subtrees[n]; i++, at += floats)
            all->item[items++] = (Item){at, reduction_slice_begin(r, me)};
    }
    assert(items == all->fold.items && all->fold.outputs == 1);
    return STATUS_OK;
}

/* A slice of each item, then words, as the extents of a message; returns how many these are. */
static size_t put_extents(const Reduction *r, size_t items, const Item *item, size_t owner, uint64_t *word,
                          Extent *extent)
{
    const size_t begin = reduction_slice_begin(r, owner), lines = reduction_slice_floats(r, owner) / REDUCTION_LINE;
    for (size_t i = 0; i < items; i++) extent[i] = (Extent){item[i].at + (begin - item[i].begin), lines};
    if (word) extent[items] = (Extent){word, r->word_lines};
    return items + (word != NULL);
}

/* Between this rank as an owner and the keepers of its slice; and as a keeper with the owners. */
static void describe_messages(Reduction *r, const size_t *subtrees)
{
    enum { TAG_ITEMS = 0, TAG_SUM = 2 * FOLD_MAX_DEPTH + 1 };
    const size_t me = (size_t)r->comm->rank, size = (size_t)r->comm->size, nodes = (size_t)node_count(r->node);
    const size_t mine = (size_t)node_mine(r->node);
    const Item sum = {r->piece[0], 0}, *item = r->all.item;
    uint64_t *word = r->word;
    Extent extent[2 * FOLD_MAX_DEPTH + 1];
    for (size_t n = 0; n < nodes; n++) {
        if (n == mine) {
            item += r->here.fold.items;
            continue;
        }
        const size_t keeper = keeper_of(r, n, me);
        word += r->word_lines * WORDS_PER_LINE;
        messages_add_receive(&r->items_in, r->comm, keeper, TAG_ITEMS,
                             put_extents(r, subtrees[n], item, me, word, extent), extent);
        messages_add_send(&r->sums_out, r->comm, keeper, TAG_SUM, put_extents(r, 1, &sum, me, NULL, extent), extent);
        item += subtrees[n];
    }
    for (size_t owner = 0; owner < size; owner++) {
        if (r->keeper[owner] != me || reduction_is_here(r, owner)) continue;
        messages_add_send(&r->items_out, r->comm, owner, TAG_ITEMS,
                          put_extents(r, r->here.fold.outputs, r->subtree, owner, r->word, extent), extent);
        messages_add_receive(&r->sums_in, r->comm, owner, TAG_SUM, put_extents(r, 1, &sum, owner, NULL, extent),
                             extent);
    }
}

static Status open_messages(Reduction *r, const size_t *subtrees)
{
    const size_t nodes = (size_t)node_count(r->node), ranks = (size_t)r->comm->size;
    Status st = memory_new(&r->word, nodes * r->word_lines * WORDS_PER_LINE, "the reduction");
    if (st == STATUS_OK) st = messages_init(&r->items_in, nodes == 1 ? 0 : r->all.fold.items + nodes);
    if (st == STATUS_OK) st = messages_init(&r->sums_out, nodes - 1);
    if (st == STATUS_OK) st = messages_init(&r->items_out, nodes == 1 ? 0 : ranks * (r->here.fold.outputs + 1));
    if (st == STATUS_OK) st = messages_init(&r->sums_in, nodes == 1 ? 0 : ranks);
    if (st == STATUS_OK) describe_messages(r, subtrees);
    return st;
}

/* Local, after open_share. */
static Status open_tree(Reduction *r)
{
    const size_t nodes = (size_t)node_count(r->node), ranks = (size_t)r->comm->size;
    if (r->count == 0) return memory_new(&r->word, r->word_lines * WORDS_PER_LINE, "the reduction");
    size_t *subtrees;
    Status st = memory_new(&subtrees, nodes, "the reduction");
    for (size_t n = 0; n < nodes && st == STATUS_OK; n++)
        st = reduction_count_pieces(r->shards, ranks, begin_of(r, n), begin_of(r, n + 1), &subtrees[n]);
    if (st == STATUS_OK) st = memory_new(&r->scratch, FOLD_MAX_DEPTH * REDUCTION_BLOCK, "the reduction");
    if (st == STATUS_OK) st = open_here(r);
    if (st == STATUS_OK) st = open_all(r, subtrees);
    if (st == STATUS_OK) st = open_messages(r, subtrees);
    memory_free(subtrees);
    r->direct = nodes == 1 && r->all.fold.items * (ranks - 1) <= ranks + 1;
    return st;
}

/* Everything is this rank's own. Local. */
static Status open_mpi(Reduction *r)
{
    Status st = memory_new(&r->alone, r->pieces * r->count, "gradients");
    for (size_t i = 0; i < r->pieces && st == STATUS_OK; i++) r->piece[i] = r->alone + i * r->count;
    return st;
}

static Status open_alone(Reduction *r)
{
    const size_t ranks = (size_t)r->comm->size, me = (size_t)r->comm->rank;
    Status st = reduction_count_pieces(r->shards, ranks, me, me + 1, &r->pieces);
    if (st == STATUS_OK) st = memory_new(&r->piece, r->pieces, "the reduction");
    if (st == STATUS_OK) st = memory_new(&r->keeper, ranks, "the reduction");
    for (size_t q = 0; q < ranks && st == STATUS_OK; q++) r->keeper[q] = keeper_of(r, (size_t)node_mine(r->node), q);
    return st;
}

Status reduction_open(Comm *comm, Node *node, ReductionKind kind, const Kernels *kernels, size_t shards, size_t count,
                      size_t words, Reduction **reduction)
{
    assert(count % REDUCTION_LINE == 0);
    Reduction *r;
    *reduction = NULL;
    Status st = comm_agree(comm, memory_new(&r, 1, "the reduction"));
    if (st != STATUS_OK) {
        memory_free(r);
        return st;
    }
    *r = (Reduction){.comm = comm, .node = node, .kind = kind, .kernels = kernels, .shards = shards};
    r->count = count;
    r->words = words;
    r->word_lines = reduction_lines_of_words(words);
    st = comm_agree(comm, open_alone(r));
    if (st == STATUS_OK && kind == REDUCTION_TREE) st = open_share(r);
    if (st == STATUS_OK) st = comm_agree(comm, kind == REDUCTION_TREE ? open_tree(r) : open_mpi(r));
    if (st != STATUS_OK)
        reduction_close(r);
    else
        *reduction = r;
    return st;
}

static void close_addends(Addends *addends)
{
    fold_free(&addends->fold);
    memory_free(addends->item);
}

void reduction_close(Reduction *r)
{
    if (!r) return;
    Messages *const messages[] = {&r->items_in, &r->items_out, &r->sums_in, &r->sums_out};
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) messages_free(messages[i]);
    close_addends(&r->all);
    close_addends(&r->here);
    memory_free(r->subtree);
    memory_free(r->scratch);
    memory_free(r->received);
    memory_free(r->word);
    memory_free(r->piece);
    memory_free(r->alone);
    memory_free(r->segment);
    memory_free(r->posted);
    memory_free(r->keeper);
    memory_free(r);
}
