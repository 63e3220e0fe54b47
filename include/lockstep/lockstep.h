/* The public C API of Lockstep: a trained network from a checkpoint, in a program of your own. Plain C11, also for C++;
 * no MPI.
 *
 *   LockstepModel *model;
 *   if (lockstep_open("runs/first/best.h5", &model) != LOCKSTEP_OK) { fprintf(stderr, "%s\n", lockstep_error()); ... }
 *   LockstepPrediction prediction;
 *   if (lockstep_predict_uint8(model, 1, pixels, &prediction, NULL) == LOCKSTEP_OK) printf("%u\n", prediction.label);
 *   lockstep_close(model);
 *
 * Manners. No function prints, ends the process (but for a bug in the library, as assert does), starts a process or a
 * thread, or touches signal handlers. The floating-point state of the calling thread, its rounding, traps and flags,
 * is of no influence and comes back as it was; so do HDF5's printing of errors and loading of plugins.
 *
 * Threads. Every function may be called by any thread, and all at once; only lockstep_close must be the last for its
 * model. Models are read-only after lockstep_open. lockstep_open calls HDF5: while it runs no other thread of a program
 * that uses HDF5 itself may, unless that HDF5 is a thread-safe build. The environment is read: it must not be changed
 * meanwhile.
 *
 * Environment. LOCKSTEP_ISA forces a kernel set ("portable", "avx2" ...), LOCKSTEP_ZEROS how zeros are treated ("skip",
 * "multiply"). Predictions are the same in every bit, with any of them, on any processor, and those of "lockstep
 * predict".
 *
 * Untrusted files. A checkpoint's digests are checked before HDF5 reads any of it, so that damage is an error and
 * nothing worse. But who makes a file to do harm can make the digests too: "lockstep predict" therefore reads in a
 * child process. A library cannot, since a fork is not safe beside threads and MPI: open what nobody vouches for in a
 * process that you can spare. */
#ifndef LOCKSTEP_LOCKSTEP_H
#define LOCKSTEP_LOCKSTEP_H

#include <stddef.h>
#include <stdint.h>

#define LOCKSTEP_VERSION_MAJOR 0
#define LOCKSTEP_VERSION_MINOR 1
#define LOCKSTEP_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LOCKSTEP_MOST_DIMENSIONS = 8, /* of an image */
    LOCKSTEP_DIGEST_SIZE = 33     /* 32 hex digits and the closing zero */
};

/* The numbers are the exit codes of the program. */
typedef enum {
    LOCKSTEP_OK = 0,
    LOCKSTEP_USAGE = 64,    /* LOCKSTEP_ISA or LOCKSTEP_ZEROS is nothing that runs here */
    LOCKSTEP_DATA = 65,     /* no checkpoint, or a damaged one; images of another kind, or not finite */
    LOCKSTEP_NO_INPUT = 66, /* no such file */
    LOCKSTEP_INTERNAL = 70, /* out of memory */
    LOCKSTEP_IO = 74        /* reading failed */
} LockstepStatus;

typedef enum { LOCKSTEP_UINT8, LOCKSTEP_FLOAT32 } LockstepPixels;

typedef struct LockstepModel LockstepModel;

typedef struct {
    uint32_t label;   /* the class of the largest probability, the lowest of equals */
    float confidence; /* that probability; NaN where finite weights overflow */
} LockstepPrediction;

/* Reads and checks a whole checkpoint. *model: owned by the caller (lockstep_close), NULL on failure.
 * LOCKSTEP_NO_INPUT, LOCKSTEP_DATA, LOCKSTEP_IO, LOCKSTEP_INTERNAL, LOCKSTEP_USAGE. */
LockstepStatus lockstep_open(const char *path, LockstepModel **model);
void lockstep_close(LockstepModel *model); /* accepts NULL */

/* What this thread's last call of lockstep_open or lockstep_predict_* failed of: what, where, what to do, in one line
 * of English or more; "" if it did not. Valid until this thread's next such call. Quotes names as they are, control
 * characters included. */
const char *lockstep_error(void);

/* Of the images that the network takes: the kind of their values, how many there are in one, and its shape, of which
 * extent gets as many numbers as are returned. */
LockstepPixels lockstep_pixels(const LockstepModel *model);
size_t lockstep_features(const LockstepModel *model);
int lockstep_shape(const LockstepModel *model, uint64_t extent[LOCKSTEP_MOST_DIMENSIONS]);

size_t lockstep_classes(const LockstepModel *model);
size_t lockstep_parameters(const LockstepModel *model); /* weights and biases */
uint64_t lockstep_step(const LockstepModel *model);     /* steps that it was trained for */

/* The digest of the parameters, as "lockstep digest" prints it. */
void lockstep_digest(const LockstepModel *model, char hex[LOCKSTEP_DIGEST_SIZE]);

/* Classifies images, whose values are as in the dataset: scaling is the model's own business.
 *
 *   images       (count, features) row-major
 *   prediction   (count) out; or NULL
 *   probability  (count, classes) row-major, out; or NULL
 *
 * A result does not depend on which images are classified together. LOCKSTEP_DATA: the model takes the other kind of
 * pixels, or a float is infinite or NaN; LOCKSTEP_INTERNAL, LOCKSTEP_USAGE. After a failure the out arrays are as
 * before. */
LockstepStatus lockstep_predict_uint8(const LockstepModel *model, size_t count, const uint8_t *images,
                                      LockstepPrediction *prediction, float *probability);
LockstepStatus lockstep_predict_float32(const LockstepModel *model, size_t count, const float *images,
                                        LockstepPrediction *prediction, float *probability);

/* "MAJOR.MINOR.PATCH" of the library that runs, which may be newer than the header compiled against; and of the program
 * that wrote the checkpoint. */
const char *lockstep_version(void);
const char *lockstep_trained_by(const LockstepModel *model);

#ifdef __cplusplus
}
#endif

#endif
