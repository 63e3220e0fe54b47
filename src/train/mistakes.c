#include "train/mistakes.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "output/greys.h"

enum { COLUMNS = 8, LINE_GREY = 96, ROWS_MOST = MISTAKES_MOST / COLUMNS };

/* Height and width of what can be shown, else 0. */
static void side_lengths(int dimensions, const uint64_t *extent, size_t side[2])
{
    int sides = 0;
    side[0] = side[1] = 0;
    for (int i = 0; i < dimensions; i++) {
        if (extent[i] == 1) continue;
        if (sides < 2) side[sides] = (size_t)extent[i];
        sides++;
    }
    if (sides != 2 || side[0] > MISTAKES_MOST_SIDE || side[1] > MISTAKES_MOST_SIDE) side[0] = side[1] = 0;
}

static size_t words_of(const size_t side[2])
{
    return (MISTAKES_MOST * side[0] * side[1] + sizeof(uint64_t) - 1) / sizeof(uint64_t);
}

static size_t picture_of(const size_t side[2])
{
    return side[0] ? (ROWS_MOST * (side[0] + 1) + 1) * (COLUMNS * (side[1] + 1) + 1) : 0;
}

size_t mistakes_bytes(int dimensions, const uint64_t *extent)
{
    size_t side[2];
    side_lengths(dimensions, extent, side);
    return words_of(side) * sizeof(uint64_t) + picture_of(side);
}

Status mistakes_init(Mistakes *m, int dimensions, const uint64_t *extent)
{
    size_t side[2];
    side_lengths(dimensions, extent, side);
    *m = (Mistakes){
        .height = side[0], .width = side[1], .words = words_of(side), .picture_width = COLUMNS * (side[1] + 1) + 1};
    Status st = memory_new(&m->cell, m->words, "the images of mistakes");
    if (st == STATUS_OK) st = memory_new(&m->picture, picture_of(side), "the picture of mistakes");
    if (st != STATUS_OK) mistakes_free(m);
    return st;
}

void mistakes_free(Mistakes *m)
{
    memory_free(m->cell);
    memory_free(m->picture);
    *m = (Mistakes){0};
}

void mistakes_choose(Mistakes *m, size_t count, const Prediction *prediction)
{
    m->count = predictions_worst(count, prediction, MISTAKES_MOST, m->worst);
}

static void fill_from_floats(size_t count, const float *value, uint8_t *cell)
{
    const Greys greys = greys_of(count, value);
    for (size_t i = 0; i < count; i++) cell[i] = grey_of(&greys, value[i]);
}

void mistakes_fill(Mistakes *m, const Samples *samples)
{
    const size_t pixels = m->height * m->width;
    memset(m->cell, 0, m->words * sizeof *m->cell);
    if (pixels == 0 || samples->count == 0) return;
    for (size_t i = 0; i < m->count; i++) {
        const size_t sample = (size_t)m->worst[i].index - samples->row[0];
        uint8_t *cell = (uint8_t *)m->cell + i * pixels;
        if (m->worst[i].index < samples->row[0] || sample >= samples->count) continue;
        if (samples->kind == ELEMENT_UINT8)
            memcpy(cell, (const uint8_t *)samples->pixels + sample * pixels, pixels);
        else
            fill_from_floats(pixels, (const float *)samples->pixels + sample * pixels, cell);
    }
}

void mistakes_draw(Mistakes *m)
{
    m->picture_height = (m->count + COLUMNS - 1) / COLUMNS * (m->height + 1) + 1;
    memset(m->picture, LINE_GREY, m->picture_height * m->picture_width);
    for (size_t i = 0; i < m->count; i++) {
        const uint8_t *cell = (const uint8_t *)m->cell + i * m->height * m->width;
        const size_t top = i / COLUMNS * (m->height + 1) + 1, left = i % COLUMNS * (m->width + 1) + 1;
        for (size_t y = 0; y < m->height; y++)
            memcpy(m->picture + (top + y) * m->picture_width + left, cell + y * m->width, m->width);
    }
}

void mistakes_list(const Mistakes *m, char text[MISTAKES_TEXT])
{
    size_t used = (size_t)snprintf(text, MISTAKES_TEXT,
                                   "| place | row | label | prediction | confidence |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < m->count; i++) {
        const Prediction *p = &m->worst[i];
        used += (size_t)snprintf(text + used, MISTAKES_TEXT - used,
                                 "| %zu | %" PRIu32 " | %" PRIu32 " | %" PRIu32 " | %.6f |\n", i + 1, p->index,
                                 p->label, p->prediction, (double)p->confidence);
    }
}
