#include "comm/reduction_bytes.h"

#include "kernels/fold.h"

enum { LINE_BYTES = REDUCTION_LINE * sizeof(float) };

size_t reduction_slice_line(size_t count, size_t ranks, size_t rank)
{
    return rank * (count / REDUCTION_LINE) / ranks;
}

size_t reduction_lines_of_words(size_t words)
{
    return (words * sizeof(uint64_t) + LINE_BYTES - 1) / LINE_BYTES;
}

Status reduction_count_pieces(size_t shards, size_t ranks, size_t first, size_t end, size_t *pieces)
{
    Fold run;
    Status st = fold_init_run(&run, shards, fold_run_begin(shards, ranks, first), fold_run_begin(shards, ranks, end));
    *pieces = run.outputs;
    fold_free(&run);
    return st;
}

Status reduction_shared_bytes(ReductionKind kind, size_t shards, size_t count, size_t words, size_t ranks, size_t rank,
                              size_t *bytes)
{
    size_t pieces;
    *bytes = 0;
    if (kind == REDUCTION_MPI) return STATUS_OK;
    const Status st = reduction_count_pieces(shards, ranks, rank, rank + 1, &pieces);
    *bytes = pieces * count * sizeof(float) + reduction_lines_of_words(words) * LINE_BYTES;
    return st;
}

Status reduction_bytes(ReductionKind kind, size_t shards, size_t count, size_t words, size_t ranks, size_t rank,
                       ReductionBytes *bytes)
{
    *bytes = (ReductionBytes){0};
    size_t others = 0, lines = reduction_slice_line(count, ranks, rank + 1) - reduction_slice_line(count, ranks, rank);
    Status st = reduction_shared_bytes(kind, shards, count, words, ranks, rank, &bytes->shared);
    for (size_t q = 0; q < ranks && st == STATUS_OK; q++) {
        size_t pieces;
        st = reduction_count_pieces(shards, ranks, q, q + 1, &pieces);
        if (q != rank) others += pieces;
        if (q == rank && kind == REDUCTION_MPI) bytes->own = pieces * count * sizeof(float);
    }
    if (kind == REDUCTION_TREE)
        bytes->own = (others * lines + ranks * reduction_lines_of_words(words)) * LINE_BYTES +
                     FOLD_MAX_DEPTH * REDUCTION_BLOCK * sizeof(float);
    return st;
}
