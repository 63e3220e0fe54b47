/* lockstep predict */
#include <inttypes.h>
#include <stdio.h>

#include "base/memory.h"
#include "commands.h"
#include "data/picture.h"
#include "run_directory.h"
#include "train/saved.h"

static const Option options[] = {
    {"images", 0, "PATH", "the dataset of images in HDF5 files (default: data.test_images of the training)", false},
    {"as-is", 0, NULL, "pictures have the training's size and look: take their grey levels as they are", false},
};

static const char notes[] =
    "The CSV has a line for each image, in the order of the operands: index (from 0, over all files), prediction, and\n"
    "confidence, the probability that the network gives it.\n"
    "\n"
    "A picture of any size becomes an image such as MNIST's: what stands out from the border is ink, be it dark or "
    "light;\n"
    "it is scaled to fit 20/28 of the image's height and width, its proportions kept, and moved so that its centre of "
    "mass\n"
    "lies in the middle. A picture shows one digit, and most of its border is paper. Colours count by their "
    "luminance,\n"
    "transparent is white, or black behind white ink. The network must have been trained on uint8 images; if these "
    "have more or fewer dimensions "
    "than\n"
    "height and width, pictures are taken --as-is alone. Images of HDF5 files always are.\n";

static Status read_file(const Invocation *invocation, const Saved *saved, const char *file, Samples *samples)
{
    if (picture_is(file)) return saved_read_picture(saved, file, invocation_has(invocation, "as-is"), samples);
    return saved_read_images(saved, file, invocation_value(invocation, "images", NULL), samples);
}

/* index counts on over all files; the header comes with the first one's. */
static void print_predictions(const Prediction *prediction, size_t count, bool first, uint64_t *index)
{
    if (first) puts("index,prediction,confidence");
    for (size_t i = 0; i < count; i++)
        printf("%" PRIu64 ",%" PRIu32 ",%.9g\n", (*index)++, prediction[i].prediction,
               (double)prediction[i].confidence);
}

static Status predict_operand(const Invocation *invocation, size_t operand, const Saved *saved, uint64_t *index)
{
    Samples samples;
    Prediction *prediction = NULL;
    Status st = read_file(invocation, saved, invocation->operands[operand], &samples);
    if (st == STATUS_OK) st = saved_predict(saved, &samples, &prediction);
    if (st == STATUS_OK) print_predictions(prediction, samples.count, operand == 1, index);
    memory_free(prediction);
    samples_free(&samples);
    return st;
}

static Status predict(const Invocation *invocation)
{
    Saved saved;
    uint64_t index = 0;
    Status st = run_directory_refuse(invocation->operands[0]);
    if (st == STATUS_OK) st = saved_open(invocation->operands[0], &saved);
    if (st != STATUS_OK) return st;
    for (size_t i = 1; i < invocation->operand_count && st == STATUS_OK; i++)
        st = predict_operand(invocation, i, &saved, &index);
    saved_close(&saved);
    return st;
}

const Command command_predict = {
    .name = "predict",
    .operands = "CHECKPOINT FILE...",
    .least_operands = 2,
    .most_operands = 1 << 20,
    .summary = "Classifies PNG and PGM pictures and the images of HDF5 datasets; CSV on standard output.",
    .example = "lockstep predict runs/first/best.h5 seven.png page-*.pgm",
    .notes = notes,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .apart = true,
    .run = predict,
};
