/* Private to the history*.c: what a record of each kind has to be. */
#ifndef LOCKSTEP_RUNDIR_HISTORY_INTERNAL_H
#define LOCKSTEP_RUNDIR_HISTORY_INTERNAL_H

#include <jansson.h>

#include "rundir/history.h"

enum { HISTORY_WHY = 160 }; /* bytes of a reason, with its closing zero */

/* Has the record all members that one of its kind must have, each of its type and written in full, and no others? false
 * with why. */
bool history_check_members(const json_t *object, EventKind kind, char why[HISTORY_WHY]);

/* *value = the exact value, from the twin "<key>_hex"; NaN where there is none. false: the twin is no number as we
 * write one, or the number is another. */
bool history_real(const json_t *object, const char *key, double *value);

/* Takes the counts of a confusion matrix, or of the classes, to event->counted, right and listed. false with why: they
 * have another shape. */
bool history_read_counts(const json_t *object, Event *event, char why[HISTORY_WHY]);

#endif
