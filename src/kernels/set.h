/* The functions of one kernel set, as its sources name them: see kernels.h for what they do. */
#ifndef LOCKSTEP_KERNELS_SET_H
#define LOCKSTEP_KERNELS_SET_H

#include "kernels/kernels.h"
#include "kernels/simd.h"

void KERNEL(forward)(size_t n, size_t in, size_t out, size_t panel, size_t panel_end, const float *x, const float *w,
                     Activation activation, float *y);
void KERNEL(backward_data)(size_t n, size_t in, size_t out, const float *e, const float *w, const float *x,
                           Activation activation, float *dx, float *scratch);
void KERNEL(forward_nonzeros)(size_t items, const ForwardItem *item, size_t out, size_t panel, size_t panel_end,
                              const float *w, Activation activation);
bool KERNEL(backward_weight)(const WeightGradient *gradient);
void KERNEL(multiply_bf16)(const Bf16Product *product);
void KERNEL(forward_bf16)(Bf16Multiply *multiply, size_t n, size_t in, size_t out, size_t panel, size_t panel_end,
                          const Bf16 *x, const float *w, const Bf16 *copy, Activation activation, float *y);
void KERNEL(backward_data_bf16)(Bf16Multiply *multiply, size_t n, size_t in, size_t out, const Bf16 *e,
                                const Bf16 *transpose, const float *x, Activation activation, float *dx);
void KERNEL(round_rows)(size_t n, size_t columns, const float *x, Bf16 *rounded);
void KERNEL(round_weights)(size_t in, size_t out, size_t begin, size_t end, const float *w, Bf16 *copy,
                           Bf16 *transpose);
void KERNEL(lay_inputs)(size_t count, size_t columns, const Bf16 *rows, Bf16 *blocks);
void KERNEL(lay_errors)(size_t count, size_t columns, const float *e, Bf16 *blocks);
void KERNEL(nonzeros_add_uint8)(Nonzeros *nonzeros, size_t count, const uint8_t *const *row, const float table[256]);
void KERNEL(nonzeros_add)(Nonzeros *nonzeros, size_t count, const float *x);
void KERNEL(nonzeros_end)(Nonzeros *nonzeros, const float table[256]);
void KERNEL(softmax_cross_entropy)(size_t n, size_t classes, const uint32_t *label, bool gradient, float *z,
                                   float *loss);
bool KERNEL(sgd)(size_t count, const SgdStep *step, const float *gradient, float *w, float *v);
void KERNEL(add)(size_t count, const float *a, const float *b, float *sum);
void KERNEL(expand)(size_t features, size_t width, const float table[256], const uint8_t *in, float *x);
size_t KERNEL(spin)(size_t rounds, float *sink);
void KERNEL(scan)(size_t count, const float *x, float *sink);

/* Within the set: y (n,columns) = activation(y), where that is not done with the product (tanh, sigmoid); e *=
 * activation'(y), of count floats; the bias's row of a weight gradient; backward_weight of items with nonzeros, and of
 * bf16. */
void KERNEL(activate)(size_t n, size_t columns, size_t leading, Activation activation, float *y);
void KERNEL(activation_backward)(size_t count, const float *y, Activation activation, float *e);
void KERNEL(bias_gradient)(const WeightGradient *gradient, Vec *bad);
bool KERNEL(backward_weight_nonzeros)(const WeightGradient *gradient);
bool KERNEL(backward_weight_bf16)(const WeightGradient *gradient);

#endif
