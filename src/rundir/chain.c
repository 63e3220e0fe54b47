#include "rundir/chain.h"

#include <string.h>

Digest chain_after(Digest chain, const ChainLink *link)
{
    uint64_t word[] = {chain.low, chain.high, link->step, link->samples, link->rows, 0, 0};
    memcpy(&word[5], &link->loss, sizeof link->loss);
    memcpy(&word[6], &link->learning_rate, sizeof link->learning_rate);
    return digest_of(word, sizeof word);
}
