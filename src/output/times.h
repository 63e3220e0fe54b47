/* Where the ranks' time went, from the records of epochs, in so few cells that a page can hold them. */
#ifndef LOCKSTEP_OUTPUT_TIMES_H
#define LOCKSTEP_OUTPUT_TIMES_H

#include "rundir/history.h"

/* The phases of the records, some of them together. */
enum { TIMES_WAITING = 7, TIMES_KINDS = 8, TIMES_MOST_EPOCHS = 80, TIMES_MOST_RANKS = 64 };

/* What each is called. */
extern const char *const times_title[TIMES_KINDS];

typedef struct {
    size_t records;                               /* epochs that have times */
    size_t all_ranks;                             /* the most ranks that one has */
    size_t epochs, ranks;                         /* cells: each stands for */
    size_t epochs_each, ranks_each;               /* so many neighbours, the last perhaps for fewer */
    double epoch[TIMES_MOST_EPOCHS][TIMES_KINDS]; /* seconds: of an epoch's ranks the mean, of its cell the mean */
    double rank[TIMES_MOST_RANKS][TIMES_KINDS];   /* seconds: of a rank in all epochs, of its cell the mean */
    double cell[TIMES_MOST_RANKS][TIMES_MOST_EPOCHS][2]; /* seconds: waiting, and in all; 0: no such rank then */
} Times;

/* Local, cannot fail. */
void times_of(const History *history, Times *times);

#endif
