/* Where replicas differ, once it is known that they do. */
#ifndef LOCKSTEP_TRAIN_DIFFERENCE_H
#define LOCKSTEP_TRAIN_DIFFERENCE_H

#include "train/trainer.h"

/* STATUS_INTERNAL, always. The message names what differs of the number of steps, the epoch's losses and row digests
 * and the chain, which each rank keeps for itself, with the ranks in the minority and two of the values. If nothing of
 * these does, it names the first tensor that differs, the ranks in the minority (all of them
 * where there is no majority; the ranks of a node's one copy have one vote together and are named together), the
 * tensor's first element that differs, and two of its values: the majority's and one of the others. The tensor is
 * halved by digests until one element is left, so that no values but these are sent. Collective; the same on every
 * rank. */
MUST_CHECK Status difference_tell(Trainer *trainer);

#endif
