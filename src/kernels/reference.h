/* The same arithmetic in plain loops, for tests: weights (in,out) row-major, batches without padding, in float with the
 * kernels' own order of operations and bits, or in double (where exp, log and tanh are libm's) for derivatives against
 * finite differences. reference.c is compiled once for each; suffix _f32 or _f64. Also the separate backward forms of
 * softmax and of cross-entropy that the fused kernel is tested against. */
#ifndef LOCKSTEP_KERNELS_REFERENCE_H
#define LOCKSTEP_KERNELS_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): Real is a type. */
#define REFERENCE_DECLARE(Real, suffix)                                                                               \
    /* y (n,out) = activation(x (n,in) w (in,out) + b (out)) */                                                       \
    void reference_forward_##suffix(size_t n, size_t in, size_t out, const Real *x, const Real *w, const Real *b,     \
                                    Activation activation, Real *y);                                                  \
    /* dx (n,in) = e (n,out) w^T */                                                                                   \
    void reference_backward_data_##suffix(size_t n, size_t in, size_t out, const Real *e, const Real *w, Real *dx);   \
    /* dw (in,out) = x^T e, db (out) = the column sums of e */                                                        \
    void reference_backward_weight_##suffix(size_t n, size_t in, size_t out, const Real *x, const Real *e, Real *dw,  \
                                            Real *db);                                                                \
    /* e (count) *= activation'(y), y the activation's output */                                                      \
    void reference_activation_backward_##suffix(size_t count, const Real *y, Activation activation, Real *e);         \
    /* p (n,c) = softmax(z) */                                                                                        \
    void reference_softmax_##suffix(size_t n, size_t c, const Real *z, Real *p);                                      \
    /* dz = p (e - sum_i e_i p_i): the derivative through softmax of an error e (n,c) in p */                         \
    void reference_softmax_backward_##suffix(size_t n, size_t c, const Real *p, const Real *e, Real *dz);             \
    /* loss (n) = -sum_i onehot_i log p_i; e (n,c) = -onehot / p */                                                   \
    void reference_cross_entropy_##suffix(size_t n, size_t c, const Real *p, const uint32_t *label, Real *loss,       \
                                          Real *e);                                                                   \
    /* the fused form: dz = softmax(z) - onehot, loss = log sum exp(z - max) - (z_label - max) */                     \
    void reference_softmax_cross_entropy_##suffix(size_t n, size_t c, const Real *z, const uint32_t *label, Real *dz, \
                                                  Real *loss);                                                        \
    /* one update of count parameters; step's numbers, v NULL without momentum */                                     \
    void reference_sgd_##suffix(size_t count, Real rate, Real momentum, Real decay, int nesterov, Real inverse,       \
                                const Real *gradient, Real *w, Real *v);
/* NOLINTEND(bugprone-macro-parentheses) */

/* x rounded to bf16, from its definition: the nearer of two neighbours (bf16.h). */
Bf16 reference_round_bf16(float x);

/* x of bf16 in float. */
float reference_widen_bf16(Bf16 x);

/* c (m,n) += a (m,PANEL) b (PANEL,n), as one instruction does it. */
void reference_add_block_bf16(size_t m, size_t n, const Bf16 *a, const Bf16 *b, float *c);

/* c = a (m,inner) b (inner,n), rounded already, in the arithmetic of bf16.h; not closed. */
void reference_multiply_bf16(size_t m, size_t inner, size_t n, const Bf16 *a, const Bf16 *b, float *c);

REFERENCE_DECLARE(float, f32)
REFERENCE_DECLARE(double, f64)

#endif
