/* The hosts that a launched job may use: which of them answer, how many ranks each takes, and what a job leaves behind
 * there. They are those of a hostfile, else of the Slurm allocation, else this one. Nothing here calls MPI. */
#ifndef LOCKSTEP_JOBS_LAUNCH_HOSTS_H
#define LOCKSTEP_JOBS_LAUNCH_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "talk.h"

enum { HOST_NAME_SIZE = 256, JOB_NAME_SIZE = 96 };

typedef struct {
    char name[HOST_NAME_SIZE];
    size_t slots; /* ranks that it takes; 0: one a core */
    size_t cores; /* as it tells when it answers */
    bool answers;
    bool refuses; /* it does not take the job, whose directories cannot be made there */
} Host;

/* How a command comes to a host. */
typedef enum { REACH_LOCAL, REACH_RSH, REACH_SRUN } Reach;

typedef struct {
    Host *host; /* (count); owned */
    size_t count;
    Reach reach;
    bool limited;            /* a line has max_slots: no host may get more ranks than it has slots */
    double patience;         /* seconds for a host to answer */
    char job[JOB_NAME_SIZE]; /* names what this job makes on the hosts, and nobody else does */
} Hosts;

/* file: a hostfile as Open MPI's, lines of NAME [slots=N] [max_slots=M], # begins a comment, a name that comes again
 * adds its slots, without slots=N they are M; NULL: none. patience: seconds for a host, or Slurm, to answer.
 * STATUS_NO_INPUT: no such file; STATUS_DATA: a line that is none, named; STATUS_INTERNAL: Slurm does not tell its
 * nodes. */
MUST_CHECK Status hosts_open(const char *file, double patience, Hosts *hosts);
void hosts_close(Hosts *hosts); /* accepts a zeroed struct */

/* Asks all hosts, at the same time, to make the job's directories; kills: and first to end what
 * still runs of the job, and remove what it left in them; else first to remove what others of this user's jobs have
 * left there, whose launch was killed, an hour later. Sets answers, and slots where they are not known; a warning
 * names each host that has ceased to answer, a message each that has come back. */
void hosts_ask(Hosts *hosts, bool kills);

/* Runs a shell's text on the hosts that answer, or on all, at the same time, for so many seconds at most. talk (count),
 * opened: what each said. */
void hosts_run(const Hosts *hosts, bool all, const char *script, double seconds, Talk *talk);

/* At the end, on all hosts: removes the job's directories, and ends what still runs of it. */
void hosts_clean(Hosts *hosts);

/* The slots of those that answer. */
size_t hosts_slots(const Hosts *hosts);

/* How many of so many ranks a host gets: mpirun fills the slots of one after the other, and deals out what is more. */
size_t hosts_ranks_on(const Hosts *hosts, size_t host, size_t ranks);

/* Has any of them fewer cores than ranks? */
bool hosts_crowded(const Hosts *hosts, size_t ranks);

/* The directories that hosts_ask makes: for shared memory, and for files. */
void hosts_directories(const Hosts *hosts, char shared[JOB_NAME_SIZE + 16], char files[JOB_NAME_SIZE + 16]);

#endif
