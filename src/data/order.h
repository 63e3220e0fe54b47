/* Which sample stands where in an epoch: a function of (seed, epoch, shard) alone (invariant I3).
 *
 * Shard s of S holds N/S + (s < N mod S) consecutive rows. Position g of the epoch, g in [0, N), belongs to shard g mod
 * S, its element g div S; element i of a shard is the row that the shard's permutation of this epoch puts there. Step t
 * takes the positions [tB, min((t+1)B, N)). */
#ifndef LOCKSTEP_DATA_ORDER_H
#define LOCKSTEP_DATA_ORDER_H

#include <stddef.h>
#include <stdint.h>

/* The first row of shard s; shard S begins at N. */
static inline uint32_t shard_begin(uint32_t rows, size_t shards, size_t s)
{
    const uint32_t whole = rows / (uint32_t)shards, rest = rows % (uint32_t)shards;
    return (uint32_t)s * whole + ((uint32_t)s < rest ? (uint32_t)s : rest);
}

static inline uint32_t shard_size(uint32_t rows, size_t shards, size_t s)
{
    return shard_begin(rows, shards, s + 1) - shard_begin(rows, shards, s);
}

/* The number of elements of shard s among the positions [0, position). */
static inline uint32_t shard_share(uint32_t position, size_t shards, size_t s)
{
    return position / (uint32_t)shards + ((uint32_t)s < position % (uint32_t)shards);
}

/* permutation (count) = that of shard s in this epoch (from 0): Fisher-Yates, from the last element down. */
void order_shuffle(uint64_t seed, uint32_t epoch, size_t s, uint32_t count, uint32_t *permutation);

#endif
