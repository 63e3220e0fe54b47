/* Invariant I1, checked: the digests of every rank's parameters and optimizer state, and what it keeps beside them. */
#include <inttypes.h>
#include <string.h>

#include "base/fpstate.h"
#include "train/difference.h"

static Digest digest_vector(Trainer *t, const float *vector)
{
    digest_begin(t->digest);
    network_digest(&t->network, vector, t->digest);
    return digest_end(t->digest);
}

/* The same on every rank. */
static Status check_fpstate(const Trainer *t)
{
    for (int r = 0; r < comm_size(t->comm); r++)
        if (t->replica[r].fpstate_lost)
            return status_fail(STATUS_INTERNAL,
                               "rounding mode or flushing of denormals was changed by a library before the end of "
                               "step %" PRIu64 " on rank %d",
                               t->step, r);
    return STATUS_OK;
}

/* The same on every rank. */
static Status check_slices(const Trainer *t)
{
    for (int r = 0; r < comm_size(t->comm); r++)
        if (t->replica[r].wrong)
            return status_fail(
                STATUS_INTERNAL,
                "the update of step %" PRIu64
                " is wrong: rank %d computed the slice of the next rank on its node to check it, and got "
                "another result; a fault of memory or processor; start again from a checkpoint",
                t->step, r);
    return STATUS_OK;
}

/* The same on every rank. */
static Status check_copies(const Trainer *t)
{
    char name[64];
    for (int r = 0; r < comm_size(t->comm); r++) {
        const size_t layer = t->replica[r].sound_layers;
        if (layer == t->network.layers) continue;
        network_tensor_name(&t->network, 2 * layer, name);
        return status_fail(STATUS_INTERNAL,
                           "after step %" PRIu64
                           " %s of rank %d and its copy in bf16 disagree: one of the two has changed since the update; "
                           "a fault of memory or processor; start again from a checkpoint",
                           t->step, name, r);
    }
    return STATUS_OK;
}

/* Compares all ranks' digests, which are then in t->replica. Collective; agreed. */
static Status compare_replicas(Trainer *t)
{
    Replica mine = {.model = digest_vector(t, t->parameter),
                    .step = t->step,
                    .epoch_digest = t->epoch_digest,
                    .epoch_loss = t->epoch_loss,
                    .chain = t->chain,
                    .fpstate_lost = !fpstate_is_set(),
                    .wrong = t->exchange.wrong,
                    .sound_layers = network_wrong_copy(&t->network, t->kernels, t->parameter)};
    if (t->velocity) mine.velocity = digest_vector(t, t->velocity);
    comm_gather_all(t->comm, &mine, sizeof mine, t->replica);
    Status st = check_fpstate(t);
    if (st == STATUS_OK) st = check_slices(t);
    if (st == STATUS_OK) st = check_copies(t);
    bool same = true;
    for (int r = 1; r < comm_size(t->comm); r++)
        same = same && memcmp(&t->replica[r], &t->replica[0], sizeof *t->replica) == 0;
    return st == STATUS_OK && !same ? difference_tell(t) : st;
}

Status trainer_check_replicas(Trainer *t)
{
    if (t->checked) return STATUS_OK;
    trainer_enter(t, PHASE_CHECK);
    exchange_finish(t);
    const Status st = compare_replicas(t);
    t->checked = st == STATUS_OK;
    t->checked_step = t->step;
    trainer_enter(t, PHASE_RECORD);
    return st;
}
