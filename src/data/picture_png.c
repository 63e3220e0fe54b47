/* PNG, by libpng. It gives up by a long jump (libpng-manual.txt, III), so all that lives longer than one call stands in
 * the Reader, and between setjmp and the calls is no other function's frame that would own something. */
#include <assert.h>
#include <png.h>

#include "base/file.h"
#include "base/memory.h"
#include "picture_internal.h"

enum {
    PIXEL = 8, /* bytes of one: red, green, blue, alpha, each two, big-endian */
    WHITE = 65535
};

typedef struct {
    const char *name;
    const uint8_t *bytes;
    size_t size, used;
    uint64_t ground; /* the level behind what is transparent */
    Picture *picture;

    png_structp png;
    png_infop info;
    uint8_t *row; /* (width, PIXEL); owned */
    Status st;    /* STATUS_INTERNAL once memory was refused */

    bool transparent;           /* some pixel is, more or less */
    uint16_t darkest, lightest; /* level of any pixel, the former on a white ground, the latter on a black one */
} Reader;

static void fail(png_structp png, png_const_charp why)
{
    Reader *reader = png_get_error_ptr(png);
    if (reader->st == STATUS_OK)
        reader->st = status_fail(STATUS_DATA, "\"%s\" is a damaged PNG file (libpng: %s): copy or make it again",
                                 reader->name, why);
    png_longjmp(png, 1);
}

/* libpng warns of what it can do without. */
static void pass_over(png_structp png, png_const_charp warning)
{
    (void)png;
    (void)warning;
}

static void *allocate(png_structp png, png_alloc_size_t size)
{
    Reader *reader = png_get_mem_ptr(png);
    void *memory = memory_get(size, 1, "reading a PNG file");
    if (!memory) reader->st = STATUS_INTERNAL;
    return memory;
}

static void release(png_structp png, png_voidp memory)
{
    (void)png;
    memory_free(memory);
}

static void take_bytes(png_structp png, png_bytep out, size_t count)
{
    Reader *reader = png_get_io_ptr(png);
    if (count > reader->size - reader->used) png_error(png, "it is truncated");
    for (size_t i = 0; i < count; i++) out[i] = reader->bytes[reader->used++];
}

static void set_limits(Reader *reader)
{
    png_set_read_fn(reader->png, reader, take_bytes);
    png_set_user_limits(reader->png, PICTURE_MOST_PIXELS, PICTURE_MOST_PIXELS);
    png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_benign_errors(reader->png, 0);
}

/* After the header: memory for as much as the file can hold. */
static Status begin(Reader *reader)
{
    const png_uint_32 width = png_get_image_width(reader->png, reader->info);
    const png_uint_32 height = png_get_image_height(reader->png, reader->info);
    if (png_get_rowbytes(reader->png, reader->info) * (uint64_t)height / FILE_DEFLATE_MOST > reader->size)
        return status_fail(STATUS_DATA,
                           "\"%s\" is a truncated PNG file, or its header is wrong: its %zu bytes cannot hold %ux%u "
                           "pixels",
                           reader->name, reader->size, width, height);
    const Status st = picture_new(reader->name, width, height, reader->picture);
    return st == STATUS_OK ? memory_new(&reader->row, (size_t)width * PIXEL, "a row of a picture") : st;
}

/* Whatever the file has, rows come as PIXELs; each pass of an interlaced one as a picture of its own. */
static void set_conversions(Reader *reader)
{
    png_set_expand_16(reader->png);
    png_set_gray_to_rgb(reader->png);
    png_set_add_alpha(reader->png, WHITE, PNG_FILLER_AFTER);
    png_read_update_info(reader->png, reader->info);
    assert(png_get_rowbytes(reader->png, reader->info) == reader->picture->width * PIXEL);
}

static uint32_t sample(const uint8_t *pixel, int channel)
{
    return (uint32_t)pixel[2 * channel] << 8 | pixel[2 * channel + 1];
}

/* The weights are 0.299, 0.587 and 0.114 in 1/65536. */
static uint64_t luma_of(const uint8_t *pixel)
{
    return (19595 * (uint64_t)sample(pixel, 0) + 38470 * (uint64_t)sample(pixel, 1) +
            7471 * (uint64_t)sample(pixel, 2) + 32768) >>
           16;
}

static uint16_t level_on(uint64_t ground, uint64_t luma, uint64_t alpha)
{
    return (uint16_t)((luma * alpha + ground * (WHITE - alpha) + WHITE / 2) / WHITE);
}

static uint16_t take_pixel(Reader *reader, const uint8_t *pixel)
{
    const uint64_t luma = luma_of(pixel), alpha = sample(pixel, 3);
    const uint16_t on_white = level_on(WHITE, luma, alpha), on_black = level_on(0, luma, alpha);
    reader->transparent |= alpha < WHITE;
    if (on_white < reader->darkest) reader->darkest = on_white;
    if (on_black > reader->lightest) reader->lightest = on_black;
    return level_on(reader->ground, luma, alpha);
}

/* Rows first_row, first_row + row_step ... of the picture, of each the columns first_column ... */
static void read_rows(Reader *reader, size_t first_row, size_t row_step, size_t first_column, size_t column_step)
{
    const Picture *picture = reader->picture;
    if (first_column >= picture->width) return; /* libpng has no such rows then */
    for (size_t y = first_row; y < picture->height; y += row_step) {
        const uint8_t *pixel = reader->row;
        png_read_row(reader->png, reader->row, NULL);
        for (size_t x = first_column; x < picture->width; x += column_step, pixel += PIXEL)
            picture->level[y * picture->width + x] = take_pixel(reader, pixel);
    }
}

static void read_passes(Reader *reader)
{
    if (png_get_interlace_type(reader->png, reader->info) == PNG_INTERLACE_NONE) {
        read_rows(reader, 0, 1, 0, 1);
        return;
    }
    for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; pass++)
        read_rows(reader, PNG_PASS_START_ROW(pass), (size_t)1 << PNG_PASS_ROW_SHIFT(pass), PNG_PASS_START_COL(pass),
                  (size_t)1 << PNG_PASS_COL_SHIFT(pass));
}

static Status read_all(Reader *reader)
{
    if (setjmp(png_jmpbuf(reader->png))) return reader->st;
    set_limits(reader);
    png_read_info(reader->png, reader->info);
    const Status st = begin(reader);
    if (st != STATUS_OK) return st;
    set_conversions(reader);
    read_passes(reader);
    png_read_end(reader->png, NULL);
    return STATUS_OK;
}

static Status decode(Reader *reader)
{
    Status st = STATUS_INTERNAL; /* with allocate's message */
    reader->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, reader, fail, pass_over, reader, allocate, release);
    if (reader->png) reader->info = png_create_info_struct(reader->png);
    if (reader->info) st = read_all(reader);
    png_destroy_read_struct(&reader->png, &reader->info, NULL);
    memory_free(reader->row);
    return st;
}

/* Does it stand out from a black ground alone? */
static bool is_white_ink(const Reader *reader)
{
    return reader->transparent && WHITE - reader->darkest <= PICTURE_LEAST_CONTRAST &&
           reader->lightest > PICTURE_LEAST_CONTRAST;
}

/* The second time is cheaper than memory for the alpha of every pixel of every picture. */
Status picture_decode_png(const char *name, const uint8_t *bytes, size_t size, Picture *picture)
{
    const Reader fresh = {
        .name = name, .bytes = bytes, .size = size, .picture = picture, .ground = WHITE, .darkest = WHITE};
    Reader reader = fresh;
    const Status st = decode(&reader);
    if (st != STATUS_OK || !is_white_ink(&reader)) return st;
    picture_free(picture);
    reader = fresh;
    reader.ground = 0;
    return decode(&reader);
}
