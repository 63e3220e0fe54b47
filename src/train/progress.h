/* How far the training is, for people: a message every log.seconds, in whose place a terminal that redraws
 * (base/terminal.h) has one line that stands below the messages, drawn at most ten times a second and cut to what the
 * terminal is wide. Both tell the mean loss over the epoch's samples so far, as the records of its steps come to, and
 * the samples per second as the epoch's record will have them. All calls are local. */
#ifndef LOCKSTEP_TRAIN_PROGRESS_H
#define LOCKSTEP_TRAIN_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

struct Trainer;

typedef struct {
    double began;    /* when this start began to train (clock_seconds) */
    double drawn;    /* when it last drew the line */
    uint64_t first;  /* the steps that were completed when it began the epoch, */
    double training; /* and trainer_training_seconds then */
} Progress;

/* What the line shows. */
typedef struct {
    uint64_t epoch, epochs;         /* the current one, from 1 */
    uint64_t step, steps;           /* completed, and of the run */
    uint64_t in_epoch, epoch_steps; /* the same of the epoch */
    double loss, speed;             /* the mean over the epoch so far; samples per second */
    double left, save; /* seconds to the end of this start, and to its next checkpoint, if all goes on so */
} ProgressFigures;

/* The line in at most `columns` columns, of printable ASCII; size: of line, with its closing zero. What does not fit is
 * left out, the least important first; the bar takes what room remains. */
void progress_line(const ProgressFigures *figures, size_t columns, char *line, size_t size);

/* Seconds as people say them, rounded up: "0:07", "12:40", "3:05:00". */
enum { PROGRESS_TIME_SIZE = 32 };
void progress_time(double seconds, char text[PROGRESS_TIME_SIZE]);

/* This start begins to train; it begins an epoch, or what is left of one; it has made a step (for rank 0 alone, which
 * shows it); it trains no more. */
void progress_begin(struct Trainer *trainer);
void progress_begin_epoch(struct Trainer *trainer);
void progress_step(struct Trainer *trainer);
void progress_end(void);

/* Samples per second of the epoch, as far as this start has made it, without evaluations, checks and checkpoints. */
double progress_speed(const struct Trainer *trainer);

#endif
