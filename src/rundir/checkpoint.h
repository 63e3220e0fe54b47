/* Checkpoints: everything that is needed to go on after a step, inside an epoch too, on any number of ranks, and to
 * evaluate and predict without a config. Nothing in a checkpoint depends on ranks, host, processor or time: the same
 * step of the same run, built by the same tools, is the same file in every byte on any number of ranks. (What wrote it
 * stands in metrics.jsonl.) Local; used by rank 0 alone.
 *
 * The file, all numbers little-endian:
 *
 *   offset  bytes
 *        0     16  magic: "LOCKSTEPCKPT", 0d 0a 1a 0a (spoilt by a transfer that takes it for text)
 *       16      4  format version, major: another one cannot be read
 *       20      4  format version, minor: a newer one only added items, which an older reader ignores
 *       24      8  bytes of the rest
 *       32     32  SHA-256 of the rest
 *       64    416  zero
 *      480     32  SHA-256 of bytes 0 to 479; checked before the version is looked at
 *      512         the rest: an HDF5 file with a user block of 512 bytes, so that h5dump, h5py ... open the whole
 *
 *   /model/layer<i>/weight, bias       float32 (in,out), (out)
 *   /optimizer/layer<i>/weight, bias   float32, the velocity; absent without momentum
 *   /state/model_digest                text; of the tensors in /model (network_digest)
 *   /state/optimizer_digest            text; of those in /optimizer; absent without momentum
 *   /state/chain                       text; absent if it is not known
 *   /state/unrecorded                  uint64 (2n): first and last step of each gap; absent if there is none
 *   /state/...                         the rest of Checkpoint below, scalars with extent 1; texts UTF-8
 *
 * A digest is checked before HDF5 parses a byte, so that damage is found as damage and never as wrong weights. */
#ifndef LOCKSTEP_RUNDIR_CHECKPOINT_H
#define LOCKSTEP_RUNDIR_CHECKPOINT_H

#include "data/scaling.h"
#include "model/network.h"
#include "rundir/gaps.h"

enum {
    CHECKPOINT_MAJOR = 1,
    CHECKPOINT_MINOR = 2, /* 1.0 had no /state/chain, 1.1 no /state/unrecorded and /state/optimizer_digest */
    CHECKPOINT_HEADER = 512,
    CHECKPOINT_PATH_SIZE = 4096 + 128,
    CHECKPOINT_TEXTS = 5
};

/* Names in files of Activation and ScalingKind, the settings' own. */
enum { CHECKPOINT_ACTIVATIONS = ACTIVATION_SIGMOID + 1, CHECKPOINT_SCALINGS = SCALING_NONE + 1 };
extern const char *const checkpoint_activation_name[CHECKPOINT_ACTIVATIONS];
extern const char *const checkpoint_scaling_name[CHECKPOINT_SCALINGS];

/* An evaluation; count 0: there was none. */
typedef struct {
    uint64_t step; /* completed when it was made */
    uint64_t correct, count;
    double loss; /* mean over the test samples, nats; may be infinite or NaN */
} CheckpointScore;

typedef struct {
    const char *lockstep, *hdf5, *mpi, *compiler;
} CheckpointVersions;

typedef struct {
    Network network;
    int image_dimensions; /* of one image; the product of the extents is the network's inputs */
    uint64_t image_extent[H5FILE_MAX_DIMENSIONS];
    ElementKind pixels; /* of the training images: ELEMENT_UINT8 or ELEMENT_FLOAT32 */
    Scaling scaling;

    uint64_t step; /* completed */
    uint64_t steps_per_epoch;
    double epoch_loss;           /* the sum of the losses of the epoch's samples so far, finite */
    uint64_t epoch_digest;       /* the sum of the sample digests of the epoch so far */
    bool chained;                /* is the chain known? Not if the run went on from a checkpoint without one; and */
    Digest chain;                /* of the steps so far (rundir/chain.h) */
    Gaps unrecorded;             /* in metrics.jsonl, up to this step */
    CheckpointScore best, last;  /* evaluations so far */
    Digest model;                /* of the parameters (network_digest) */
    Digest optimizer;            /* of the velocity, 0 without momentum */
    Digest dataset;              /* of its values (dataset_digest) */
    CheckpointVersions versions; /* of what wrote it */
    const char *config;          /* the resolved settings' text */
    const float *parameter;      /* (network.floats) in the network's panels, finite */
    const float *velocity;       /* the same, NULL without momentum */

    /* After checkpoint_read: what the pointers above are views into; owned. Else they borrow, and these are unused. */
    float *slab;
    char *text[CHECKPOINT_TEXTS];
} Checkpoint;

/* The versions of the running program; mpi (borrowed) is what MPI calls itself, "" without it. */
CheckpointVersions checkpoint_versions(const char *mpi);

/* *bytes (*size): the file in memory, owned by the caller (memory_free). The same checkpoint gives the same bytes.
 * STATUS_DIVERGED: a parameter or velocity is infinite or NaN, which is never saved; STATUS_DATA: they are not those
 * that the checkpoint's digests are of; STATUS_INTERNAL: out of memory. */
MUST_CHECK Status checkpoint_encode(const Checkpoint *checkpoint, unsigned char **bytes, size_t *size);

/* Makes these bytes the file at path, durably and whole or not at all (I5): a temporary name in the same directory,
 * .ckpt-<step>.tmp.<host>.<pid>, fsync, read back and compared, rename, fsync of the directory. On a failure the
 * temporary file is removed and what was at path stays; only if the directory's fsync failed is the new file already
 * there. The descriptor is never synced again. STATUS_CANT_CREATE, STATUS_IO (disk full ...), with path and reason. */
MUST_CHECK Status checkpoint_store(const char *path, uint64_t step, const unsigned char *bytes, size_t size);

/* Both. best.h5 is written this way too, not linked to the file of its step: there need not be one, damage to one would
 * be damage to both, and not every file system has hard links. */
MUST_CHECK Status checkpoint_write(const Checkpoint *checkpoint, const char *path);

/* Reads and checks everything; parameters and velocity are compared with their digests. STATUS_NO_INPUT: no such file;
 * STATUS_DATA: no checkpoint, truncated, damaged, of a newer major version, or contradicting itself; STATUS_IO;
 * STATUS_INTERNAL: out of memory. On failure *checkpoint is zeroed. */
MUST_CHECK Status checkpoint_read(const char *path, Checkpoint *checkpoint);
void checkpoint_free(Checkpoint *checkpoint); /* after checkpoint_read; accepts a zeroed struct */

/* Its run's training.compute, "fp32" where there was no such setting yet. By the text of the config, as settings_print
 * writes it: who only predicts needs no parser of configs. */
const char *checkpoint_compute(const Checkpoint *checkpoint);

/* checkpoint_read for the bytes of a whole file; name stands in messages. */
MUST_CHECK Status checkpoint_decode(const char *name, const unsigned char *bytes, size_t size, Checkpoint *checkpoint);

/* In a run directory: checkpoints/step-<10 digits or more>.h5, and best.h5. */
void checkpoint_path(const char *run, uint64_t step, char path[CHECKPOINT_PATH_SIZE]);
void checkpoint_best_path(const char *run, char path[CHECKPOINT_PATH_SIZE]);

/* At start, by the holder of the run directory's lock: makes checkpoints/, durably, and removes the temporary files
 * that earlier ones left. STATUS_CANT_CREATE: it cannot be made, or the run directory's name is too long;
 * STATUS_IO. */
MUST_CHECK Status checkpoint_prepare(const char *run);

/* The steps of a run's checkpoints, newest first, *steps owned by the caller (memory_free); nothing is read. None, and
 * no such directory, is count 0. STATUS_IO. */
MUST_CHECK Status checkpoint_list(const char *run, uint64_t **steps, size_t *count);

/* Reads the newest valid checkpoint of a run; a warning names each damaged one that is skipped, and why.
 * STATUS_NO_INPUT: there is none; STATUS_IO: none can be used, and of these not all could be read, which may be mended;
 * STATUS_DATA: all are damaged, or one is of a newer major version (which is not damage: going on from an older one
 * would undo a newer program's work). */
MUST_CHECK Status checkpoint_read_newest(const char *run, Checkpoint *checkpoint);

/* Those of a run that are not to be counted on: from the start that passed them by on. */
typedef struct {
    uint64_t *step; /* (count); owned */
    size_t count;
} Distrusted;

/* All after `step`, which a start goes on from: they are damaged, or of a run that went back. Fails as checkpoint_list.
 */
MUST_CHECK Status checkpoint_distrust(const char *run, uint64_t step, Distrusted *distrusted);
void checkpoint_distrust_end(Distrusted *distrusted); /* accepts a zeroed struct */

/* After the checkpoint of `step` is durable, which is distrusted no more: of those up to `step` removes what is older
 * than the newest `keep` (>= 2) good ones. Good are those that are not distrusted and whose header and length fit each
 * other; the rest is not read. A file that cannot be removed is a warning. */
void checkpoint_prune(const char *run, uint64_t step, size_t keep, Distrusted *distrusted);

#endif
