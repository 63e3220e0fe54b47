/* Pictures for a saved network. */
#include <inttypes.h>

#include "base/memory.h"
#include "data/fit.h"
#include "data/ink.h"
#include "data/picture.h"
#include "train/saved.h"

/* Only what the training's pixels were says what a picture's must be: of float images black and white are not known. */
static Status check_network(const Saved *saved, const char *file, bool as_is)
{
    const Checkpoint *c = &saved->checkpoint;
    if (c->pixels != ELEMENT_UINT8)
        return status_fail(STATUS_DATA,
                           "\"%s\" is a picture, but the network was trained on float32 images, whose black and white "
                           "are not known: make an HDF5 dataset of it",
                           file);
    if (as_is || c->image_dimensions == 2) return STATUS_OK;
    return status_fail(STATUS_DATA,
                       "\"%s\": the network was trained on images of %d dimensions, so a picture cannot be fitted to "
                       "their height and width; --as-is takes one of %zu pixels",
                       file, c->image_dimensions, c->network.layer[0].in);
}

static Status one_sample(size_t features, Samples *samples)
{
    samples->count = 1;
    samples->features = features;
    samples->kind = ELEMENT_UINT8;
    Status st = memory_new(&samples->label, 1, "a label");
    if (st == STATUS_OK) st = memory_new(&samples->row, 1, "a row");
    return st == STATUS_OK ? memory_new((uint8_t **)&samples->pixels, features, "an image") : st;
}

/* An image that is more than height and width is as good as its pixels in their order. */
static Status take_levels(const Saved *saved, const char *file, const Picture *picture, uint8_t *image)
{
    const Checkpoint *c = &saved->checkpoint;
    const size_t pixels = picture->width * picture->height;
    if (c->image_dimensions == 2 && (picture->height != c->image_extent[0] || picture->width != c->image_extent[1]))
        return status_fail(STATUS_DATA,
                           "\"%s\" is %zux%zu pixels, but the network was trained on %" PRIu64 "x%" PRIu64
                           "; without --as-is it is fitted",
                           file, picture->width, picture->height, c->image_extent[1], c->image_extent[0]);
    if (pixels != c->network.layer[0].in)
        return status_fail(STATUS_DATA, "\"%s\" has %zu pixels, but the network was trained on images of %zu values",
                           file, pixels, c->network.layer[0].in);
    for (size_t i = 0; i < pixels; i++) image[i] = (uint8_t)((picture->level[i] + 128) / 257);
    return STATUS_OK;
}

static Status fit_levels(const Saved *saved, const char *file, const Picture *picture, uint8_t *image)
{
    const uint64_t *extent = saved->checkpoint.image_extent;
    uint8_t *ink;
    Status st = memory_new(&ink, picture->width * picture->height, "the ink of a picture");
    if (st == STATUS_OK && !(ink_find(picture, ink) && fit_image(ink, picture->height, picture->width,
                                                                 (size_t)extent[0], (size_t)extent[1], image)))
        st = status_fail(STATUS_DATA,
                         "\"%s\" shows no ink: nothing in it stands out from its border (what is transparent counts as "
                         "white, or as black behind white ink); --as-is takes a picture as it is",
                         file);
    memory_free(ink);
    return st;
}

Status saved_read_picture(const Saved *saved, const char *file, bool as_is, Samples *samples)
{
    Picture picture = {0};
    *samples = (Samples){0};
    Status st = check_network(saved, file, as_is);
    if (st == STATUS_OK) st = picture_read(file, &picture);
    if (st == STATUS_OK) st = one_sample(saved->checkpoint.network.layer[0].in, samples);
    if (st == STATUS_OK) st = (as_is ? take_levels : fit_levels)(saved, file, &picture, samples->pixels);
    picture_free(&picture);
    return st;
}
