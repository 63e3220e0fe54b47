/* The C API on a checkpoint whose run computed in bf16, by the set of AMX, which is set up in each thread of its own:
 * the library is linked with the instructions carried out for it where the processor has none (tests/amx/emulate.c). */
#include <pthread.h>
#include <stdlib.h>

#include "checkpoint_sample.h"
#include "lockstep/lockstep.h"

enum { FEATURES = 40, HIDDEN = 33, CLASSES = 3, IMAGES = 50, NOT_HERE = 77 };

static void write_model(const char *path)
{
    Checkpoint c = sample_make((const size_t[]){FEATURES, HIDDEN, CLASSES}, 3, ACTIVATION_RELU, false, 40);
    float *parameter = (float *)c.parameter;
    for (size_t t = 0; t < network_tensors(&c.network); t++)
        for (size_t i = 0; i < network_tensor_size(&c.network, t); i++)
            parameter[network_tensor_index(&c.network, t, i)] = (float)(i * 13 % 37) * 0.03f - 0.5f;
    c.model = sample_digest(&c.network, parameter);
    c.config = "training =\n{\n  compute = \"bf16\";\n};\n";
    CU_ASSERT_EQUAL_FATAL(checkpoint_write(&c, path), STATUS_OK);
    sample_free(&c);
}

static LockstepModel *open_by(const char *set, const char *path)
{
    LockstepModel *model;
    setenv("LOCKSTEP_ISA", set, 1);
    CU_ASSERT_EQUAL_FATAL(lockstep_open(path, &model), LOCKSTEP_OK);
    unsetenv("LOCKSTEP_ISA");
    return model;
}

typedef struct {
    const LockstepModel *model;
    LockstepStatus status;
    float probability[IMAGES * CLASSES];
} Work;

static void *work(void *context)
{
    Work *w = context;
    uint8_t images[IMAGES * FEATURES];
    for (size_t i = 0; i < sizeof images; i++) images[i] = (uint8_t)(i * 37);
    w->status = lockstep_predict_uint8(w->model, IMAGES, images, NULL, w->probability);
    return NULL;
}

/* The model is opened here, and used by another thread. */
static void each_thread_that_predicts_is_set_up(void)
{
    const char *path = scratch_path("bf16.h5");
    pthread_t thread;
    write_model(path);
    LockstepModel *by_amx = open_by("amx", path), *portably = open_by("portable", path);
    Work expected = {.model = portably}, got = {.model = by_amx, .status = LOCKSTEP_INTERNAL};
    work(&expected);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, work, &got), 0);
    pthread_join(thread, NULL);
    CU_ASSERT(expected.status == LOCKSTEP_OK && got.status == LOCKSTEP_OK);
    CU_ASSERT_EQUAL(memcmp(got.probability, expected.probability, sizeof got.probability), 0);
    CU_ASSERT_NOT_EQUAL(got.probability[0], got.probability[CLASSES]);
    lockstep_close(by_amx);
    lockstep_close(portably);
}

int main(void)
{
    static const UnitTest tests[] = {UNIT(each_thread_that_predicts_is_set_up)};
    if (strcmp(kernels_all()[0]->name, "amx") != 0) return NOT_HERE;
    return UNIT_RUN("api_amx", tests);
}
