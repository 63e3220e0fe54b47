/* The Slurm job that a training runs in, as rank 0 knows it: which it is, and when Slurm will end it. squeue is asked,
 * for Slurm sets SLURM_JOB_END_TIME only in some versions, an administrator may change a limit, and while a job is
 * suspended its time stands still. squeue runs beside the training, which never waits for it: it may hang as long as
 * the controller does. Outside Slurm, and in a zeroed struct, there is no limit. */
#ifndef LOCKSTEP_TRAIN_SLURM_H
#define LOCKSTEP_TRAIN_SLURM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "rundir/record.h"

typedef struct {
    bool inside;  /* a job of Slurm */
    bool expired; /* SLURM_JOB_END_TIME had passed at the beginning, and was not taken */
    double began; /* clock_seconds, as all times here */

    double end;   /* when Slurm ends the job; INFINITY: never, or not known */
    double asked; /* when squeue was last started */
    bool told;    /* that the limit is not known */
    pid_t squeue; /* not waited for yet; 0: none */
    int answer;   /* to be read; -1: nothing is expected */
    char text[64];
    size_t used;
} Slurm;

/* Takes SLURM_JOB_END_TIME, if that is still to come, and asks for the first time. slurm_end: ends a squeue that still
 * runs; accepts a zeroed struct. Local. */
void slurm_begin(Slurm *slurm);
void slurm_end(Slurm *slurm);

/* Must what takes `needed` seconds begin now, to be done before Slurm ends the job? A margin is added, of 30 s, or a
 * tenth of the time that there was at the beginning if that is less. Asks squeue every 300 s, and again before it says
 * yes; where squeue does not answer within 5 s, what was known before counts. To be called often. Local. */
bool slurm_time_is_up(Slurm *slurm, double needed);

/* The members of a start's record that tell of the job: slurm_job, slurm_restarts, slurm_nodes; none outside Slurm. */
void slurm_record(Records *records);

/* Seconds, from squeue's [[DAYS-]HOURS:]MINUTES:SECONDS and an end of line; INFINITY for UNLIMITED, -1 for anything
 * else. */
double slurm_parse_time(const char *text);

#endif
