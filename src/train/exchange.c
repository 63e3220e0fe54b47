#include "train/exchange.h"

#include <assert.h>
#include <string.h>

#include "base/fault.h"
#include "train/trainer.h"

Inputs *exchange_inputs(Trainer *t)
{
    return &t->exchange.operand[t->exchange.mine].inputs[t->step % 2];
}

/* Whose samples are where, of all ranks whose operands are seen: the shares follow from the order's formula, so that
 * nobody needs to tell them. */
static void find_shares(Trainer *t, uint32_t begin, uint32_t end)
{
    Exchange *x = &t->exchange;
    const size_t ranks = (size_t)comm_size(t->comm);
    size_t rank = x->kind == EXCHANGE_GRADIENT ? (size_t)comm_rank(t->comm) : 0, item = 0;
    for (size_t i = 0; i < x->operands; i++, rank++) {
        Operand *operand = &x->operand[i];
        BatchInput *input = &operand->inputs[t->step % 2].input;
        const size_t first = fold_run_begin(t->shards, ranks, rank), last = fold_run_begin(t->shards, ranks, rank + 1);
        size_t row = 0;
        for (size_t s = first; s < last; s++) {
            const size_t count = shard_share(end, t->shards, s) - shard_share(begin, t->shards, s);
            x->share[item++] = (Share){input, &operand->workspace, row, row + count};
            row += count;
        }
        input->n = row;
    }
}

/* This rank's columns of the first layer's output, for everybody's samples. */
static void forward_split(Trainer *t)
{
    Exchange *x = &t->exchange;
    WeightGradient slice;
    const bool columns = network_slice(&t->network, 0, x->operands, x->mine, 0, &slice);
    assert(columns && slice.row == 0 && slice.row_end == t->network.layer[0].in + 1);
    for (size_t i = 0; i < x->operands; i++)
        x->pass[i] = (Pass){&x->operand[i].inputs[t->step % 2].input, &x->operand[i].workspace};
    network_forward_first(&t->network, t->kernels, t->parameter, slice.panel, slice.panel_end, x->operands, x->pass);
}

/* Of this rank's shards. */
static const Share *own_shares(const Trainer *t)
{
    return t->exchange.share + (t->exchange.kind == EXCHANGE_GRADIENT ? 0 : t->first_shard);
}

void exchange_gradient(Trainer *t, const Fold *fold, float *const *gradient)
{
    for (size_t i = 0; i < t->network.layers; i++) {
        float *sum[FOLD_MAX_SHARDS];
        WeightGradient target = {.sum = sum};
        for (size_t o = 0; o < fold->outputs; o++) sum[o] = gradient[o] + t->network.layer[i].offset;
        network_whole(&t->network, i, &target);
        network_gradient(&t->network, t->kernels, i, fold, own_shares(t), &target);
    }
}

void exchange_compute(Trainer *t, uint32_t begin, uint32_t end)
{
    Exchange *x = &t->exchange;
    Operand *mine = &x->operand[x->mine];
    const BatchInput *input = &exchange_inputs(t)->input;
    find_shares(t, begin, end);
    trainer_enter(t, PHASE_REDUCE);
    if (x->kind == EXCHANGE_GRADIENT)
        reduction_begin(t->reduction);
    else if (x->kind == EXCHANGE_SPLIT)
        node_barrier(t->node); /* all have packed, and finished the last update */
    else
        node_wait(t->node);
    trainer_enter(t, PHASE_COMPUTE);
    if (x->kind == EXCHANGE_SPLIT) {
        forward_split(t);
        trainer_enter(t, PHASE_REDUCE);
        node_barrier(t->node);
        trainer_enter(t, PHASE_COMPUTE);
        network_forward_from(&t->network, t->kernels, t->parameter, 1, input->n, &mine->workspace);
    } else
        network_forward(&t->network, t->kernels, t->parameter, input, &mine->workspace);
    network_errors(&t->network, t->kernels, t->parameter, input->n, t->batch.label, &mine->workspace);
    if (fault_at("flip-error", t->step + 1)) fault_flip_bit(mine->workspace.error[t->network.layers - 1]);
    network_lay(&t->network, t->kernels, t->run_length, own_shares(t));
    if (x->kind == EXCHANGE_GRADIENT) exchange_gradient(t, x->fold, reduction_pieces(t->reduction));
}

/* Computes a rank's slices of the gradient over everybody's samples and updates them in these vectors. */
static bool update_slices(Trainer *t, size_t part, float *parameter, float *velocity)
{
    const Exchange *x = &t->exchange;
    bool bad = false;
    for (size_t i = 0; i < t->network.layers; i++) {
        WeightGradient target = network_update(&t->network, i, &t->sgd, parameter, velocity);
        for (size_t piece = 0; network_slice(&t->network, i, x->operands, part, piece, &target); piece++)
            if (network_gradient(&t->network, t->kernels, i, x->fold, x->share, &target)) bad = true;
    }
    return bad;
}

/* Part of a vector of parameters: floats [begin, end). */
typedef bool Visit(const Trainer *t, float *a, const float *b, size_t begin, size_t end);

/* Takes two vectors to the floats of a piece of a layer, run by run; false if a visit returned it. */
static bool visit_piece(const Trainer *t, const Layer *layer, const WeightGradient *piece, float *a, const float *b,
                        Visit *visit)
{
    for (size_t p = piece->panel; p < piece->panel_end; p++) {
        const size_t begin = layer->offset + kernel_weight_index(layer->in, piece->row, p * PANEL);
        if (!visit(t, a, b, begin, begin + (piece->row_end - piece->row) * PANEL)) return false;
    }
    return true;
}

/* The same of a rank's slices. */
static bool visit_slices(const Trainer *t, size_t part, float *a, const float *b, Visit *visit)
{
    const size_t parts = (size_t)node_size(t->node);
    WeightGradient slice;
    for (size_t i = 0; i < t->network.layers; i++)
        for (size_t piece = 0; network_slice(&t->network, i, parts, part, piece, &slice); piece++)
            if (!visit_piece(t, &t->network.layer[i], &slice, a, b, visit)) return false;
    return true;
}

static bool is_same(const Trainer *t, float *a, const float *b, size_t begin, size_t end)
{
    (void)t;
    return memcmp(a + begin, b + begin, (end - begin) * sizeof *a) == 0;
}

static bool copy(const Trainer *t, float *to, const float *from, size_t begin, size_t end)
{
    (void)t;
    memcpy(to + begin, from + begin, (end - begin) * sizeof *to);
    return true;
}

static bool make_copies(const Trainer *t, float *parameter, const float *same, size_t begin, size_t end)
{
    (void)same;
    network_round(&t->network, t->kernels, parameter, begin, end);
    return true;
}

void gradient_update(void *context, size_t begin, size_t count, const float *gradient)
{
    enum { PIECE = 2048 }; /* floats of which everything stays in the L1 cache until it is rounded */
    GradientUpdate *u = context;
    const size_t piece = u->network->copies ? PIECE : count;
    for (size_t at = begin, end; at < begin + count; at = end) {
        end = begin + count - at < piece ? begin + count : at + piece;
        if (u->kernels->sgd(end - at, u->step, gradient + (at - begin), u->w + at, u->v ? u->v + at : NULL))
            u->bad = true;
        network_round(u->network, u->kernels, u->w, at, end);
    }
}

/* The sum of all ranks' gradients into these vectors, as much of it as is this rank's share. */
static bool reduce_and_update(Trainer *t, ReductionShare share, float *parameter, float *velocity)
{
    GradientUpdate update = {
        .network = &t->network, .kernels = t->kernels, .step = &t->sgd, .w = parameter, .v = velocity};
    reduction_finish(t->reduction, share, gradient_update, &update);
    return update.bad;
}

/* One parameter of this rank's slice of the first layer, for tests. */
static void spoil_slice(Trainer *t)
{
    const Layer *layer = &t->network.layer[0];
    WeightGradient slice;
    if (!network_slice(&t->network, 0, (size_t)node_size(t->node), (size_t)node_rank(t->node), 0, &slice)) return;
    fault_flip_bit(t->parameter + layer->offset + kernel_weight_index(layer->in, slice.row, slice.panel * PANEL));
}

/* The update of the node's copy, and of the next rank's slices on a copy of what was before it: they must agree. */
static bool update_and_check(Trainer *t)
{
    Exchange *x = &t->exchange;
    const size_t floats = t->network.floats, me = (size_t)node_rank(t->node),
                 next = (me + 1) % (size_t)node_size(t->node);
    float *before = x->before, *velocity = t->velocity ? before + network_vector(&t->network) : NULL;
    bool bad;
    if (x->kind == EXCHANGE_GRADIENT) {
        memcpy(before, t->parameter, floats * sizeof *before);
        if (velocity) memcpy(velocity, t->velocity, floats * sizeof *velocity);
    } else {
        visit_slices(t, next, before, t->parameter, copy);
        if (velocity) visit_slices(t, next, velocity, t->velocity, copy);
    }
    node_barrier(t->node); /* all have their copies */
    if (x->kind == EXCHANGE_GRADIENT) {
        bad = reduce_and_update(t, REDUCTION_ALL, before, velocity);
        visit_slices(t, me, t->parameter, before, copy); /* the update was made apart */
        if (velocity) visit_slices(t, me, t->velocity, velocity, copy);
        visit_slices(t, me, t->parameter, t->parameter, make_copies);
    } else {
        bad = update_slices(t, me, t->parameter, t->velocity);
        update_slices(t, next, before, velocity);
    }
    if (fault_at("flip-slice", t->step + 1)) spoil_slice(t);
    node_barrier(t->node);
    if (!visit_slices(t, next, before, t->parameter, is_same) ||
        (velocity && !visit_slices(t, next, velocity, t->velocity, is_same)))
        x->wrong = true;
    return bad;
}

bool exchange_update(Trainer *t, bool check)
{
    Exchange *x = &t->exchange;
    const bool checked = x->shared && check;
    /* reduction_finish says itself that this rank has arrived; the others are told here. */
    if (x->kind == EXCHANGE_GRADIENT && !checked)
        return reduce_and_update(t, x->shared ? REDUCTION_MINE : REDUCTION_ALL, t->parameter, t->velocity);
    const bool bad = checked ? update_and_check(t) : update_slices(t, x->mine, t->parameter, t->velocity);
    node_arrive(t->node);
    return bad;
}

void exchange_finish(Trainer *t)
{
    if (t->exchange.shared) node_barrier(t->node);
}
