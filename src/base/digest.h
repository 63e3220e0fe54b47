/* XXH3-128 digests (xxHash 0.8): for identity, not for security. */
#ifndef LOCKSTEP_BASE_DIGEST_H
#define LOCKSTEP_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct {
    uint64_t low, high;
} Digest;

typedef struct DigestState DigestState;

enum { DIGEST_HEX_SIZE = 33 }; /* 32 hex digits and the closing zero */

/* Local. STATUS_INTERNAL: out of memory. The state is reused for any number of digests. */
MUST_CHECK Status digest_open(DigestState **state);
void digest_close(DigestState *state); /* accepts NULL */

void digest_begin(DigestState *state);
void digest_add(DigestState *state, const void *bytes, size_t size);
Digest digest_end(const DigestState *state);

Digest digest_of(const void *bytes, size_t size);
bool digest_equal(Digest a, Digest b);

/* 32 lower-case hex digits, most significant first (xxhsum's canonical form). */
void digest_hex(Digest digest, char hex[DIGEST_HEX_SIZE]);

/* The digest of such a text; false if it is none. */
MUST_CHECK bool digest_parse(const char *hex, Digest *digest);

/* XXH3-64 of some bytes. */
uint64_t digest_short(const void *bytes, size_t size);

/* Hash of (position, row) in a training's order; sums of it mod 2^64 are independent of the order of adding. */
uint64_t digest_sample(uint64_t position, uint64_t row);

#endif
