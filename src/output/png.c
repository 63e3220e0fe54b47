/* The file: a signature, then chunks of length, type, data and CRC-32 of the two (section 5.3), all numbers big-endian:
 *
 *   IHDR  width, height, bits a sample, colour type (0 grey, 2 RGB, 3 indexed), 0, 0, 0   (11.2.2)
 *   PLTE  red, green, blue of each colour                                                 (11.2.3)
 *   tRNS  alpha of each colour                                                            (11.3.2.1)
 *   IDAT  zlib stream of the rows, each behind a byte that names its filter: 0, none      (11.2.4)
 *   IEND                                                                                  (11.2.5)
 */
#include "output/png.h"

#include <assert.h>
#include <string.h>
#include <zlib.h>

#include "base/memory.h"

typedef struct {
    uint8_t *byte; /* (size) owned */
    size_t size;
} Bytes;

static void put_word(Bytes *file, uint32_t word)
{
    for (int shift = 24; shift >= 0; shift -= 8) file->byte[file->size++] = (uint8_t)(word >> shift);
}

static void put_chunk(Bytes *file, const char type[4], const void *data, size_t size)
{
    put_word(file, (uint32_t)size);
    uint8_t *begin = file->byte + file->size;
    memcpy(begin, type, 4);
    if (size) memcpy(begin + 4, data, size);
    file->size += 4 + size;
    put_word(file, (uint32_t)crc32(0, begin, (uInt)(4 + size)));
}

static void put_header(Bytes *file, const Png *png)
{
    const uint8_t kind = png->channels == 3 ? 2 : png->colour ? 3 : 0;
    Bytes header = {.byte = (uint8_t[13]){0}};
    put_word(&header, png->width);
    put_word(&header, png->height);
    header.byte[8] = 8;
    header.byte[9] = kind;
    put_chunk(file, "IHDR", header.byte, 13);
}

static void put_palette(Bytes *file, const Png *png)
{
    uint8_t colour[3 * PNG_MOST_COLOURS], alpha[PNG_MOST_COLOURS];
    for (size_t i = 0; i < png->colours; i++) {
        const PngColour *c = &png->colour[i];
        memcpy(colour + 3 * i, (uint8_t[3]){c->red, c->green, c->blue}, 3);
        alpha[i] = c->alpha;
    }
    put_chunk(file, "PLTE", colour, 3 * png->colours);
    put_chunk(file, "tRNS", alpha, png->colours);
}

/* rows: all rows behind their filters' bytes; packed (*size): room for their stream. */
static void pack_rows(const Png *png, uint8_t *rows, uint8_t *packed, uLong *size)
{
    const size_t line = png->width * (size_t)png->channels;
    for (size_t y = 0; y < png->height; y++) {
        rows[y * (line + 1)] = 0;
        memcpy(rows + y * (line + 1) + 1, png->pixel + y * line, line);
    }
    const int code = compress2(packed, size, rows, (uLong)(png->height * (line + 1)), Z_BEST_COMPRESSION);
    assert(code == Z_OK || code == Z_MEM_ERROR);
    if (code != Z_OK) *size = 0;
}

/* RFC 4648, section 4 */
static void write_base64(FILE *out, const uint8_t *byte, size_t size)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        const size_t left = size - i;
        const uint32_t word = (uint32_t)byte[i] << 16 | (left > 1 ? (uint32_t)byte[i + 1] << 8 : 0) |
                              (left > 2 ? (uint32_t)byte[i + 2] : 0);
        fputc(digit[word >> 18], out);
        fputc(digit[word >> 12 & 63], out);
        fputc(left > 1 ? digit[word >> 6 & 63] : '=', out);
        fputc(left > 2 ? digit[word & 63] : '=', out);
    }
}

static void write_file(FILE *out, const Png *png, const uint8_t *packed, size_t size, Bytes *file)
{
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', 0x0d, 0x0a, 0x1a, 0x0a};
    memcpy(file->byte, signature, sizeof signature);
    file->size = sizeof signature;
    put_header(file, png);
    if (png->colour) put_palette(file, png);
    put_chunk(file, "IDAT", packed, size);
    put_chunk(file, "IEND", NULL, 0);
    fputs("data:image/png;base64,", out);
    write_base64(out, file->byte, file->size);
}

Status png_write_uri(FILE *out, const Png *png)
{
    enum { ROOM = 256 + 4 * PNG_MOST_COLOURS }; /* of all chunks but the rows' */
    const size_t raw = png->height * (png->width * (size_t)png->channels + 1);
    uLong size = compressBound((uLong)raw);
    uint8_t *rows = NULL, *packed = NULL;
    Bytes file = {0};
    Status st = memory_new(&rows, raw, "an image");
    if (st == STATUS_OK) st = memory_new(&packed, size, "an image");
    if (st == STATUS_OK) st = memory_new(&file.byte, size + ROOM, "an image");
    if (st == STATUS_OK) pack_rows(png, rows, packed, &size);
    if (st == STATUS_OK && size == 0) st = status_fail(STATUS_INTERNAL, "out of memory for an image");
    if (st == STATUS_OK) write_file(out, png, packed, size, &file);
    memory_free(rows);
    memory_free(packed);
    memory_free(file.byte);
    return st;
}
