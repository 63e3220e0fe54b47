/* What makes a training slower than it need be: ranks that share processors, ranks without samples, threads beside the
 * ranks. Each is told once, in a message "slow: ..." that says what to do. The result does not depend on it, so that it
 * is no warning (log.h), and a quiet training leaves it out. */
#ifndef LOCKSTEP_TRAIN_OBSTACLES_H
#define LOCKSTEP_TRAIN_OBSTACLES_H

#include <stddef.h>

struct Trainer;

typedef struct {
    double own, others; /* seconds of a processor that the main thread, and the others, had taken when training began */
} Obstacles;

/* The mean number of ranks that have no sample in a step of batch_size samples. Local, cannot fail. */
double obstacles_idle_ranks(size_t shards, size_t ranks, size_t batch_size);

/* As training begins. Collective. */
void obstacles_tell(struct Trainer *trainer);

/* Once this start has trained for a while: other threads of a rank that take more than a fifth of what the rank's own
 * does, such as a library's. Collective. */
void obstacles_tell_threads(struct Trainer *trainer);

#endif
