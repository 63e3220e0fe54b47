#include "train/verify.h"

#include <inttypes.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/memory.h"
#include "rundir/checkpoint.h"
#include "rundir/history.h"
#include "train/setup.h"

typedef struct {
    const char *directory; /* borrowed */
    FILE *out;             /* borrowed */
    Settings settings;
    History history;  /* owned */
    Dataset *dataset; /* owned */
    uint32_t rows;    /* of the training set */
    uint64_t batch, steps_per_epoch;
    uint64_t first_step; /* recorded from the one after it on: 0, or where a checkpoint from elsewhere stood */
    uint64_t last_step;  /* the largest that is recorded, not below it */
    size_t *of_step; /* (last_step + 1): 1 + the index of the record of a step that counts, 0 if there is none; owned */
    uint64_t redone; /* records of steps that were done again later */
} Verification;

static Status open_run(Verification *v)
{
    char path[4096 + 32], *text = NULL;
    size_t size;
    snprintf(path, sizeof path, "%.4095s/config.cfg", v->directory);
    Status st = file_read(path, "the config of a run", SETTINGS_FILE_LIMIT, STATUS_DATA, &text, &size);
    if (st == STATUS_OK) st = settings_parse(&v->settings, path, text, size, NULL, 0);
    memory_free(text);
    if (st == STATUS_OK) st = history_read(v->directory, &v->history);
    if (st == STATUS_OK) st = setup_dataset(&v->settings, &v->dataset);
    if (st != STATUS_OK) return st;
    v->rows = dataset_rows(v->dataset, PART_TRAIN);
    v->batch = (uint64_t)v->settings.training.batch_size;
    v->steps_per_epoch = (v->rows + v->batch - 1) / v->batch;
    return STATUS_OK;
}

static bool same_step(const Event *a, const Event *b)
{
    return a->rows == b->rows && a->samples == b->samples && a->epoch == b->epoch &&
           memcmp(&a->loss, &b->loss, sizeof a->loss) == 0;
}

/* Where the first start stood. */
static uint64_t step_of_start(const History *history)
{
    for (size_t i = 0; i < history->count; i++)
        if (history->event[i].kind == EVENT_START || history->event[i].kind == EVENT_RESUME)
            return history->event[i].step;
    return 0;
}

/* Which record of each step counts: the last. */
static Status find_steps(Verification *v)
{
    v->first_step = v->last_step = step_of_start(&v->history);
    for (size_t i = 0; i < v->history.count; i++)
        if (v->history.event[i].kind == EVENT_STEP && v->history.event[i].step > v->last_step)
            v->last_step = v->history.event[i].step;
    if (v->last_step - v->first_step > v->history.count)
        return status_fail(STATUS_DATA, "step %" PRIu64 " is recorded, but there are only %zu records", v->last_step,
                           v->history.count);
    Status st = memory_new(&v->of_step, v->last_step + 1, "the steps of a run");
    for (size_t i = 0; i < v->history.count && st == STATUS_OK; i++) {
        const Event *event = &v->history.event[i];
        if (event->kind != EVENT_STEP) continue;
        const size_t before = v->of_step[event->step];
        if (before && !same_step(&v->history.event[before - 1], event))
            st = status_fail(STATUS_DATA,
                             "step %" PRIu64 " was done twice and differs: lines %" PRIu64 " and %" PRIu64
                             " of metrics.jsonl",
                             event->step, v->history.event[before - 1].line, event->line);
        v->redone += before != 0;
        v->of_step[event->step] = i + 1;
    }
    /* A later start may have gone further back. */
    while (st == STATUS_OK && v->first_step > 0 && v->of_step[v->first_step]) v->first_step--;
    return st;
}

/* The record of a step against the digest and the number of samples that the order demands. */
static Status check_step(const Verification *v, uint64_t step, uint64_t samples, uint64_t digest)
{
    if (!v->of_step[step])
        return status_fail(STATUS_DATA, "step %" PRIu64 " is not recorded in metrics.jsonl, step %" PRIu64 " is", step,
                           v->last_step);
    const Event *event = &v->history.event[v->of_step[step] - 1];
    if (event->rows == digest && event->samples == samples && event->epoch == (step - 1) / v->steps_per_epoch + 1)
        return STATUS_OK;
    return status_fail(STATUS_DATA,
                       "step %" PRIu64 " (line %" PRIu64
                       " of metrics.jsonl) used other rows than the order demands: %" PRIu64
                       " samples, digest %016" PRIx64 "; due are %" PRIu64 ", %016" PRIx64,
                       step, event->line, event->samples, event->rows, samples, digest);
}

/* row (rows) = the row at each position of an epoch; each must come once. seen (rows): scratch. */
static Status replay_order(const Verification *v, uint32_t epoch, uint32_t *row, uint32_t *permutation, uint8_t *seen)
{
    const size_t shards = (size_t)v->settings.training.shards;
    memset(seen, 0, v->rows);
    for (size_t s = 0; s < shards; s++) {
        const uint32_t count = shard_size(v->rows, shards, s), first = shard_begin(v->rows, shards, s);
        order_shuffle((uint64_t)v->settings.run.seed, epoch, s, count, permutation);
        for (uint32_t i = 0; i < count; i++) {
            row[(uint64_t)i * shards + s] = first + permutation[i];
            seen[first + permutation[i]]++;
        }
    }
    for (uint32_t r = 0; r < v->rows; r++)
        if (seen[r] != 1)
            return status_fail(STATUS_INTERNAL, "the order of epoch %" PRIu32 " has row %" PRIu32 " %d times",
                               epoch + 1, r, seen[r]);
    return STATUS_OK;
}

static Status check_order(const Verification *v)
{
    uint32_t *row = NULL, *permutation = NULL;
    uint8_t *seen = NULL;
    Status st = memory_new(&row, v->rows, "the order");
    if (st == STATUS_OK) st = memory_new(&permutation, v->rows, "the order");
    if (st == STATUS_OK) st = memory_new(&seen, v->rows, "the order");
    for (uint64_t step = v->first_step + 1; step <= v->last_step && st == STATUS_OK; step++) {
        const uint64_t in_epoch = (step - 1) % v->steps_per_epoch;
        if (in_epoch == 0 || step == v->first_step + 1)
            st = replay_order(v, (uint32_t)((step - 1) / v->steps_per_epoch), row, permutation, seen);
        const uint64_t begin = in_epoch * v->batch, end = begin + v->batch < v->rows ? begin + v->batch : v->rows;
        uint64_t digest = 0;
        for (uint64_t g = begin; g < end && st == STATUS_OK; g++) digest += digest_sample(g, row[g]);
        if (st == STATUS_OK) st = check_step(v, step, end - begin, digest);
    }
    memory_free(row);
    memory_free(permutation);
    memory_free(seen);
    return st;
}

/* What is known of the model after a step, from all records: NULL, or the event whose digest it is. */
static const Event *model_after(const Verification *v, uint64_t step)
{
    for (size_t i = v->history.count; i-- > 0;)
        if (v->history.event[i].step == step && *v->history.event[i].digest) return &v->history.event[i];
    return NULL;
}

/* All records of one step's model say the same. */
static Status check_digests(const Verification *v)
{
    for (size_t i = 0; i < v->history.count; i++) {
        const Event *event = &v->history.event[i];
        const Event *other = *event->digest ? model_after(v, event->step) : NULL;
        if (other && strcmp(other->digest, event->digest) != 0)
            return status_fail(STATUS_DATA,
                               "the model after step %" PRIu64 " has two digests: lines %" PRIu64 " and %" PRIu64
                               " of metrics.jsonl",
                               event->step, event->line, other->line);
    }
    return STATUS_OK;
}

/* Could a run with the checkpoint's settings be this one? */
static Status check_settings(const Verification *v, const char *path, const Checkpoint *checkpoint)
{
    Settings settings;
    Status st = settings_parse(&settings, path, checkpoint->config, strlen(checkpoint->config), NULL, 0);
    if (st == STATUS_OK) st = settings_check_resume(&settings, &v->settings);
    if (st == STATUS_OK || st == STATUS_INTERNAL) return st;
    return status_fail(STATUS_DATA, "\"%s\" is of another run: %s", path, status_message());
}

/* named: the step that its name tells, 0 if none. */
static Status check_checkpoint(const Verification *v, const char *path, uint64_t named, const Digest *dataset)
{
    Checkpoint checkpoint;
    Status st = checkpoint_read(path, &checkpoint);
    if (st == STATUS_OK) st = check_settings(v, path, &checkpoint);
    if (st != STATUS_OK) {
        checkpoint_free(&checkpoint);
        return st;
    }
    char hex[DIGEST_HEX_SIZE];
    digest_hex(checkpoint.model, hex);
    const Event *event = model_after(v, checkpoint.step);
    if (!digest_equal(checkpoint.dataset, *dataset))
        st = status_fail(STATUS_DATA, "\"%s\" was trained on other values than those in \"%s\"", path,
                         v->settings.data.file);
    else if (named && checkpoint.step != named)
        st = status_fail(STATUS_DATA, "\"%s\" is of step %" PRIu64 ", not of the one in its name", path,
                         checkpoint.step);
    else if (checkpoint.step > v->last_step)
        st = status_fail(STATUS_DATA, "\"%s\" is of step %" PRIu64 ", but the records end with step %" PRIu64, path,
                         checkpoint.step, v->last_step);
    else if (event && strcmp(event->digest, hex) != 0)
        st = status_fail(STATUS_DATA, "\"%s\" has the model %s, but line %" PRIu64 " of metrics.jsonl says %s", path,
                         hex, event->line, event->digest);
    checkpoint_free(&checkpoint);
    return st;
}

/* A training that goes on removes old checkpoints, and not every run has a best.h5. */
static Status forgive_absence(Status st, bool *there)
{
    *there = st != STATUS_NO_INPUT;
    if (*there) return st;
    status_clear();
    return STATUS_OK;
}

/* All numbered checkpoints, and best.h5 where there is one; *count: the numbered ones that are there. */
static Status check_checkpoints(const Verification *v, size_t *count)
{
    uint64_t *steps = NULL;
    size_t listed = 0;
    bool there;
    Digest dataset;
    char path[CHECKPOINT_PATH_SIZE];
    Status st = dataset_digest(v->dataset, &dataset);
    if (st == STATUS_OK) st = checkpoint_list(v->directory, &steps, &listed);
    *count = 0;
    for (size_t i = 0; st == STATUS_OK && i < listed; i++) {
        checkpoint_path(v->directory, steps[i], path);
        st = forgive_absence(check_checkpoint(v, path, steps[i], &dataset), &there);
        *count += there;
    }
    memory_free(steps);
    checkpoint_best_path(v->directory, path);
    return st == STATUS_OK ? forgive_absence(check_checkpoint(v, path, 0, &dataset), &there) : st;
}

static void print_findings(const Verification *v, size_t checkpoints)
{
    uint64_t starts = 0;
    for (size_t i = 0; i < v->history.count; i++)
        starts += v->history.event[i].kind == EVENT_START || v->history.event[i].kind == EVENT_RESUME;
    /* Epochs that began after first_step, or at it. */
    const uint64_t begun = (v->first_step + v->steps_per_epoch - 1) / v->steps_per_epoch,
                   done = v->last_step / v->steps_per_epoch, whole = done > begun ? done - begun : 0,
                   rest = done >= begun ? v->last_step % v->steps_per_epoch : 0;
    fprintf(v->out, "starts       %" PRIu64 " (the first and every resume)\n", starts);
    fprintf(v->out,
            "steps        %" PRIu64 ", each recorded; %" PRIu64 " were done again after a kill, with the same result\n",
            v->last_step - v->first_step, v->redone);
    if (v->first_step)
        fprintf(v->out, "             from step %" PRIu64 " on, which came from a checkpoint\n", v->first_step);
    fprintf(v->out, "epochs       %" PRIu64 ", each of the %" PRIu32 " samples exactly once in each", whole, v->rows);
    fprintf(v->out, rest ? "; then %" PRIu64 " steps of the next\n" : "\n", rest);
    fprintf(v->out, "checkpoints  %zu, all valid and of this run\n", checkpoints);
    fprintf(v->out, "verified     %s\n", v->directory);
}

Status verify_run(const char *directory, FILE *out)
{
    Verification v = {.directory = directory, .out = out};
    size_t checkpoints = 0;
    Status st = open_run(&v);
    if (st == STATUS_OK) st = find_steps(&v);
    if (st == STATUS_OK) st = check_order(&v);
    if (st == STATUS_OK) st = check_digests(&v);
    if (st == STATUS_OK) st = check_checkpoints(&v, &checkpoints);
    if (st == STATUS_OK) print_findings(&v, checkpoints);
    dataset_close(v.dataset);
    history_free(&v.history);
    memory_free(v.of_step);
    return st;
}
