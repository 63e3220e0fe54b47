#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "lockstep/lockstep.h"
#include "train/trainer.h"

static double accuracy(const Score *score)
{
    return (double)score->correct / (double)score->count;
}

static void record_start(Trainer *t)
{
    Records *records = t->run.records;
    record_begin(records, "start");
    record_text(records, "version", lockstep_version());
    record_text(records, "kernels", t->kernels->name);
    record_integer(records, "ranks", (uint64_t)comm_size(t->comm));
    record_integer(records, "shards", t->shards);
    record_integer(records, "step", t->step);
    record_integer(records, "train_samples", t->loader.rows);
    record_integer(records, "test_samples", t->test_rows);
    record_integer(records, "parameters", t->network.parameters);
    record_end(records);
    records_flush(records);
}

/* The rows that were really packed in this epoch, over all ranks, are those that the order demands: each exactly once.
 * Collective; agreed. */
static Status check_epoch_rows(Trainer *t, uint32_t epoch)
{
    uint64_t expected = loader_expected_digest(&t->loader, epoch, 0, t->loader.rows);
    comm_sum_words(t->comm, &expected, 1);
    if (expected == t->epoch_digest) return STATUS_OK;
    return status_fail(STATUS_INTERNAL,
                       "the rows packed in epoch %" PRIu32 " are not each row exactly once: digest %016" PRIx64
                       " where %016" PRIx64 " is due",
                       epoch + 1, t->epoch_digest, expected);
}

static void record_epoch(Trainer *t, uint64_t epoch, const Score *score, double speed, Digest model)
{
    Records *records = t->run.records;
    char hex[DIGEST_HEX_SIZE];
    digest_hex(model, hex);
    record_begin(records, "epoch");
    record_integer(records, "epoch", epoch);
    record_integer(records, "step", t->step);
    record_float(records, "train_loss", t->epoch_loss / t->loader.rows);
    if (score->count) {
        record_float(records, "test_loss", score->loss);
        record_float(records, "test_accuracy", accuracy(score));
    } else {
        record_null(records, "test_loss");
        record_null(records, "test_accuracy");
    }
    record_float(records, "samples_per_second", speed);
    record_float(records, "seconds", clock_seconds() - t->started);
    record_text(records, "digest", hex);
    record_end(records);
    records_flush(records);
}

static void log_epoch(const Trainer *t, uint64_t epoch, const Score *score, double speed)
{
    char test[96] = "";
    if (score->count)
        snprintf(test, sizeof test, ", test loss %.4f, accuracy %.2f %%", score->loss, 100.0 * accuracy(score));
    log_info("epoch %" PRIu64 "/%" PRId64 ": train loss %.4f%s, %.0f samples/s", epoch, t->settings->training.epochs,
             t->epoch_loss / t->loader.rows, test, speed);
}

static void log_progress(Trainer *t, double epoch_began)
{
    const double now = clock_seconds();
    const uint64_t in_epoch = t->step % t->steps_per_epoch;
    if (now - t->last_log < t->settings->log.seconds || in_epoch == 0) return;
    t->last_log = now;
    const double samples = (double)in_epoch * (double)t->settings->training.batch_size;
    log_info("epoch %" PRIu64 "/%" PRId64 ", step %" PRIu64 "/%" PRIu64 ": train loss %.4f, %.0f samples/s",
             t->step / t->steps_per_epoch + 1, t->settings->training.epochs, t->step, t->schedule.total,
             t->epoch_loss / samples, samples / (now - epoch_began));
    records_flush(t->run.records);
}

/* Training of one epoch, without its evaluation. Collective; agreed. */
static Status train_epoch(Trainer *t)
{
    const uint64_t end = (t->step / t->steps_per_epoch + 1) * t->steps_per_epoch;
    const uint64_t every = (uint64_t)t->settings->log.digest_every_steps;
    const double began = clock_seconds();
    t->epoch_loss = 0.0;
    t->epoch_digest = 0;
    while (t->step < end) {
        Status st = trainer_step(t);
        if (st == STATUS_OK && every && t->step % every == 0) {
            Digest model;
            st = trainer_check_finite(t);
            if (st == STATUS_OK) st = trainer_check_replicas(t, &model);
        }
        if (st != STATUS_OK) return st;
        if (comm_rank(t->comm) == 0) log_progress(t, began);
    }
    return trainer_check_finite(t);
}

static Status write_predictions(Trainer *t)
{
    if (comm_rank(t->comm) != 0 || !t->prediction) return STATUS_OK;
    const char *name = "predictions.csv";
    FILE *file;
    Status st = rundir_create_file(&t->run, name, &file);
    if (st != STATUS_OK) return st;
    predictions_write(file, t->test_rows, t->prediction);
    return rundir_finish_file(&t->run, name, file);
}

static void record_end_of_run(Trainer *t, const Score *score, Digest model)
{
    Records *records = t->run.records;
    char hex[DIGEST_HEX_SIZE];
    digest_hex(model, hex);
    record_begin(records, "end");
    record_text(records, "reason", "finished");
    record_integer(records, "step", t->step);
    record_float(records, "test_loss", score->loss);
    record_float(records, "test_accuracy", accuracy(score));
    record_float(records, "seconds", clock_seconds() - t->started);
    record_text(records, "digest", hex);
    record_end(records);
    records_flush(records);
}

/* One epoch with its checks, evaluation and record. Collective; agreed. */
static Status run_epoch(Trainer *t, Score *score, Digest *model)
{
    const uint64_t epoch = t->step / t->steps_per_epoch + 1, last = (uint64_t)t->settings->training.epochs;
    const uint64_t every = (uint64_t)t->settings->evaluation.every_epochs;
    const double began = clock_seconds();
    Status st = train_epoch(t);
    const double speed = t->loader.rows / (clock_seconds() - began);
    if (st == STATUS_OK) st = check_epoch_rows(t, (uint32_t)(epoch - 1));
    if (st == STATUS_OK) st = trainer_check_replicas(t, model);
    if (st != STATUS_OK) return st;
    *score = (Score){0};
    if (epoch == last || (every && epoch % every == 0)) trainer_evaluate(t, epoch == last, score);
    record_epoch(t, epoch, score, speed, *model);
    log_epoch(t, epoch, score, speed);
    trainer_lap(t, PHASE_RECORD);
    return STATUS_OK;
}

Status trainer_run(Trainer *t, char last_line[128])
{
    Score score = {0};
    Digest model = {0};
    record_start(t);
    trainer_log_plan(t);
    while (t->step < t->schedule.total) {
        Status st = run_epoch(t, &score, &model);
        if (st != STATUS_OK) return st;
    }
    Status st = comm_agree(t->comm, write_predictions(t));
    if (st != STATUS_OK) return st;
    record_end_of_run(t, &score, model);
    trainer_lap(t, PHASE_RECORD);
    trainer_log_end(t, &score, model);
    char hex[DIGEST_HEX_SIZE];
    digest_hex(model, hex);
    snprintf(last_line, 128, "digest=%s accuracy=%.6f", hex, accuracy(&score));
    return STATUS_OK;
}
