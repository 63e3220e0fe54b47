/* Where the ranks' time went, as a file for Perfetto and chrome://tracing: Chrome's Trace Event Format, JSON with
 * complete events ("X"). A process is a host, a thread a rank; a step is an event around its phases. Times are in
 * microseconds, to the nanosecond, since the first rank's start. Local; the caller sees to the file's errors. */
#ifndef LOCKSTEP_OUTPUT_TIMELINE_H
#define LOCKSTEP_OUTPUT_TIMELINE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a rank did from begin to end. */
typedef struct {
    double begin, end; /* of its own clock, seconds */
    uint64_t step;     /* completed when it began */
    float waited;      /* seconds of it, for other ranks */
    int32_t phase;
} TimelineSpan;

/* A rank, and how its clock becomes the file's. */
typedef struct {
    int rank, host;     /* host: any number that its ranks alone have */
    const char *name;   /* of the host; borrowed */
    double zero, error; /* its clock when the first rank started; off by less than error */
} TimelineRank;

/* The phases' names, and which one a step begins with: it lasts to the end of the last that began with as many
 * completed steps. */
typedef struct {
    const char *const *name; /* (phases); borrowed */
    int first_of_step;
} TimelinePhases;

/* Of a start that went from step `from` to step `to`: a label of the first process. */
void timeline_begin(FILE *out, uint64_t from, uint64_t to);

/* What the rank and its host are called. */
void timeline_rank(FILE *out, const TimelineRank *rank);

/* span (count): neighbours in time. */
void timeline_spans(FILE *out, const TimelineRank *rank, const TimelinePhases *phases, size_t count,
                    const TimelineSpan *span);

/* Between the two as many are left out: an event in their place. */
void timeline_gap(FILE *out, const TimelineRank *rank, const TimelineSpan *before, const TimelineSpan *after,
                  uint64_t spans);

void timeline_end(FILE *out);

#endif
