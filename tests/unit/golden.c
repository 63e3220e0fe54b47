/* Ten steps of SGD against PyTorch's (tests/golden): the references in double, the kernels in float. */
#include <stdio.h>

#include "float_network.h"
#include "model/schedule.h"
#include "reference_network.h"
#include "unit.h"

/* Reads count numbers after a name, all of which the file must have. */
static void numbers(FILE *file, const char *name, size_t count, double *out)
{
    char word[64];
    size_t given;
    CU_ASSERT_EQUAL_FATAL(fscanf(file, "%63s %zu", word, &given), 2);
    CU_ASSERT_STRING_EQUAL_FATAL(word, name);
    CU_ASSERT_EQUAL_FATAL(given, count);
    for (size_t i = 0; i < count; i++) CU_ASSERT_EQUAL_FATAL(fscanf(file, "%lf", &out[i]), 1);
}

static double number(FILE *file, const char *name)
{
    char word[64];
    double value;
    CU_ASSERT_EQUAL_FATAL(fscanf(file, "%63s %lf", word, &value), 2);
    CU_ASSERT_STRING_EQUAL_FATAL(word, name);
    return value;
}

enum { STEPS = 10, BATCH = 6, BATCHES = 3 };

/* A file of tests/golden (README.md there tells its format). */
typedef struct {
    Network network;
    Schedule schedule;
    double momentum, decay;
    int nesterov;
    double rates[STEPS], images[BATCHES * BATCH * 16], initial[256], gradient[256], losses[STEPS], final[256];
    uint32_t label[BATCHES * BATCH];
} Golden;

static void read_sizes(FILE *file, Golden *g)
{
    char activation[64];
    size_t layers, size[8];
    CU_ASSERT_EQUAL_FATAL(fscanf(file, "lockstep-golden 1 layers %zu sizes", &layers), 1);
    CU_ASSERT_FATAL(layers < 8);
    for (size_t i = 0; i <= layers; i++) CU_ASSERT_EQUAL_FATAL(fscanf(file, "%zu", &size[i]), 1);
    CU_ASSERT_EQUAL_FATAL(fscanf(file, " activation %63s", activation), 1);
    const Activation a = strcmp(activation, "none") ? network_activation(activation) : ACTIVATION_NONE;
    CU_ASSERT_EQUAL_FATAL(network_init(&g->network, size[0], size + 1, layers - 1, size[layers], a), STATUS_OK);
}

static void read_golden(const char *name, Golden *g)
{
    char path[512], schedule[64];
    snprintf(path, sizeof path, "%s/%s.txt", GOLDEN_DIR, name);
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    read_sizes(file, g);
    g->momentum = number(file, "momentum");
    g->nesterov = (int)number(file, "nesterov");
    g->decay = number(file, "weight_decay");
    CU_ASSERT_EQUAL_FATAL(fscanf(file, " schedule %63s", schedule), 1);
    g->schedule = (Schedule){.kind = schedule_kind(schedule), .epoch_steps = BATCHES, .total = STEPS};
    g->schedule.rate = number(file, "learning_rate");
    g->schedule.warmup = (uint64_t)number(file, "warmup_steps");
    g->schedule.min_rate = number(file, "min_learning_rate");
    g->schedule.gamma = number(file, "gamma");
    g->schedule.step_epochs = (uint64_t)number(file, "step_epochs");
    CU_ASSERT_EQUAL_FATAL(number(file, "steps"), STEPS);
    CU_ASSERT_EQUAL_FATAL(number(file, "batch_size"), BATCH);
    CU_ASSERT_EQUAL_FATAL(number(file, "batches"), BATCHES);
    double label[BATCHES * BATCH];
    const size_t parameters = g->network.parameters;
    numbers(file, "rates", STEPS, g->rates);
    numbers(file, "images", BATCHES * BATCH * g->network.layer[0].in, g->images);
    numbers(file, "labels", BATCHES * BATCH, label);
    for (int i = 0; i < BATCHES * BATCH; i++) g->label[i] = (uint32_t)label[i];
    numbers(file, "initial", parameters, g->initial);
    numbers(file, "gradient", parameters, g->gradient);
    numbers(file, "losses", STEPS, g->losses);
    numbers(file, "final", parameters, g->final);
    fclose(file);
}

/* Both sides in double, the operations in another order: some 1e3 roundings of 2^-53. */
static void golden_in_double(const Golden *g)
{
    const size_t count = g->network.parameters;
    double w[256], v[256] = {0}, gradient[256];
    memcpy(w, g->initial, count * sizeof *w);
    for (int t = 0; t < STEPS; t++) {
        const size_t first = (size_t)(t % BATCHES * BATCH);
        const double loss = reference_network(&g->network, w, BATCH, g->images + first * g->network.layer[0].in,
                                              g->label + first, gradient);
        CU_ASSERT_DOUBLE_EQUAL(loss, g->losses[t], 1e-12);
        for (size_t i = 0; i < count && t == 0; i++) CU_ASSERT_DOUBLE_EQUAL(gradient[i], g->gradient[i], 1e-13);
        reference_sgd_f64(count, g->rates[t], g->momentum, g->decay, g->nesterov, 1.0, gradient, w,
                          g->momentum != 0.0 ? v : NULL);
    }
    for (size_t i = 0; i < count; i++) CU_ASSERT_DOUBLE_EQUAL(w[i], g->final[i], 1e-12);
}

/* The kernels in float: parameters of size 1 after ten steps, each off by a few 2^-24, in sums of up to 18 terms. */
static void golden_in_float(const Golden *g, const Kernels *kernels)
{
    enum { SHARDS = 4 };
    FloatCase f = {.network = g->network};
    open_float(&f, BATCH, SHARDS);
    const size_t count = g->network.parameters;
    for (size_t i = 0; i < count; i++) f.parameter[file_index(&g->network, i)] = (float)g->initial[i];
    for (uint64_t t = 0; t < STEPS; t++) {
        const size_t first = t % BATCHES * BATCH;
        gradient_of_batch(&f, kernels, BATCH, SHARDS, g->images + first * g->network.layer[0].in, g->label + first);
        double loss = 0.0;
        for (int s = 0; s < BATCH; s++) loss += (double)f.workspace.loss[s] / BATCH;
        CU_ASSERT_DOUBLE_EQUAL(loss, g->losses[t], 5e-6);
        const float rate = schedule_rate(&g->schedule, t);
        CU_ASSERT_DOUBLE_EQUAL(rate, g->rates[t], 0x1p-24 * g->rates[t] + 1e-15);
        const SgdStep step = {.rate = rate,
                              .momentum = (float)g->momentum,
                              .weight_decay = (float)g->decay,
                              .inverse_samples = 1.0f / BATCH,
                              .nesterov = g->nesterov};
        CU_ASSERT_FALSE(
            kernels->sgd(g->network.floats, &step, f.gradient, f.parameter, g->momentum != 0.0 ? f.velocity : NULL));
    }
    for (size_t i = 0; i < count; i++)
        CU_ASSERT_DOUBLE_EQUAL(f.parameter[file_index(&g->network, i)], g->final[i], 5e-6);
    close_float(&f);
}

static void ten_steps_are_pytorch_s(void)
{
    static const char *const names[] = {"tanh-sgd", "relu-momentum", "sigmoid-nesterov-decay", "linear-cosine",
                                        "tanh-step-decay"};
    static Golden golden;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        read_golden(names[i], &golden);
        golden_in_double(&golden);
        for (const Kernels *const *set = kernels_all(); *set; set++) golden_in_float(&golden, *set);
    }
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(ten_steps_are_pytorch_s),
    };
    return UNIT_RUN("golden", tests);
}
