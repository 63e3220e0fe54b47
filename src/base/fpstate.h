/* The floating-point environment that the promise needs: round to nearest even, denormals kept (no flush to zero).
 * A library may change it behind our back; so it is set once and asserted at every digest. */
#ifndef LOCKSTEP_BASE_FPSTATE_H
#define LOCKSTEP_BASE_FPSTATE_H

#include <stdbool.h>

void fpstate_set(void);
bool fpstate_is_set(void);

/* For fault points: rounds upwards; takes denormal results for zero. */
void fpstate_round_up(void);
void fpstate_flush(void);

#endif
