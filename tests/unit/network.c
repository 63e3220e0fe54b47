/* Networks: derivatives against finite differences, layout and initialisation; schedules. */
#include "model/network.h"

#include <math.h>

#include "base/philox.h"
#include "float_network.h"
#include "model/schedule.h"
#include "reference_network.h"
#include "unit.h"

static double uniform(Stream *stream)
{
    return 2.0 * (double)stream_uniform(stream) - 1.0;
}

/* The derivative of f along x[i], by central differences with Richardson's step: error of order h^4. */
typedef double Function(void *context);

static double derivative(Function *f, void *context, double *x)
{
    const double x0 = *x, h = 1e-3;
    double difference[2];
    for (int half = 0; half < 2; half++) {
        const double step = half ? h / 2 : h;
        *x = x0 + step;
        const double up = f(context);
        *x = x0 - step;
        difference[half] = (up - f(context)) / (2 * step);
    }
    *x = x0;
    return (4 * difference[1] - difference[0]) / 3;
}

/* Truncation of order h^4 = 1e-12 and rounding of 1e-16 / h = 1e-13, both well below 1e-6 of the largest derivative. */
static bool close_to(double got, double expected, double scale)
{
    return fabs(got - expected) < 1e-6 * (fabs(expected) + 1e-3 * scale);
}

enum { N = 5, IN = 4, OUT = 3 };

/* One dense layer alone; the function is sum_sj c_sj y_sj, so that E = c. */
typedef struct {
    Activation activation;
    double x[N * IN], w[IN * OUT], b[OUT], c[N * OUT], y[N * OUT];
} LayerCase;

static double layer_function(void *context)
{
    LayerCase *l = context;
    reference_forward_f64(N, IN, OUT, l->x, l->w, l->b, l->activation, l->y);
    double sum = 0.0;
    for (int i = 0; i < N * OUT; i++) sum += l->c[i] * l->y[i];
    return sum;
}

static void each_layer_s_derivatives_are_those_of_central_differences(void)
{
    for (Activation a = ACTIVATION_NONE; a <= ACTIVATION_SIGMOID; a++) {
        LayerCase l = {.activation = a};
        Stream stream;
        stream_init(&stream, 21, PURPOSE_SYNTHESIS, a, 0);
        for (int i = 0; i < N * IN; i++) l.x[i] = uniform(&stream);
        for (int i = 0; i < IN * OUT; i++) l.w[i] = uniform(&stream);
        for (int i = 0; i < OUT; i++) l.b[i] = uniform(&stream);
        for (int i = 0; i < N * OUT; i++) l.c[i] = uniform(&stream);
        layer_function(&l);
        double e[N * OUT], dx[N * IN], dw[IN * OUT], db[OUT];
        memcpy(e, l.c, sizeof e);
        reference_activation_backward_f64(N * OUT, l.y, a, e);
        reference_backward_data_f64(N, IN, OUT, e, l.w, dx);
        reference_backward_weight_f64(N, IN, OUT, l.x, e, dw, db);
        for (int i = 0; i < N * IN; i++) CU_ASSERT(close_to(dx[i], derivative(layer_function, &l, &l.x[i]), 1));
        for (int i = 0; i < IN * OUT; i++) CU_ASSERT(close_to(dw[i], derivative(layer_function, &l, &l.w[i]), 1));
        for (int i = 0; i < OUT; i++) CU_ASSERT(close_to(db[i], derivative(layer_function, &l, &l.b[i]), 1));
    }
}

typedef struct {
    double z[N * OUT], p[N * OUT], dz[N * OUT], loss[N], e[N * OUT], c[N * OUT];
    uint32_t label[N];
} LossCase;

static double loss_function(void *context)
{
    LossCase *l = context;
    reference_softmax_cross_entropy_f64(N, OUT, l->z, l->label, l->dz, l->loss);
    double sum = 0.0;
    for (int s = 0; s < N; s++) sum += l->loss[s];
    return sum;
}

static double softmax_function(void *context)
{
    LossCase *l = context;
    reference_softmax_f64(N, OUT, l->z, l->p);
    double sum = 0.0;
    for (int i = 0; i < N * OUT; i++) sum += l->c[i] * l->p[i];
    return sum;
}

static double cross_entropy_function(void *context)
{
    LossCase *l = context;
    reference_cross_entropy_f64(N, OUT, l->p, l->label, l->loss, l->e);
    double sum = 0.0;
    for (int s = 0; s < N; s++) sum += l->loss[s];
    return sum;
}

static void the_losses_derivatives_are_those_of_central_differences(void)
{
    LossCase l = {0};
    Stream stream;
    stream_init(&stream, 22, PURPOSE_SYNTHESIS, 0, 0);
    for (int i = 0; i < N * OUT; i++) l.z[i] = uniform(&stream), l.c[i] = uniform(&stream);
    for (int s = 0; s < N; s++) l.label[s] = stream_below(&stream, OUT);
    double fused[N * OUT], through_softmax[N * OUT], of_cross_entropy[N * OUT];
    loss_function(&l);
    memcpy(fused, l.dz, sizeof fused);
    softmax_function(&l);
    reference_softmax_backward_f64(N, OUT, l.p, l.c, through_softmax);
    cross_entropy_function(&l);
    memcpy(of_cross_entropy, l.e, sizeof of_cross_entropy);
    for (int i = 0; i < N * OUT; i++) {
        CU_ASSERT(close_to(fused[i], derivative(loss_function, &l, &l.z[i]), 1));
        CU_ASSERT(close_to(through_softmax[i], derivative(softmax_function, &l, &l.z[i]), 1));
        softmax_function(&l);
        CU_ASSERT(close_to(of_cross_entropy[i], derivative(cross_entropy_function, &l, &l.p[i]), 1));
    }
}

enum { MOST = 4096, SAMPLES = 7 };

typedef struct {
    Network network;
    double parameter[MOST], gradient[MOST], x[SAMPLES * 64];
    uint32_t label[SAMPLES];
} NetworkCase;

static double network_function(void *context)
{
    NetworkCase *c = context;
    return reference_network(&c->network, c->parameter, SAMPLES, c->x, c->label, NULL);
}

static void init_case(NetworkCase *c, Activation activation, const size_t *hidden, size_t count)
{
    Stream stream;
    CU_ASSERT_EQUAL_FATAL(network_init(&c->network, 6, hidden, count, 4, activation), STATUS_OK);
    CU_ASSERT_FATAL(c->network.parameters <= MOST);
    stream_init(&stream, 23, PURPOSE_SYNTHESIS, activation, (uint32_t)count);
    for (size_t i = 0; i < c->network.parameters; i++) c->parameter[i] = (float)uniform(&stream);
    for (size_t i = 0; i < SAMPLES * 6; i++) c->x[i] = (float)uniform(&stream);
    for (size_t s = 0; s < SAMPLES; s++) c->label[s] = stream_below(&stream, 4);
}

/* Depths 0 to 3, every activation, every parameter. */
static void the_whole_network_s_gradient_is_that_of_central_differences(void)
{
    static const size_t hidden[] = {8, 5, 7};
    static NetworkCase c;
    for (Activation a = ACTIVATION_RELU; a <= ACTIVATION_SIGMOID; a++)
        for (size_t depth = 0; depth <= 3; depth++) {
            init_case(&c, a, hidden, depth);
            reference_network(&c.network, c.parameter, SAMPLES, c.x, c.label, c.gradient);
            double largest = 0.0;
            for (size_t i = 0; i < c.network.parameters; i++) largest = fmax(largest, fabs(c.gradient[i]));
            for (size_t i = 0; i < c.network.parameters; i++)
                CU_ASSERT(close_to(c.gradient[i], derivative(network_function, &c, &c.parameter[i]), largest));
        }
}

/* Every kernel set; one shard, several, more than samples. Float rounds each of a few dozen operations to 2^-24. */
static void the_network_in_float_is_near_the_reference_in_double(void)
{
    static const size_t hidden[] = {40, 5};
    static NetworkCase c;
    for (const Kernels *const *set = kernels_all(); *set; set++)
        for (Activation a = ACTIVATION_RELU; a <= ACTIVATION_SIGMOID; a++)
            for (size_t shards = 1; shards <= 9; shards += 4) {
                init_case(&c, a, hidden, 2);
                const double mean = reference_network(&c.network, c.parameter, SAMPLES, c.x, c.label, c.gradient);
                FloatCase f = {.network = c.network};
                open_float(&f, SAMPLES, shards);
                for (size_t i = 0; i < c.network.parameters; i++)
                    f.parameter[file_index(&c.network, i)] = (float)c.parameter[i];
                gradient_of_batch(&f, *set, SAMPLES, shards, c.x, c.label);
                double sum = 0.0;
                for (size_t s = 0; s < SAMPLES; s++) sum += (double)f.workspace.loss[s];
                CU_ASSERT_DOUBLE_EQUAL(sum / SAMPLES, mean, 1e-6 * mean);
                for (size_t i = 0; i < c.network.parameters; i++)
                    CU_ASSERT_DOUBLE_EQUAL((double)f.gradient[file_index(&c.network, i)] / SAMPLES, c.gradient[i],
                                           2e-6);
                close_float(&f);
            }
}

static void parameters_are_drawn_within_bounds_and_element_by_element(void)
{
    const size_t hidden[] = {50};
    Network network, wider;
    CU_ASSERT_EQUAL_FATAL(network_init(&network, 24, hidden, 1, 10, ACTIVATION_RELU), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(network_init(&wider, 24, hidden, 1, 12, ACTIVATION_RELU), STATUS_OK);
    static float w[8192], v[8192];
    CU_ASSERT_FATAL(network.floats <= 8192 && wider.floats <= 8192);
    static const struct {
        Initialisation kind;
        double bound, bias;
    } cases[] = {{INIT_KAIMING, 0.5, 0}, {INIT_XAVIER, 0.28474739872574972, 0}, {INIT_UNIFORM, 1 / 24.0, 1 / 24.0}};
    for (size_t k = 0; k < 3; k++) {
        double largest = 0.0, largest_bias = 0.0, sum = 0.0;
        network_draw(&network, kernels_all()[0], cases[k].kind, 5, w);
        for (size_t i = 0; i < network_tensor_size(&network, 0); i++) {
            const double value = (double)w[network_tensor_index(&network, 0, i)];
            largest = fmax(largest, fabs(value));
            sum += value;
        }
        for (size_t i = 0; i < 50; i++)
            largest_bias = fmax(largest_bias, fabs((double)w[network_tensor_index(&network, 1, i)]));
        CU_ASSERT(largest <= cases[k].bound * (1 + 1e-6) && largest > 0.99 * cases[k].bound);
        CU_ASSERT(largest_bias <= cases[k].bias * (1 + 1e-6) && largest_bias >= 0.9 * cases[k].bias);
        /* 1200 draws of deviation bound/sqrt(3): five deviations of their mean. */
        CU_ASSERT(fabs(sum / 1200) < 5 * cases[k].bound / sqrt(3.0 * 1200));
    }
    /* The first layer does not depend on the second's size. */
    network_draw(&network, kernels_all()[0], INIT_KAIMING, 5, w);
    network_draw(&wider, kernels_all()[0], INIT_KAIMING, 5, v);
    CU_ASSERT_EQUAL(memcmp(w, v, wider.layer[1].offset * sizeof *w), 0);
    network_draw(&wider, kernels_all()[0], INIT_KAIMING, 6, v);
    CU_ASSERT_NOT_EQUAL(memcmp(w, v, wider.layer[1].offset * sizeof *w), 0);
}

/* plain: weights in the order of files, here 0, 1, 2, ... */
static void check_digest(const Network *network)
{
    float *plain, *panels;
    CU_ASSERT_EQUAL_FATAL(memory_new(&plain, network->parameters, "test"), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(memory_new(&panels, network->floats, "test"), STATUS_OK);
    for (size_t i = 0; i < network->parameters; i++) plain[i] = panels[file_index(network, i)] = (float)i;
    DigestState *state;
    CU_ASSERT_EQUAL_FATAL(digest_open(&state), STATUS_OK);
    digest_begin(state);
    network_digest(network, panels, state);
    CU_ASSERT(digest_equal(digest_end(state), digest_of(plain, network->parameters * sizeof *plain)));
    digest_close(state);
    memory_free(plain);
    memory_free(panels);
}

/* And not over panels or patches. */
static void the_digest_is_over_rows(void)
{
    const size_t hidden[] = {33};
    Network network;
    CU_ASSERT_EQUAL_FATAL(network_init(&network, 24, hidden, 1, 2, ACTIVATION_RELU), STATUS_OK);
    check_digest(&network);
    network_set_image(&network, 2, (const uint64_t[]){4, 6});
    CU_ASSERT_EQUAL(network.width, 6);
    check_digest(&network);
    CU_ASSERT_NOT_EQUAL(network_weight_index(&network, 0, 2, 0), kernel_weight_index(24, 2, 0));
    CU_ASSERT_EQUAL(network_weight_index(&network, 0, 24, 3), kernel_weight_index(24, 24, 3));
}

static void cosine_needs_no_libm(void)
{
    for (int i = 0; i <= 1000; i++)
        CU_ASSERT_DOUBLE_EQUAL(schedule_cos_pi(i / 1000.0), cos(acos(-1) * i / 1000.0), 1e-15);
}

enum { MOST_ROWS = 100 };

/* Counts a piece in had, and returns whether it is of whole panels, or whole quads or (bf16) blocks of rows. */
static bool take_piece(const Layer *layer, const WeightGradient *piece, uint8_t had[][MOST_ROWS])
{
    const size_t rows = layer->in + 1, unit = layer->bf16 ? PANEL : QUAD;
    if (piece->panel_end > kernel_panels(layer->out) || piece->row_end > rows) return false;
    for (size_t p = piece->panel; p < piece->panel_end; p++)
        for (size_t k = piece->row; k < piece->row_end; k++) had[p][k]++;
    return (piece->row % unit == 0 || (!layer->bf16 && piece->row == layer->in)) &&
           (piece->row_end % unit == 0 || piece->row_end >= layer->in);
}

/* Each element of a layer's W' lies in one of so many parts. */
static void check_parts(const Network *network, size_t layer, size_t parts)
{
    const Layer *l = &network->layer[layer];
    uint8_t had[10][MOST_ROWS] = {0};
    bool apt = true, once = true;
    for (size_t part = 0; part < parts; part++) {
        size_t pieces = 0;
        for (WeightGradient slice; network_slice(network, layer, parts, part, pieces, &slice); pieces++) {
            apt = apt && take_piece(l, &slice, had);
            if (kernel_panels(l->out) >= parts) apt = apt && slice.row == 0 && slice.row_end == l->in + 1;
        }
        apt = apt && (kernel_panels(l->out) >= parts ? pieces == 1 : pieces <= 2);
    }
    for (size_t p = 0; p < kernel_panels(l->out); p++)
        for (size_t k = 0; k <= l->in; k++) once = once && had[p][k] == 1;
    CU_ASSERT(apt);
    CU_ASSERT(once);
}

/* Both layers, as they are for fp32 and for bf16. */
static void check_layers(size_t in, size_t hidden)
{
    Network network;
    CU_ASSERT_EQUAL_FATAL(network_init(&network, in, &hidden, 1, 40, ACTIVATION_RELU), STATUS_OK);
    for (int bf16 = 0; bf16 < 2; bf16++) {
        for (size_t parts = 1; parts <= 40; parts++)
            for (size_t layer = 0; layer < 2 && network.layer[layer].in < MOST_ROWS; layer++)
                check_parts(&network, layer, parts);
        network_set_bf16(&network);
    }
}

/* One input and more, fewer quads and blocks of rows than parts and more, one panel and more. */
static void slices_are_a_partition_of_each_layer(void)
{
    static const size_t outs[] = {1, 32, 33, 96, 300};
    for (size_t in = 1; in < 70; in++)
        for (size_t i = 0; i < sizeof outs / sizeof *outs; i++) check_layers(in, outs[i]);
}

static void schedules_follow_their_formulas(void)
{
    Schedule s = {.kind = SCHEDULE_STEP, .rate = 0.8, .gamma = 0.5, .step_epochs = 2, .epoch_steps = 10, .total = 100};
    CU_ASSERT_EQUAL(schedule_rate(&s, 19), 0.8f);
    CU_ASSERT_EQUAL(schedule_rate(&s, 20), 0.4f);
    CU_ASSERT_EQUAL(schedule_rate(&s, 99), 0.05f);
    s.kind = SCHEDULE_COSINE, s.warmup = 4, s.min_rate = 0.1;
    CU_ASSERT_EQUAL(schedule_rate(&s, 0), 0.2f);
    CU_ASSERT_EQUAL(schedule_rate(&s, 3), 0.8f);
    CU_ASSERT_EQUAL(schedule_rate(&s, 4), 0.8f);
    CU_ASSERT_DOUBLE_EQUAL(schedule_rate(&s, 52), 0.45, 1e-7);
    CU_ASSERT(schedule_rate(&s, 99) > 0.1f && schedule_rate(&s, 99) < 0.101f);
    s.kind = SCHEDULE_CONSTANT;
    CU_ASSERT_EQUAL(schedule_rate(&s, 50), 0.8f);
}

static size_t difference(const size_t *other, size_t count, Activation activation)
{
    Network a, b;
    CU_ASSERT_EQUAL_FATAL(network_init(&a, 8, (const size_t[]){5, 6}, 2, 3, ACTIVATION_RELU), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(network_init(&b, other[0], other + 1, count - 2, other[count - 1], activation), STATUS_OK);
    const size_t there = network_difference(&a, &b);
    CU_ASSERT_EQUAL(network_difference(&b, &a), there);
    return there;
}

static void the_first_layer_that_differs_is_found(void)
{
    CU_ASSERT_EQUAL(difference((const size_t[]){8, 5, 6, 3}, 4, ACTIVATION_RELU), 3);
    CU_ASSERT_EQUAL(difference((const size_t[]){8, 5, 6, 3}, 4, ACTIVATION_TANH), 0);
    CU_ASSERT_EQUAL(difference((const size_t[]){9, 5, 6, 3}, 4, ACTIVATION_RELU), 0);
    CU_ASSERT_EQUAL(difference((const size_t[]){8, 6, 5, 3}, 4, ACTIVATION_RELU), 0);
    CU_ASSERT_EQUAL(difference((const size_t[]){8, 5, 7, 3}, 4, ACTIVATION_RELU), 1);
    CU_ASSERT_EQUAL(difference((const size_t[]){8, 5, 6, 4}, 4, ACTIVATION_RELU), 2);
    CU_ASSERT_EQUAL(difference((const size_t[]){8, 5, 6}, 3, ACTIVATION_RELU), 1);
    CU_ASSERT_EQUAL(difference((const size_t[]){8, 5, 6, 3, 3}, 5, ACTIVATION_RELU), 2);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(each_layer_s_derivatives_are_those_of_central_differences),
        UNIT(the_losses_derivatives_are_those_of_central_differences),
        UNIT(the_whole_network_s_gradient_is_that_of_central_differences),
        UNIT(the_network_in_float_is_near_the_reference_in_double),
        UNIT(parameters_are_drawn_within_bounds_and_element_by_element),
        UNIT(the_digest_is_over_rows),
        UNIT(the_first_layer_that_differs_is_found),
        UNIT(slices_are_a_partition_of_each_layer),
        UNIT(cosine_needs_no_libm),
        UNIT(schedules_follow_their_formulas),
    };
    return UNIT_RUN("network", tests);
}
