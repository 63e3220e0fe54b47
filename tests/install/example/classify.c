/* classify CHECKPOINT <IMAGES: what the network of a checkpoint says of images from standard input, one after the other
 * without anything between, in the kind of values that it was trained on: for MNIST 784 bytes each. The same lines as
 * "lockstep predict". With CMake: the file beside this one. By hand:
 *
 *   cc classify.c $(pkg-config --cflags --libs lockstep) -o classify */
#include <lockstep/lockstep.h>
#include <stdio.h>
#include <stdlib.h>

static LockstepStatus predict(const LockstepModel *model, const void *image, LockstepPrediction *prediction)
{
    return lockstep_pixels(model) == LOCKSTEP_UINT8 ? lockstep_predict_uint8(model, 1, image, prediction, NULL)
                                                    : lockstep_predict_float32(model, 1, image, prediction, NULL);
}

static LockstepStatus classify(const LockstepModel *model, void *image, size_t bytes)
{
    LockstepStatus status = LOCKSTEP_OK;
    puts("index,prediction,confidence");
    for (unsigned long index = 0; status == LOCKSTEP_OK && fread(image, bytes, 1, stdin) == 1; index++) {
        LockstepPrediction prediction;
        status = predict(model, image, &prediction);
        if (status == LOCKSTEP_OK)
            printf("%lu,%lu,%.9g\n", index, (unsigned long)prediction.label, (double)prediction.confidence);
    }
    return status;
}

int main(int argc, char **argv)
{
    LockstepModel *model = NULL;
    if (argc != 2) {
        fprintf(stderr, "usage: %s CHECKPOINT <IMAGES\n", argv[0]);
        return LOCKSTEP_USAGE;
    }
    LockstepStatus status = lockstep_open(argv[1], &model);
    if (status == LOCKSTEP_OK) {
        const size_t bytes = lockstep_features(model) * (lockstep_pixels(model) == LOCKSTEP_UINT8 ? 1 : sizeof(float));
        void *image = malloc(bytes);
        status = image ? classify(model, image, bytes) : LOCKSTEP_INTERNAL;
        free(image);
    }
    if (status != LOCKSTEP_OK) fprintf(stderr, "%s: %s\n", argv[0], lockstep_error());
    lockstep_close(model);
    return (int)status;
}
