#include "base/philox.h"

#include <string.h>

void philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        const uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u; /* golden ratio */
        k1 += 0xBB67AE85u; /* sqrt(3) - 1 */
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

void stream_init(Stream *stream, uint64_t seed, Purpose purpose, uint32_t a, uint32_t b)
{
    *stream = (Stream){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, a, b, (uint32_t)purpose},
        .used = 4,
    };
}

uint32_t stream_next(Stream *stream)
{
    if (stream->used == 4) {
        philox4x32(stream->counter, stream->key, stream->block);
        stream->counter[0]++;
        stream->used = 0;
    }
    return stream->block[stream->used++];
}

uint32_t stream_below(Stream *stream, uint32_t n)
{
    uint64_t product = (uint64_t)stream_next(stream) * n;
    if ((uint32_t)product < n) {
        const uint32_t rejected = -n % n; /* 2^32 mod n */
        while ((uint32_t)product < rejected) product = (uint64_t)stream_next(stream) * n;
    }
    return (uint32_t)(product >> 32);
}

float stream_uniform(Stream *stream)
{
    return (float)(stream_next(stream) >> 8) * 0x1p-24f;
}
