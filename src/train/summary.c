/* Tables for people. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "train/trainer.h"

static const char *activation_text(Activation activation)
{
    switch (activation) {
        case ACTIVATION_RELU: return "relu";
        case ACTIVATION_TANH: return "tanh";
        case ACTIVATION_SIGMOID: return "sigmoid";
        case ACTIVATION_NONE: break;
    }
    return "softmax";
}

void trainer_log_plan(Trainer *t)
{
    const int ranks = comm_size(t->comm);
    const size_t least = t->shards / (size_t)ranks, most = (t->shards + (size_t)ranks - 1) / (size_t)ranks;
    char shape[256] = "";
    size_t used = (size_t)snprintf(shape, sizeof shape, "%zu", t->network.layer[0].in);
    for (size_t i = 0; i < t->network.layers && used + 48 < sizeof shape; i++) {
        const Layer *layer = &t->network.layer[i];
        used += (size_t)snprintf(shape + used, sizeof shape - used, " - %zu %s%s", layer->out,
                                 activation_text(layer->activation), layer->bf16 ? " bf16" : "");
    }
    log_info("network    %s: %zu parameters", shape, t->network.parameters);
    log_info("data       %" PRIu32 " training and %" PRIu32 " test samples of %zu %s pixels from %s", t->loader.rows,
             t->test_rows, t->loader.samples.features, t->loader.samples.kind == ELEMENT_UINT8 ? "uint8" : "float32",
             t->settings->data.file);
    log_info("work       %" PRId64 " epochs of %" PRIu64 " steps, batch %" PRId64 " over all ranks",
             t->settings->training.epochs, t->steps_per_epoch, t->settings->training.batch_size);
    char share[64];
    if (least == most)
        snprintf(share, sizeof share, "%zu", least);
    else
        snprintf(share, sizeof share, "%zu to %zu", least, most);
    log_info("ranks      %d, each with %s of %zu shards; %s kernels", ranks, share, t->shards, t->kernels->name);
    log_info("run        %s", t->options.run_path);
}

/* Evaluation by rank 0 alone: all (ranks, PHASES) seconds. */
static void log_waiting(const double *all, int ranks)
{
    double waiting = 0.0, whole = 0.0;
    for (int r = 1; r < ranks; r++) {
        waiting += all[r * PHASES + PHASE_IDLE] / (ranks - 1);
        for (int p = 0; p < PHASES; p++) whole += all[r * PHASES + p] / (ranks - 1);
    }
    log_info("Evaluation by rank 0 cost the other ranks %.3f s of waiting each on average, %.1f %% of their time.",
             waiting, 100.0 * waiting / whole);
}

/* Mean and largest over the ranks of each phase's seconds. */
static void log_phases(Trainer *t)
{
    double all[PHASES * FOLD_MAX_SHARDS];
    const int ranks = comm_size(t->comm);
    comm_gather_all(t->comm, t->seconds, sizeof t->seconds, all);
    log_info("%-24s %10s %10s   seconds over the ranks", "phase", "mean", "most");
    for (int p = 0; p < PHASES; p++) {
        double sum = 0.0, most = 0.0;
        for (int r = 0; r < ranks; r++) {
            const double seconds = all[r * PHASES + p];
            sum += seconds;
            most = seconds > most ? seconds : most;
        }
        log_info("%-24s %10.3f %10.3f", trainer_phase_title(t, (Phase)p), sum / ranks, most);
    }
    if (ranks > 1 && strcmp(t->settings->evaluation.mode, "rank0") == 0) log_waiting(all, ranks);
}

/* Label by prediction, of the last evaluation; of few classes, so that it fits a terminal. */
static void log_confusion(const Confusion *confusion)
{
    enum { MOST_CLASSES = 20, CELL = 8 };
    const size_t classes = confusion->classes;
    char line[16 + MOST_CLASSES * 24] = "";
    if (classes > MOST_CLASSES) {
        log_info("classes    %zu: \"lockstep evaluate\" on a checkpoint tells of each", classes);
        return;
    }
    size_t used = 0;
    for (size_t j = 0; j < classes; j++) used += (size_t)snprintf(line + used, sizeof line - used, "%*zu", CELL, j);
    log_info("confusion: rows are the labels, columns the predictions");
    log_info("%5s%s    right", "", line);
    for (size_t c = 0; c < classes; c++) {
        const ConfusionClass of = confusion_class(confusion, c);
        used = 0;
        for (size_t j = 0; j < classes; j++)
            used +=
                (size_t)snprintf(line + used, sizeof line - used, "%*" PRIu64, CELL, confusion->word[c * classes + j]);
        log_info("%5zu%s  %6.2f%%", c, line, of.samples ? 100.0 * (double)of.right / (double)of.samples : 0.0);
    }
}

void trainer_log_end(Trainer *t, const CheckpointScore *score)
{
    log_phases(t);
    log_confusion(&t->confusion);
    log_info("finished   %" PRIu64 " steps in %.2f s: test loss %.4f, %" PRIu64 " of %" PRIu64 " right", t->step,
             clock_seconds() - t->started, score->loss, score->correct, score->count);
}
