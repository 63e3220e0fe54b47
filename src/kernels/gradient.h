/* Where a block of a weight gradient goes: into memory, or at once into the parameters. */
#ifndef LOCKSTEP_KERNELS_GRADIENT_H
#define LOCKSTEP_KERNELS_GRADIENT_H

#include "kernels/kernels.h"
#include "kernels/update.h"

enum { PANEL_VECS = PANEL / LANES };

/* What a kernel keeps of a WeightGradient while it goes from block to block. */
typedef struct {
    float *const *sum;
    float *w, *v;
    size_t next; /* floats from one panel to the next */
    Update update;
    bool plain; /* neither weight decay nor momentum */
    Vec bad;
} Target;

static inline Target target_of(const WeightGradient *g)
{
    Target t = {.sum = g->sum, .w = g->w, .v = g->v, .next = PANEL * (g->in + 1), .bad = vec_set1(0.0f)};
    if (!g->sum) t.update = update_of(g->step);
    t.plain = !t.update.decays && !g->v;
    return t;
}

/* Takes `vecs` vectors of a fold's output, chains not closed yet: the elements at `at` of its first panel, and so on
 * through the next panels. updates: whether there is no sum, a constant at every call. See Kernels.backward_weight. */
ALWAYS_INLINE void target_put(Target *t, const bool updates, size_t output, const int vecs, size_t at, const Vec *sum)
{
    Vec bad = vec_set1(0.0f);
    /* In registers, not in memory: there the next vector would wait for what this one stores. */
    float *const to = updates ? t->w : t->sum[output], *const v = t->v;
    const size_t next = t->next;
    const bool plain = t->plain;
    const Update u = t->update;
#pragma GCC unroll 8
    for (int i = 0; i < vecs; i++) {
        const size_t here = at + (size_t)(i / PANEL_VECS) * next + (size_t)(i % PANEL_VECS * LANES);
        if (!updates)
            vec_store(to + here, vec_closed(sum[i]));
        else if (plain)
            update_vec(&u, false, false, false, vec_closed(sum[i]), to + here, NULL, &bad);
        else
            update_vec(&u, u.decays, v != NULL, u.nesterov, vec_closed(sum[i]), to + here, v ? v + here : NULL, &bad);
    }
    if (updates) t->bad = vec_or(t->bad, bad);
}

#endif
