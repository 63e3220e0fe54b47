/* Networks of which some layers multiply in bf16, against the plain reference, bit for bit. */
#include "bf16_case.h"
#include "float_network.h"

enum { N = 40, IN = 45, LABELS = 5, LAYERS = 4, MOST = 4096 };
static const size_t hidden[LAYERS - 1] = {50, 35, 12};

typedef struct {
    FloatCase f;
    float x[N * IN], w[LAYERS][MOST], y[LAYERS][MOST], e[LAYERS][MOST], dw[LAYERS][MOST];
    uint32_t label[N];
} Case;

static void open_case(Case *c, const Kernels *kernels, Stream *stream)
{
    Network *network = &c->f.network;
    CU_ASSERT_EQUAL_FATAL(network_init(network, IN, hidden, LAYERS - 1, LABELS, ACTIVATION_TANH), STATUS_OK);
    network_set_bf16(network);
    open_float(&c->f, N, 1);
    network_draw(network, kernels, INIT_UNIFORM, 3, c->f.parameter);
    for (size_t t = 0, at; t < network_tensors(network); t++)
        for (at = 0; at < network_tensor_size(network, t); at++)
            c->w[t / 2][(t % 2 ? network->layer[t / 2].in * network->layer[t / 2].out : 0) + at] =
                c->f.parameter[network_tensor_index(network, t, at)];
    for (size_t i = 0; i < N * IN; i++) c->x[i] = c->f.x[i / IN * kernel_leading(IN) + i % IN] = awkward(stream);
    for (size_t s = 0; s < N; s++) c->label[s] = stream_below(stream, LABELS);
}

/* The reference's pass: outputs, errors, gradients. */
static void expect(Case *c)
{
    for (size_t i = 0; i < LAYERS; i++) {
        const Layer *l = &c->f.network.layer[i];
        const float *x = i ? c->y[i - 1] : c->x, *w = c->w[i], *bias = w + l->in * l->out;
        float z[MOST];
        if (l->bf16) {
            reference_product(N, l->in, l->out, x, w, z);
            for (size_t k = 0; k < N * l->out; k++) z[k] += bias[k % l->out];
            reference_forward_f32(1, 0, N * l->out, NULL, NULL, z, l->activation, c->y[i]);
        } else
            reference_forward_f32(N, l->in, l->out, x, w, bias, l->activation, c->y[i]);
    }
    float loss[N], transposed[MOST];
    reference_softmax_cross_entropy_f32(N, LABELS, c->y[LAYERS - 1], c->label, c->e[LAYERS - 1], loss);
    for (size_t i = LAYERS; i-- > 0;) {
        const Layer *l = &c->f.network.layer[i];
        const float *x = i ? c->y[i - 1] : c->x;
        reference_backward_weight_f32(N, l->in, l->out, x, c->e[i], c->dw[i], c->dw[i] + l->in * l->out);
        transpose_plain(N, l->in, x, transposed);
        if (l->bf16) reference_product(l->in, N, l->out, transposed, c->e[i], c->dw[i]);
        if (i == 0) break;
        reference_backward_data_f32(N, l->in, l->out, c->e[i], c->w[i], c->e[i - 1]);
        transpose_plain(l->in, l->out, c->w[i], transposed);
        if (l->bf16) reference_product(N, l->out, l->in, c->e[i], transposed, c->e[i - 1]);
        reference_activation_backward_f32(N * l->in, c->y[i - 1], ACTIVATION_TANH, c->e[i - 1]);
    }
}

static bool same_gradient(const Case *c, size_t layer)
{
    const Layer *l = &c->f.network.layer[layer];
    for (size_t k = 0; k <= l->in; k++)
        for (size_t j = 0; j < l->out; j++)
            if (!same_float(c->dw[layer][k * l->out + j],
                            c->f.gradient[network_weight_index(&c->f.network, layer, k, j)]))
                return false;
    return true;
}

/* The copies after an update within the gradient are those that are made of the new weights. */
static void check_update(Case *c, const Kernels *kernels, const Share *share)
{
    const Network *network = &c->f.network;
    const SgdStep step = {.rate = 0.1f, .inverse_samples = 1.0f / N};
    const size_t bytes = network->copies * sizeof(Bf16);
    for (size_t i = 0; i < LAYERS; i++) {
        WeightGradient target = network_update(network, i, &step, c->f.parameter, NULL);
        network_whole(network, i, &target);
        CU_ASSERT_FALSE(network_gradient(network, kernels, i, &c->f.fold, share, &target));
    }
    Bf16 *copies = halves_new(network->copies);
    memcpy(copies, network_copies(network, c->f.parameter), bytes);
    network_round(network, kernels, c->f.parameter, 0, network->floats);
    CU_ASSERT_EQUAL(memcmp(copies, network_copies(network, c->f.parameter), bytes), 0);
    free(copies);
}

static void check_network(const Kernels *kernels)
{
    static Case c;
    Stream stream;
    c = (Case){.x = {0}};
    stream_init(&stream, 8, PURPOSE_SYNTHESIS, 0, 0);
    open_case(&c, kernels, &stream);
    expect(&c);
    Bf16 *rows = round_batch(kernels, N, IN, c.f.x);
    const BatchInput input = {.n = N, .rounded = rows};
    const Share share = {&input, &c.f.workspace, 0, N};
    network_forward(&c.f.network, kernels, c.f.parameter, &input, &c.f.workspace);
    for (size_t i = 0; i < LAYERS; i++)
        CU_ASSERT(same_batch(N, c.f.network.layer[i].out, c.y[i], c.f.workspace.output[i]));
    network_errors(&c.f.network, kernels, c.f.parameter, N, c.label, &c.f.workspace);
    network_lay(&c.f.network, kernels, 1, &share);
    for (size_t i = 0; i < LAYERS; i++) {
        float *sum = c.f.gradient + c.f.network.layer[i].offset;
        WeightGradient target = {.sum = &sum};
        network_whole(&c.f.network, i, &target);
        network_gradient(&c.f.network, kernels, i, &c.f.fold, &share, &target);
        CU_ASSERT(same_batch(N, c.f.network.layer[i].out, c.e[i], c.f.workspace.error[i]));
        CU_ASSERT(same_gradient(&c, i));
    }
    check_update(&c, kernels, &share);
    free(rows);
    close_float(&c.f);
}

static void a_step_equals_the_reference_in_every_bit(void)
{
    for (const Kernels *const *set = kernels_all(); *set; set++) check_network(*set);
}

/* And so by shape alone. */
static void layers_of_32_inputs_and_outputs_are_bf16(void)
{
    static const size_t outs[] = {32, 32, 31};
    Network network;
    CU_ASSERT_EQUAL_FATAL(network_init(&network, 31, outs, 3, 100, ACTIVATION_RELU), STATUS_OK);
    CU_ASSERT_EQUAL(network_vector(&network), network.floats);
    network_set_bf16(&network);
    for (size_t i = 0; i < 4; i++) CU_ASSERT_EQUAL(network.layer[i].bf16, i == 1);
    CU_ASSERT_EQUAL(network.copies, 2 * bf16_weights(32, 32));
    CU_ASSERT_EQUAL(network_vector(&network), network.floats + network.copies / 2);
}

/* In padding too: products read that. */
static void every_flipped_bit_of_a_copy_is_seen(void)
{
    static Case c;
    Stream stream;
    stream_init(&stream, 9, PURPOSE_SYNTHESIS, 0, 0);
    open_case(&c, kernels_all()[0], &stream);
    const Network *network = &c.f.network;
    Bf16 *copies = network_copies(network, c.f.parameter);
    CU_ASSERT_EQUAL(network_wrong_copy(network, kernels_all()[0], c.f.parameter), LAYERS);
    size_t seen = 0;
    for (size_t i = 0; i < network->copies; i++) {
        const Bf16 bit = (Bf16)(1 << stream_below(&stream, 16));
        copies[i] ^= bit;
        seen += network_wrong_copy(network, kernels_all()[0], c.f.parameter) == (i >= network->layer[1].copy);
        copies[i] ^= bit;
    }
    CU_ASSERT_EQUAL(seen, network->copies);
    close_float(&c.f);
}

static size_t multiplied; /* blocks */

static void count_block(const Bf16Product *product)
{
    memset(product->out, 0, BF16_BLOCK * sizeof *product->out);
    multiplied++;
}

/* The blocks that each of so many parts of a layer's gradient multiplies: all together those of the whole, and none
 * more than it must. */
static void check_shares(const FloatCase *f, const Kernels *counting, size_t layer, const Share *share, size_t parts)
{
    const Layer *l = &f->network.layer[layer];
    const size_t in_panel = kernel_panels(l->in), panels = kernel_panels(l->out);
    size_t sum = 0, largest = 0;
    for (size_t part = 0; part < parts; part++) {
        float *gradient = f->gradient + l->offset;
        WeightGradient target = {.sum = &gradient};
        multiplied = 0;
        for (size_t piece = 0; network_slice(&f->network, layer, parts, part, piece, &target); piece++)
            network_gradient(&f->network, counting, layer, &f->fold, share, &target);
        sum += multiplied;
        largest = multiplied > largest ? multiplied : largest;
    }
    CU_ASSERT_EQUAL(sum, panels * in_panel);
    CU_ASSERT(largest <=
              (panels < parts ? (panels * in_panel + parts - 1) / parts : (panels + parts - 1) / parts * in_panel));
}

static void no_block_of_a_gradient_is_computed_by_two_ranks(void)
{
    static const size_t outs[] = {160, 33};
    static const BatchInput input = {.n = 1};
    FloatCase f;
    CU_ASSERT_EQUAL_FATAL(network_init(&f.network, 100, outs, 2, LABELS, ACTIVATION_RELU), STATUS_OK);
    network_set_bf16(&f.network);
    open_float(&f, 1, 1);
    Kernels counting = *kernels_all()[0];
    counting.multiply_bf16 = count_block;
    const Share share = {&input, &f.workspace, 0, 1};
    for (size_t parts = 1; parts <= 40; parts++)
        for (size_t layer = 0; layer < 2; layer++) check_shares(&f, &counting, layer, &share, parts);
    close_float(&f);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(a_step_equals_the_reference_in_every_bit),
        UNIT(layers_of_32_inputs_and_outputs_are_bf16),
        UNIT(every_flipped_bit_of_a_copy_is_seen),
        UNIT(no_block_of_a_gradient_is_computed_by_two_ranks),
    };
    return UNIT_RUN("network_bf16", tests);
}
