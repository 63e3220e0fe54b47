/* lockstep evaluate */
#include <inttypes.h>
#include <stdio.h>

#include "base/memory.h"
#include "base/replacement.h"
#include "commands.h"
#include "output/predictions.h"
#include "run_directory.h"
#include "train/saved.h"

static const Option options[] = {
    {"data", 0, "FILE", "dataset to evaluate on (default: the one that it was trained with)", false},
    {"predictions", 0, "FILE.csv", "write index, label, prediction, confidence of each sample to a regular file",
     false},
};

/* What samples of class c were most often taken for, if not for c. */
static void print_worst(const Confusion *confusion, size_t c)
{
    const uint64_t *row = confusion->word + c * confusion->classes;
    size_t worst = c == 0;
    for (size_t j = 0; j < confusion->classes; j++)
        if (j != c && row[j] > row[worst]) worst = j;
    printf("  %zu (%" PRIu64 " times)", worst, row[worst]);
}

/* Of each class: samples, recall (of the class's samples, found), precision (of what was taken for it, right). */
static void print_classes(const Confusion *confusion)
{
    printf("class   samples     right    recall  precision%s\n", confusion->is_matrix ? "  most often taken for" : "");
    for (size_t c = 0; c < confusion->classes; c++) {
        const ConfusionClass of = confusion_class(confusion, c);
        printf("%5zu  %8" PRIu64 "  %8" PRIu64 "  %7.2f%%  %8.2f%%", c, of.samples, of.right,
               of.samples ? 100.0 * (double)of.right / (double)of.samples : 0.0,
               of.taken ? 100.0 * (double)of.right / (double)of.taken : 0.0);
        if (confusion->is_matrix && of.samples > of.right) print_worst(confusion, c);
        putchar('\n');
    }
}

static Status write_predictions(const char *path, const Prediction *prediction, size_t count)
{
    Replacement csv;
    Status st = replacement_begin(path, &csv);
    if (st != STATUS_OK) return st;
    predictions_write(csv.stream, count, prediction);
    return replacement_end(&csv);
}

static Status evaluate(const Invocation *invocation)
{
    Saved saved;
    CheckpointScore score;
    Confusion confusion = {0};
    Prediction *prediction = NULL;
    const char *csv = invocation_value(invocation, "predictions", NULL);
    Status st = run_directory_refuse(invocation->operands[0]);
    if (st == STATUS_OK && csv) st = replacement_check(csv);
    if (st == STATUS_OK) st = saved_open(invocation->operands[0], &saved);
    if (st != STATUS_OK) return st;
    st = saved_evaluate(&saved, invocation_value(invocation, "data", NULL), &score, &confusion, &prediction);
    if (st == STATUS_OK && csv) st = write_predictions(csv, prediction, score.count);
    if (st == STATUS_OK) {
        print_classes(&confusion);
        printf("loss=%.9g accuracy=%.6f\n", score.loss, (double)score.correct / (double)score.count);
    }
    confusion_free(&confusion);
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
    .example = "lockstep evaluate runs/first/best.h5 --predictions predictions.csv",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .apart = true,
    .run = evaluate,
};
