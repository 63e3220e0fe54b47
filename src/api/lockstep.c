/* The C API: a checkpoint and the classifier on it. */
#include "lockstep/lockstep.h"

#include <pthread.h>
#include <string.h>

#include "base/fpstate.h"
#include "base/memory.h"
#include "hdf5/guest.h"
#include "output/classifier.h"
#include "rundir/checkpoint.h"

_Static_assert((int)LOCKSTEP_OK == STATUS_OK && (int)LOCKSTEP_USAGE == STATUS_USAGE &&
                   (int)LOCKSTEP_DATA == STATUS_DATA && (int)LOCKSTEP_NO_INPUT == STATUS_NO_INPUT &&
                   (int)LOCKSTEP_INTERNAL == STATUS_INTERNAL && (int)LOCKSTEP_IO == STATUS_IO,
               "the statuses are the exit codes");
_Static_assert((int)LOCKSTEP_MOST_DIMENSIONS >= H5FILE_MAX_DIMENSIONS && (int)LOCKSTEP_DIGEST_SIZE == DIGEST_HEX_SIZE,
               "arrays of the caller's hold what is written there");

struct LockstepModel {
    Checkpoint checkpoint; /* owned */
    Network network;       /* of the checkpoint, as its run computed with it */
    float *slab;           /* of the classifier; owned */
    Classifier classifier; /* views into the others */
};

/* Of HDF5 and what the floors below keep in static variables. */
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

static Status open_checkpoint(const char *path, LockstepModel *model)
{
    H5Guest guest;
    Status st = h5guest_begin(&guest);
    if (st != STATUS_OK) return st;
    st = checkpoint_read(path, &model->checkpoint);
    h5guest_end(&guest);
    return st == STATUS_OK ? classifier_load(&model->checkpoint, &model->network, &model->slab, &model->classifier)
                           : st;
}

LockstepStatus lockstep_open(const char *path, LockstepModel **model)
{
    const FpState before = fpstate_begin();
    status_clear();
    pthread_mutex_lock(&opening);
    Status st = memory_new(model, 1, "a model");
    if (st == STATUS_OK) st = open_checkpoint(path, *model);
    pthread_mutex_unlock(&opening);
    if (st != STATUS_OK) {
        lockstep_close(*model);
        *model = NULL;
    }
    fpstate_end(before);
    return (LockstepStatus)st;
}

void lockstep_close(LockstepModel *model)
{
    if (!model) return;
    checkpoint_free(&model->checkpoint);
    memory_free(model->slab);
    memory_free(model);
}

const char *lockstep_error(void)
{
    return status_message();
}

LockstepPixels lockstep_pixels(const LockstepModel *model)
{
    return model->checkpoint.pixels == ELEMENT_UINT8 ? LOCKSTEP_UINT8 : LOCKSTEP_FLOAT32;
}

size_t lockstep_features(const LockstepModel *model)
{
    return model->checkpoint.network.layer[0].in;
}

int lockstep_shape(const LockstepModel *model, uint64_t extent[LOCKSTEP_MOST_DIMENSIONS])
{
    const Checkpoint *c = &model->checkpoint;
    memcpy(extent, c->image_extent, (size_t)c->image_dimensions * sizeof *extent);
    return c->image_dimensions;
}

size_t lockstep_classes(const LockstepModel *model)
{
    return classifier_classes(&model->classifier);
}

size_t lockstep_parameters(const LockstepModel *model)
{
    return model->checkpoint.network.parameters;
}

uint64_t lockstep_step(const LockstepModel *model)
{
    return model->checkpoint.step;
}

void lockstep_digest(const LockstepModel *model, char hex[LOCKSTEP_DIGEST_SIZE])
{
    digest_hex(model->checkpoint.model, hex);
}

const char *lockstep_trained_by(const LockstepModel *model)
{
    return model->checkpoint.versions.lockstep;
}

static const char *const pixels_name[] = {[LOCKSTEP_UINT8] = "uint8", [LOCKSTEP_FLOAT32] = "float32"};

static Status check_images(const LockstepModel *model, LockstepPixels pixels, const Samples *samples)
{
    const LockstepPixels taken = lockstep_pixels(model);
    if (pixels != taken)
        return status_fail(STATUS_DATA, "%s images, but the network was trained on %s", pixels_name[pixels],
                           pixels_name[taken]);
    const size_t values = samples->count * samples->features;
    const size_t finite = pixels == LOCKSTEP_FLOAT32 ? samples_finite(samples) : values;
    if (finite == values) return STATUS_OK;
    return status_fail(STATUS_DATA, "value %zu of image %zu is %f; values must be finite", finite % samples->features,
                       finite / samples->features, (double)((const float *)samples->pixels)[finite]);
}

/* probability (classes): its own */
static void take_result(const float *row, size_t classes, LockstepPrediction *prediction, float *probability)
{
    const uint32_t best = classifier_best(row, classes);
    if (prediction) *prediction = (LockstepPrediction){best, row[best]};
    if (probability) memcpy(probability, row, classes * sizeof *row);
}

static Status classify(const LockstepModel *model, const Samples *samples, LockstepPrediction *prediction,
                       float *probability)
{
    static const uint32_t any_label[CLASSIFIER_BLOCK]; /* losses are not asked for */
    const size_t classes = lockstep_classes(model), leading = kernel_leading(classes);
    ClassifierMemory memory;
    const Status st = classifier_memory_init_for(&memory, &model->classifier, samples);
    if (st != STATUS_OK) return st;
    for (size_t first = 0; first < samples->count; first += CLASSIFIER_BLOCK) {
        const size_t left = samples->count - first, n = left < CLASSIFIER_BLOCK ? left : CLASSIFIER_BLOCK;
        const float *row = classifier_block(&model->classifier, samples, first, n, any_label, &memory);
        for (size_t i = 0; i < n; i++)
            take_result(row + i * leading, classes, prediction ? &prediction[first + i] : NULL,
                        probability ? probability + (first + i) * classes : NULL);
    }
    classifier_memory_free(&memory);
    return STATUS_OK;
}

static LockstepStatus predict(const LockstepModel *model, LockstepPixels pixels, size_t count, const void *images,
                              LockstepPrediction *prediction, float *probability)
{
    const FpState before = fpstate_begin();
    const Samples samples = {.count = count,
                             .features = lockstep_features(model),
                             .kind = model->checkpoint.pixels,
                             .pixels = (void *)images};
    status_clear();
    Status st = check_images(model, pixels, &samples);
    if (st == STATUS_OK) st = classify(model, &samples, prediction, probability);
    fpstate_end(before);
    return (LockstepStatus)st;
}

LockstepStatus lockstep_predict_uint8(const LockstepModel *model, size_t count, const uint8_t *images,
                                      LockstepPrediction *prediction, float *probability)
{
    return predict(model, LOCKSTEP_UINT8, count, images, prediction, probability);
}

LockstepStatus lockstep_predict_float32(const LockstepModel *model, size_t count, const float *images,
                                        LockstepPrediction *prediction, float *probability)
{
    return predict(model, LOCKSTEP_FLOAT32, count, images, prediction, probability);
}
