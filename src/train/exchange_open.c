/* Which way of sharing a step's work, and the memory that it takes. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "train/setup.h"
#include "train/trainer.h"

const char *const exchange_name[EXCHANGE_KINDS] = {"gradient", "operands", "split"};

/* Parameters, and behind them their velocity. */
static size_t parameter_floats(const Trainer *t)
{
    return network_vector(&t->network) + (t->settings->optimizer.momentum != 0.0 ? t->network.floats : 0);
}

/* The shards of any rank, whose operands all ranks of a node place. */
static size_t most_run(const Trainer *t)
{
    return setup_most_run(t->shards, (size_t)comm_size(t->comm));
}

static size_t one_inputs_bytes(const Trainer *t)
{
    return inputs_bytes(t->loader.samples.features, t->block, t->inputs_kind);
}

static size_t operand_bytes(const Trainer *t)
{
    return 2 * one_inputs_bytes(t) + workspace_floats(&t->network, t->block, most_run(t)) * sizeof(float);
}

/* What LOCKSTEP_EXCHANGE asks for; EXCHANGE_KINDS: nothing. */
static Status read_wish(ExchangeKind *wish)
{
    const char *name = getenv("LOCKSTEP_EXCHANGE");
    *wish = EXCHANGE_KINDS;
    if (!name || !*name) return STATUS_OK;
    for (int i = 0; i < EXCHANGE_KINDS; i++) {
        if (strcmp(name, exchange_name[i]) != 0) continue;
        *wish = (ExchangeKind)i;
        return STATUS_OK;
    }
    return status_fail(STATUS_USAGE, "LOCKSTEP_EXCHANGE=%s: it must be gradient, operands or split", name);
}

/* Whichever exchanges fewer floats. Measured on 784-500-10, two ranks, 32 to 512 samples each: while the inputs and
 * errors of a batch are fewer than the parameters, splitting the first layer is the fastest, then the gradient's sum.
 */
static ExchangeKind cheapest(const Trainer *t)
{
    double floats = 0.0;
    for (size_t i = 0; i < t->network.layers; i++) {
        const Layer *layer = &t->network.layer[i];
        const double elements = (i == 0 && !layer->bf16 ? t->density : 1.0) * (double)layer->in + (double)layer->out;
        floats += layer->bf16 ? elements / 2.0 : elements;
    }
    floats *= (double)t->settings->training.batch_size;
    return floats > (double)t->network.floats ? EXCHANGE_GRADIENT : EXCHANGE_SPLIT;
}

/* The same on all ranks. */
static ExchangeKind choose(const Trainer *t, ExchangeKind wish)
{
    const bool alone = comm_size(t->comm) == 1;
    if (node_count(t->node) > 1 || (!alone && (!t->exchange.one_copy || setup_reduction(t->settings) == REDUCTION_MPI)))
        return EXCHANGE_GRADIENT;
    const ExchangeKind kind = wish != EXCHANGE_KINDS ? wish : alone ? EXCHANGE_OPERANDS : cheapest(t);
    /* Whole columns can be dealt out, panels, and no parts of them. */
    const bool enough_panels = kernel_panels(t->network.layer[0].out) >= (size_t)node_size(t->node);
    return kind == EXCHANGE_SPLIT && !enough_panels ? EXCHANGE_OPERANDS : kind;
}

/* Of the node's memory, all that this rank takes. Collective; agreed. */
static Status reserve(Trainer *t)
{
    const bool gradient = t->exchange.kind == EXCHANGE_GRADIENT;
    ReductionBytes reduction;
    Status st =
        reduction_bytes(setup_reduction(t->settings), t->shards, gradient ? t->network.floats : 0,
                        WORD_LOSSES + t->shards, (size_t)comm_size(t->comm), (size_t)comm_rank(t->comm), &reduction);
    st = comm_agree(t->comm, st);
    if (st != STATUS_OK) return st;
    size_t bytes = reduction.shared;
    if (t->exchange.one_copy && node_rank(t->node) == 0) bytes += parameter_floats(t) * sizeof(float);
    if (!gradient) bytes += operand_bytes(t);
    return node_reserve(t->node, bytes);
}

/* The parameters: a replica of this rank's own, or the node's, which lies with its first rank. A node of one rank makes
 * the same agreements as the others. Collective; agreed. */
static Status take_parameters(Trainer *t)
{
    Exchange *x = &t->exchange;
    const size_t floats = parameter_floats(t);
    void **segment;
    Status st = memory_new(&segment, (size_t)node_size(t->node), "parameters");
    if (st == STATUS_OK && x->shared) st = memory_new(&x->before, floats, "the check of updates");
    if (st == STATUS_OK && !x->one_copy) {
        st = memory_new(&t->slab, floats, "parameters");
        segment[0] = t->slab;
    }
    st = comm_agree(t->comm, st);
    if (st == STATUS_OK && x->one_copy)
        st = node_share(t->node, node_rank(t->node) == 0 ? floats * sizeof(float) : 0, segment);
    if (st == STATUS_OK) {
        t->parameter = segment[0];
        t->velocity = floats > network_vector(&t->network) ? t->parameter + network_vector(&t->network) : NULL;
    }
    memory_free(segment);
    return st;
}

/* Places a rank's operand. Local. */
static Status place_operand(const Trainer *t, bool mine, char *memory, Operand *operand)
{
    const size_t size = one_inputs_bytes(t);
    Status st = STATUS_OK;
    for (size_t i = 0; i < 2 && st == STATUS_OK; i++)
        st = inputs_init(&operand->inputs[i], t->loader.samples.features, t->network.width, t->block, t->inputs_kind,
                         mine, memory + i * size);
    workspace_place(&operand->workspace, &t->network, t->block, most_run(t), (float *)(void *)(memory + 2 * size));
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
    ExchangeKind wish;
    Status st = comm_agree(t->comm, comm_rank(t->comm) == 0 ? read_wish(&wish) : STATUS_OK);
    if (st != STATUS_OK) return st;
    comm_broadcast(t->comm, &wish, sizeof wish);
    x->one_copy = strcmp(t->settings->training.plan, "node") == 0;
    x->kind = choose(t, wish);
    st = reserve(t);
    if (st != STATUS_OK) return st;
    x->kind = choose(t, wish); /* without room every rank is a node of its own now */
    x->shared = x->one_copy && node_size(t->node) > 1;
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
    memory_free(x->before);
    *x = (Exchange){0};
}
