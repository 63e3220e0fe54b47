#include "rundir/gaps.h"

void gaps_add(Gaps *gaps, uint64_t first, uint64_t last)
{
    if (first > last) return;
    Gap *end = gaps->count ? &gaps->gap[gaps->count - 1] : NULL;
    if (end && (first == end->last + 1 || gaps->count == GAPS_MOST))
        end->last = last;
    else
        gaps->gap[gaps->count++] = (Gap){first, last};
}

bool gaps_hold(const Gaps *gaps, uint64_t step)
{
    for (size_t i = 0; i < gaps->count; i++)
        if (step >= gaps->gap[i].first && step <= gaps->gap[i].last) return true;
    return false;
}

uint64_t gaps_last(const Gaps *gaps)
{
    return gaps->count ? gaps->gap[gaps->count - 1].last : 0;
}

bool gaps_valid(const Gaps *gaps, uint64_t most)
{
    uint64_t before = 0;
    for (size_t i = 0; i < gaps->count; i++) {
        const Gap *gap = &gaps->gap[i];
        if (gap->first <= before || gap->last < gap->first || gap->last > most) return false;
        before = gap->last;
    }
    return true;
}
