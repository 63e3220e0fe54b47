/* Digits to measure on where there is no dataset: about 19 % of the values are not zero, as of MNIST's, and they stand
 * in the middle of the image. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "data/synth.h"
#include "hdf5/h5file.h"
#include "train/bench_internal.h"

enum { PIXELS = SYNTH_SIDE * SYNTH_SIDE };

static Status write_part(H5Writer *writer, Part part, uint32_t count, int64_t classes)
{
    const uint64_t extent[] = {count, SYNTH_SIDE, SYNTH_SIDE};
    uint8_t *pixel = NULL, *label = NULL;
    Status st = memory_new(&pixel, (size_t)count * PIXELS, "drawn images");
    if (st == STATUS_OK) st = memory_new(&label, count, "drawn labels");
    for (uint32_t i = 0; i < count && st == STATUS_OK; i++)
        label[i] = (uint8_t)(synth_draw(1, part, i, pixel + (size_t)i * PIXELS) % classes);
    if (st == STATUS_OK) st = h5file_write_uint8(writer, dataset_default_images[part], 3, extent, pixel);
    if (st == STATUS_OK) st = h5file_write_uint8(writer, dataset_default_labels[part], 1, extent, label);
    memory_free(label);
    memory_free(pixel);
    return st;
}

static Status image_of_digits(uint32_t rows, int64_t classes, unsigned char **image, size_t *size)
{
    H5Writer *writer = NULL;
    Status st = h5image_create("drawn digits", 0, &writer);
    if (st == STATUS_OK) st = write_part(writer, PART_TRAIN, rows, classes);
    if (st == STATUS_OK) st = write_part(writer, PART_TEST, 1, classes);
    if (st == STATUS_OK) st = h5image_finish(writer, image, size);
    if (st != STATUS_OK) h5file_discard(writer);
    return st;
}

Status bench_draw(Settings *settings, uint32_t rows, unsigned char **image, size_t *size)
{
    snprintf(settings->data.file, SETTINGS_TEXT_SIZE, "drawn digits");
    snprintf(settings->data.train_images, SETTINGS_TEXT_SIZE, "%s", dataset_default_images[PART_TRAIN]);
    snprintf(settings->data.train_labels, SETTINGS_TEXT_SIZE, "%s", dataset_default_labels[PART_TRAIN]);
    snprintf(settings->data.test_images, SETTINGS_TEXT_SIZE, "%s", dataset_default_images[PART_TEST]);
    snprintf(settings->data.test_labels, SETTINGS_TEXT_SIZE, "%s", dataset_default_labels[PART_TEST]);
    settings->data.sha256[0] = '\0';
    if (strcmp(settings->data.scaling, "none") == 0) strcpy(settings->data.scaling, "unit"); /* that is for floats */
    return image_of_digits(rows, settings->data.classes, image, size);
}
