#include "data/order.h"

#include "base/fault.h"
#include "base/philox.h"

void order_shuffle(uint64_t seed, uint32_t epoch, size_t s, uint32_t count, uint32_t *permutation)
{
    Stream stream;
    stream_init(&stream, seed, PURPOSE_ORDER, epoch, (uint32_t)s);
    for (uint32_t i = 0; i < count; i++) permutation[i] = i;
    for (uint32_t i = count; i > 1; i--) {
        const uint32_t j = stream_below(&stream, i), last = permutation[i - 1];
        permutation[i - 1] = permutation[j];
        permutation[j] = last;
    }
    if (fault_at("spoil-shuffle", s) && count > 1) permutation[0] = permutation[1];
}
