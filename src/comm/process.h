/* How a process of a job leaves it. For the files of src/comm. */
#ifndef LOCKSTEP_COMM_PROCESS_H
#define LOCKSTEP_COMM_PROCESS_H

/* Ends this process at once, without a word to MPI; if the code is not 0, mpirun then ends the others. */
_Noreturn void comm_leave(int code);

#endif
