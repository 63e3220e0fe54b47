/* Where the ranks' time went, from the records of epochs, checkpoints and ends, in so few cells that a page can hold
 * them. */
#ifndef LOCKSTEP_OUTPUT_TIMES_H
#define LOCKSTEP_OUTPUT_TIMES_H

#include "rundir/history.h"

/* The phases of the records, some of them together. */
enum { TIMES_WAITING = 7, TIMES_KINDS = 8, TIMES_MOST_PARTS = 80, TIMES_MOST_RANKS = 64 };

/* What each is called. */
extern const char *const times_title[TIMES_KINDS];

/* A part is what one start did of one epoch, its checkpoints included. */
typedef struct {
    size_t all_parts;                                   /* that have times */
    size_t all_ranks;                                   /* the most ranks that a record has */
    size_t parts, ranks;                                /* cells: each stands for */
    size_t parts_each, ranks_each;                      /* so many neighbours, the last perhaps for fewer */
    double part[TIMES_MOST_PARTS][TIMES_KINDS];         /* seconds: of a part's ranks the mean, of its cell the mean */
    double rank[TIMES_MOST_RANKS][TIMES_KINDS];         /* seconds: of a rank in all parts, of its cell the mean */
    double cell[TIMES_MOST_RANKS][TIMES_MOST_PARTS][2]; /* seconds: waiting, and in all; 0: no such rank then */
} Times;

/* The ranks whose times a record tells; 0: it tells none. */
size_t times_ranks(const Event *event);

/* Local, cannot fail. */
void times_of(const History *history, Times *times);

#endif
