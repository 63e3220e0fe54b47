/* Do all ranks have the same of a thing, and if not, who has what? */
#ifndef LOCKSTEP_TRAIN_RANKS_H
#define LOCKSTEP_TRAIN_RANKS_H

#include "base/digest.h"
#include "comm/comm.h"

enum { RANKS_TEXT = 256, RANKS_TABLE = 1600 };

/* key: equal on two ranks if they have the same; text: what this rank has, for people, cut at RANKS_TEXT - 1 bytes.
 * table: "" if all keys are equal, else a line for each of them, of as many as fit: "\n  rank 0, 2 (host a): TEXT".
 * Equal on all ranks. Collective; agreed. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status ranks_compare(Comm *comm, Digest key, const char *text, char table[RANKS_TABLE]);

#endif
