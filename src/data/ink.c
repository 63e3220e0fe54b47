#include "data/ink.h"

#include <string.h>

enum {
    LEVELS = 4096, /* that are told apart here: enough for two 8-bit levels never to be one */
    LEVEL_SHIFT = 4,
    LEAST_DISTANCE = PICTURE_LEAST_CONTRAST >> LEVEL_SHIFT,
    NOISE_DISTANCES = 5,
    FULL = 255
};

typedef struct {
    uint32_t count[LEVELS];
} Histogram;

/* Where the ink lies on the scale of levels. */
typedef struct {
    int background;
    int side; /* 1: ink is lighter, -1: darker */
    int none; /* distances up to here are background */
    int full; /* the distance of full ink */
} Pen;

static int level_of(const Picture *picture, size_t pixel)
{
    return picture->level[pixel] >> LEVEL_SHIFT;
}

static void count_border(const Picture *picture, Histogram *border)
{
    const size_t width = picture->width, height = picture->height;
    for (size_t x = 0; x < width; x++) {
        border->count[level_of(picture, x)]++;
        border->count[level_of(picture, (height - 1) * width + x)]++;
    }
    for (size_t y = 0; y < height; y++) {
        border->count[level_of(picture, y * width)]++;
        border->count[level_of(picture, y * width + width - 1)]++;
    }
}

/* How many lie in [first, end). */
static uint64_t count_between(const Histogram *histogram, int first, int end)
{
    uint64_t count = 0;
    for (int i = first; i < end; i++) count += histogram->count[i];
    return count;
}

/* The least i in [first, LEVELS) with more than tenths/10 of what lies there in [first, i]. */
static int quantile(const Histogram *histogram, int first, unsigned tenths)
{
    const uint64_t all = count_between(histogram, first, LEVELS);
    uint64_t count = 0;
    int i = first;
    while (i < LEVELS - 1 && (count += histogram->count[i]) * 10 <= all * tenths) i++;
    return i;
}

/* Of distances from the background to one side, or, side 0, to both. */
static void count_distances(const Histogram *levels, int background, int side, Histogram *distances)
{
    memset(distances, 0, sizeof *distances);
    for (int i = 0; i < LEVELS; i++) {
        const int distance = i < background ? background - i : i - background;
        if (side == 0 || (i - background) * side > 0) distances->count[distance] += levels->count[i];
    }
}

/* The distances beyond `none`, added up: how much ink there would be. */
static uint64_t weigh(const Histogram *distances, int none)
{
    uint64_t sum = 0;
    for (int i = none + 1; i < LEVELS; i++) sum += distances->count[i] * (uint64_t)(i - none);
    return sum;
}

static Pen find_pen(const Picture *picture)
{
    Histogram levels = {{0}}, border = {{0}}, dark, light;
    for (size_t i = 0; i < picture->width * picture->height; i++) levels.count[level_of(picture, i)]++;
    count_border(picture, &border);
    Pen pen = {.background = quantile(&border, 0, 5)};
    count_distances(&border, pen.background, 0, &light);
    const int noise = NOISE_DISTANCES * quantile(&light, 0, 5);
    pen.none = noise > LEAST_DISTANCE ? noise : LEAST_DISTANCE;
    if (pen.none >= LEVELS - 1) return pen;
    count_distances(&levels, pen.background, -1, &dark);
    count_distances(&levels, pen.background, 1, &light);
    pen.side = weigh(&light, pen.none) > weigh(&dark, pen.none) ? 1 : -1;
    const Histogram *distances = pen.side > 0 ? &light : &dark;
    if (count_between(distances, pen.none + 1, LEVELS) > 0) pen.full = quantile(distances, pen.none + 1, 9);
    return pen;
}

/* share (LEVELS): the ink of each level. */
static void make_ramp(const Pen *pen, uint8_t *share)
{
    const int low = pen->full / 4 > pen->none ? pen->full / 4 : pen->none, high = pen->full * 3 / 4;
    for (int i = 0; i < LEVELS; i++) {
        const int distance = (i - pen->background) * pen->side;
        const int above = distance < low ? 0 : distance > high ? high - low : distance - low;
        share[i] = (uint8_t)(above * FULL / (high - low));
    }
}

static bool is_dust(const Picture *picture, const uint8_t *share, size_t x, size_t y)
{
    const size_t left = x > 0 ? x - 1 : 0, right = x + 1 < picture->width ? x + 1 : x;
    const size_t top = y > 0 ? y - 1 : 0, bottom = y + 1 < picture->height ? y + 1 : y;
    int inked = 0;
    for (size_t row = top; row <= bottom; row++)
        for (size_t column = left; column <= right; column++)
            inked += share[level_of(picture, row * picture->width + column)] > 0;
    return inked < 3; /* itself and two neighbours */
}

bool ink_find(const Picture *picture, uint8_t *ink)
{
    uint8_t share[LEVELS];
    const Pen pen = find_pen(picture);
    bool found = false;
    if (pen.full < 2 * pen.none) return false;
    make_ramp(&pen, share);
    for (size_t y = 0, i = 0; y < picture->height; y++)
        for (size_t x = 0; x < picture->width; x++, i++) {
            ink[i] = share[level_of(picture, i)];
            if (ink[i] > 0 && is_dust(picture, share, x, y)) ink[i] = 0;
            found |= ink[i] > 0;
        }
    return found;
}
