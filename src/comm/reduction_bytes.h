/* The lengths in a reduction, on any rank of any number, without MPI. For the files of src/comm. */
#ifndef LOCKSTEP_COMM_REDUCTION_BYTES_H
#define LOCKSTEP_COMM_REDUCTION_BYTES_H

#include "comm/reduction.h"

enum { REDUCTION_BLOCK = 1024 }; /* floats added at a time: the sum stays in the L1 cache for its consumer */

/* Where rank's slice of a gradient of count floats begins, in lines. */
size_t reduction_slice_line(size_t count, size_t ranks, size_t rank);

/* Of a vector of so many words. */
size_t reduction_lines_of_words(size_t words);

/* The subtrees of the runs of ranks [first, end) of `ranks` together. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status reduction_count_pieces(size_t shards, size_t ranks, size_t first, size_t end, size_t *pieces);

/* What a rank shares with its node. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status reduction_shared_bytes(ReductionKind kind, size_t shards, size_t count, size_t words, size_t ranks,
                                         size_t rank, size_t *bytes);

#endif
