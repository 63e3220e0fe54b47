/* Where each rank's time went, span by span, for trace.json (log.trace): all phases of a start, or its first and last
 * ones where there are more than TRACE_SPANS over all ranks, or than TRACE_SPANS_OF_RANK of one; what is left out
 * between them stands there as an event of its own. */
#ifndef LOCKSTEP_TRAIN_TRACE_H
#define LOCKSTEP_TRAIN_TRACE_H

#include "comm/clocks.h"
#include "output/timeline.h"
#include "rundir/rundir.h"

enum { TRACE_SPANS = 1 << 18, TRACE_SPANS_OF_RANK = 1 << 14 };
enum { TRACE_EARLIER = 3 }; /* so many starts' files are kept beside the newest */

/* Zeroed: nothing is kept. */
typedef struct {
    TimelineSpan *span; /* (2 * half): the first ones, then the last ones, as a ring; owned */
    TimelineSpan *all;  /* (3 * half) those of each rank in turn, and room to put them in order; rank 0; owned */
    size_t half;

    uint64_t count; /* of all spans */
    double zero;    /* this rank's clock when the first rank started */
    HostClock clock;
} Trace;

/* Bytes that a rank of so many takes. */
size_t trace_bytes(size_t ranks, size_t rank);

/* Takes the memory. Local. STATUS_INTERNAL. */
MUST_CHECK Status trace_init(Trace *trace, size_t ranks, size_t rank);
void trace_free(Trace *trace); /* accepts a zeroed struct */

/* Compares the clocks, and finds the first start. started: this rank's, of its clock. Collective. */
void trace_begin(Trace *trace, Comm *comm, double started);

/* One span more. Local. */
void trace_add(Trace *trace, const TimelineSpan *span);

/* Writes trace.json in the run directory, of the start that went from step `from` to step `to`; those of the starts
 * before it become trace-1.json and so on. run: of rank 0. A failure is told as a warning. Collective. */
void trace_write(Trace *trace, Comm *comm, const RunDir *run, const TimelinePhases *phases, uint64_t from, uint64_t to);

#endif
