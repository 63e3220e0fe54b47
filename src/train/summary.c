#include "train/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "train/outcome.h"
#include "train/trainer.h"

const char summary_layer_head[] = "layer        in       out   parameters   activation   compute";

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

void summary_layer(const Network *network, size_t i, char line[SUMMARY_LINE_SIZE])
{
    const Layer *layer = &network->layer[i];
    snprintf(line, SUMMARY_LINE_SIZE, "%5zu  %8zu  %8zu  %11zu   %-10s   %s", i, layer->in, layer->out,
             (layer->in + 1) * layer->out, activation_text(layer->activation), layer->bf16 ? "bf16" : "fp32");
}

static void log_network(const Network *network)
{
    char line[SUMMARY_LINE_SIZE];
    log_info("%s", summary_layer_head);
    for (size_t i = 0; i < network->layers; i++) {
        summary_layer(network, i, line);
        log_info("%s", line);
    }
    log_info("parameters   %zu", network->parameters);
}

/* "4", or "2 to 3". */
typedef char RangeText[64];
static void write_range(uint64_t least, uint64_t most, RangeText text)
{
    if (least == most)
        snprintf(text, sizeof(RangeText), "%" PRIu64, least);
    else
        snprintf(text, sizeof(RangeText), "%" PRIu64 " to %" PRIu64, least, most);
}

typedef enum { OWNED_SHARDS, OWNED_SAMPLES, OWNED_BYTES, OWNED } Owned;

/* What each rank owns, and the memory of the one that takes the most. Collective. */
static void log_ranks(Trainer *t)
{
    const int ranks = comm_size(t->comm);
    const uint64_t mine[OWNED] = {t->run_length, t->loader.samples.count, t->bytes};
    uint64_t all[FOLD_MAX_SHARDS][OWNED]; /* there are no more ranks than shards */
    comm_gather_all(t->comm, mine, sizeof mine, all);
    uint64_t least[OWNED], most[OWNED];
    int largest = 0;
    memcpy(least, all[0], sizeof least);
    memcpy(most, all[0], sizeof most);
    for (int r = 1; r < ranks; r++) {
        if (all[r][OWNED_BYTES] > most[OWNED_BYTES]) largest = r;
        for (int i = 0; i < OWNED; i++) {
            least[i] = all[r][i] < least[i] ? all[r][i] : least[i];
            most[i] = all[r][i] > most[i] ? all[r][i] : most[i];
        }
    }
    RangeText shards, samples;
    write_range(least[OWNED_SHARDS], most[OWNED_SHARDS], shards);
    write_range(least[OWNED_SAMPLES], most[OWNED_SAMPLES], samples);
    log_info("ranks        %d, each with %s of %zu shards, %s training samples; %s kernels", ranks, shards, t->shards,
             samples, t->kernels->name);
    char memory[SUMMARY_LINE_SIZE];
    summary_memory((size_t)most[OWNED_BYTES], (size_t)largest, memory);
    log_info("%s", memory);
}

void summary_memory(size_t bytes, size_t rank, char line[SUMMARY_LINE_SIZE])
{
    snprintf(line, SUMMARY_LINE_SIZE,
             "memory       %.1f MB on rank %zu, the most of any, beyond the program's and MPI's own",
             (double)bytes * 1e-6, rank);
}

void trainer_log_plan(Trainer *t)
{
    log_network(&t->network);
    log_info("data         %" PRIu32 " training and %" PRIu32 " test samples of %zu %s pixels from %s", t->loader.rows,
             t->test_rows, t->loader.samples.features, t->loader.samples.kind == ELEMENT_UINT8 ? "uint8" : "float32",
             t->settings->data.file);
    log_info("steps        %" PRIu64 " an epoch, %" PRIu64 " in all, each of %" PRId64 " samples over all ranks",
             t->steps_per_epoch, t->schedule.total, t->settings->training.batch_size);
    log_ranks(t);
    log_info("run          %s", t->options.run_path);
}

/* What a rank tells of its time, in seconds: the phases, and what it waited for other ranks in all of them. */
enum { WAITED = PHASES, TIMES };
typedef double Times[TIMES];

/* A rank alone neither reduces nor waits. */
static bool takes_several(int time)
{
    return time == PHASE_REDUCE || time == PHASE_IDLE || time == WAITED;
}

/* Evaluation by rank 0 alone: what it cost the others. all (ranks) */
static void log_waiting(const Times *all, int ranks)
{
    double waiting = 0.0, whole = 0.0;
    for (int r = 1; r < ranks; r++) {
        waiting += all[r][PHASE_IDLE] / (ranks - 1);
        for (int p = 0; p < PHASES; p++) whole += all[r][p] / (ranks - 1);
    }
    log_info("Evaluation by rank 0 cost the other ranks %.3f s of waiting each on average, %.1f %% of their time.",
             waiting, 100.0 * waiting / whole);
}

/* Mean and largest over the ranks of each phase's seconds. Collective. */
static void log_phases(Trainer *t)
{
    Times all[FOLD_MAX_SHARDS], mean = {0}, most = {0}, mine = {0};
    const int ranks = comm_size(t->comm);
    double whole = 0.0;
    for (int p = 0; p < PHASES; p++) {
        mine[p] = t->seconds[p];
        mine[WAITED] += t->waited[p];
    }
    comm_gather_all(t->comm, mine, sizeof mine, all);
    for (int r = 0; r < ranks; r++)
        for (int i = 0; i < TIMES; i++) {
            mean[i] += all[r][i] / ranks;
            most[i] = all[r][i] > most[i] ? all[r][i] : most[i];
        }
    for (int p = 0; p < PHASES; p++) whole += mean[p];
    log_info("%-24s %9s %9s %9s   seconds over the ranks", "phase", "mean", "most", "share");
    for (int i = 0; i < TIMES; i++)
        if (ranks > 1 || !takes_several(i))
            log_info("%-24s %9.3f %9.3f %7.1f %%", i == WAITED ? "in these: waiting" : trainer_phase_title(t, (Phase)i),
                     mean[i], most[i], 100.0 * mean[i] / whole);
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

static void log_outcome(const Trainer *t, const CheckpointScore *score)
{
    char digest[DIGEST_HEX_SIZE], line[OUTCOME_LINES][OUTCOME_LINE_SIZE];
    digest_hex(t->replica[0].model, digest);
    const Outcome outcome = {
        .accuracy = (double)score->correct / (double)score->count,
        .loss = score->loss,
        .speed = trainer_speed(t),
        .digest = digest,
    };
    outcome_lines(&outcome, line);
    for (int i = 0; i < OUTCOME_LINES; i++) log_info("%s", line[i]);
}

void trainer_log_end(Trainer *t, const CheckpointScore *score)
{
    log_phases(t);
    log_confusion(&t->confusion);
    log_info("finished     %" PRIu64 " steps, of which %" PRIu64 " in this start of %.2f s; %" PRIu64 " of %" PRIu64
             " test images right",
             t->step, t->step - t->first_step, clock_seconds() - t->started, score->correct, score->count);
    log_outcome(t, score);
}
