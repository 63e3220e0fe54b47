/* The update, of one vector of parameters: used on whole gradients and within the weight gradient's tiles. */
#ifndef LOCKSTEP_KERNELS_UPDATE_H
#define LOCKSTEP_KERNELS_UPDATE_H

#include "kernels/kernels.h"
#include "kernels/simd.h"

/* A step's numbers, in all lanes. */
typedef struct {
    Vec inverse, minus_rate, weight_decay, momentum;
    bool decays, nesterov;
} Update;

static inline Update update_of(const SgdStep *step)
{
    return (Update){.inverse = vec_set1(step->inverse_samples),
                    .minus_rate = vec_set1(-step->rate),
                    .weight_decay = vec_set1(step->weight_decay),
                    .momentum = vec_set1(step->momentum),
                    .decays = step->weight_decay != 0.0f,
                    .nesterov = step->nesterov};
}

/* w, v: LANES floats each; gradient: G; see Kernels.sgd. decays, momentum and nesterov are constants where speed
 * counts. *bad, 0 at first, is NaN once a new w was not finite. */
ALWAYS_INLINE void update_vec(const Update *u, const bool decays, const bool momentum, const bool nesterov,
                              Vec gradient, float *w, float *v, Vec *bad)
{
    Vec g = vec_mul(gradient, u->inverse);
    const Vec before = vec_load(w);
    if (decays) g = vec_fma(u->weight_decay, before, g);
    if (momentum) {
        const Vec velocity = vec_fma(u->momentum, vec_load(v), g);
        vec_store(v, velocity);
        g = nesterov ? vec_fma(u->momentum, velocity, g) : velocity;
    }
    const Vec after = vec_fma(u->minus_rate, g, before);
    vec_store(w, after);
    *bad = vec_or(*bad, vec_sub(after, after)); /* infinity less infinity is NaN */
}

/* Is a lane of bad NaN? */
static inline bool update_is_bad(Vec bad)
{
    bool nan = false;
    for (int i = 0; i < LANES; i++) nan = nan || bad[i] != bad[i];
    return nan;
}

#endif
