/* Where what a rank prints to stderr is shown. */
#ifndef LOCKSTEP_COMM_SHOWN_H
#define LOCKSTEP_COMM_SHOWN_H

/* A descriptor of the terminal that mpirun shows this rank's stderr on; -1: none, or not known. Under Open MPI 4.1 the
 * stderr of every rank is a pipe, on a terminal too; the mpirun that started the rank reads it and writes the bytes on
 * as they are. So it is known of ranks on mpirun's own host that mpirun itself started, not a script in between, and
 * where it was not told to put them into files or tags before them (--output-filename, --tag-output,
 * --timestamp-output, --xml). The descriptor stays open. Not collective, to be called once. */
int shown_terminal(void);

#endif
