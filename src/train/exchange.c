#include "train/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "train/setup.h"
#include "train/trainer.h"

static bool one_copy(const Trainer *t)
{
    return strcmp(t->settings->training.plan, "node") == 0;
}

static size_t vectors(const Trainer *t)
{
    return t->settings->optimizer.momentum != 0.0 ? 2 : 1;
}

static size_t parameter_bytes(const Trainer *t)
{
    return vectors(t) * t->network.floats * sizeof(float);
}

static size_t one_inputs_bytes(const Trainer *t)
{
    return inputs_bytes(t->loader.samples.features, t->block, t->skip_zeros);
}

static size_t operand_bytes(const Trainer *t)
{
    return 2 * one_inputs_bytes(t) + workspace_floats(&t->network, t->block, true) * sizeof(float);
}

size_t exchange_bytes(const Trainer *t)
{
    /* Parameters, those before an update, operands. */
    return one_copy(t) ? 2 * parameter_bytes(t) + operand_bytes(t) : 0;
}

/* Floats that each rank would read of the others' by operands and by gradients, up to a common factor. */
static ExchangeKind cheapest(const Trainer *t)
{
    const double samples = (double)t->settings->training.batch_size;
    const Layer *first = &t->network.layer[0];
    double operands = 0.0;
    for (size_t i = 0; i < t->network.layers; i++) {
        const Layer *layer = &t->network.layer[i];
        operands += samples * ((i == 0 ? t->density : 1.0) * (double)layer->in + (double)layer->out);
    }
    /* A gradient is written, and read and updated by another rank. */
    if (operands > 2.0 * (double)t->network.floats) return EXCHANGE_GRADIENT;
    /* Measured: what SPLIT saves of the weights must be three times what it adds. */
    const double weights = (double)first->in * (double)first->out;
    const double added = samples * (t->density * (double)first->in + (double)first->out);
    const bool enough_panels = kernel_panels(first->out) >= (size_t)node_size(t->node);
    return enough_panels && 3.0 * added < weights ? EXCHANGE_SPLIT : EXCHANGE_OPERANDS;
}

static Status choose(const Trainer *t, ExchangeKind *kind)
{
    static const char *const names[] = {"gradient", "operands", "split"};
    const char *wanted = getenv("LOCKSTEP_EXCHANGE");
    const bool alone = comm_size(t->comm) == 1;
    *kind = EXCHANGE_GRADIENT;
    if (node_count(t->node) > 1 || (!alone && (!one_copy(t) || setup_reduction(t->settings) == REDUCTION_MPI)))
        return STATUS_OK;
    *kind = alone ? EXCHANGE_OPERANDS : cheapest(t);
    if (!wanted || !*wanted) return STATUS_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(wanted, names[i]) == 0) {
            *kind = (ExchangeKind)i;
            return STATUS_OK;
        }
    return status_fail(STATUS_USAGE, "LOCKSTEP_EXCHANGE=%s: it must be gradient, operands or split", wanted);
}

/* The parameters: a replica of this rank's own, or the node's, which lies with its first rank. Collective; agreed. */
static Status take_parameters(Trainer *t)
{
    Exchange *x = &t->exchange;
    const size_t ranks = (size_t)node_size(t->node), bytes = parameter_bytes(t);
    void **segment;
    float *parameter = NULL;
    if (!x->shared) {
        Status st = comm_agree(t->comm, memory_new(&t->slab, bytes / sizeof(float), "parameters"));
        parameter = t->slab;
        t->parameter = parameter;
        t->velocity = vectors(t) == 2 ? parameter + t->network.floats : NULL;
        return st;
    }
    Status st = comm_agree(t->comm, memory_new(&segment, ranks, "parameters"));
    if (st != STATUS_OK) return st;
    st = node_share(t->node, node_rank(t->node) == 0 ? bytes : 0, segment);
    parameter = segment[0];
    if (st == STATUS_OK) st = node_share(t->node, bytes, segment);
    x->before = segment[node_rank(t->node)];
    memory_free(segment);
    t->parameter = parameter;
    t->velocity = vectors(t) == 2 ? parameter + t->network.floats : NULL;
    return st;
}

/* Places a rank's operand. Local. */
static Status place_operand(const Trainer *t, bool mine, char *memory, Operand *operand)
{
    const size_t size = one_inputs_bytes(t);
    Status st = STATUS_OK;
    for (size_t i = 0; i < 2 && st == STATUS_OK; i++)
        st = inputs_init(&operand->inputs[i], t->loader.samples.features, t->network.width, t->block, t->skip_zeros,
                         mine, memory + i * size);
    workspace_place(&operand->workspace, &t->network, t->block, true, (float *)(void *)(memory + 2 * size));
    return st;
}

/* Collective; agreed. */
static Status take_operands(Trainer *t)
{
    Exchange *x = &t->exchange;
    const bool open = x->kind != EXCHANGE_GRADIENT;
    void **segment = NULL;
    x->operands = open ? (size_t)node_size(t->node) : 1;
    x->mine = open ? (size_t)node_rank(t->node) : 0;
    Status st = memory_new(&x->operand, x->operands, "operands");
    if (st == STATUS_OK) st = memory_new(&x->pass, x->operands, "operands");
    if (st == STATUS_OK) st = memory_new(&x->share, t->shards, "operands");
    if (st == STATUS_OK) st = memory_new(&segment, x->operands, "operands");
    if (st == STATUS_OK && x->operands == 1) {
        st = memory_new(&x->memory, operand_bytes(t), "activations");
        if (st == STATUS_OK) segment[0] = x->memory;
    }
    st = comm_agree(t->comm, st);
    if (st == STATUS_OK && x->operands > 1) st = node_share(t->node, operand_bytes(t), segment);
    if (st != STATUS_OK) {
        memory_free(segment);
        return st;
    }
    for (size_t i = 0; i < x->operands && st == STATUS_OK; i++)
        st = place_operand(t, i == x->mine, segment[i], &x->operand[i]);
    memory_free(segment);
    return comm_agree(t->comm, st);
}

Status exchange_open(Trainer *t)
{
    Exchange *x = &t->exchange;
    Status st = comm_agree(t->comm, choose(t, &x->kind));
    if (st != STATUS_OK) return st;
    x->shared = one_copy(t) && node_size(t->node) > 1;
    x->fold = x->kind == EXCHANGE_GRADIENT ? &t->own : &t->whole;
    st = take_parameters(t);
    return st == STATUS_OK ? take_operands(t) : st;
}

void exchange_close(Exchange *x)
{
    for (size_t i = 0; i < x->operands && x->operand; i++) {
        inputs_free(&x->operand[i].inputs[0]);
        inputs_free(&x->operand[i].inputs[1]);
    }
    memory_free(x->operand);
    memory_free(x->pass);
    memory_free(x->share);
    memory_free(x->memory);
    *x = (Exchange){0};
}

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
    network_slice(&t->network, 0, x->operands, x->mine, &slice);
    for (size_t i = 0; i < x->operands; i++)
        x->pass[i] = (Pass){&x->operand[i].inputs[t->step % 2].input, &x->operand[i].workspace};
    network_forward_first(&t->network, t->kernels, t->parameter, slice.panel, slice.panel_end, x->operands, x->pass);
}

/* The subtree sums of this rank's gradient, to where the reduction wants them. */
static void gradient_to_pieces(Trainer *t)
{
    const Exchange *x = &t->exchange;
    for (size_t i = 0; i < t->network.layers; i++) {
        float *sum[2 * FOLD_MAX_DEPTH];
        WeightGradient target = {.sum = sum};
        for (size_t o = 0; o < x->fold->outputs; o++)
            sum[o] = reduction_pieces(t->reduction)[o] + t->network.layer[i].offset;
        network_slice(&t->network, i, 1, 0, &target);
        network_gradient(&t->network, t->kernels, i, x->fold, x->share, &target);
    }
}

void exchange_compute(Trainer *t, uint32_t begin, uint32_t end)
{
    Exchange *x = &t->exchange;
    Operand *mine = &x->operand[x->mine];
    const BatchInput *input = &exchange_inputs(t)->input;
    find_shares(t, begin, end);
    if (x->kind == EXCHANGE_SPLIT) {
        node_barrier(t->node); /* all have packed, and finished the last update */
        forward_split(t);
        node_barrier(t->node);
        network_forward_from(&t->network, t->kernels, t->parameter, 1, input->n, &mine->workspace);
    } else {
        if (x->kind == EXCHANGE_GRADIENT)
            reduction_begin(t->reduction);
        else
            node_wait(t->node);
        network_forward(&t->network, t->kernels, t->parameter, input, &mine->workspace);
    }
    network_errors(&t->network, t->kernels, t->parameter, input->n, t->batch.label, &mine->workspace);
    if (x->kind == EXCHANGE_GRADIENT) gradient_to_pieces(t);
}

/* Computes a rank's slices of the gradient over everybody's samples and updates them in these vectors. */
static bool update_slices(Trainer *t, size_t part, float *parameter, float *velocity)
{
    const Exchange *x = &t->exchange;
    bool bad = false;
    for (size_t i = 0; i < t->network.layers; i++) {
        const size_t offset = t->network.layer[i].offset;
        WeightGradient target = {.step = &t->sgd, .w = parameter + offset, .v = velocity ? velocity + offset : NULL};
        network_slice(&t->network, i, x->operands, part, &target);
        if (network_gradient(&t->network, t->kernels, i, x->fold, x->share, &target)) bad = true;
    }
    return bad;
}

/* Are a rank's slices the same in both? */
static bool same_slices(const Trainer *t, size_t part, const float *a, const float *b)
{
    for (size_t i = 0; i < t->network.layers; i++) {
        const Layer *layer = &t->network.layer[i];
        WeightGradient slice;
        network_slice(&t->network, i, (size_t)node_size(t->node), part, &slice);
        for (size_t p = slice.panel; p < slice.panel_end; p++) {
            const size_t at = layer->offset + kernel_weight_index(layer->in, slice.row, p * PANEL);
            if (memcmp(a + at, b + at, (slice.row_end - slice.row) * PANEL * sizeof *a) != 0) return false;
        }
    }
    return true;
}

/* Where a block of the summed gradient is applied. */
typedef struct {
    Trainer *trainer;
    float *parameter, *velocity;
    bool bad;
} Applied;

static void apply(void *context, size_t begin, size_t count, const float *gradient)
{
    Applied *a = context;
    float *velocity = a->velocity ? a->velocity + begin : NULL;
    if (a->trainer->kernels->sgd(count, &a->trainer->sgd, gradient, a->parameter + begin, velocity)) a->bad = true;
}

/* Copies a rank's slices of a vector. */
static void copy_slices(const Trainer *t, size_t part, const float *from, float *to)
{
    for (size_t i = 0; i < t->network.layers; i++) {
        const Layer *layer = &t->network.layer[i];
        WeightGradient slice;
        network_slice(&t->network, i, (size_t)node_size(t->node), part, &slice);
        for (size_t p = slice.panel; p < slice.panel_end; p++) {
            const size_t at = layer->offset + kernel_weight_index(layer->in, slice.row, p * PANEL);
            memcpy(to + at, from + at, (slice.row_end - slice.row) * PANEL * sizeof *to);
        }
    }
}

/* The update of the node's copy, and of the next rank's slices on a copy of what was before it: they must agree. */
static bool update_and_check(Trainer *t)
{
    Exchange *x = &t->exchange;
    const size_t floats = t->network.floats, me = (size_t)node_rank(t->node);
    const size_t next = (me + 1) % (size_t)node_size(t->node);
    float *before = x->before, *velocity = t->velocity ? before + floats : NULL;
    bool bad;
    if (x->kind == EXCHANGE_GRADIENT) {
        memcpy(before, t->parameter, floats * sizeof *before);
        if (velocity) memcpy(velocity, t->velocity, floats * sizeof *velocity);
    } else {
        copy_slices(t, next, t->parameter, before);
        if (velocity) copy_slices(t, next, t->velocity, velocity);
    }
    node_barrier(t->node); /* all have their copies */
    if (x->kind == EXCHANGE_GRADIENT) {
        Applied applied = {.trainer = t, .parameter = before, .velocity = velocity};
        reduction_finish(t->reduction, REDUCTION_ALL, apply, &applied);
        bad = applied.bad;
        copy_slices(t, me, before, t->parameter);
        if (velocity) copy_slices(t, me, velocity, t->velocity);
    } else {
        bad = update_slices(t, me, t->parameter, t->velocity);
        update_slices(t, next, before, velocity);
    }
    node_barrier(t->node);
    if (!same_slices(t, next, before, t->parameter) || (velocity && !same_slices(t, next, velocity, t->velocity)))
        x->wrong = true;
    return bad;
}

bool exchange_update(Trainer *t, bool check)
{
    Exchange *x = &t->exchange;
    bool bad;
    if (x->shared && check)
        bad = update_and_check(t);
    else if (x->kind == EXCHANGE_GRADIENT) {
        Applied applied = {.trainer = t, .parameter = t->parameter, .velocity = t->velocity};
        reduction_finish(t->reduction, x->shared ? REDUCTION_MINE : REDUCTION_ALL, apply, &applied);
        return applied.bad;
    } else
        bad = update_slices(t, x->mine, t->parameter, t->velocity);
    node_arrive(t->node);
    return bad;
}

void exchange_finish(Trainer *t)
{
    if (t->exchange.shared) node_barrier(t->node);
}
