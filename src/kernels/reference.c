#include "kernels/reference.h"

#if defined(REFERENCE_DOUBLE)

#include <math.h>
typedef double Real;
#define REFERENCE(name) reference_##name##_f64
#define FMA             fma
#define EXP             exp
#define LOG             log
#define TANH            tanh
static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}
#define SIGMOID sigmoid

#else

#include "kernels/elementary.h"
typedef float Real;
#define REFERENCE(name) reference_##name##_f32
#define FMA             fma_f32
#define EXP             exp_f32
#define LOG             log_f32
#define TANH            tanh_f32
#define SIGMOID         sigmoid_f32

#endif

static Real activate(Activation activation, Real z)
{
    switch (activation) {
        case ACTIVATION_RELU: return z < 0 ? 0 : z;
        case ACTIVATION_TANH: return TANH(z);
        case ACTIVATION_SIGMOID: return SIGMOID(z);
        case ACTIVATION_NONE: break;
    }
    return z;
}

void REFERENCE(forward)(size_t n, size_t in, size_t out, const Real *x, const Real *w, const Real *b,
                        Activation activation, Real *y)
{
    for (size_t s = 0; s < n; s++)
        for (size_t j = 0; j < out; j++) {
            Real sum = 0;
            for (size_t k = 0; k < in; k++) sum = FMA(x[s * in + k], w[k * out + j], sum);
            y[s * out + j] = activate(activation, (sum + 0) + b[j]);
        }
}

void REFERENCE(backward_data)(size_t n, size_t in, size_t out, const Real *e, const Real *w, Real *dx)
{
    for (size_t s = 0; s < n; s++)
        for (size_t k = 0; k < in; k++) {
            Real sum = 0;
            for (size_t j = 0; j < out; j++) sum = FMA(w[k * out + j], e[s * out + j], sum);
            dx[s * in + k] = sum + 0;
        }
}

void REFERENCE(backward_weight)(size_t n, size_t in, size_t out, const Real *x, const Real *e, Real *dw, Real *db)
{
    for (size_t j = 0; j < out; j++) {
        for (size_t k = 0; k < in; k++) {
            Real sum = 0;
            for (size_t s = 0; s < n; s++) sum = FMA(x[s * in + k], e[s * out + j], sum);
            dw[k * out + j] = sum + 0;
        }
        Real sum = 0;
        for (size_t s = 0; s < n; s++) sum = sum + e[s * out + j];
        db[j] = sum + 0;
    }
}

void REFERENCE(activation_backward)(size_t count, const Real *y, Activation activation, Real *e)
{
    for (size_t i = 0; i < count; i++) switch (activation) {
            case ACTIVATION_NONE: break;
            case ACTIVATION_RELU: e[i] = y[i] > 0 ? e[i] : 0; break;
            case ACTIVATION_TANH: e[i] *= FMA(-y[i], y[i], 1); break;
            case ACTIVATION_SIGMOID: e[i] *= y[i] * (1 - y[i]); break;
        }
}

void REFERENCE(softmax)(size_t n, size_t c, const Real *z, Real *p)
{
    for (size_t s = 0; s < n; s++, z += c, p += c) {
        Real maximum = z[0], sum = 0;
        for (size_t j = 1; j < c; j++) maximum = z[j] > maximum ? z[j] : maximum;
        for (size_t j = 0; j < c; j++) sum += p[j] = EXP(z[j] - maximum);
        for (size_t j = 0; j < c; j++) p[j] /= sum;
    }
}

void REFERENCE(softmax_backward)(size_t n, size_t c, const Real *p, const Real *e, Real *dz)
{
    for (size_t s = 0; s < n; s++, p += c, e += c, dz += c) {
        Real dot = 0;
        for (size_t j = 0; j < c; j++) dot = FMA(e[j], p[j], dot);
        for (size_t j = 0; j < c; j++) dz[j] = p[j] * (e[j] - dot);
    }
}

void REFERENCE(cross_entropy)(size_t n, size_t c, const Real *p, const uint32_t *label, Real *loss, Real *e)
{
    for (size_t s = 0; s < n; s++) {
        for (size_t j = 0; j < c; j++) e[s * c + j] = j == label[s] ? -1 / p[s * c + j] : 0;
        loss[s] = -LOG(p[s * c + label[s]]);
    }
}

void REFERENCE(softmax_cross_entropy)(size_t n, size_t c, const Real *z, const uint32_t *label, Real *dz, Real *loss)
{
    REFERENCE(softmax)(n, c, z, dz);
    for (size_t s = 0; s < n; s++, z += c, dz += c) {
        Real maximum = z[0], sum = 0;
        for (size_t j = 1; j < c; j++) maximum = z[j] > maximum ? z[j] : maximum;
        for (size_t j = 0; j < c; j++) sum += EXP(z[j] - maximum);
        loss[s] = LOG(sum) - (z[label[s]] - maximum);
        dz[label[s]] -= 1;
    }
}

void REFERENCE(sgd)(size_t count, Real rate, Real momentum, Real decay, int nesterov, Real inverse,
                    const Real *gradient, Real *w, Real *v)
{
    for (size_t i = 0; i < count; i++) {
        Real g = gradient[i] * inverse;
        if (decay != 0) g = FMA(decay, w[i], g);
        if (v) {
            v[i] = FMA(momentum, v[i], g);
            g = nesterov ? FMA(momentum, v[i], g) : v[i];
        }
        w[i] = FMA(-rate, g, w[i]);
    }
}
