#include "output/png.h"

#include <png.h>

static png_uint_32 format_of(const Png *png)
{
    if (png->channels == 3) return PNG_FORMAT_RGB;
    return png->colour ? PNG_FORMAT_RGBA_COLORMAP : PNG_FORMAT_GRAY;
}

void png_append(const Png *png, Bytes *out)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = png->width,
                       .height = png->height,
                       .format = format_of(png),
                       .flags = PNG_IMAGE_FLAG_FAST,
                       .colormap_entries = (png_uint_32)png->colours};
    const png_alloc_size_t most = PNG_IMAGE_PNG_SIZE_MAX(image);
    png_alloc_size_t size = most;
    unsigned char *file = bytes_add(out, most); /* the most that it may need: its size is known afterwards */
    if (!file) return;
    if (png_image_write_to_memory(&image, file, &size, 0, png->pixel, 0, png->colour))
        out->size -= most - size;
    else
        out->st = status_fail(STATUS_INTERNAL, "libpng: %s", image.message);
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

Status png_write_uri(FILE *out, const Png *png)
{
    Bytes file = {0};
    png_append(png, &file);
    if (file.st == STATUS_OK) {
        fputs("data:image/png;base64,", out);
        write_base64(out, file.at, file.size);
    }
    bytes_free(&file);
    return file.st;
}
