/* What the signals ask for. A handler sets a flag and nothing else; the ranks tell each other in the words beside the
 * next gradient.
 *
 *   SIGUSR1                       checkpoint and go on
 *   SIGUSR2, SIGTERM, SIGINT      checkpoint and stop
 *   SIGPIPE                       nothing: the write that it is about fails, which is told where it matters
 */
#ifndef LOCKSTEP_TRAIN_SIGNALS_H
#define LOCKSTEP_TRAIN_SIGNALS_H

#include <stdbool.h>

/* Takes the signals over, before MPI starts. */
void signals_begin(void);

/* Has a stop been asked for? It stays asked for. */
bool signals_stop(void);

/* Has a checkpoint been asked for since the last call? */
bool signals_take_checkpoint(void);

#endif
