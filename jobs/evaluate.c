/* lockstep evaluate */
#include <inttypes.h>
#include <stdio.h>

#include "base/memory.h"
#include "commands.h"
#include "output/predictions.h"
#include "train/saved.h"

static const Option options[] = {
    {"data", 0, "FILE", "dataset to evaluate on (default: the one that it was trained with)", false},
    {"predictions", 0, "FILE.csv", "write index, label, prediction, confidence of each sample", false},
};

/* Of each class: samples, recall (of the class's samples, found), precision (of what was taken for it, right). */
static void print_classes(const uint64_t *confusion, size_t classes)
{
    puts("class   samples     right    recall  precision  most often taken for");
    for (size_t c = 0; c < classes; c++) {
        const uint64_t right = confusion[c * classes + c];
        uint64_t samples = 0, taken = 0;
        size_t worst = c == 0;
        for (size_t j = 0; j < classes; j++) {
            samples += confusion[c * classes + j];
            taken += confusion[j * classes + c];
            if (j != c && confusion[c * classes + j] > confusion[c * classes + worst]) worst = j;
        }
        printf("%5zu  %8" PRIu64 "  %8" PRIu64 "  %7.2f%%  %8.2f%%", c, samples, right,
               samples ? 100.0 * (double)right / (double)samples : 0.0,
               taken ? 100.0 * (double)right / (double)taken : 0.0);
        if (samples > right) printf("  %zu (%" PRIu64 " times)", worst, confusion[c * classes + worst]);
        putchar('\n');
    }
}

static Status write_predictions(const char *path, const Prediction *prediction, size_t count)
{
    FILE *file = fopen(path, "we");
    if (!file) return status_fail(STATUS_CANT_CREATE, "cannot create \"%s\": %m", path);
    predictions_write(file, count, prediction);
    const int failed = ferror(file);
    if (fclose(file) == 0 && !failed) return STATUS_OK;
    return status_fail(STATUS_IO, "cannot write \"%s\": %m", path);
}

static Status evaluate(const Invocation *invocation)
{
    Saved saved;
    CheckpointScore score;
    uint64_t *confusion = NULL;
    Prediction *prediction = NULL;
    const char *csv = invocation_value(invocation, "predictions", NULL);
    Status st = saved_open(invocation->operands[0], &saved);
    if (st != STATUS_OK) return st;
    st = saved_evaluate(&saved, invocation_value(invocation, "data", NULL), &score, &confusion, &prediction);
    if (st == STATUS_OK && csv) st = write_predictions(csv, prediction, score.count);
    if (st == STATUS_OK) {
        print_classes(confusion, saved_classes(&saved));
        printf("loss=%.9g accuracy=%.6f\n", score.loss, (double)score.correct / (double)score.count);
    }
    memory_free(confusion);
    memory_free(prediction);
    saved_close(&saved);
    return st;
}

const Command command_evaluate = {
    .name = "evaluate",
    .operands = "CHECKPOINT",
    .least_operands = 1,
    .most_operands = 1,
    .summary = "Tells loss, accuracy and a table of classes on a test set.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = evaluate,
};
