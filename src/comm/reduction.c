/* The tree between ranks. Rank r owns the slice [slice_begin(r), slice_begin(r+1)) of the gradient. The messages are
 * described once, as MPI datatypes over the fixed addresses of pieces, words and the receiving buffer:
 *
 *   q sends to r       the slice r of each of q's pieces, then q's words
 *   r receives from q  the same, into received[item] for each of q's items and into word_of[q] */
#include "comm/reduction.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "comm/comm_internal.h"

enum {
    BLOCK = 4096,                                    /* floats added at a time: a few of them fit the L1 cache */
    LINE_BYTES = REDUCTION_LINE * (int)sizeof(float) /* unit of message lengths, so that int suffices */
};

struct Reduction {
    Comm *comm;
    ReductionKind kind;
    const Kernels *kernels;
    size_t count, words, pieces;
    float **piece;            /* (pieces) owned; the arrays borrowed */
    Fold fold;                /* the subtrees of all ranks into the root */
    float **item;             /* (fold.items) this rank's slice of every subtree sum: view into piece or received */
    float *received;          /* slices of the other ranks' subtrees; owned */
    uint64_t *word, *word_of; /* (words) own; (size, words) received; owned */
    MPI_Datatype line;        /* LINE_BYTES bytes */
    MPI_Datatype *type;       /* (2 * size): what is sent to, then what is received from each rank; owned */
    int *number;              /* (4 * size): ones (zero for this rank), zeros, slice lengths, slice beginnings; owned */
};

/* In lines; of a gradient of count floats, by so many ranks. */
static size_t slice_line(size_t count, size_t size, size_t rank)
{
    return rank * (count / REDUCTION_LINE) / size;
}

static size_t slice_begin(const Reduction *r, size_t rank)
{
    return slice_line(r->count, (size_t)r->comm->size, rank);
}

static size_t slice_floats(const Reduction *r, size_t rank)
{
    return (slice_begin(r, rank + 1) - slice_begin(r, rank)) * REDUCTION_LINE;
}

/* The subtrees of a rank's run. */
static Status count_pieces(size_t shards, size_t size, size_t rank, size_t *pieces)
{
    Fold run;
    Status st = fold_init_run(&run, shards, fold_run_begin(shards, size, rank), fold_run_begin(shards, size, rank + 1));
    *pieces = run.outputs;
    fold_free(&run);
    return st;
}

/* One message: `pieces` arrays of lines, at[i] each, then the words. */
static MPI_Datatype message_type(const Reduction *r, size_t pieces, float *const *at, size_t floats, uint64_t *word)
{
    enum { MOST = 2 * FOLD_MAX_DEPTH + 1 };
    int length[MOST];
    MPI_Aint address[MOST];
    MPI_Datatype type[MOST];
    assert(pieces < MOST);
    for (size_t i = 0; i < pieces; i++) {
        length[i] = comm_int(floats / REDUCTION_LINE);
        type[i] = r->line;
        MPI_Get_address(at[i], &address[i]);
    }
    length[pieces] = comm_int(r->words);
    type[pieces] = MPI_UINT64_T;
    MPI_Get_address(word, &address[pieces]);
    MPI_Datatype message;
    MPI_Type_create_struct(comm_int(pieces + 1), length, address, type, &message);
    MPI_Type_commit(&message);
    return message;
}

/* Describes what goes to and what comes from each rank. pieces_of (size): each rank's number of subtrees. */
static void describe_messages(Reduction *r, const size_t *pieces_of)
{
    const size_t me = (size_t)r->comm->rank, size = (size_t)r->comm->size;
    const size_t mine = slice_floats(r, me);
    MPI_Type_contiguous(LINE_BYTES, MPI_BYTE, &r->line);
    MPI_Type_commit(&r->line);
    float *receive = r->received;
    for (size_t q = 0, item = 0; q < size; item += pieces_of[q], q++) {
        float *to[2 * FOLD_MAX_DEPTH];
        for (size_t i = 0; i < r->pieces; i++) to[i] = r->piece[i] + slice_begin(r, q) * REDUCTION_LINE;
        for (size_t i = 0; i < pieces_of[q]; i++) {
            r->item[item + i] = q == me ? to[i] : receive;
            if (q != me) receive += mine;
        }
        r->type[q] = message_type(r, r->pieces, to, slice_floats(r, q), r->word);
        r->type[size + q] = message_type(r, pieces_of[q], r->item + item, mine, r->word_of + q * r->words);
        r->number[q] = q != me;
        r->number[2 * size + q] = comm_int(slice_floats(r, q) / REDUCTION_LINE);
        r->number[3 * size + q] = comm_int(slice_begin(r, q));
    }
}

Status reduction_floats(ReductionKind kind, size_t shards, size_t count, size_t ranks, size_t rank, size_t *floats)
{
    *floats = 0;
    if (kind == REDUCTION_MPI || ranks == 1) return STATUS_OK;
    size_t pieces;
    Fold fold;
    Status st = count_pieces(shards, ranks, rank, &pieces);
    if (st == STATUS_OK) st = fold_init_ranks(&fold, shards, ranks);
    if (st != STATUS_OK) return st;
    *floats =
        (fold.items - pieces) * (slice_line(count, ranks, rank + 1) - slice_line(count, ranks, rank)) * REDUCTION_LINE;
    fold_free(&fold);
    return STATUS_OK;
}

static Status open_tree(Reduction *r, size_t shards)
{
    const size_t size = (size_t)r->comm->size;
    size_t *pieces_of, floats;
    Status st = memory_new(&pieces_of, size, "the reduction");
    for (size_t q = 0; q < size && st == STATUS_OK; q++) st = count_pieces(shards, size, q, &pieces_of[q]);
    if (st == STATUS_OK) st = fold_init_ranks(&r->fold, shards, size);
    if (st == STATUS_OK) st = memory_new(&r->item, r->fold.items, "the reduction");
    if (st == STATUS_OK) st = reduction_floats(REDUCTION_TREE, shards, r->count, size, (size_t)r->comm->rank, &floats);
    if (st == STATUS_OK) st = memory_new(&r->received, floats, "the other ranks' gradients");
    if (st == STATUS_OK) st = memory_new(&r->word_of, size * r->words, "the reduction");
    if (st == STATUS_OK) st = memory_new(&r->type, 2 * size, "the reduction");
    if (st == STATUS_OK) st = memory_new(&r->number, 4 * size, "the reduction");
    if (st == STATUS_OK) describe_messages(r, pieces_of);
    memory_free(pieces_of);
    return st;
}

Status reduction_open(Comm *comm, ReductionKind kind, const Kernels *kernels, size_t shards, size_t count,
                      float *const *piece, size_t words, Reduction **reduction)
{
    assert(count % REDUCTION_LINE == 0 && count > 0);
    Reduction *r;
    Status st = memory_new(&r, 1, "the reduction");
    if (st == STATUS_OK) {
        *r = (Reduction){.comm = comm, .kind = kind, .kernels = kernels, .count = count, .words = words};
        st = count_pieces(shards, (size_t)comm->size, (size_t)comm->rank, &r->pieces);
    }
    if (st == STATUS_OK) st = memory_new(&r->piece, r->pieces, "the reduction");
    if (st == STATUS_OK) {
        memcpy(r->piece, piece, r->pieces * sizeof *piece);
        st = memory_new(&r->word, words, "the reduction");
    }
    if (st == STATUS_OK && kind == REDUCTION_TREE && comm->size > 1) st = open_tree(r, shards);
    st = comm_agree(comm, st);
    if (st == STATUS_OK) {
        *reduction = r;
        return STATUS_OK;
    }
    reduction_close(r);
    *reduction = NULL;
    return st;
}

void reduction_close(Reduction *r)
{
    if (!r) return;
    if (r->line) {
        for (int i = 0; i < 2 * r->comm->size; i++) MPI_Type_free(&r->type[i]);
        MPI_Type_free(&r->line);
    }
    fold_free(&r->fold);
    memory_free(r->piece);
    memory_free(r->item);
    memory_free(r->received);
    memory_free(r->word);
    memory_free(r->word_of);
    memory_free(r->type);
    memory_free(r->number);
    memory_free(r);
}

/* The fold of floats [begin, begin + count) of every item, into out. */
static void fold_block(const Reduction *r, size_t begin, size_t count, float *out)
{
    float *stack[FOLD_MAX_DEPTH];
    size_t depth = 0;
    for (size_t i = 0; i < r->fold.items; i++) {
        stack[depth++] = r->item[i] + begin;
        for (unsigned m = 0; m < r->fold.merges[i]; m++, depth--)
            r->kernels->add(count, stack[depth - 2], stack[depth - 1], stack[depth - 2]);
    }
    if (stack[0] != out) memcpy(out, stack[0], count * sizeof *out);
}

static void run_tree(Reduction *r, uint64_t *word)
{
    const size_t size = (size_t)r->comm->size, me = (size_t)r->comm->rank;
    const int *once = r->number, *zero = r->number + size;
    memcpy(r->word, word, r->words * sizeof *word);
    MPI_Alltoallw(MPI_BOTTOM, once, zero, r->type, MPI_BOTTOM, once, zero, r->type + size, r->comm->world);
    for (size_t q = 0; q < size; q++)
        for (size_t i = 0; i < r->words && q != me; i++) word[i] += r->word_of[q * r->words + i];
    float *mine = r->piece[0] + slice_begin(r, me) * REDUCTION_LINE;
    const size_t floats = slice_floats(r, me);
    for (size_t begin = 0; begin < floats; begin += BLOCK)
        fold_block(r, begin, floats - begin < BLOCK ? floats - begin : BLOCK, mine + begin);
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, r->piece[0], r->number + 2 * size, r->number + 3 * size, r->line,
                   r->comm->world);
}

static void run_mpi(Reduction *r, uint64_t *word)
{
    enum { MOST = 1 << 30 }; /* floats in one call */
    comm_sum_words(r->comm, word, r->words);
    for (size_t i = 1; i < r->pieces; i++) r->kernels->add(r->count, r->piece[0], r->piece[i], r->piece[0]);
    for (size_t begin = 0; begin < r->count && r->comm->size > 1; begin += MOST) {
        const size_t count = r->count - begin < MOST ? r->count - begin : MOST;
        MPI_Allreduce(MPI_IN_PLACE, r->piece[0] + begin, comm_int(count), MPI_FLOAT, MPI_SUM, r->comm->world);
    }
}

void reduction_run(Reduction *r, uint64_t *word)
{
    watchdog_wait(r->comm->watchdog, true);
    if (r->kind == REDUCTION_MPI)
        run_mpi(r, word);
    else if (r->comm->size > 1)
        run_tree(r, word);
    watchdog_wait(r->comm->watchdog, false);
}
