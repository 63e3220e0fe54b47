/* Where a block of a weight gradient goes: into memory, or at once into the parameters. */
#ifndef LOCKSTEP_KERNELS_GRADIENT_H
#define LOCKSTEP_KERNELS_GRADIENT_H

#include "kernels/kernels.h"
#include "kernels/set.h"
#include "kernels/update.h"

enum { PANEL_VECS = PANEL / LANES };

/* Where vector i of columns is, if the first, of the first panel, is `at`. next: floats from one panel to the next. */
ALWAYS_INLINE size_t panel_vec(size_t at, int i, size_t next)
{
    return at + (size_t)(i / PANEL_VECS) * next + (size_t)(i % PANEL_VECS * LANES);
}

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

/* What becomes of one vector. */
typedef enum { PUT_SUM, PUT_PLAIN_UPDATE, PUT_UPDATE } Put;

ALWAYS_INLINE void put_vec(const Put put, const Update *u, Vec sum, float *to, float *v, Vec *bad)
{
    if (put == PUT_SUM)
        vec_store(to, vec_closed(sum));
    else if (put == PUT_PLAIN_UPDATE)
        update_vec(u, false, false, false, vec_closed(sum), to, NULL, bad);
    else
        update_vec(u, u->decays, v != NULL, u->nesterov, vec_closed(sum), to, v, bad);
}

/* put is a constant at every call, so that the two frequent forms have no branches between vectors; rows <= most. */
ALWAYS_INLINE void put_rows(const Put put, Target *t, size_t output, size_t rows, const int most, const int vecs,
                            size_t at, const Vec *sum)
{
    float *const to = put == PUT_SUM ? t->sum[output] : t->w, *const velocity = t->v;
    const size_t next = t->next;
    const Update u = t->update;
    Vec bad = t->bad; /* in a register: in memory the next vector would wait for it */
#pragma GCC unroll 16
    for (int k = 0; k < most; k++) {
        if ((size_t)k >= rows) break;
#pragma GCC unroll 8
        for (int i = 0; i < vecs; i++) {
            const size_t here = panel_vec(at + (size_t)k * PANEL, i, next);
            put_vec(put, &u, sum[k * vecs + i], to + here, velocity ? velocity + here : NULL, &bad);
        }
    }
    t->bad = bad;
}

/* Takes a block of a fold's output, (rows, vecs) vectors whose chains are not closed yet; its first element is `at` of
 * its first panel, and the vectors of a row go on in the next panels. updates: whether there is no sum; it, most and
 * vecs are constants at every call. See Kernels.backward_weight. */
ALWAYS_INLINE void target_put(Target *t, const bool updates, size_t output, size_t rows, const int most, const int vecs,
                              size_t at, const Vec *sum)
{
    if (!updates)
        put_rows(PUT_SUM, t, output, rows, most, vecs, at, sum);
    else if (t->plain)
        put_rows(PUT_PLAIN_UPDATE, t, output, rows, most, vecs, at, sum);
    else
        put_rows(PUT_UPDATE, t, output, rows, most, vecs, at, sum);
}

/* The first row past those that are features': what is asked for beyond it is the bias. */
static inline size_t feature_rows_end(const WeightGradient *g)
{
    return g->row_end < g->in ? g->row_end : g->in;
}

/* After the features' rows: the bias, if it is asked for. Returns what backward_weight does. */
ALWAYS_INLINE bool gradient_end(const WeightGradient *g, Target *t)
{
    if (g->row_end > g->in) KERNEL(bias_gradient)(g, &t->bad);
    return update_is_bad(t->bad);
}

#endif
