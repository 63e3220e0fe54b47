#include "train/outcome.h"

#include <math.h>
#include <stdio.h>

void outcome_lines(const Outcome *outcome, char line[OUTCOME_LINES][OUTCOME_LINE_SIZE])
{
    snprintf(line[0], OUTCOME_LINE_SIZE, "accuracy     %.6f", outcome->accuracy);
    snprintf(line[1], OUTCOME_LINE_SIZE, "loss         %.6f", outcome->loss);
    if (isnan(outcome->speed))
        snprintf(line[2], OUTCOME_LINE_SIZE, "speed        no steps in the last start");
    else
        snprintf(line[2], OUTCOME_LINE_SIZE, "speed        %.0f samples/s in the last start", outcome->speed);
    snprintf(line[3], OUTCOME_LINE_SIZE, "digest       %s", outcome->digest);
}
