/* lockstep predict */
#include <inttypes.h>
#include <stdio.h>

#include "base/memory.h"
#include "commands.h"
#include "run_directory.h"
#include "train/saved.h"

static const Option options[] = {
    {"images", 0, "PATH", "the dataset of images in the files (default: data.test_images of the training)", false},
};

/* index counts on over all files; the header comes with the first one's. */
static Status predict_file(Saved *saved, const char *file, const char *images, bool first, uint64_t *index)
{
    Prediction *prediction;
    uint32_t rows;
    Status st = saved_predict(saved, file, images, &prediction, &rows);
    if (st == STATUS_OK && first) puts("index,prediction,confidence");
    for (uint32_t i = 0; i < rows && st == STATUS_OK; i++)
        printf("%" PRIu64 ",%" PRIu32 ",%.9g\n", (*index)++, prediction[i].prediction,
               (double)prediction[i].confidence);
    memory_free(prediction);
    return st;
}

static Status predict(const Invocation *invocation)
{
    Saved saved;
    uint64_t index = 0;
    Status st = run_directory_refuse(invocation->operands[0]);
    if (st == STATUS_OK) st = saved_open(invocation->operands[0], &saved);
    if (st != STATUS_OK) return st;
    const char *images = invocation_value(invocation, "images", NULL);
    for (size_t i = 1; i < invocation->operand_count && st == STATUS_OK; i++)
        st = predict_file(&saved, invocation->operands[i], images, i == 1, &index);
    saved_close(&saved);
    return st;
}

const Command command_predict = {
    .name = "predict",
    .operands = "CHECKPOINT FILE...",
    .least_operands = 2,
    .most_operands = 1 << 20,
    .summary = "Classifies the images of HDF5 datasets; CSV on standard output.",
    .example = "lockstep predict runs/first/best.h5 data/synth.h5 --images /test/images",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .apart = true,
    .run = predict,
};
