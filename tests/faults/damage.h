/* For the flip campaigns: a file damaged in one way after the other, and what a reader makes of each, in child
 * processes, so that a reader that crashes, hangs or takes all memory is counted and named. */
#ifndef LOCKSTEP_TESTS_DAMAGE_H
#define LOCKSTEP_TESTS_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>

/* What became of a try. Those from WRONG on are failures. */
typedef enum {
    OUTCOME_REFUSED, /* as it should be */
    OUTCOME_SAME,    /* the same values were read */
    OUTCOME_OTHER,   /* other values were, and a digest tells */
    OUTCOME_WRONG,   /* none of these */
    OUTCOME_CRASHED,
    OUTCOME_HUNG,   /* 20 s of processor time */
    OUTCOME_MEMORY, /* 64 MiB more than before */
    OUTCOMES
} Outcome;

/* Reads the damaged file at path, which is whole again for the next try. */
typedef Outcome DamageReader(const char *path);

typedef struct {
    size_t size;    /* bytes of the file */
    size_t damages; /* that there are */
    size_t tries;
    size_t count[OUTCOMES];
} DamageReport;

/* Damages the file at path: each byte twice (one bit flipped; all bits), then each shorter length, then some greater
 * ones, with zeros. Of these every stride-th is tried, and each within the first `thorough` bytes. Failures are named
 * on stdout. */
DamageReport damage_each(const char *path, size_t thorough, size_t stride, DamageReader *read);

/* The stride that the environment's LOCKSTEP_FLIPS asks for, else `usual`. */
size_t damage_stride(size_t usual);

/* "1000 of 60000 damages to 20000 bytes: " and the counts, a line on stdout. Was all well, and was anything tried? */
bool damage_tell(const char *what, const DamageReport *report);

#endif
