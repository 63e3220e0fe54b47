/* src/output/png and thumbnail: what a decoder makes of the bytes, with zlib alone. */
#include "output/png.h"

#include <zlib.h>

#include "base/memory.h"
#include "output/thumbnail.h"
#include "unit.h"

enum { ROOM = 1 << 16 };

static const char scheme[] = "data:image/png;base64,";

/* The value of a digit of base64 (RFC 4648, section 4). */
static unsigned digit(char c)
{
    if (c >= 'A' && c <= 'Z') return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z') return (unsigned)(c - 'a') + 26;
    if (c >= '0' && c <= '9') return (unsigned)(c - '0') + 52;
    return c == '+' ? 62 : 63;
}

static size_t decode(const char *text, uint8_t *byte)
{
    size_t count = 0;
    CU_ASSERT_EQUAL(strlen(text) % 4, 0);
    for (; *text; text += 4) {
        const unsigned word = digit(text[0]) << 18 | digit(text[1]) << 12 | digit(text[2]) << 6 | digit(text[3]);
        byte[count++] = (uint8_t)(word >> 16);
        if (text[2] != '=') byte[count++] = (uint8_t)(word >> 8);
        if (text[3] != '=') byte[count++] = (uint8_t)word;
    }
    return count;
}

static uint32_t word_at(const uint8_t *byte)
{
    return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
}

/* A file, as a decoder sees it. */
typedef struct {
    uint8_t header[13], palette[768], alpha[256], rows[ROOM];
    size_t palette_size, alpha_size, rows_size;
} Image;

static void take_chunk(const uint8_t *chunk, size_t size, Image *image)
{
    uLongf rows = ROOM;
    CU_ASSERT_EQUAL(word_at(chunk + 4 + size), (uint32_t)crc32(0, chunk, (uInt)(4 + size)));
    if (memcmp(chunk, "IHDR", 4) == 0) {
        CU_ASSERT_EQUAL(size, 13);
        memcpy(image->header, chunk + 4, 13);
    } else if (memcmp(chunk, "PLTE", 4) == 0) {
        memcpy(image->palette, chunk + 4, image->palette_size = size);
    } else if (memcmp(chunk, "tRNS", 4) == 0) {
        memcpy(image->alpha, chunk + 4, image->alpha_size = size);
    } else if (memcmp(chunk, "IDAT", 4) == 0) {
        CU_ASSERT_EQUAL(uncompress(image->rows, &rows, chunk + 4, (uLong)size), Z_OK);
        image->rows_size = rows;
    } else if (chunk[0] < 'a') { /* what has to be understood */
        CU_ASSERT_EQUAL(memcmp(chunk, "IEND", 4), 0);
    }
}

/* *image = what text is. */
static void take(const char *text, Image *image)
{
    static uint8_t file[ROOM];
    memset(image, 0, sizeof *image);
    memset(image->alpha, 255, sizeof image->alpha); /* of colours without one (section 11.3.2.1) */
    CU_ASSERT_EQUAL_FATAL(strncmp(text, scheme, strlen(scheme)), 0);
    const size_t size = decode(text + strlen(scheme), file);
    CU_ASSERT_EQUAL(memcmp(file, "\x89PNG\r\n\x1a\n", 8), 0);
    size_t at = 8;
    while (at + 12 <= size) {
        const size_t length = word_at(file + at);
        CU_ASSERT_FATAL(at + 12 + length <= size);
        take_chunk(file + at + 4, length, image);
        at += 12 + length;
    }
    CU_ASSERT_EQUAL(at, size);
    CU_ASSERT_EQUAL(memcmp(file + size - 8, "IEND", 4), 0);
}

static char text[ROOM];

static FILE *begin(void)
{
    memset(text, 0, sizeof text);
    return fmemopen(text, sizeof text, "w");
}

static void rows_come_back_behind_their_filter(void)
{
    static const uint8_t pixel[6] = {0, 1, 2, 253, 254, 255};
    static Image image;
    const Png png = {.width = 3, .height = 2, .channels = 1, .pixel = pixel};
    FILE *out = begin();
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT_EQUAL(png_write_uri(out, &png), STATUS_OK);
    fclose(out);
    take(text, &image);
    CU_ASSERT_EQUAL(memcmp(image.header, "\0\0\0\3\0\0\0\2\x08\0\0\0\0", 13), 0);
    CU_ASSERT_EQUAL(image.rows_size, 8);
    CU_ASSERT_EQUAL(memcmp(image.rows, "\0\0\1\2\0\xfd\xfe\xff", 8), 0);
}

static void shapes_are_what_people_mean(void)
{
    ThumbnailShape shape;
    CU_ASSERT(thumbnail_shape(&shape, 2, (const uint64_t[]){28, 20}));
    CU_ASSERT(shape.height == 28 && shape.width == 20 && shape.channels == 1 && shape.every == 1);
    CU_ASSERT(thumbnail_shape(&shape, 1, (const uint64_t[]){784}));
    CU_ASSERT(shape.height == 28 && shape.width == 28);
    CU_ASSERT(thumbnail_shape(&shape, 1, (const uint64_t[]){13}));
    CU_ASSERT(shape.height == 1 && shape.width == 13);
    CU_ASSERT(thumbnail_shape(&shape, 3, (const uint64_t[]){32, 16, 3}));
    CU_ASSERT(shape.height == 32 && shape.width == 16 && shape.channels == 3 && shape.row == 48 && shape.channel == 1);
    CU_ASSERT(thumbnail_shape(&shape, 3, (const uint64_t[]){3, 32, 16}));
    CU_ASSERT(shape.height == 32 && shape.width == 16 && shape.channels == 3 && shape.row == 16 &&
              shape.channel == 512);
    CU_ASSERT_FALSE(thumbnail_shape(&shape, 3, (const uint64_t[]){5, 5, 5}));
    CU_ASSERT_FALSE(thumbnail_shape(&shape, 4, (const uint64_t[]){3, 5, 5, 3}));
}

static void large_images_are_thinned(void)
{
    static float value[300 * 113];
    static Image image;
    ThumbnailShape shape;
    CU_ASSERT(thumbnail_shape(&shape, 2, (const uint64_t[]){300, 113}));
    CU_ASSERT(shape.every == 3 && shape.thumbnail_height == 100 && shape.thumbnail_width == 38);
    value[297 * 113 + 111] = 1.0f; /* the last pixel that is taken */
    FILE *out = begin();
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT_EQUAL(thumbnail_write(out, &shape, value, &(Greys){0.0f, 1.0f}), STATUS_OK);
    fclose(out);
    take(text, &image);
    CU_ASSERT_EQUAL(image.rows_size, 100 * 39);
    CU_ASSERT_EQUAL(image.rows[100 * 39 - 1], 255);
    CU_ASSERT_EQUAL(image.rows[100 * 39 - 2], 0);
}

/* Planes and interleaved channels are the same picture, and flat images have no bright pixel. */
static void channels_are_found_where_they_lie(void)
{
    static const float planes[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
                       interleaved[12] = {0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11};
    static Image a, b;
    ThumbnailShape shape;
    FILE *out = begin();
    CU_ASSERT(thumbnail_shape(&shape, 3, (const uint64_t[]){3, 2, 2}));
    CU_ASSERT_EQUAL(thumbnail_write(out, &shape, planes, &(Greys){0.0f, 11.0f}), STATUS_OK);
    fclose(out);
    take(text, &a);
    out = begin();
    CU_ASSERT(thumbnail_shape(&shape, 3, (const uint64_t[]){2, 2, 3}));
    CU_ASSERT_EQUAL(thumbnail_write(out, &shape, interleaved, &(Greys){0.0f, 11.0f}), STATUS_OK);
    fclose(out);
    take(text, &b);
    CU_ASSERT_EQUAL(a.header[9], 2);
    CU_ASSERT_EQUAL(a.rows_size, 14);
    CU_ASSERT_EQUAL(memcmp(a.rows, b.rows, 14), 0);
    CU_ASSERT(a.rows[1] == 0 && a.rows[2] == 93 && a.rows[3] == 185 && a.rows[13] == 255);
}

static void weights_have_the_colour_of_their_sign(void)
{
    static const float weight[4] = {0.0f, 2.0f, -2.0f, 1.0f};
    static Image image;
    ThumbnailShape shape;
    FILE *out = begin();
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT(thumbnail_shape(&shape, 2, (const uint64_t[]){1, 4}));
    CU_ASSERT_EQUAL(thumbnail_write_signed(out, &shape, weight, 2.0f), STATUS_OK);
    fclose(out);
    take(text, &image);
    CU_ASSERT_EQUAL(image.header[9], 3);
    CU_ASSERT(image.alpha_size > 0 && 3 * image.alpha_size <= image.palette_size);
    const uint8_t *zero = image.rows + 1, *plus = zero + 1, *minus = zero + 2, *half = zero + 3;
    CU_ASSERT_EQUAL(image.alpha[*zero], 0);
    CU_ASSERT_EQUAL(image.alpha[*plus], 255);
    CU_ASSERT_EQUAL(image.alpha[*minus], 255);
    CU_ASSERT(image.alpha[*half] > 100 && image.alpha[*half] < 155);
    CU_ASSERT(image.palette[3 * *plus + 2] > image.palette[3 * *plus]);   /* blue */
    CU_ASSERT(image.palette[3 * *minus + 2] < image.palette[3 * *minus]); /* orange */
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(rows_come_back_behind_their_filter),
        UNIT(shapes_are_what_people_mean),
        UNIT(large_images_are_thinned),
        UNIT(channels_are_found_where_they_lie),
        UNIT(weights_have_the_colour_of_their_sign),
    };
    return UNIT_RUN("png", tests);
}
