/* The trainer's state to and from checkpoints. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "rundir/history.h"
#include "train/setup.h"
#include "train/trainer.h"

static Status write_config(Trainer *t)
{
    Replacement file;
    Status st = rundir_replace(&t->run, "config.cfg", &file);
    if (st != STATUS_OK) return st;
    fputs(t->config, file.stream);
    return replacement_end(&file);
}

/* What the records of a directory's run tell. */
typedef struct {
    bool trained; /* they hold a step */
    /* Of the last start that tells: */
    char dataset[DIGEST_HEX_SIZE]; /* "": none does */
    uint64_t image_width;          /* HISTORY_NO_WIDTH: none does */
} Course;

/* Records that cannot be read are as good as some. */
static Status read_course(const Trainer *t, Course *course)
{
    History history;
    *course = (Course){.image_width = HISTORY_NO_WIDTH};
    const Status st = history_read(t->run.path, &history);
    if (st == STATUS_DATA) {
        log_warning("%s; the dataset is not compared with them", status_message());
        course->trained = true;
    }
    if (st == STATUS_DATA || st == STATUS_NO_INPUT) status_clear();
    if (st != STATUS_OK) return st == STATUS_DATA || st == STATUS_NO_INPUT ? STATUS_OK : st;
    for (size_t i = 0; i < history.count; i++) {
        const Event *event = &history.event[i];
        course->trained = course->trained || event->kind == EVENT_STEP;
        if (*event->dataset) memcpy(course->dataset, event->dataset, DIGEST_HEX_SIZE);
        if (event->image_width != HISTORY_NO_WIDTH) course->image_width = event->image_width;
    }
    history_free(&history);
    return STATUS_OK;
}

static Status check_dataset(const Trainer *t, const Course *course)
{
    char now[DIGEST_HEX_SIZE];
    digest_hex(t->dataset, now);
    if (*course->dataset && strcmp(course->dataset, now) != 0) return trainer_other_dataset(t);
    if (course->image_width == HISTORY_NO_WIDTH || course->image_width == t->network.width) return STATUS_OK;
    return trainer_other_images(t);
}

/* Does the run in the directory, if one has trained there, have these settings and this dataset? */
static Status check_directory(Trainer *t)
{
    char path[sizeof t->run.path + 16], *text;
    size_t size;
    Course course;
    double target;
    Status st = read_course(t, &course);
    if (st == STATUS_OK && !course.trained) t->gaps = (Gaps){0}; /* those of another directory's records */
    if (st != STATUS_OK || !course.trained) return st;
    snprintf(path, sizeof path, "%s/config.cfg", t->run.path);
    st = file_read(path, "the config of a run", SETTINGS_FILE_LIMIT, STATUS_DATA, &text, &size);
    if (st == STATUS_NO_INPUT) {
        status_clear();
        return STATUS_OK;
    }
    if (st != STATUS_OK) return st;
    st = trainer_check_settings(t, path, text, &target);
    memory_free(text);
    return st == STATUS_OK ? check_dataset(t, &course) : st;
}

/* target: what the checkpoint's run had to reach. With a lower one now, what was an evaluation on the way may be the
 * end, whose records and predictions are still to be written. */
static void take_state(Trainer *t, const Checkpoint *checkpoint, double target)
{
    memcpy(t->parameter, checkpoint->parameter, t->network.floats * sizeof *t->parameter);
    if (t->velocity) memcpy(t->velocity, checkpoint->velocity, t->network.floats * sizeof *t->velocity);
    t->step = checkpoint->step;
    t->epoch_loss = checkpoint->epoch_loss;
    t->epoch_digest = checkpoint->epoch_digest;
    t->chained = checkpoint->chained;
    t->chain = checkpoint->chain;
    t->gaps = checkpoint->unrecorded;
    t->recorded = checkpoint->step;
    t->best = checkpoint->best;
    t->last = checkpoint->last;
    t->finished = t->step == t->schedule.total ||
                  (trainer_reached(t, target) && trainer_reached(t, t->settings->training.target_accuracy));
}

/* What the options and the run directory offer to go on with, taken; *found: is there anything. from: its digests and
 * its chain. */
static Status read_state(Trainer *t, Replica *from, bool *found)
{
    Checkpoint checkpoint = {0};
    double target;
    if (t->options.resume == RESUME_NONE) return STATUS_OK;
    Status st = t->options.resume == RESUME_FILE ? checkpoint_read(t->options.checkpoint, &checkpoint)
                                                 : checkpoint_read_newest(t->options.run_path, &checkpoint);
    if (st == STATUS_NO_INPUT && t->options.resume == RESUME_AUTO) {
        status_clear();
        return STATUS_OK;
    }
    if (st == STATUS_OK) st = trainer_check_checkpoint(t, &checkpoint, &target);
    if (st == STATUS_OK) {
        *found = true;
        *from = (Replica){.model = checkpoint.model, .velocity = checkpoint.optimizer, .chain = checkpoint.chain};
        take_state(t, &checkpoint, target);
    }
    checkpoint_free(&checkpoint);
    return st;
}

/* Rank 0's part. A finished run is looked at and not touched, but for what a power failure at its end did to its
 * records; where there is no run, none is made of the checkpoint of a finished one.
 */
static Status open_run(Trainer *t)
{
    const bool by_name = t->options.resume == RESUME_FILE;
    Replica from = {0};
    bool found = false;
    Status st = setup_config_text(t->settings, &t->config);
    if (st == STATUS_OK && by_name) st = read_state(t, &from, &found);
    if (st == STATUS_OK && t->finished && !rundir_holds_run(t->options.run_path)) return STATUS_OK;
    if (st == STATUS_OK) st = rundir_open(t->options.run_path, t->options.resume == RESUME_NONE, &t->run);
    if (st == STATUS_OK && !by_name) st = read_state(t, &from, &found);
    if (st == STATUS_OK && (!found || by_name)) st = check_directory(t);
    if (st != STATUS_OK) return st;
    if (t->finished) return rundir_repair_records(&t->run, t->step);
    t->adopted = found && by_name;
    st = checkpoint_prepare(t->run.path);
    if (st == STATUS_OK) st = checkpoint_distrust(t->run.path, t->step, &t->distrusted);
    if (st == STATUS_OK) st = rundir_begin_records(&t->run, t->step);
    if (st == STATUS_OK) st = write_config(t);
    if (st == STATUS_OK && t->settings->log.tensorboard) st = board_open(t);
    if (st != STATUS_OK) return st;
    slurm_begin(&t->slurm);
    trainer_record_start(t, found ? &from : NULL);
    if (found) log_info("going on from step %" PRIu64 " of %" PRIu64, t->step, t->schedule.total);
    return STATUS_OK;
}

/* What rank 0 took from a checkpoint, to the others. Collective. */
static void share_state(Trainer *t)
{
    comm_broadcast(t->comm, &t->step, sizeof t->step);
    comm_broadcast(t->comm, &t->epoch_loss, sizeof t->epoch_loss);
    comm_broadcast(t->comm, &t->epoch_digest, sizeof t->epoch_digest);
    comm_broadcast(t->comm, &t->chained, sizeof t->chained);
    comm_broadcast(t->comm, &t->chain, sizeof t->chain);
    comm_broadcast(t->comm, &t->best, sizeof t->best);
    comm_broadcast(t->comm, &t->last, sizeof t->last);
    comm_broadcast(t->comm, &t->finished, sizeof t->finished);
    comm_broadcast(t->comm, &t->adopted, sizeof t->adopted);
    if (t->step == 0 && !t->adopted) return; /* every rank has drawn the same */
    float *parameter = t->parameter, *velocity = t->velocity;
    if (t->exchange.shared && node_rank(t->node) > 0) { /* the node's copy is its first rank's to fill */
        parameter = t->exchange.before;
        velocity = parameter + network_vector(&t->network);
    }
    comm_broadcast(t->comm, parameter, t->network.floats * sizeof *parameter);
    if (t->velocity) comm_broadcast(t->comm, velocity, t->network.floats * sizeof *velocity);
    if (parameter == t->parameter) network_round(&t->network, t->kernels, parameter, 0, t->network.floats);
    exchange_finish(t);
}

Status trainer_begin_run(Trainer *t)
{
    Status st = comm_agree(t->comm, comm_rank(t->comm) == 0 ? open_run(t) : STATUS_OK);
    if (st != STATUS_OK) return st;
    share_state(t);
    t->first_step = t->checked_step = t->step;
    return STATUS_OK;
}

/* As the replica check has just seen it. */
static Checkpoint state_of(const Trainer *t, const Gaps *unrecorded)
{
    const Replica *seen = &t->replica[0];
    const bool in_epoch = seen->step % t->steps_per_epoch != 0; /* after an epoch, nothing is summed yet of the next */
    Checkpoint checkpoint = {
        .network = t->network,
        .image_dimensions = t->image_dimensions,
        .pixels = t->loader.samples.kind,
        .scaling = t->loader.scaling,
        .step = seen->step,
        .steps_per_epoch = t->steps_per_epoch,
        .epoch_loss = in_epoch ? seen->epoch_loss : 0.0,
        .epoch_digest = in_epoch ? seen->epoch_digest : 0,
        .chained = t->chained,
        .chain = seen->chain,
        .unrecorded = *unrecorded,
        .best = t->best,
        .last = t->last,
        .model = seen->model,
        .optimizer = seen->velocity,
        .dataset = t->dataset,
        .versions = checkpoint_versions(comm_library()),
        .config = t->config,
        .parameter = t->parameter,
        .velocity = t->velocity,
    };
    memcpy(checkpoint.image_extent, t->image_extent, sizeof t->image_extent);
    return checkpoint;
}

static void path_of(const Trainer *t, Save kind, char path[CHECKPOINT_PATH_SIZE])
{
    if (kind == SAVE_BEST)
        checkpoint_best_path(t->run.path, path);
    else
        checkpoint_path(t->run.path, t->step, path);
}

/* Collective. */
static void record_checkpoint(Trainer *t, Save kind)
{
    Records *records = t->run.records;
    char path[CHECKPOINT_PATH_SIZE];
    path_of(t, kind, path);
    record_begin(records, "checkpoint");
    record_integer(records, "step", t->step);
    record_text(records, "file", path + strlen(t->run.path) + 1); /* within the run, which may be moved */
    trainer_record_state(t, &t->replica[0]);
    /* The last line of a finished run has nothing that verify could not hold against a file. */
    if (kind != SAVE_LAST) trainer_record_times(t);
    record_end(records);
    records_flush(records);
}

/* Why no checkpoint can be written is pending. Where memory was missing or is faulty the code says so. */
static Status give_up(const Trainer *t, Status st)
{
    char why[STATUS_MESSAGE_SIZE], path[CHECKPOINT_PATH_SIZE];
    Checkpoint newest;
    strcpy(why, status_message());
    if (st != STATUS_INTERNAL) st = STATUS_IO;
    if (checkpoint_read_newest(t->run.path, &newest) != STATUS_OK)
        return status_fail(st, "%s; no good checkpoint is left in \"%s\"", why, t->run.path);
    checkpoint_path(t->run.path, newest.step, path);
    checkpoint_free(&newest);
    return status_fail(st, "%s; the newest good checkpoint is \"%s\"", why, path);
}

/* Brings the records to disk (I7), as far as it lets us; the gaps that are left in them. What waits in memory may still
 * come: the next checkpoint knows. */
static Gaps settle_records(Trainer *t)
{
    const bool on_disk = records_sync(t->run.records), lost = records_take_loss(t->run.records);
    Gaps gaps = t->gaps;
    if (!on_disk || lost) gaps_add(&gaps, t->recorded + 1, t->step);
    if (!on_disk && !lost) return gaps;
    t->gaps = gaps;
    t->recorded = t->step;
    return gaps;
}

static void tell_gap(Trainer *t, const Gaps *gaps)
{
    const bool gap = gaps->count && gaps_last(gaps) == t->step;
    if (gap && !t->gap_told)
        log_warning("the checkpoint of step %" PRIu64
                    " is written though not all records up to it are on disk; it "
                    "tells \"lockstep verify\" so",
                    t->step);
    t->gap_told = gap;
}

/* What was to be saved is not what the replica check has seen; in what, is pending. */
static Status tell_changed(const Trainer *t)
{
    char what[STATUS_MESSAGE_SIZE];
    strcpy(what, status_message());
    return status_fail(STATUS_INTERNAL,
                       "rank 0 has another state than when the replicas were compared after step %" PRIu64
                       ": %s; a fault of memory or processor",
                       t->step, what);
}

/* For tests. */
static void make_faults(Trainer *t)
{
    if (fault_at("flip-saved-parameter", t->step)) fault_flip_bit(t->parameter);
    if (fault_at("flip-saved-velocity", t->step) && t->velocity) fault_flip_bit(t->velocity);
}

/* Rank 0's part. *saved: it is written, and not just its failure tolerated. */
static Status write_checkpoint(Trainer *t, Save kind, bool *saved)
{
    enum { MOST_FAILURES = 3 };
    char path[CHECKPOINT_PATH_SIZE];
    path_of(t, kind, path);
    const Gaps gaps = settle_records(t);
    events_flush(t->board.events); /* a start from this checkpoint writes what comes after it */
    const Checkpoint checkpoint = state_of(t, &gaps);
    tell_gap(t, &gaps);
    make_faults(t);
    Status st = checkpoint_write(&checkpoint, path);
    const bool changed = st == STATUS_DATA || st == STATUS_DIVERGED;
    if (changed) st = tell_changed(t);
    *saved = st == STATUS_OK;
    if (*saved) return STATUS_OK;
    if (changed || kind == SAVE_LAST || (kind == SAVE_STEP && ++t->failed_saves >= MOST_FAILURES))
        return give_up(t, st);
    log_warning("%s; training goes on, the next checkpoint is tried when it is due", status_message());
    status_clear();
    return STATUS_OK;
}

/* Rank 0's part if the run is still its own. */
static Status write_own_checkpoint(Trainer *t, Save kind, bool *saved)
{
    Status st = lock_check(t->run.lock);
    return st == STATUS_OK ? write_checkpoint(t, kind, saved) : st;
}

/* The record of a checkpoint that was written, and then the removal of the oldest. Collective. */
static void follow_checkpoint(Trainer *t, Save kind)
{
    record_checkpoint(t, kind);
    if (comm_rank(t->comm) != 0 || kind == SAVE_BEST) return;
    t->failed_saves = 0;
    checkpoint_prune(t->run.path, t->step, (size_t)t->settings->checkpoint.keep, &t->distrusted);
}

Status trainer_save(Trainer *t, Save kind)
{
    const double began = clock_seconds();
    Status st = trainer_check_finite(t);
    if (st == STATUS_OK) st = trainer_check_replicas(t);
    if (st != STATUS_OK) return st;
    trainer_enter(t, PHASE_SAVE);
    bool saved = false;
    st = comm_agree(t->comm, comm_rank(t->comm) == 0 ? write_own_checkpoint(t, kind, &saved) : STATUS_OK);
    comm_broadcast(t->comm, &saved, sizeof saved);
    if (saved) follow_checkpoint(t, kind);
    if (kind == SAVE_BEST) {
        t->best_saved = saved;
    } else {
        t->save_asked = false;
        t->last_save = clock_seconds();
    }
    const double took = clock_seconds() - began;
    if (t->longest_save < took) t->longest_save = took;
    trainer_enter(t, PHASE_RECORD);
    return st;
}
