/* Fault points for tests: places where the environment can make the program go wrong on purpose, so that a test can
 * see the check behind it turn red. LOCKSTEP_FAULT="point[:rank[:when]]" arms one point; without rank on every rank,
 * without when at every occasion. Unset, a point costs one comparison. */
#ifndef LOCKSTEP_BASE_FAULT_H
#define LOCKSTEP_BASE_FAULT_H

#include <stdbool.h>
#include <stdint.h>

/* Which process this is; rank 0 until told otherwise. */
void fault_set_rank(int rank);

/* Is the point armed on this rank, for this occasion (a step, an epoch, a count: the point's own unit)? */
bool fault_at(const char *point, uint64_t when);

/* What a fault of memory does: flips one bit of the value, the highest of its fraction, which later additions do not
 * round away. */
void fault_flip_bit(float *value);

/* Raises the signal SIGNAL in this process if the point raise-SIGNAL-PLACE is armed: SIGNAL is stop, kill, usr1, usr2
 * or term. At the point hang-PLACE this thread alone stands still, for good. */
void fault_raise_at(const char *place, uint64_t when);

#endif
