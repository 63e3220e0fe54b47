/* The chain that the step records make. */
#include <assert.h>
#include <inttypes.h>

#include "base/memory.h"
#include "rundir/chain.h"
#include "train/verify_internal.h"

/* That it is one was seen when the record was read. */
static Digest chain_of(const Event *event)
{
    Digest chain;
    const bool good = digest_parse(event->chain, &chain);
    assert(good);
    return chain;
}

static Status open_chain(Verification *v)
{
    const char *what = "the chain of a run";
    Status st = memory_new(&v->chain, v->last_step + 1, what);
    if (st == STATUS_OK) st = memory_new(&v->chained, v->last_step + 1, what);
    if (st == STATUS_OK) st = memory_new(&v->of_chain, v->last_step + 1, what);
    for (size_t i = 0; i < v->history.count && st == STATUS_OK; i++)
        if (*v->history.event[i].chain) v->of_chain[v->history.event[i].step] = i + 1;
    return st;
}

/* The chain at first_step, or after a gap, is what a record tells of it. */
static void take_link(Verification *v, uint64_t step)
{
    const Event *event = verify_event(v, v->of_chain[step]);
    v->chained[step] = step == 0 || event;
    if (event) v->chain[step] = chain_of(event);
}

static void make_link(Verification *v, uint64_t step)
{
    const Event *e = verify_event(v, v->of_step[step]);
    if (!e || !v->chained[step - 1]) {
        take_link(v, step);
        return;
    }
    v->chained[step] = true;
    v->chain[step] = chain_after(
        v->chain[step - 1],
        &(ChainLink){
            .step = step, .samples = e->samples, .rows = e->rows, .loss = e->loss, .learning_rate = e->learning_rate});
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
    if (st != STATUS_OK) return st;
    take_link(v, v->first_step);
    for (uint64_t step = v->first_step + 1; step <= v->last_step; step++) make_link(v, step);
    for (size_t i = 0; i < v->history.count && st == STATUS_OK; i++) {
        const Event *event = &v->history.event[i];
        char who[64];
        snprintf(who, sizeof who, "line %" PRIu64 " of metrics.jsonl", event->line);
        if (*event->chain) st = verify_link(v, who, event->step, chain_of(event));
    }
    return st;
}
