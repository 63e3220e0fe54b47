/* The functions of one kernel set, as its sources name them: see kernels.h for what they do. */
#ifndef LOCKSTEP_KERNELS_SET_H
#define LOCKSTEP_KERNELS_SET_H

#include "kernels/kernels.h"
#include "kernels/simd.h"

void KERNEL(forward)(size_t n, size_t in, size_t out, const float *x, const float *w, Activation activation, float *y);
void KERNEL(backward_data)(size_t n, size_t in, size_t out, const float *e, const float *w, const float *x,
                           Activation activation, float *dx, float *scratch);
void KERNEL(backward_weight)(size_t in, size_t out, const float *x, const float *e, const Fold *fold,
                             const size_t *first_row, float *const *dw);
void KERNEL(softmax_cross_entropy)(size_t n, size_t classes, const uint32_t *label, bool gradient, float *z,
                                   float *loss);
bool KERNEL(sgd)(size_t count, const SgdStep *step, const float *gradient, float *w, float *v);
void KERNEL(add)(size_t count, const float *a, const float *b, float *sum);
void KERNEL(expand)(size_t count, const float table[256], const uint8_t *in, float *out);

/* Within the set: y (n,out) = activation(y + bias), bias the last row of the panels; and e *= activation'(y), of count
 * floats. */
void KERNEL(bias_activation)(size_t n, size_t in, size_t out, const float *w, Activation activation, float *y);
void KERNEL(activation_backward)(size_t count, const float *y, Activation activation, float *e);

#endif
