/* The trainer: one rank's part of a run. The invariants that everything else is written around:
 *
 *   I1  replicas are equal in every bit after a step
 *   I2  every rank makes the same collective calls in the same order
 *   I3  the order of samples depends on (seed, epoch, shard) alone
 *   I4  the gradient is the mean over the batch, whatever its split, an empty share included
 *   I5  a checkpoint under its final name is complete
 *   I6  stop, resume, on any number of ranks, equals never having stopped, in every bit
 *   I7  records are durable before the checkpoint that covers them
 */
#ifndef LOCKSTEP_TRAIN_TRAINER_H
#define LOCKSTEP_TRAIN_TRAINER_H

#include "comm/reduction.h"
#include "comm/watchdog.h"
#include "config/settings.h"
#include "data/loader.h"
#include "model/network.h"
#include "model/schedule.h"
#include "output/predictions.h"
#include "rundir/chain.h"
#include "rundir/checkpoint.h"
#include "rundir/rundir.h"
#include "train/board.h"
#include "train/evaluate.h"
#include "train/exchange.h"
#include "train/obstacles.h"
#include "train/pace.h"
#include "train/progress.h"
#include "train/shard_digests.h"
#include "train/slurm.h"
#include "train/trace.h"

/* Where a rank's time goes, in seconds. */
typedef enum {
    PHASE_LOAD,     /* files, set-up */
    PHASE_PACK,     /* shuffling and packing batches */
    PHASE_COMPUTE,  /* forward, loss, backward, the weight gradient as far as it is a rank's own (EXCHANGE_GRADIENT) */
    PHASE_REDUCE,   /* until every rank's gradient, or what the others lay open, is there */
    PHASE_UPDATE,   /* the gradient's sum, or the weight gradient over everybody's samples, and the update with it */
    PHASE_EVALUATE, /* this rank's own part of evaluations */
    PHASE_IDLE,     /* waiting for the others' part of evaluations */
    PHASE_CHECK,    /* digests and the replica check */
    PHASE_SAVE,     /* checkpoints; on the ranks that do not write, waiting for them */
    PHASE_RECORD,   /* records, logs, predictions */
    PHASES
} Phase;

/* The words that travel beside each gradient, added over the ranks. The losses are doubles' bits, each shard's filled
 * by its owner alone. */
enum {
    WORD_NOT_FINITE,
    WORD_STOP,
    WORD_TIME_IS_UP,
    WORD_CHECKPOINT,
    WORD_CHECKPOINT_DUE,
    WORD_PACE_DUE,
    WORD_SAMPLES,
    WORD_LOSSES
};

/* What asked for a stop; STEPS: stop_after_steps. */
typedef enum { STOP_NONE, STOP_SIGNAL, STOP_STEPS, STOP_TIME_LIMIT } StopCause;

typedef enum { RESUME_AUTO, RESUME_NONE, RESUME_FILE } Resume;

/* What the replica check compares of each rank. */
typedef struct {
    Digest model, velocity;
    uint64_t step, epoch_digest; /* these and the next as in the trainer: each rank keeps its own */
    double epoch_loss;
    Digest chain;
    uint64_t fpstate_lost; /* rounding mode or flushing of denormals was changed */
    uint64_t wrong;        /* it saw a wrong update by the next rank of its node */
    uint64_t sound_layers; /* before the first whose bf16 copies are not those of its weights; all, if they are */
} Replica;

/* What is asked of one start of a run; strings borrowed. */
typedef struct {
    const char *run_path; /* NULL: no run on disk, so nothing to go on with and no records */
    Resume resume;
    const char *checkpoint;   /* RESUME_FILE: from which */
    int64_t stop_after_steps; /* stop after so many steps of this start; -1: never */
    const void *image;        /* (image_size) the bytes of a file instead of data.file, for trainer_open; NULL: none */
    size_t image_size;
} TrainerOptions;

typedef struct Trainer {
    Comm *comm;               /* borrowed */
    const Settings *settings; /* borrowed, equal on all ranks */
    const Kernels *kernels;   /* borrowed */
    TrainerOptions options;
    Watchdog *watchdog;                     /* borrowed */
    RunDir run;                             /* zeroed on every rank but 0; owned */
    size_t shards, first_shard, run_length; /* S, and this rank's run */
    Loader loader;                          /* owned */
    Batch batch;                            /* owned */
    Samples test;                           /* the rows that this rank evaluates; owned */
    size_t test_first, test_length;         /* the shards of the test set that these are */
    uint32_t test_rows;                     /* of the whole test set */
    ClassifierMemory evaluation;            /* of a rank that evaluates; owned */
    size_t block;                           /* the most samples of a step that any rank has */
    double density;                         /* of the inputs: the share that is not zero */
    InputsKind inputs_kind;
    int image_dimensions; /* of one image */
    uint64_t image_extent[H5FILE_MAX_DIMENSIONS];
    char *config; /* the resolved settings' text; rank 0, owned */
    Network network;
    Schedule schedule;
    SgdStep sgd;          /* rate and inverse_samples are set at each step */
    Fold own, whole;      /* the tree within this rank's run, and over all shards; owned */
    float *slab;          /* a replica's parameters and velocity; owned */
    float *parameter;     /* (network_vector()); view into slab or memory of the node */
    float *velocity;      /* (network.floats), NULL without momentum; a view too */
    Node *node;           /* owned */
    Reduction *reduction; /* owned */
    Exchange exchange;    /* owned */
    ShardDigests shard_digests;
    Board board;
    Trace trace;
    DigestState *digest; /* owned */
    uint64_t *word;      /* (WORD_LOSSES + shards); owned */
    double *shard_loss;  /* (shards); owned */
    Confusion confusion; /* of the last evaluation; owned */
    Replica *replica;    /* (ranks) of the last replica check. If it found them equal, [0] is what is recorded and saved
                            of this state; owned */
    bool checked;        /* the replicas were found equal, and no step was made since */
    uint64_t checked_step;  /* completed when they were last found equal; this start's first before that */
    Prediction *prediction; /* (test_rows) of the last evaluation that filled them, NULL if none are wanted; owned */

    size_t bytes;   /* what this rank takes (RankPlan) */
    Digest dataset; /* of the values */
    uint64_t steps_per_epoch;

    uint64_t step;                       /* completed steps */
    uint64_t first_step;                 /* completed before this start */
    bool not_finite;                     /* the last update made a parameter infinite or NaN */
    bool finished;                       /* the checkpoint that was taken is the last of a finished run */
    bool adopted;                        /* the state is that of a checkpoint that was named (RESUME_FILE) */
    StopCause stopping;                  /* a stop was agreed on */
    bool save_asked;                     /* a checkpoint was agreed on */
    bool save_signalled;                 /* by a signal, and its user is to be told */
    double epoch_loss;                   /* the sum of the losses of the epoch's samples so far */
    uint64_t epoch_digest;               /* the sum of the sample digests of the epoch so far */
    bool chained;                        /* is the chain known? Not after a checkpoint that has none; and */
    Digest chain;                        /* of the steps so far (rundir/chain.h) */
    CheckpointScore best, last;          /* evaluations so far */
    bool best_saved;                     /* the last attempt to write best.h5 was a success */
    int failed_saves;                    /* numbered checkpoints in a row that could not be written; rank 0 */
    Distrusted distrusted;               /* checkpoints that this start passed by; rank 0, owned */
    Gaps gaps;                           /* in the records up to the step `recorded`; rank 0, both */
    uint64_t recorded;                   /* what is missing up to it is missing for good */
    bool gap_told;                       /* the last checkpoint has a gap that ends with its own step; rank 0 */
    double started, last_log, last_save; /* clock_seconds */
    double longest_save;                 /* seconds that a checkpoint took, with its replica check, */
    double longest_epoch_end;            /* and the end of an epoch, with evaluation and checkpoints; so far */
    Phase phase;                         /* the current one, when it began, and with how many steps completed */
    double phase_began;
    uint64_t phase_step;
    double seconds[PHASES];
    double waited[PHASES];                                    /* of these, for other ranks */
    double waited_before;                                     /* the current phase, in all */
    double recorded_seconds[PHASES], recorded_waited[PHASES]; /* of both, what is in the records */
    Pace pace;
    Progress progress;
    Obstacles obstacles;
    Slurm slurm; /* zeroed on every rank but 0; owned */
} Trainer;

/* What each phase is called. */
typedef struct {
    const char *key;   /* in JSON, and PLACE in the fault points raise-SIGNAL-PLACE (base/fault.h) */
    const char *place; /* where a rank is, in the watchdog's words */
    const char *title; /* of its time, in tables */
} PhaseName;

extern const PhaseName phase_name[PHASES];

/* The title, which for PHASE_UPDATE says whether the weight gradient is in it. */
const char *trainer_phase_title(const Trainer *trainer, Phase phase);

/* Ends the current phase and begins another; waiting: for other ranks, from now on (collective calls say it
 * themselves). */
void trainer_enter(Trainer *trainer, Phase phase);

/* Brings the times up to now, within the current phase. */
void trainer_settle(Trainer *trainer);

/* A stop was agreed on by all ranks; the first cause counts. Local. */
void trainer_stop(Trainer *trainer, StopCause cause);

/* Seconds of training in this start, without checkpoints, checks and evaluations; and those of them that this rank did
 * not spend on waiting for others. */
double trainer_training_seconds(const Trainer *trainer);
double trainer_work_seconds(const Trainer *trainer);

/* Samples per second of this start's steps; NaN if it made none. */
double trainer_speed(const Trainer *trainer);

/* Sets everything up: reads the dataset, opens the run directory, draws the parameters or takes them from a checkpoint.
 * Collective; agreed. STATUS_CONFIG also: the run began with other settings or another dataset, or
 * the checkpoint is of another network. */
MUST_CHECK Status trainer_open(Trainer *trainer, Comm *comm, const Settings *settings, const TrainerOptions *options);
void trainer_close(Trainer *trainer); /* collective */

/* One step: the next batch, one reduction, one update. Collective; agreed. STATUS_DIVERGED: the loss, or a parameter
 * after the last update, is not finite; the parameters are those of the step before. */
MUST_CHECK Status trainer_step(Trainer *trainer);

/* STATUS_DIVERGED with step and tensor named if the last update made a parameter infinite or NaN; STATUS_INTERNAL, as
 * trainer_check_replicas, if it did so on some ranks alone. Collective; agreed. */
MUST_CHECK Status trainer_check_finite(Trainer *trainer);

/* Whether every rank has the same parameters and optimizer state (I1), has made as many steps, and has the same chain,
 * losses and row digests of them; what they have is then in trainer->replica[0]. Looks once a step, so that all that is
 * recorded and saved of a state says the same of it. Collective; agreed. STATUS_INTERNAL: replicas differ
 * (train/difference.h has what the message names), an update of a node's one copy was wrong, a bf16 copy is not that of
 * the weights, or the floating-point environment was changed. */
MUST_CHECK Status trainer_check_replicas(Trainer *trainer);

/* Evaluates on the test set: by rank 0, or by all ranks on their shards of it (evaluation.mode), with the same result
 * in every bit. predictions: also fills trainer->prediction if it is wanted. Collective. */
void trainer_evaluate(Trainer *trainer, bool predictions, CheckpointScore *score);

/* The last evaluation is of the model as it is now, and its accuracy is one that ends training: target is
 * training.target_accuracy. Equal on all ranks. */
bool trainer_reached(const Trainer *trainer, double target);

/* The members of a record that tell a state: its digests, and the chain where it is known. */
void trainer_record_state(Trainer *trainer, const Replica *state);

/* The members of the records of epochs, ends and checkpoints (but for the one behind an end) that tell the seconds
 * since the start, and where each rank's time went since the record before that has them, or since the start: an array
 * by rank of the microseconds of each phase, "pack_microseconds" and so on, without what the rank waited there for
 * others, and of all its waiting, "waiting_microseconds". Collective. */
void trainer_record_times(Trainer *trainer);

/* The record of a start. from: the state that it goes on from; NULL: from the beginning. Rank 0. */
void trainer_record_start(Trainer *trainer, const Replica *from);

/* Could a run with the settings in `text`, which `where` names in messages, be this one? *target: its
 * training.target_accuracy. Rank 0. STATUS_CONFIG, with the setting that differs. */
MUST_CHECK Status trainer_check_settings(const Trainer *trainer, const char *where, const char *text, double *target);

/* The same of a checkpoint with its config, the digest of its dataset, its layers and the shape of its images. */
MUST_CHECK Status trainer_check_checkpoint(const Trainer *trainer, const Checkpoint *checkpoint, double *target);

/* STATUS_CONFIG: the run began with another dataset, or with images of another shape. */
MUST_CHECK Status trainer_other_dataset(const Trainer *trainer);
MUST_CHECK Status trainer_other_images(const Trainer *trainer);

/* Opens the run directory and, where there is a run to go on with, takes its state. Collective; agreed. */
MUST_CHECK Status trainer_begin_run(Trainer *trainer);

typedef enum {
    SAVE_STEP, /* a numbered checkpoint on the way: a failed write is told, training goes on; STATUS_IO after three in a
                  row */
    SAVE_LAST, /* the numbered checkpoint at the end or at a stop: a failed write is STATUS_IO */
    SAVE_BEST  /* best.h5: a failed write is told, training goes on; trainer->best_saved tells */
} Save;

/* Replica check, then a checkpoint by rank 0, after all records are on disk (I7). Collective; agreed. STATUS_INTERNAL
 * also: what rank 0 was about to save is not what the check has seen; then nothing is saved. */
MUST_CHECK Status trainer_save(Trainer *trainer, Save kind);

/* The whole training. Collective; agreed. *last_line: what a finished training prints. STATUS_STOPPED: stopped on
 * request, with a checkpoint. */
MUST_CHECK Status trainer_run(Trainer *trainer, char last_line[128]);

/* Tables for people, through the log: the model and the plan of work; where the time went. Collective. */
void trainer_log_plan(Trainer *trainer);
void trainer_log_end(Trainer *trainer, const CheckpointScore *score);

#endif
