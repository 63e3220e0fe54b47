#include "train/verify.h"

#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "train/setup.h"
#include "train/verify_internal.h"

/* A copy elsewhere is the dataset if its values are, which are compared. */
static Status take_given(Verification *v)
{
    if (!v->given) return STATUS_OK;
    if (strlen(v->given) >= sizeof v->settings.data.file)
        return status_fail(STATUS_NO_INPUT, "the dataset's name is longer than %zu bytes",
                           sizeof v->settings.data.file - 1);
    strcpy(v->settings.data.file, v->given);
    *v->settings.data.sha256 = '\0';
    return STATUS_OK;
}

static Status open_run(Verification *v)
{
    char path[4096 + 32], *text = NULL;
    size_t size;
    snprintf(path, sizeof path, "%.4095s/config.cfg", v->directory);
    Status st = file_read(path, "the config of a run", SETTINGS_FILE_LIMIT, STATUS_DATA, &text, &size);
    if (st == STATUS_OK) st = settings_parse(&v->settings, path, text, size, NULL, 0);
    memory_free(text);
    if (st == STATUS_OK) st = take_given(v);
    if (st == STATUS_OK) st = history_read(v->directory, &v->history);
    if (st == STATUS_OK) st = setup_dataset(&v->settings, &v->dataset);
    if (st == STATUS_OK) st = dataset_digest(v->dataset, &v->dataset_digest);
    if (st != STATUS_OK) return st;
    v->rows = dataset_rows(v->dataset, PART_TRAIN);
    v->batch = (uint64_t)v->settings.training.batch_size;
    v->steps_per_epoch = (v->rows + v->batch - 1) / v->batch;
    return STATUS_OK;
}

/* Every start had the values that the dataset has now. */
static Status check_dataset(const Verification *v)
{
    char now[DIGEST_HEX_SIZE];
    digest_hex(v->dataset_digest, now);
    for (size_t i = 0; i < v->history.count; i++) {
        const Event *event = &v->history.event[i];
        if (*event->dataset && strcmp(event->dataset, now) != 0)
            return status_fail(
                STATUS_DATA,
                "\"%s\" is another dataset than the run had: its values have the digest %s, line %" PRIu64
                " of metrics.jsonl says %s",
                v->settings.data.file, now, event->line, event->dataset);
    }
    return STATUS_OK;
}

/* Runs of steps that were done as often as each other, and where the records stand that count. */
static void print_redone(const Verification *v)
{
    for (uint64_t step = v->first_step + 1, end; step <= v->last_step; step = end) {
        for (end = step + 1; end <= v->last_step && v->times[end] == v->times[step];) end++;
        if (v->times[step] < 2) continue;
        fprintf(v->out,
                "             steps %" PRIu64 " to %" PRIu64 ": %" PRIu32 " times; the last counts, lines %" PRIu64
                " to %" PRIu64 "\n",
                step, end - 1, v->times[step], verify_event(v, v->of_step[step])->line,
                verify_event(v, v->of_step[end - 1])->line);
    }
}

static void print_steps(const Verification *v)
{
    uint64_t redone = 0;
    for (uint64_t step = v->first_step + 1; step <= v->last_step; step++) redone += v->times[step] - 1;
    fprintf(v->out,
            "steps        %" PRIu64 ", each recorded; %" PRIu64 " were done again after a kill, with the same result\n",
            v->last_step - v->first_step, redone);
    print_redone(v);
    if (v->first_step)
        fprintf(v->out, "             from step %" PRIu64 " on, which came from a checkpoint\n", v->first_step);
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
    print_steps(v);
    fprintf(v->out, "epochs       %" PRIu64 ", each of the %" PRIu32 " samples exactly once in each", whole, v->rows);
    fprintf(v->out, rest ? "; then %" PRIu64 " steps of the next\n" : "\n", rest);
    fprintf(v->out, "checkpoints  %zu, all valid and of this run\n", checkpoints);
    if (v->links)
        fprintf(v->out, "chain        %zu records and checkpoints cover the steps as they are recorded\n", v->links);
    else
        fprintf(v->out,
                "chain        none: the records are of an older version, or the run began with a checkpoint of one\n");
    text_line("verified     ", v->directory, v->out);
}

static Status verify(Verification *v)
{
    size_t checkpoints = 0;
    Status st = open_run(v);
    if (st == STATUS_OK) st = check_dataset(v);
    if (st == STATUS_OK) st = verify_sequence(v);
    if (st == STATUS_OK) st = verify_order(v);
    if (st == STATUS_OK) st = verify_epochs(v);
    if (st == STATUS_OK) st = verify_chain(v);
    if (st == STATUS_OK) st = verify_checkpoints(v, &checkpoints);
    if (st == STATUS_OK) print_findings(v, checkpoints);
    return st;
}

Status verify_run(const char *directory, const char *dataset, FILE *out)
{
    Verification v = {.directory = directory, .given = dataset, .out = out};
    const Status st = verify(&v);
    dataset_close(v.dataset);
    history_free(&v.history);
    memory_free(v.of_step);
    memory_free(v.of_model);
    memory_free(v.of_score);
    memory_free(v.times);
    memory_free(v.chain);
    return st;
}
