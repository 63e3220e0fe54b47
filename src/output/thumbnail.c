#include "output/thumbnail.h"

enum { LEVELS = 15 }; /* of strength, towards each colour */

/* Blue and orange, which colour-blind people tell apart, on a light ground and on a dark one. */
static const PngColour positive = {.red = 20, .green = 135, .blue = 215},
                       negative = {.red = 232, .green = 112, .blue = 16};

static size_t square_side(uint64_t values)
{
    uint64_t side = 1;
    while (side * side < values) side++;
    return side * side == values ? (size_t)side : 0;
}

static bool is_channels(uint64_t extent)
{
    return extent == 1 || extent == 3;
}

static bool lay_out(ThumbnailShape *shape, int dimensions, const uint64_t *extent)
{
    size_t height = (size_t)extent[0], width = dimensions > 1 ? (size_t)extent[1] : 1, channels = 1;
    bool planes = false;
    if (dimensions == 1) {
        const size_t side = square_side(extent[0]);
        width = side ? side : (size_t)extent[0];
        height = side ? side : 1;
    } else if (dimensions == 3 && is_channels(extent[2])) {
        channels = (size_t)extent[2];
    } else if (dimensions == 3 && is_channels(extent[0])) {
        planes = true;
        channels = (size_t)extent[0], height = (size_t)extent[1], width = (size_t)extent[2];
    } else if (dimensions != 2) {
        return false;
    }
    *shape = (ThumbnailShape){.height = height, .width = width, .channels = channels};
    shape->column = planes ? 1 : channels;
    shape->row = shape->column * width;
    shape->channel = planes ? height * width : 1;
    return true;
}

bool thumbnail_shape(ThumbnailShape *shape, int dimensions, const uint64_t *extent)
{
    if (dimensions < 1 || !lay_out(shape, dimensions, extent)) return false;
    const size_t side = shape->height > shape->width ? shape->height : shape->width;
    shape->every = (side + THUMBNAIL_MOST_SIDE - 1) / THUMBNAIL_MOST_SIDE;
    shape->thumbnail_height = (shape->height + shape->every - 1) / shape->every;
    shape->thumbnail_width = (shape->width + shape->every - 1) / shape->every;
    return true;
}

static float value_at(const ThumbnailShape *shape, const float *value, size_t y, size_t x, size_t channel)
{
    return value[y * shape->every * shape->row + x * shape->every * shape->column + channel * shape->channel];
}

Status thumbnail_write(FILE *out, const ThumbnailShape *shape, const float *value, const Greys *greys)
{
    uint8_t pixel[THUMBNAIL_MOST_SIDE * THUMBNAIL_MOST_SIDE * 3];
    size_t count = 0;
    for (size_t y = 0; y < shape->thumbnail_height; y++)
        for (size_t x = 0; x < shape->thumbnail_width; x++)
            for (size_t c = 0; c < shape->channels; c++)
                pixel[count++] = grey_of(greys, value_at(shape, value, y, x, c));
    const Png png = {.width = (uint32_t)shape->thumbnail_width,
                     .height = (uint32_t)shape->thumbnail_height,
                     .channels = (int)shape->channels,
                     .pixel = pixel};
    return png_write_uri(out, &png);
}

/* Colour LEVELS + s has strength s of LEVELS. */
static void make_palette(PngColour colour[2 * LEVELS + 1])
{
    for (int s = -LEVELS; s <= LEVELS; s++) {
        colour[LEVELS + s] = s < 0 ? negative : positive;
        colour[LEVELS + s].alpha = (uint8_t)(255 * (s < 0 ? -s : s) / LEVELS);
    }
}

static uint8_t level_of(const ThumbnailShape *shape, const float *value, size_t y, size_t x, float most)
{
    float sum = 0.0f;
    for (size_t c = 0; c < shape->channels; c++) sum += value_at(shape, value, y, x, c);
    const float strength = sum / (float)shape->channels / most;
    const float whole = (float)LEVELS * (strength < -1.0f ? -1.0f : strength > 1.0f ? 1.0f : strength);
    return (uint8_t)(LEVELS + (int)(whole < 0.0f ? whole - 0.5f : whole + 0.5f));
}

Status thumbnail_write_signed(FILE *out, const ThumbnailShape *shape, const float *value, float most)
{
    uint8_t pixel[THUMBNAIL_MOST_SIDE * THUMBNAIL_MOST_SIDE];
    PngColour colour[2 * LEVELS + 1];
    make_palette(colour);
    for (size_t y = 0; y < shape->thumbnail_height; y++)
        for (size_t x = 0; x < shape->thumbnail_width; x++)
            pixel[y * shape->thumbnail_width + x] = level_of(shape, value, y, x, most > 0.0f ? most : 1.0f);
    const Png png = {.width = (uint32_t)shape->thumbnail_width,
                     .height = (uint32_t)shape->thumbnail_height,
                     .channels = 1,
                     .pixel = pixel,
                     .colour = colour,
                     .colours = 2 * LEVELS + 1};
    return png_write_uri(out, &png);
}
