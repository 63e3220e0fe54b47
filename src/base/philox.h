/* Philox4x32-10, a counter-based random number generator: the output is a pure function of key and counter, so there is
 * no state to save and any element can be drawn alone. Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as
 * 1, 2, 3, SC'11, section 3.3. Every random decision of Lockstep is drawn here, keyed by (seed, purpose, two numbers).
 */
#ifndef LOCKSTEP_BASE_PHILOX_H
#define LOCKSTEP_BASE_PHILOX_H

#include <stdint.h>

/* out[4] = the block at counter[4] under key[2]. */
void philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* What a number is drawn for: part of the counter, so that no two uses ever share a number. */
typedef enum {
    PURPOSE_ORDER = 1,          /* a: epoch, b: shard */
    PURPOSE_INITIALISATION = 2, /* a: layer, b: 0 weight, 1 bias; index: element */
    PURPOSE_SYNTHESIS = 3       /* a: part, b: sample */
} Purpose;

/* A stream of 32-bit numbers: number i of (seed, purpose, a, b). */
typedef struct {
    uint32_t key[2];     /* the seed, low word first */
    uint32_t counter[4]; /* block index, a, b, purpose */
    uint32_t block[4];   /* numbers of the current block */
    unsigned used;       /* of block */
} Stream;

void stream_init(Stream *stream, uint64_t seed, Purpose purpose, uint32_t a, uint32_t b);

/* The next number. */
uint32_t stream_next(Stream *stream);

/* Uniform in [0, n), n >= 1, without bias (rejection; Lemire, ACM TOMACS 29(1), 2019). */
uint32_t stream_below(Stream *stream, uint32_t n);

/* Uniform in [0, 1): k * 2^-24. */
float stream_uniform(Stream *stream);

#endif
