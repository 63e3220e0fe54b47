/* The chain that the step records make. */
#include <inttypes.h>

#include "base/memory.h"
#include "rundir/chain.h"
#include "train/verify_internal.h"

static Status not_a_digest(const Event *event)
{
    return status_fail(STATUS_DATA, "line %" PRIu64 " of metrics.jsonl: its chain is no digest", event->line);
}

static bool has_chain(const Event *event)
{
    return event->kind < EVENT_LOST && *event->chain;
}

static Status open_chain(Verification *v)
{
    const char *what = "the chain of a run";
    Status st = memory_new(&v->chain, v->last_step + 1, what);
    if (st == STATUS_OK) st = memory_new(&v->chained, v->last_step + 1, what);
    if (st == STATUS_OK) st = memory_new(&v->of_chain, v->last_step + 1, what);
    for (size_t i = 0; i < v->history.count && st == STATUS_OK; i++)
        if (has_chain(&v->history.event[i])) v->of_chain[v->history.event[i].step] = i + 1;
    return st;
}

/* The chain at first_step, or after a gap, is what a record tells of it. */
static Status take_link(Verification *v, uint64_t step)
{
    const Event *event = verify_event(v, v->of_chain[step]);
    v->chained[step] = step == 0 || event;
    return !event || digest_parse(event->chain, &v->chain[step]) ? STATUS_OK : not_a_digest(event);
}

static Status make_link(Verification *v, uint64_t step)
{
    const Event *e = verify_event(v, v->of_step[step]);
    if (!e || !v->chained[step - 1]) return take_link(v, step);
    v->chained[step] = true;
    v->chain[step] = chain_after(
        v->chain[step - 1],
        &(ChainLink){
            .step = step, .samples = e->samples, .rows = e->rows, .loss = e->loss, .learning_rate = e->learning_rate});
    return STATUS_OK;
}

Status verify_link(Verification *v, const char *who, uint64_t step, Digest chain)
{
    if (step < v->first_step || !v->chained[step]) return STATUS_OK;
    v->links++;
    if (digest_equal(chain, v->chain[step])) return STATUS_OK;
    return status_fail(STATUS_DATA,
                       "%s covers other steps than those recorded up to step %" PRIu64
                       ": a record of metrics.jsonl was altered (a loss, perhaps), or it is of another run",
                       who, step);
}

Status verify_chain(Verification *v)
{
    Status st = open_chain(v);
    if (st == STATUS_OK) st = take_link(v, v->first_step);
    for (uint64_t step = v->first_step + 1; step <= v->last_step && st == STATUS_OK; step++) st = make_link(v, step);
    for (size_t i = 0; i < v->history.count && st == STATUS_OK; i++) {
        const Event *event = &v->history.event[i];
        Digest chain;
        char who[64];
        snprintf(who, sizeof who, "line %" PRIu64 " of metrics.jsonl", event->line);
        if (!has_chain(event)) continue;
        st = digest_parse(event->chain, &chain) ? verify_link(v, who, event->step, chain) : not_a_digest(event);
    }
    return st;
}
