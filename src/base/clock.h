/* Seconds on the monotonic clock. */
#ifndef LOCKSTEP_BASE_CLOCK_H
#define LOCKSTEP_BASE_CLOCK_H

double clock_seconds(void);

#endif
