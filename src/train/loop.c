#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "train/signals.h"
#include "train/trainer.h"

static double accuracy(const CheckpointScore *score)
{
    return (double)score->correct / (double)score->count;
}

/* The rows that were really packed in this epoch, over all ranks, are those that the order demands: each exactly once.
 * After the replica check, by what all ranks have (I2). Collective; agreed. */
static Status check_epoch_rows(Trainer *t, uint32_t epoch)
{
    const uint64_t packed = t->replica[0].epoch_digest;
    uint64_t expected;
    Status st = comm_agree(t->comm, loader_expected_digest(&t->loader, epoch, &expected));
    if (st != STATUS_OK) return st;
    comm_sum_words(t->comm, &expected, 1);
    if (expected == packed) return STATUS_OK;
    return status_fail(STATUS_INTERNAL,
                       "the rows packed in epoch %" PRIu32 " are not each row exactly once: digest %016" PRIx64
                       " where %016" PRIx64 " is due",
                       epoch + 1, packed, expected);
}

/* Collective. */
static void record_epoch(Trainer *t, uint64_t epoch, const CheckpointScore *score, double speed)
{
    Records *records = t->run.records;
    record_begin(records, "epoch");
    record_integer(records, "epoch", epoch);
    record_integer(records, "step", t->step);
    record_float(records, "train_loss", t->replica[0].epoch_loss / t->loader.rows);
    if (score->count) {
        record_float(records, "test_loss", score->loss);
        record_float(records, "test_accuracy", accuracy(score));
    } else {
        record_null(records, "test_loss");
        record_null(records, "test_accuracy");
    }
    record_float(records, "samples_per_second", speed);
    trainer_record_times(t);
    record_digest(records, "digest", t->replica[0].model);
    record_end(records);
    records_flush(records);
}

static void log_epoch(const Trainer *t, uint64_t epoch, const CheckpointScore *score, double speed)
{
    char test[96] = "";
    if (score->count)
        snprintf(test, sizeof test, ", test loss %.4f, accuracy %.2f %%", score->loss, 100.0 * accuracy(score));
    log_info("epoch %" PRIu64 "/%" PRId64 ": train loss %.4f%s, %.0f samples/s", epoch, t->settings->training.epochs,
             t->replica[0].epoch_loss / t->loader.rows, test, speed);
}

/* A numbered checkpoint on the way. Collective; agreed. */
static Status save_step(Trainer *t)
{
    Status st = trainer_save(t, SAVE_STEP);
    if (st == STATUS_OK && t->save_signalled && t->failed_saves == 0)
        log_info("checkpoint of step %" PRIu64 ", as asked", t->step);
    t->save_signalled = false;
    return st;
}

/* After a step: the replica check that is due, and a checkpoint within the epoch. Collective; agreed. */
static Status after_step(Trainer *t)
{
    const Settings *s = t->settings;
    const uint64_t check = (uint64_t)s->log.digest_every_steps, save = (uint64_t)s->checkpoint.every_steps;
    if (t->options.stop_after_steps >= 0 && t->step - t->first_step >= (uint64_t)t->options.stop_after_steps)
        trainer_stop(t, STOP_STEPS);
    if (save && t->step % save == 0) t->save_asked = true;
    if (t->pace.asked) pace_look(t);
    const bool epoch_done = t->step % t->steps_per_epoch == 0; /* the epoch's own end checks and saves */
    Status st = STATUS_OK;
    if (check && !epoch_done && t->step - t->checked_step >= check) {
        st = trainer_check_finite(t);
        if (st == STATUS_OK) st = trainer_check_replicas(t);
    }
    if (st == STATUS_OK && t->save_asked && !epoch_done && !t->stopping) st = save_step(t);
    return st;
}

/* Training up to the end of the epoch, or to a stop. Collective; agreed. */
static Status train_epoch(Trainer *t)
{
    const uint64_t end = (t->step / t->steps_per_epoch + 1) * t->steps_per_epoch;
    progress_begin_epoch(t);
    while (t->step < end && !t->stopping) {
        Status st = trainer_step(t);
        if (st == STATUS_OK) st = after_step(t);
        if (st != STATUS_OK) return st;
        if (comm_rank(t->comm) == 0) progress_step(t);
    }
    return trainer_check_finite(t);
}

static uint64_t count_at(const void *confusion, size_t label, size_t prediction)
{
    return ((const Confusion *)confusion)->word[label * ((const Confusion *)confusion)->classes + prediction];
}

static uint64_t samples_at(const void *confusion, size_t row, size_t c)
{
    (void)row;
    return confusion_class(confusion, c).samples;
}

static uint64_t right_at(const void *confusion, size_t row, size_t c)
{
    (void)row;
    return confusion_class(confusion, c).right;
}

/* The whole matrix, label by prediction, if it is small; else the samples of each class, and those that were right. */
static void record_confusion(Records *records, const Confusion *confusion)
{
    const size_t classes = confusion->classes;
    if (classes <= CONFUSION_RECORDED_CLASSES) {
        record_counts(records, "confusion", classes, classes, count_at, confusion);
        return;
    }
    record_counts(records, "class_samples", 0, classes, samples_at, confusion);
    record_counts(records, "class_right", 0, classes, right_at, confusion);
}

/* reason: "finished", "stopped", or why the run failed; cause: of a stop, else NULL; state: NULL if it failed.
 * Collective. */
static void record_end_of_run(Trainer *t, const char *reason, const char *cause, const CheckpointScore *score,
                              const Replica *state)
{
    Records *records = t->run.records;
    record_begin(records, "end");
    record_text(records, "reason", reason);
    if (cause) record_text(records, "stopped_by", cause);
    record_integer(records, "step", t->step);
    if (score) {
        record_float(records, "test_loss", score->loss);
        record_float(records, "test_accuracy", accuracy(score));
        record_confusion(records, &t->confusion);
    } else {
        record_null(records, "test_loss");
        record_null(records, "test_accuracy");
    }
    record_float(records, "samples_per_second", trainer_speed(t));
    if (state) {
        trainer_record_state(t, state);
        trainer_record_times(t);
    } else {
        record_float(records, "seconds", clock_seconds() - t->started);
    }
    record_end(records);
    records_sync(records);
}

/* Nothing is left to train. */
static bool at_end(const Trainer *t)
{
    return t->step == t->schedule.total || trainer_reached(t, t->settings->training.target_accuracy);
}

/* The end of an epoch: checks, evaluation, record, checkpoints. Collective; agreed. */
static Status end_epoch(Trainer *t, uint64_t epoch, double speed, CheckpointScore *score)
{
    const Settings *s = t->settings;
    const uint64_t evaluate = (uint64_t)s->evaluation.every_epochs, save = (uint64_t)s->checkpoint.every_epochs;
    const bool last = t->step == t->schedule.total, may_be_last = last || s->training.target_accuracy > 0.0;
    *score = (CheckpointScore){0};
    if (last || (evaluate && epoch % evaluate == 0)) trainer_evaluate(t, may_be_last || s->log.tensorboard, score);
    Status st = trainer_check_replicas(t);
    if (st == STATUS_OK) st = check_epoch_rows(t, (uint32_t)(epoch - 1));
    if (st != STATUS_OK) return st;
    record_epoch(t, epoch, score, speed);
    log_epoch(t, epoch, score, speed);
    if (s->log.tensorboard) board_epoch(t, score, speed);
    t->epoch_loss = 0.0;
    t->epoch_digest = 0;
    const bool better = score->count && (!t->best.count || score->correct > t->best.correct);
    if (better) {
        const CheckpointScore before = t->best;
        t->best = *score;
        st = trainer_save(t, SAVE_BEST);
        if (!t->best_saved) t->best = before; /* the next epoch that is better than what best.h5 holds is tried */
    }
    if (st == STATUS_OK && !at_end(t) && !t->stopping && (t->save_asked || (save && epoch % save == 0)))
        st = save_step(t);
    return st;
}

/* One epoch, or what is left of it. Collective; agreed. */
static Status run_epoch(Trainer *t, CheckpointScore *score)
{
    const uint64_t epoch = t->step / t->steps_per_epoch + 1;
    Status st = train_epoch(t);
    if (st != STATUS_OK || t->step != epoch * t->steps_per_epoch) return st;
    const double ended = clock_seconds();
    if (t->step - t->first_step <= t->steps_per_epoch) obstacles_tell_threads(t); /* the first of this start */
    st = end_epoch(t, epoch, progress_speed(t), score);
    const double took = clock_seconds() - ended;
    if (t->longest_epoch_end < took) t->longest_epoch_end = took;
    return st;
}

static Status write_predictions(Trainer *t)
{
    if (comm_rank(t->comm) != 0 || !t->settings->evaluation.predictions) return STATUS_OK;
    Replacement file;
    trainer_enter(t, PHASE_EVALUATE); /* of which they are a part */
    Status st = rundir_replace(&t->run, "predictions.csv", &file);
    if (st == STATUS_CANT_CREATE) return STATUS_IO; /* that code would say that nothing was trained */
    if (st != STATUS_OK) return st;
    predictions_write(file.stream, t->test_rows, t->prediction);
    st = replacement_end(&file);
    trainer_enter(t, PHASE_RECORD);
    return st;
}

/* Predictions, the end record, the last checkpoint, in this order: a run with its last checkpoint has everything else
 * too. */
static Status finish(Trainer *t, const CheckpointScore *score)
{
    Status st = comm_agree(t->comm, write_predictions(t));
    if (st == STATUS_OK) st = trainer_check_replicas(t);
    if (st != STATUS_OK) return st;
    record_end_of_run(t, "finished", NULL, score, &t->replica[0]);
    return trainer_save(t, SAVE_LAST);
}

static Status stop(Trainer *t)
{
    static const char *const cause[] = {
        [STOP_SIGNAL] = "signal", [STOP_STEPS] = "steps", [STOP_TIME_LIMIT] = "time limit"};
    Status st = trainer_check_replicas(t);
    if (st != STATUS_OK) return st;
    record_end_of_run(t, "stopped", cause[t->stopping], NULL, &t->replica[0]);
    st = trainer_save(t, SAVE_LAST);
    if (st != STATUS_OK) return st;
    log_info("stopped %s after step %" PRIu64 " of %" PRIu64 " with a checkpoint; the same command goes on from there",
             t->stopping == STOP_TIME_LIMIT ? "before Slurm's time limit" : "on request", t->step, t->schedule.total);
    return STATUS_STOPPED;
}

/* Imported weights cannot be drawn again: without a checkpoint of its own, a run that was killed before its first one
 * would begin anew with others. Collective; agreed. */
static Status keep_adopted(Trainer *t)
{
    return t->adopted && t->step == 0 && !t->stopping ? save_step(t) : STATUS_OK;
}

/* Training from where it stands to its end or a stop. Collective; agreed. */
static Status run_epochs(Trainer *t, CheckpointScore *score)
{
    uint64_t stop_now = signals_stop() || t->options.stop_after_steps == 0;
    comm_sum_words(t->comm, &stop_now, 1);
    if (stop_now) trainer_stop(t, t->options.stop_after_steps == 0 ? STOP_STEPS : STOP_SIGNAL);
    /* A target that was lowered to what the last evaluation before this start had reached. */
    if (at_end(t)) trainer_evaluate(t, true, score);
    Status st = keep_adopted(t);
    while (st == STATUS_OK && !at_end(t) && !t->stopping) st = run_epoch(t, score);
    progress_end();
    if (st != STATUS_OK) return st;
    if (!at_end(t)) return stop(t);
    if (t->step < t->schedule.total)
        log_info("the test accuracy has reached training.target_accuracy, %.2f %%: training ends",
                 100.0 * t->settings->training.target_accuracy);
    return finish(t, score);
}

/* Collective. */
static void write_trace(Trainer *t)
{
    const char *name[PHASES];
    for (int p = 0; p < PHASES; p++) name[p] = phase_name[p].key;
    const TimelinePhases phases = {.name = name, .first_of_step = PHASE_PACK};
    trainer_enter(t, PHASE_RECORD);
    trace_write(&t->trace, t->comm, &t->run, &phases, t->first_step, t->step);
}

Status trainer_run(Trainer *t, char last_line[128])
{
    CheckpointScore score = {0};
    char hex[DIGEST_HEX_SIZE];
    Status st = STATUS_OK;
    if (!t->finished) {
        trainer_log_plan(t);
        obstacles_tell(t);
        progress_begin(t);
        st = run_epochs(t, &score);
        if (st != STATUS_OK && st != STATUS_STOPPED) record_end_of_run(t, status_name(st), NULL, NULL, NULL);
        if (t->settings->log.trace && (st == STATUS_OK || st == STATUS_STOPPED)) write_trace(t);
        if (st == STATUS_OK) trainer_log_end(t, &score);
    } else {
        log_info("this run is finished already: nothing was trained");
        score = t->last;
    }
    if (st == STATUS_OK) st = trainer_check_replicas(t);
    if (st != STATUS_OK) return st;
    digest_hex(t->replica[0].model, hex);
    snprintf(last_line, 128, "digest=%s accuracy=%.6f", hex, accuracy(&score));
    return STATUS_OK;
}
