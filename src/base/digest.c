#include "base/digest.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

Status digest_open(DigestState **state)
{
    *state = (DigestState *)XXH3_createState();
    return *state ? STATUS_OK : status_fail(STATUS_INTERNAL, "out of memory for a digest's state");
}

void digest_close(DigestState *state)
{
    XXH3_freeState((XXH3_state_t *)state);
}

void digest_begin(DigestState *state)
{
    XXH3_128bits_reset((XXH3_state_t *)state);
}

void digest_add(DigestState *state, const void *bytes, size_t size)
{
    XXH3_128bits_update((XXH3_state_t *)state, bytes, size);
}

static Digest from_xxh(XXH128_hash_t hash)
{
    return (Digest){.low = hash.low64, .high = hash.high64};
}

Digest digest_end(const DigestState *state)
{
    return from_xxh(XXH3_128bits_digest((const XXH3_state_t *)state));
}

Digest digest_of(const void *bytes, size_t size)
{
    return from_xxh(XXH3_128bits(bytes, size));
}

bool digest_equal(Digest a, Digest b)
{
    return a.low == b.low && a.high == b.high;
}

void digest_hex(Digest digest, char hex[DIGEST_HEX_SIZE])
{
    snprintf(hex, DIGEST_HEX_SIZE, "%016" PRIx64 "%016" PRIx64, digest.high, digest.low);
}

bool digest_parse(const char *hex, Digest *digest)
{
    const size_t length = strlen(hex);
    if (length != DIGEST_HEX_SIZE - 1 || strspn(hex, "0123456789abcdef") != length) return false;
    return sscanf(hex, "%16" SCNx64 "%16" SCNx64, &digest->high, &digest->low) == 2;
}

uint64_t digest_short(const void *bytes, size_t size)
{
    return XXH3_64bits(bytes, size);
}

uint64_t digest_sample(uint64_t position, uint64_t row)
{
    const uint64_t pair[2] = {position, row};
    return digest_short(pair, sizeof pair);
}
