#include "output/predictions.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

static const char head[] = "index,label,prediction,confidence\n";
static const char no_number[] =
    "nan\n"; /* as printf writes C's NAN; records of earlier versions have a sign before it */

static bool is_surer(const Prediction *a, const Prediction *b)
{
    return a->confidence > b->confidence || (isnan(b->confidence) && !isnan(a->confidence));
}

void predictions_write(FILE *file, size_t count, const Prediction *prediction)
{
    fputs(head, file);
    for (const Prediction *p = prediction; p < prediction + count; p++)
        fprintf(file, "%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%.9g\n", p->index, p->label, p->prediction,
                (double)p->confidence);
}

/* The number that *text begins with, which moves behind it and the byte that must end it; -1: none. */
static double take_number(const char **text, char end)
{
    char *after;
    if (**text < '0' || **text > '9') return -1.0;
    const double value = strtod(*text, &after);
    if (*after != end) return -1.0;
    *text = after + 1;
    return value;
}

static bool take_integer(const char **text, uint32_t *value)
{
    const double number = take_number(text, ',');
    const bool good = number >= 0.0 && number <= (double)UINT32_MAX && number == (double)(uint32_t)number;
    *value = good ? (uint32_t)number : 0;
    return good;
}

static bool take_row(const char **text, uint32_t index, Prediction *row)
{
    if (!take_integer(text, &row->index) || row->index != index) return false;
    if (!take_integer(text, &row->label) || !take_integer(text, &row->prediction)) return false;
    const size_t sign = **text == '-';
    const bool none = strncmp(*text + sign, no_number, sizeof no_number - 1) == 0;
    const double confidence = none ? (double)NAN : take_number(text, '\n');
    *text += none ? sign + sizeof no_number - 1 : 0;
    row->confidence = (float)confidence;
    return none || (confidence >= 0.0 && confidence <= 1.0);
}

static Status parse(const char *path, const char *text, size_t most, Prediction *prediction, size_t *count)
{
    bool good = strncmp(text, head, sizeof head - 1) == 0;
    text += good ? sizeof head - 1 : 0;
    for (*count = 0; good && *text && *count < most; *count += good)
        good = take_row(&text, (uint32_t)*count, &prediction[*count]);
    if (good && !*text) return STATUS_OK;
    return status_fail(STATUS_DATA, "\"%s\" is not the predictions of the test set: line %zu is another", path,
                       *count + 2);
}

Status predictions_read(const char *path, size_t most, Prediction **prediction, size_t *count)
{
    enum { MOST_ROW = 64, MOST_HEAD = 64 }; /* bytes */
    char *text;
    size_t size, lines = 0;
    *prediction = NULL;
    *count = 0;
    Status st = file_read(path, "the predictions of a run", MOST_HEAD + MOST_ROW * most, STATUS_DATA, &text, &size);
    if (st != STATUS_OK) return st;
    for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
    const size_t rows = lines < most ? lines : most;
    st = memory_new(prediction, rows, "predictions");
    if (st == STATUS_OK) st = parse(path, text, rows, *prediction, count);
    memory_free(text);
    if (st != STATUS_OK) {
        memory_free(*prediction);
        *prediction = NULL;
    }
    return st;
}

size_t predictions_worst(size_t count, const Prediction *prediction, size_t most, Prediction *worst)
{
    size_t chosen = 0;
    for (const Prediction *p = prediction; p < prediction + count; p++) {
        if (p->prediction == p->label) continue;
        size_t place = chosen;
        while (place > 0 && is_surer(p, &worst[place - 1])) place--;
        if (place == most) continue;
        if (chosen < most) chosen++;
        memmove(worst + place + 1, worst + place, (chosen - 1 - place) * sizeof *worst);
        worst[place] = *p;
    }
    return chosen;
}
