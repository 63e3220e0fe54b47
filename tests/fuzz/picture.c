/* Whatever bytes a picture is made of, it is refused, or its ink is found and fitted within its memory. */
#include <string.h>
#include <zlib.h>

#include "base/memory.h"
#include "data/fit.h"
#include "data/ink.h"
#include "data/picture.h"
#include "target.h"

bool target_accepted;

enum { SIGNATURE = 8, BESIDE = 12 /* a chunk's length, name and CRC, four bytes each */ };

static void put_big_endian(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++) bytes[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* A PNG's chunks get the CRCs of what is in them, else hardly a change would come farther. */
static void put_crcs_right(uint8_t *bytes, size_t size)
{
    for (size_t at = SIGNATURE; size >= BESIDE && at <= size - BESIDE;) {
        const size_t length =
            (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 | (size_t)bytes[at + 2] << 8 | bytes[at + 3];
        if (length > size - at - BESIDE) return;
        put_big_endian(bytes + at + 8 + length, (uint32_t)crc32(0, bytes + at + 4, (uInt)length + 4));
        at += BESIDE + length;
    }
}

static void fit(const Picture *picture)
{
    uint8_t *ink, image[9 * 7];
    ALWAYS(memory_new(&ink, picture->width * picture->height, "fuzz") == STATUS_OK);
    if (ink_find(picture, ink)) {
        const bool fitted = fit_image(ink, picture->height, picture->width, 9, 7, image);
        ALWAYS(!fitted || memchr(image, 255, sizeof image));
    }
    memory_free(ink);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Picture picture;
    uint8_t *bytes = malloc(size ? size : 1);
    ALWAYS(bytes);
    memcpy(bytes, data, size);
    if (size > SIGNATURE && bytes[0] != 'P') put_crcs_right(bytes, size);
    status_clear();
    const Status st = picture_decode("fuzz", bytes, size, &picture);
    ALWAYS(st == STATUS_OK || (st == STATUS_DATA && *status_message()));
    target_accepted = st == STATUS_OK;
    if (st == STATUS_OK) fit(&picture);
    picture_free(&picture);
    free(bytes);
    return 0;
}
