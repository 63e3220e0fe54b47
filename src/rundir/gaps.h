/* Gaps in the records of a run: the steps whose records are not all on disk, because it was full or failed. Every
 * checkpoint has them, so that records that are missing for this reason are told from records that somebody removed. */
#ifndef LOCKSTEP_RUNDIR_GAPS_H
#define LOCKSTEP_RUNDIR_GAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GAPS_MOST = 16 };

typedef struct {
    uint64_t first, last; /* steps, from 1 */
} Gap;

typedef struct {
    Gap gap[GAPS_MOST]; /* (count) in ascending order, with steps between them that are recorded */
    size_t count;
} Gaps;

/* Adds the steps from first to last, which come after all that are in; nothing if there are none. When there is no room
 * the last gap becomes longer, over steps that are recorded too. */
void gaps_add(Gaps *gaps, uint64_t first, uint64_t last);

/* Is the step in a gap? */
bool gaps_hold(const Gaps *gaps, uint64_t step);

/* The last step that is in a gap, 0 if there is none. */
uint64_t gaps_last(const Gaps *gaps);

/* Are they as gaps_add makes them, and none after the step `most`? For what was read. */
bool gaps_valid(const Gaps *gaps, uint64_t most);

#endif
