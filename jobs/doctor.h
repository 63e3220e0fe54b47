/* lockstep doctor: a table of checks, each of which looks at what the hosts and the ranks have told (doctor_facts.h)
 * and says what it saw; what that means, and what to do, if it is not fine. */
#ifndef LOCKSTEP_JOBS_DOCTOR_H
#define LOCKSTEP_JOBS_DOCTOR_H

#include "command.h"
#include "doctor_facts.h"
#include "launch_hosts.h"

typedef enum { FINE, WARNING, PROBLEM } Severity;

/* What is known. All pointers are borrowed by the checks. */
typedef struct {
    const Settings *settings; /* NULL: no config */
    const char *run;          /* the run directory; "": not looked at */
    bool inside;              /* the ranks are those of a job that the user has started */
    const Hosts *hosts;
    const char *const *told; /* (hosts->count) facts of each host; "" if it said nothing */
    const char *first;       /* those of the first one that said something, rank 0's; "": none did */
    size_t tellers;          /* hosts that said something */
    size_t ranks;            /* that are meant to be started */
    const char *const *rank; /* (started) facts of each rank */
    size_t started;
    int launch_code;         /* mpirun's exit code; -1: it did not end in time */
    const char *not_started; /* why mpirun was not; "": it was */
    double patience;         /* seconds for a program to tell of itself */

    const char *check; /* the name of the one that is running */
    int count[PROBLEM + 1];
} Doctor;

/* Prints what a check saw (cut at 1000 bytes); meaning and advice in lines below it, unless NULL. */
PRINTF_LIKE(5, 6)
void doctor_says(Doctor *doctor, Severity severity, const char *meaning, const char *advice, const char *format, ...);

/* The ranks of a host; where none were started, as many as would be. */
size_t doctor_ranks_on(const Doctor *doctor, size_t host);

/* The checks. Each says at least one thing, or nothing if it does not apply. */
void check_mpirun(Doctor *doctor);
void check_hosts(Doctor *doctor);
void check_names(Doctor *doctor);
void check_program(Doctor *doctor);
void check_network(Doctor *doctor);
void check_launch(Doctor *doctor);
void check_slurm(Doctor *doctor);
void check_binding(Doctor *doctor);
void check_kernels(Doctor *doctor);
void check_copying(Doctor *doctor);
void check_shared_memory(Doctor *doctor);
void check_memory(Doctor *doctor);
void check_dataset(Doctor *doctor);
void check_run(Doctor *doctor);
void check_space(Doctor *doctor);

#endif
