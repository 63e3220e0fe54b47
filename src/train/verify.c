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
    if (st == STATUS_OK) st = history_read_linked(v->directory, &v->history);
    if (st == STATUS_OK) st = setup_dataset(&v->settings, &v->dataset);
    if (st == STATUS_OK) st = dataset_digest(v->dataset, &v->dataset_digest);
    Network network;
    if (st == STATUS_OK) st = setup_network(&v->settings, v->dataset, &network);
    if (st != STATUS_OK) return st;
    v->parameters = network.parameters;
    v->image_width = network.width;
    v->test_rows = dataset_rows(v->dataset, PART_TEST);
    v->rows = dataset_rows(v->dataset, PART_TRAIN);
    v->batch = (uint64_t)v->settings.training.batch_size;
    v->steps_per_epoch = (v->rows + v->batch - 1) / v->batch;
    v->total_steps = (uint64_t)v->settings.training.epochs * v->steps_per_epoch;
    return STATUS_OK;
}

/* The end of the run of steps that begins with this one and were recorded as often. */
static uint64_t end_of_run(const Verification *v, uint64_t step)
{
    uint64_t end = step + 1;
    while (end <= v->last_step && v->times[end] == v->times[step]) end++;
    return end;
}

/* Where the records stand that count, of the steps that were done again; and which steps have none. */
static void print_runs(const Verification *v)
{
    for (uint64_t step = v->first_step + 1, end; step <= v->last_step; step = end) {
        end = end_of_run(v, step);
        if (v->times[step] == 1) continue;
        fprintf(v->out, "             steps %" PRIu64 " to %" PRIu64 ": ", step, end - 1);
        if (v->times[step] == 0)
            fprintf(v->out, "lost when the disk was full or failed, as the checkpoints say\n");
        else
            fprintf(v->out, "%" PRIu32 " times; the last counts, lines %" PRIu64 " to %" PRIu64 "\n", v->times[step],
                    verify_event(v, v->of_step[step])->line, verify_event(v, v->of_step[end - 1])->line);
    }
}

static void print_steps(const Verification *v, uint64_t lost)
{
    uint64_t times = 0;
    for (uint64_t step = v->first_step + 1; step <= v->last_step; step++) times += v->times[step];
    const uint64_t steps = v->last_step - v->first_step;
    fprintf(v->out, "steps        %" PRIu64 ", ", steps);
    fprintf(v->out, lost ? "%" PRIu64 " of them recorded" : "each recorded", steps - lost);
    fprintf(v->out, "; %" PRIu64 " were done again after a kill, with the same result\n", times - (steps - lost));
    print_runs(v);
    if (v->history.torn) fprintf(v->out, "             a torn last record, as a kill leaves it, is left out\n");
}

static void print_epochs(const Verification *v)
{
    /* Epochs that began after first_step, or at it. */
    const uint64_t n = v->steps_per_epoch, begun = (v->first_step + n - 1) / n, done = v->last_step / n,
                   rest = done >= begun ? v->last_step % n : 0;
    uint64_t proven = 0, lost = 0;
    for (uint64_t epoch = begun; epoch < done; epoch++)
        ++*(verify_recorded(v, epoch * n, epoch * n + n) ? &proven : &lost);
    fprintf(v->out, "epochs       %" PRIu64 ", each of the %" PRIu32 " samples exactly once in each", proven, v->rows);
    if (lost) fprintf(v->out, "; of %" PRIu64 " more, records are lost", lost);
    fprintf(v->out, rest ? "; then %" PRIu64 " steps of the next\n" : "\n", rest);
}

static void print_files(const Verification *v, size_t checkpoints)
{
    fprintf(v->out, "checkpoints  %zu, all valid and of this run\n", checkpoints);
    if (v->unrecorded)
        fprintf(v->out,
                "             the newest has no record: the job was killed just then, or the last line removed\n");
    for (size_t i = 0; i < v->misses; i++) text_line("missing      ", v->missing[i], v->out);
}

/* The last line. */
static void print_verdict(const Verification *v, uint64_t lost)
{
    char label[96] = "verified     ";
    if (lost || v->misses) strcpy(label, "in part      ");
    if (v->first_step || v->adopted)
        snprintf(label + strlen(label), sizeof label - strlen(label),
                 "from step %" PRIu64 " on, which came from a checkpoint: ", v->first_step);
    text_line(label, v->directory, v->out);
}

static void print_findings(const Verification *v, size_t checkpoints, uint64_t lost)
{
    uint64_t starts = 0;
    for (size_t i = 0; i < v->history.count; i++) starts += history_is_start(&v->history.event[i]);
    fprintf(v->out, "starts       %" PRIu64 " (the first and every resume)\n", starts);
    print_steps(v, lost);
    print_epochs(v);
    print_files(v, checkpoints);
    if (v->links)
        fprintf(v->out, "chain        %zu records and checkpoints cover the steps as they are recorded\n", v->links);
    else
        fprintf(v->out,
                "chain        none: the records are of an older version, or the run began with a checkpoint of one\n");
    print_verdict(v, lost);
}

static Status tell_missing(const Verification *v)
{
    return status_fail(STATUS_NO_INPUT,
                       "\"%s/%s\" is missing, of which the records tell: they agree with all that is there",
                       v->directory, v->missing[0]);
}

/* Nothing contradicts anything. */
static Status conclude(const Verification *v, size_t checkpoints)
{
    uint64_t lost = 0;
    for (uint64_t step = v->first_step + 1; step <= v->last_step; step++) lost += v->of_step[step] == 0;
    print_findings(v, checkpoints, lost);
    if (lost)
        return status_fail(
            STATUS_IO,
            "\"%s/metrics.jsonl\" lacks the records of %" PRIu64
            " steps, lost when the disk was full or failed: what is left agrees, but proves nothing of these",
            v->directory, lost);
    return v->misses ? tell_missing(v) : STATUS_OK;
}

static Status verify(Verification *v)
{
    size_t checkpoints = 0;
    Status st = open_run(v);
    if (st == STATUS_OK) st = verify_gaps(v);
    if (st == STATUS_OK) st = verify_starts(v);
    if (st == STATUS_OK) st = verify_sequence(v);
    if (st == STATUS_OK) st = verify_order(v);
    if (st == STATUS_OK) st = verify_epochs(v);
    if (st == STATUS_OK) st = verify_ends(v);
    if (st == STATUS_OK) st = verify_chain(v);
    if (st == STATUS_OK) st = verify_checkpoints(v, &checkpoints);
    if (st == STATUS_OK) st = verify_predictions(v);
    return st == STATUS_OK ? conclude(v, checkpoints) : st;
}

Status verify_run(const char *directory, const char *dataset, FILE *out)
{
    Verification v = {.directory = directory, .given = dataset, .out = out};
    const Status st = verify(&v);
    dataset_close(v.dataset);
    history_free(&v.history);
    memory_free(v.of_step);
    memory_free(v.of_model);
    memory_free(v.of_optimizer);
    memory_free(v.of_shards);
    memory_free(v.of_score);
    memory_free(v.of_chain);
    memory_free(v.times);
    memory_free(v.chain);
    memory_free(v.chained);
    return st;
}
