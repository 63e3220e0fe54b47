/* The checkpoints: whole, of this run, and of the steps that are recorded. */
#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "rundir/checkpoint.h"
#include "train/verify_internal.h"

/* named: the step that its name tells; NULL for best.h5. */
static Status check_identity(const Verification *v, const char *path, const uint64_t *named,
                             const Checkpoint *checkpoint)
{
    Settings settings;
    Status st = settings_parse(&settings, path, checkpoint->config, strlen(checkpoint->config), NULL, 0);
    if (st == STATUS_OK) st = settings_check_resume(&settings, &v->settings);
    if (st == STATUS_INTERNAL) return st;
    if (st != STATUS_OK) return status_fail(STATUS_DATA, "\"%s\" is of another run: %s", path, status_message());
    if (!digest_equal(checkpoint->dataset, v->dataset_digest))
        return status_fail(STATUS_DATA, "\"%s\" was trained on other values than those in \"%s\"", path,
                           v->settings.data.file);
    if (checkpoint->network.width != v->image_width)
        return status_fail(STATUS_DATA, "\"%s\" was trained on images of another shape than those in \"%s\"", path,
                           v->settings.data.file);
    if (named && checkpoint->step != *named)
        return status_fail(STATUS_DATA, "\"%s\" is of step %" PRIu64 ", not of the one in its name", path,
                           checkpoint->step);
    if (checkpoint->step > v->last_step)
        return status_fail(STATUS_DATA, "\"%s\" is of step %" PRIu64 ", but the records end with step %" PRIu64, path,
                           checkpoint->step, v->last_step);
    if (checkpoint->steps_per_epoch != v->steps_per_epoch)
        return status_fail(STATUS_DATA, "\"%s\" has %" PRIu64 " steps in an epoch, this run has %" PRIu64, path,
                           checkpoint->steps_per_epoch, v->steps_per_epoch);
    return STATUS_OK;
}

/* recorded: the event that has the digest, which `said` is, of what is named; NULL: none. */
static Status check_digest(const char *path, const char *what, Digest digest, const Event *recorded, const char *said)
{
    char hex[DIGEST_HEX_SIZE];
    digest_hex(digest, hex);
    if (!recorded || strcmp(said, hex) == 0) return STATUS_OK;
    return status_fail(STATUS_DATA, "\"%s\" has the %s %s, but line %" PRIu64 " of metrics.jsonl says %s", path, what,
                       hex, recorded->line, said);
}

static Status check_state(const Verification *v, const char *path, const Checkpoint *checkpoint)
{
    const Event *model = verify_event(v, v->of_model[checkpoint->step]),
                *optimizer = verify_event(v, v->of_optimizer[checkpoint->step]);
    Status st = check_digest(path, "model", checkpoint->model, model, model ? model->digest : "");
    if (st == STATUS_OK)
        st = check_digest(path, "optimizer's state", checkpoint->optimizer, optimizer,
                          optimizer ? optimizer->optimizer : "");
    return st;
}

/* What it holds of the epoch that it is in. */
static Status check_epoch(const Verification *v, const char *path, const Checkpoint *checkpoint)
{
    const uint64_t first = checkpoint->step - checkpoint->step % v->steps_per_epoch;
    if (first < v->first_step || !verify_recorded(v, first, checkpoint->step)) return STATUS_OK;
    uint64_t rows = 0;
    for (uint64_t step = first + 1; step <= checkpoint->step; step++) rows += verify_event(v, v->of_step[step])->rows;
    if (rows == checkpoint->epoch_digest && verify_losses(v, first, checkpoint->step, checkpoint->epoch_loss))
        return STATUS_OK;
    return status_fail(STATUS_DATA, "\"%s\" has other %s of its epoch than the records up to step %" PRIu64, path,
                       rows == checkpoint->epoch_digest ? "losses" : "rows", checkpoint->step);
}

static Status check_score(const Verification *v, const char *path, const CheckpointScore *score)
{
    if (!score->count || score->step <= v->first_step) return STATUS_OK;
    const Event *event = verify_event(v, v->of_score[score->step]);
    if (!event && gaps_hold(&v->gaps, score->step)) return STATUS_OK;
    const double accuracy = (double)score->correct / (double)score->count;
    if (event && event->test_accuracy == accuracy && verify_same(event->test_loss, score->loss)) return STATUS_OK;
    if (event)
        return status_fail(
            STATUS_DATA, "\"%s\" has another evaluation after step %" PRIu64 " than line %" PRIu64 " of metrics.jsonl",
            path, score->step, event->line);
    return status_fail(STATUS_DATA, "\"%s\" has an evaluation after step %" PRIu64 " that is not recorded", path,
                       score->step);
}

static Status check_content(Verification *v, const char *path, const uint64_t *named, const Checkpoint *checkpoint)
{
    char who[CHECKPOINT_PATH_SIZE + 2];
    snprintf(who, sizeof who, "\"%s\"", path);
    Status st = check_identity(v, path, named, checkpoint);
    if (st == STATUS_OK) st = check_state(v, path, checkpoint);
    if (st == STATUS_OK && checkpoint->chained) st = verify_link(v, who, checkpoint->step, checkpoint->chain);
    if (st == STATUS_OK) st = check_epoch(v, path, checkpoint);
    if (st == STATUS_OK) st = check_score(v, path, &checkpoint->last);
    if (st == STATUS_OK) st = check_score(v, path, &checkpoint->best);
    return st;
}

/* best.h5 is of the evaluation that it says is the best. */
static Status check_is_best(const char *path, const Checkpoint *checkpoint)
{
    if (checkpoint->best.count && checkpoint->best.step == checkpoint->step) return STATUS_OK;
    return status_fail(STATUS_DATA, "\"%s\" is of step %" PRIu64 ", but says that step %" PRIu64 " is the best", path,
                       checkpoint->step, checkpoint->best.step);
}

/* named: NULL for best.h5; *step: that it is of, 0 if it is not there. A training that goes on removes old checkpoints,
 * and not every run has a best.h5. */
static Status check_file(Verification *v, const char *path, const uint64_t *named, uint64_t *step, bool *there)
{
    Checkpoint checkpoint;
    Status st = checkpoint_read(path, &checkpoint);
    *step = checkpoint.step;
    *there = st == STATUS_OK;
    if (st == STATUS_NO_INPUT) {
        status_clear();
        return STATUS_OK;
    }
    if (st == STATUS_OK) st = check_content(v, path, named, &checkpoint);
    if (st == STATUS_OK && !named) st = check_is_best(path, &checkpoint);
    checkpoint_free(&checkpoint);
    return st;
}

/* The newest has the gaps of all that it goes on from. If it is no good, that is found later. */
static void take_gaps(Verification *v, uint64_t newest)
{
    Checkpoint checkpoint;
    char path[CHECKPOINT_PATH_SIZE];
    checkpoint_path(v->directory, newest, path);
    const Status st = checkpoint_read(path, &checkpoint);
    if (st != STATUS_OK) status_clear();
    /* A number of steps that the run does not have would take as much memory. */
    if (checkpoint.step <= (uint64_t)v->settings.training.epochs * v->steps_per_epoch) v->gaps = checkpoint.unrecorded;
    checkpoint_free(&checkpoint);
}

Status verify_gaps(Verification *v)
{
    uint64_t *steps = NULL;
    size_t count = 0;
    const Status st = checkpoint_list(v->directory, &steps, &count);
    if (count) take_gaps(v, steps[0]);
    memory_free(steps);
    return st;
}

Status verify_checkpoints(Verification *v, size_t *count)
{
    uint64_t *steps = NULL, newest = 0, step;
    size_t listed = 0;
    bool there;
    char path[CHECKPOINT_PATH_SIZE];
    Status st = checkpoint_list(v->directory, &steps, &listed);
    *count = 0;
    for (size_t i = 0; st == STATUS_OK && i < listed; i++) {
        checkpoint_path(v->directory, steps[i], path);
        st = check_file(v, path, &steps[i], &step, &there);
        *count += there;
        newest = step > newest ? step : newest;
    }
    memory_free(steps);
    checkpoint_best_path(v->directory, path);
    if (st == STATUS_OK) st = check_file(v, path, NULL, &step, &there);
    return st == STATUS_OK ? verify_files(v, newest, step) : st;
}
