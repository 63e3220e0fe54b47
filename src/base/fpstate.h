/* The floating-point environment that the promise needs: round to nearest even, denormals kept (no flush to zero).
 * A library may change it behind our back; so it is set once and asserted at every digest. */
#ifndef LOCKSTEP_BASE_FPSTATE_H
#define LOCKSTEP_BASE_FPSTATE_H

#include <stdbool.h>
#include <stdint.h>

void fpstate_set(void);
bool fpstate_is_set(void);

/* For a library: the state that a process starts with, in which no exception traps, between the two calls, and then the
 * caller's own again, with the flags of exceptions that it had. Of this thread. */
typedef struct {
    uint64_t control, flags;
} FpState;

FpState fpstate_begin(void);
void fpstate_end(FpState before);

/* For fault points: rounds upwards; takes denormal results for zero. */
void fpstate_round_up(void);
void fpstate_flush(void);

#endif
