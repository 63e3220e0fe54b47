/* Everything that is not a product: activations, the loss, the update. Loops that the compiler vectorises; each element
 * is computed alone, so that no vector width can change it. */
#include "kernels/elementary.h"
#include "kernels/set.h"
#include "kernels/update.h"

#define FOR_ELEMENTS(expression)                \
    for (size_t s = 0; s < n; s++)              \
        for (size_t j = 0; j < columns; j++) {  \
            const float z = y[s * leading + j]; \
            y[s * leading + j] = (expression);  \
        }

void KERNEL(activate)(size_t n, size_t columns, size_t leading, Activation activation, float *y)
{
    if (activation == ACTIVATION_TANH) FOR_ELEMENTS(tanh_f32(z))
    if (activation == ACTIVATION_SIGMOID) FOR_ELEMENTS(sigmoid_f32(z))
}

void KERNEL(activation_backward)(size_t count, const float *restrict y, Activation activation, float *restrict e)
{
    switch (activation) {
        case ACTIVATION_NONE: break;
        case ACTIVATION_RELU:
            for (size_t i = 0; i < count; i++) e[i] = y[i] > 0.0f ? e[i] : 0.0f;
            break;
        case ACTIVATION_TANH:
            for (size_t i = 0; i < count; i++) e[i] *= fma_f32(-y[i], y[i], 1.0f);
            break;
        case ACTIVATION_SIGMOID:
            for (size_t i = 0; i < count; i++) e[i] *= y[i] * (1.0f - y[i]);
            break;
    }
}

void KERNEL(softmax_cross_entropy)(size_t n, size_t classes, const uint32_t *label, bool gradient, float *z,
                                   float *loss)
{
    for (size_t s = 0; s < n; s++) {
        float *row = z + s * kernel_leading(classes);
        float maximum = row[0];
        for (size_t j = 1; j < classes; j++) maximum = row[j] > maximum ? row[j] : maximum;
        const float at_label = row[label[s]] - maximum;
        for (size_t j = 0; j < classes; j++) row[j] = exp_f32(row[j] - maximum);
        float sum = 0.0f;
        for (size_t j = 0; j < classes; j++) sum += row[j];
        for (size_t j = 0; j < classes; j++) row[j] /= sum;
        if (gradient) row[label[s]] -= 1.0f;
        loss[s] = log_f32(sum) - at_label;
    }
}

/* The flags are constants at every call, so that each combination is a loop of its own. */
ALWAYS_INLINE bool sgd_loop(size_t count, const SgdStep *step, const bool decay, const bool momentum,
                            const bool nesterov, const float *gradient, float *w, float *v)
{
    const Update update = update_of(step);
    Vec bad = vec_set1(0.0f);
    for (size_t i = 0; i < count; i += LANES)
        update_vec(&update, decay, momentum, nesterov, vec_load(gradient + i), w + i, momentum ? v + i : NULL, &bad);
    return update_is_bad(bad);
}

bool KERNEL(sgd)(size_t count, const SgdStep *step, const float *gradient, float *w, float *v)
{
    const bool decay = step->weight_decay != 0.0f;
    if (!v)
        return decay ? sgd_loop(count, step, true, false, false, gradient, w, NULL)
                     : sgd_loop(count, step, false, false, false, gradient, w, NULL);
    if (step->nesterov)
        return decay ? sgd_loop(count, step, true, true, true, gradient, w, v)
                     : sgd_loop(count, step, false, true, true, gradient, w, v);
    return decay ? sgd_loop(count, step, true, true, false, gradient, w, v)
                 : sgd_loop(count, step, false, true, false, gradient, w, v);
}

void KERNEL(add)(size_t count, const float *a, const float *b, float *sum)
{
    for (size_t i = 0; i < count; i++) sum[i] = a[i] + b[i];
}

void KERNEL(expand)(size_t features, size_t width, const float table[256], const uint8_t *restrict in,
                    float *restrict x)
{
    if (width == 0) {
        for (size_t i = 0; i < features; i++) x[i] = table[in[i]];
        return;
    }
    for (size_t first = 0; first < features; first += 2 * width)
        for (size_t i = 0; i < width; i += 2) {
            const uint8_t *above = in + first + i, *below = above + width;
            float *patch = x + first + 2 * i;
            patch[0] = table[above[0]];
            patch[1] = table[above[1]];
            patch[2] = table[below[0]];
            patch[3] = table[below[1]];
        }
}
