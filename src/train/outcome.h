/* What a finished training came to, the same for people who saw it end and who ask later. */
#ifndef LOCKSTEP_TRAIN_OUTCOME_H
#define LOCKSTEP_TRAIN_OUTCOME_H

typedef struct {
    double accuracy, loss; /* of the final evaluation */
    double speed;          /* samples per second of the last start's steps; NaN: it made none */
    const char *digest;    /* of the model, hex; borrowed */
} Outcome;

enum { OUTCOME_LINES = 4, OUTCOME_LINE_SIZE = 96 };

/* Aligned with what "lockstep status" prints, without newlines. The figures are those of the record of the end. */
void outcome_lines(const Outcome *outcome, char line[OUTCOME_LINES][OUTCOME_LINE_SIZE]);

#endif
