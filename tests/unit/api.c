/* The C API, from the shared library. The checkpoints are made with the floors below, of which the library has its own
 * copies. */
#include <fcntl.h>
#include <fenv.h>
#include <hdf5.h>
#include <pthread.h>

#include "checkpoint_sample.h"
#include "lockstep/lockstep.h"

enum { FEATURES = 6, CLASSES = 3, IMAGES = 600 }; /* more than two of the library's blocks */

/* A linear classifier with small weights. The path of its checkpoint. */
static const char *write_linear(const char *name, ElementKind pixels)
{
    Checkpoint c = sample_make((const size_t[]){FEATURES, CLASSES}, 2, ACTIVATION_NONE, false, 40);
    float *parameter = (float *)c.parameter;
    for (size_t i = 0; i < FEATURES * CLASSES; i++)
        parameter[network_tensor_index(&c.network, 0, i)] = (float)(i % 5) * 0.25f - 0.5f;
    for (size_t i = 0; i < CLASSES; i++) parameter[network_tensor_index(&c.network, 1, i)] = (float)i * 0.125f;
    c.model = sample_digest(&c.network, parameter);
    c.pixels = pixels;
    c.image_extent[0] = 2;
    c.image_extent[1] = FEATURES / 2;
    CU_ASSERT_EQUAL_FATAL(checkpoint_write(&c, scratch_path(name)), STATUS_OK);
    sample_free(&c);
    return scratch_path(name);
}

static LockstepModel *open_linear(const char *name, ElementKind pixels)
{
    LockstepModel *model;
    CU_ASSERT_EQUAL_FATAL(lockstep_open(write_linear(name, pixels), &model), LOCKSTEP_OK);
    return model;
}

static void fill(uint8_t images[IMAGES * FEATURES])
{
    for (size_t i = 0; i < IMAGES * FEATURES; i++) images[i] = (uint8_t)(i * i % 7 == 0 ? 0 : i * 37 % 256);
}

#define CU_ASSERT_ERROR_HAS(text) CU_ASSERT_PTR_NOT_NULL(strstr(lockstep_error(), text))

static void a_model_tells_what_the_checkpoint_holds(void)
{
    Checkpoint c = sample_make((const size_t[]){12, 5, 4}, 3, ACTIVATION_TANH, true, 77);
    char hex[DIGEST_HEX_SIZE], told[LOCKSTEP_DIGEST_SIZE];
    LockstepModel *model;
    uint64_t extent[LOCKSTEP_MOST_DIMENSIONS];
    CU_ASSERT_EQUAL_FATAL(checkpoint_write(&c, scratch_path("facts.h5")), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(lockstep_open(scratch_path("facts.h5"), &model), LOCKSTEP_OK);
    digest_hex(c.model, hex);
    lockstep_digest(model, told);
    CU_ASSERT_STRING_EQUAL(told, hex);
    CU_ASSERT_EQUAL(lockstep_features(model), 12);
    CU_ASSERT_EQUAL(lockstep_classes(model), 4);
    CU_ASSERT_EQUAL(lockstep_parameters(model), 12 * 5 + 5 + 5 * 4 + 4);
    CU_ASSERT_EQUAL(lockstep_step(model), 77);
    CU_ASSERT_EQUAL(lockstep_pixels(model), LOCKSTEP_UINT8);
    CU_ASSERT_EQUAL(lockstep_shape(model, extent), 2);
    CU_ASSERT(extent[0] == 1 && extent[1] == 12);
    CU_ASSERT_STRING_EQUAL(lockstep_trained_by(model), c.versions.lockstep);
    CU_ASSERT_STRING_EQUAL(lockstep_version(), c.versions.lockstep);
    lockstep_close(model);
    lockstep_close(NULL);
    sample_free(&c);
}

/* The exponentials of the library are within some ulp (unit/elementary); the logits here are sums of six products. */
static void probabilities_are_the_softmax_of_the_logits(void)
{
    LockstepModel *model = open_linear("linear.h5", ELEMENT_UINT8);
    uint8_t images[IMAGES * FEATURES];
    float probability[IMAGES * CLASSES];
    LockstepPrediction prediction[IMAGES];
    fill(images);
    CU_ASSERT_EQUAL(lockstep_predict_uint8(model, IMAGES, images, prediction, probability), LOCKSTEP_OK);
    for (size_t n = 0; n < IMAGES; n++) {
        double power[CLASSES], sum = 0.0;
        uint32_t best = 0;
        for (size_t j = 0; j < CLASSES; j++) {
            double logit = 0.125 * (double)j;
            for (size_t i = 0; i < FEATURES; i++)
                logit +=
                    ((double)images[n * FEATURES + i] - 33.3) * 0.0127 * ((double)((i * CLASSES + j) % 5) * 0.25 - 0.5);
            sum += power[j] = exp(logit);
        }
        for (uint32_t j = 0; j < CLASSES; j++) {
            CU_ASSERT_DOUBLE_EQUAL(probability[n * CLASSES + j], power[j] / sum, 1e-5);
            best = probability[n * CLASSES + j] > probability[n * CLASSES + best] ? j : best;
        }
        CU_ASSERT(prediction[n].label == best && prediction[n].confidence == probability[n * CLASSES + best]);
    }
    lockstep_close(model);
}

static void images_do_not_depend_on_their_company(void)
{
    LockstepModel *model = open_linear("company.h5", ELEMENT_UINT8);
    uint8_t images[IMAGES * FEATURES];
    float all[IMAGES * CLASSES], one[CLASSES];
    fill(images);
    CU_ASSERT_EQUAL(lockstep_predict_uint8(model, IMAGES, images, NULL, all), LOCKSTEP_OK);
    for (size_t n = 0; n < IMAGES; n++) {
        CU_ASSERT_EQUAL(lockstep_predict_uint8(model, 1, images + n * FEATURES, NULL, one), LOCKSTEP_OK);
        CU_ASSERT_EQUAL(memcmp(one, all + n * CLASSES, sizeof one), 0);
    }
    CU_ASSERT_EQUAL(lockstep_predict_uint8(model, 0, NULL, NULL, NULL), LOCKSTEP_OK);
    lockstep_close(model);
}

static void failures_have_the_programs_codes_and_a_text(void)
{
    LockstepModel *model = (void *)1;
    CU_ASSERT_EQUAL(lockstep_open(scratch_path("absent.h5"), &model), LOCKSTEP_NO_INPUT);
    CU_ASSERT_PTR_NULL(model);
    CU_ASSERT_ERROR_HAS("absent.h5");
    scratch_write(scratch_path("text.h5"), "no checkpoint", 13);
    CU_ASSERT_EQUAL(lockstep_open(scratch_path("text.h5"), &model), LOCKSTEP_DATA);
    CU_ASSERT_ERROR_HAS("is not a checkpoint");
    model = open_linear("good.h5", ELEMENT_UINT8);
    setenv("LOCKSTEP_ISA", "abacus", 1);
    LockstepModel *none;
    CU_ASSERT_EQUAL(lockstep_open(scratch_path("good.h5"), &none), LOCKSTEP_USAGE);
    CU_ASSERT_PTR_NULL(none);
    CU_ASSERT_ERROR_HAS("abacus");
    unsetenv("LOCKSTEP_ISA");
    lockstep_close(model);
    model = open_linear("good.h5", ELEMENT_UINT8);
    CU_ASSERT_STRING_EQUAL(lockstep_error(), "");
    lockstep_close(model);
}

static void images_that_do_not_fit_leave_the_results_alone(void)
{
    LockstepModel *model = open_linear("floats.h5", ELEMENT_FLOAT32);
    const uint8_t bytes[FEATURES] = {0};
    float images[2 * FEATURES] = {0}, probability[2 * CLASSES] = {42.0f};
    LockstepPrediction prediction[2] = {{42, 42.0f}};
    CU_ASSERT_EQUAL(lockstep_predict_uint8(model, 1, bytes, prediction, probability), LOCKSTEP_DATA);
    CU_ASSERT_ERROR_HAS("uint8 images, but the network was trained on float32");
    images[FEATURES + 2] = INFINITY;
    CU_ASSERT_EQUAL(lockstep_predict_float32(model, 2, images, prediction, probability), LOCKSTEP_DATA);
    CU_ASSERT_ERROR_HAS("value 2 of image 1 is inf");
    CU_ASSERT(prediction[0].label == 42 && probability[0] == 42.0f);
    images[FEATURES + 2] = 0.5f;
    CU_ASSERT_EQUAL(lockstep_predict_float32(model, 2, images, prediction, probability), LOCKSTEP_OK);
    CU_ASSERT(prediction[0].label < CLASSES && probability[0] < 1.0f);
    lockstep_close(model);
}

/* What a caller may have set: another rounding, traps, flags. */
static void the_callers_floating_point_state_is_of_no_influence_and_comes_back(void)
{
    LockstepModel *model = open_linear("state.h5", ELEMENT_UINT8);
    uint8_t images[IMAGES * FEATURES];
    float usual[IMAGES * CLASSES], strange[IMAGES * CLASSES];
    fill(images);
    CU_ASSERT_EQUAL(lockstep_predict_uint8(model, IMAGES, images, NULL, usual), LOCKSTEP_OK);
    lockstep_close(model);
    feclearexcept(FE_ALL_EXCEPT);
    feraiseexcept(FE_DIVBYZERO);
    fesetround(FE_UPWARD);
    feenableexcept(FE_INEXACT);
    const int traps = fegetexcept();
    const LockstepStatus opened = lockstep_open(scratch_path("state.h5"), &model);
    const LockstepStatus predicted = lockstep_predict_uint8(model, IMAGES, images, NULL, strange);
    const int flags = fetestexcept(FE_ALL_EXCEPT), rounding = fegetround(), left = fegetexcept();
    fesetenv(FE_DFL_ENV);
    CU_ASSERT(opened == LOCKSTEP_OK && predicted == LOCKSTEP_OK);
    CU_ASSERT_EQUAL(memcmp(usual, strange, sizeof usual), 0);
    CU_ASSERT_EQUAL(flags, FE_DIVBYZERO);
    CU_ASSERT_EQUAL(rounding, FE_UPWARD);
    CU_ASSERT_EQUAL(left, traps);
    lockstep_close(model);
}

static herr_t own_printer(hid_t stack, void *context)
{
    (void)stack;
    ++*(int *)context;
    return 0;
}

static void hdf5_is_as_the_program_had_it(void)
{
    H5E_auto2_t print;
    void *context;
    int printed = 0;
    unsigned plugins;
    LockstepModel *model;
    H5Eset_auto2(H5E_DEFAULT, own_printer, &printed);
    H5PLset_loading_state(H5PL_FILTER_PLUGIN);
    CU_ASSERT_EQUAL(lockstep_open(write_linear("guest.h5", ELEMENT_UINT8), &model), LOCKSTEP_OK);
    lockstep_close(model);
    H5Eget_auto2(H5E_DEFAULT, &print, &context);
    H5PLget_loading_state(&plugins);
    CU_ASSERT(print == own_printer && context == &printed);
    CU_ASSERT_EQUAL(plugins, H5PL_FILTER_PLUGIN);
    CU_ASSERT_EQUAL(printed, 0);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

/* Both streams go to a file meanwhile. */
static void nothing_is_printed(void)
{
    LockstepModel *model;
    fflush(NULL);
    const int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    const int file = open(scratch_path("printed"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    lockstep_open(scratch_path("absent.h5"), &model);
    lockstep_open(scratch_path("text.h5"), &model);
    lockstep_close(open_linear("quiet.h5", ELEMENT_UINT8));
    fflush(NULL);
    const off_t printed = lseek(file, 0, SEEK_END);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out), close(err), close(file);
    CU_ASSERT_EQUAL(printed, 0);
}

enum { THREADS = 4, ROUNDS = 20 };

typedef struct {
    const char *path, *absent;
    const LockstepModel *shared;
    const uint8_t *images;
    const float *expected;
    int wrong;
} Work;

static void *work(void *context)
{
    Work *w = context;
    float mine[IMAGES * CLASSES];
    for (int round = 0; round < ROUNDS; round++) {
        LockstepModel *model = NULL, *none;
        w->wrong += lockstep_open(w->path, &model) != LOCKSTEP_OK;
        w->wrong += lockstep_predict_uint8(round % 2 ? model : w->shared, IMAGES, w->images, NULL, mine) != LOCKSTEP_OK;
        w->wrong += memcmp(mine, w->expected, sizeof mine) != 0;
        w->wrong += lockstep_open(w->absent, &none) != LOCKSTEP_NO_INPUT || !strstr(lockstep_error(), w->absent);
        lockstep_close(model);
    }
    return NULL;
}

static void threads_do_not_disturb_each_other(void)
{
    LockstepModel *model = open_linear("threads.h5", ELEMENT_UINT8);
    uint8_t images[IMAGES * FEATURES];
    float expected[IMAGES * CLASSES];
    pthread_t thread[THREADS];
    Work works[THREADS];
    fill(images);
    CU_ASSERT_EQUAL(lockstep_predict_uint8(model, IMAGES, images, NULL, expected), LOCKSTEP_OK);
    for (int t = 0; t < THREADS; t++) {
        char name[32];
        snprintf(name, sizeof name, "absent-%d.h5", t);
        works[t] = (Work){scratch_path("threads.h5"), scratch_path(name), model, images, expected, 0};
        CU_ASSERT_EQUAL_FATAL(pthread_create(&thread[t], NULL, work, &works[t]), 0);
    }
    for (int t = 0; t < THREADS; t++) {
        pthread_join(thread[t], NULL);
        CU_ASSERT_EQUAL(works[t].wrong, 0);
    }
    lockstep_close(model);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(a_model_tells_what_the_checkpoint_holds),
        UNIT(probabilities_are_the_softmax_of_the_logits),
        UNIT(images_do_not_depend_on_their_company),
        UNIT(failures_have_the_programs_codes_and_a_text),
        UNIT(images_that_do_not_fit_leave_the_results_alone),
        UNIT(the_callers_floating_point_state_is_of_no_influence_and_comes_back),
        UNIT(hdf5_is_as_the_program_had_it),
        UNIT(nothing_is_printed),
        UNIT(threads_do_not_disturb_each_other),
    };
    return UNIT_RUN("api", tests);
}
