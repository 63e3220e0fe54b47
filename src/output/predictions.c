#include "output/predictions.h"

#include <inttypes.h>

void predictions_write(FILE *file, size_t count, const uint32_t *label, const Prediction *prediction)
{
    fputs("index,label,prediction,confidence\n", file);
    for (size_t i = 0; i < count; i++)
        fprintf(file, "%zu,%" PRIu32 ",%" PRIu32 ",%.9g\n", i, label[i], prediction[i].prediction,
                (double)prediction[i].confidence);
}
