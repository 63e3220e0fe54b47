#include "output/predictions.h"

#include <inttypes.h>

void predictions_write(FILE *file, size_t count, const Prediction *prediction)
{
    fputs("index,label,prediction,confidence\n", file);
    for (const Prediction *p = prediction; p < prediction + count; p++)
        fprintf(file, "%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%.9g\n", p->index, p->label, p->prediction,
                (double)p->confidence);
}
