/* Invariant I1, checked: the digests of every rank's parameters and optimizer state. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fpstate.h"
#include "train/trainer.h"

static Digest digest_vector(Trainer *t, const float *vector)
{
    digest_begin(t->digest);
    network_digest(&t->network, vector, t->digest);
    return digest_end(t->digest);
}

/* The copies of the parameters: the ranks' or the nodes'; copy i is that of the ranks [first_rank(i), first_rank(i +
 * 1)).
 */
static int copies(const Trainer *t)
{
    return t->exchange.one_copy ? node_count(t->node) : comm_size(t->comm);
}

static int first_rank(const Trainer *t, int copy)
{
    return t->exchange.one_copy ? node_begin(t->node, copy) : copy;
}

static bool equal_copies(const Trainer *t, int a, int b)
{
    return digest_equal(t->replica[first_rank(t, a)].model, t->replica[first_rank(t, b)].model);
}

/* The ranks whose model differs from that of most copies (of two, both are suspect), as text. */
static void name_minority(const Trainer *t, char *text, size_t text_size)
{
    const int count = copies(t);
    int best = 0, votes = 0;
    for (int a = 0; a < count; a++) {
        int equal = 0;
        for (int b = 0; b < count; b++) equal += equal_copies(t, a, b);
        if (equal > votes) best = a, votes = equal;
    }
    size_t used = 0;
    text[0] = '\0';
    for (int a = 0; a < count; a++)
        for (int r = first_rank(t, a); r < first_rank(t, a + 1) && used + 16 < text_size; r++)
            if (2 * votes <= count || !equal_copies(t, a, best))
                used += (size_t)snprintf(text + used, text_size - used, "%s%d", used ? ", " : "", r);
}

/* The first tensor of a vector whose digests differ over the ranks, which are then in t->replica as models; false if
 * none does. Collective. */
static bool find_tensor(Trainer *t, const float *vector, size_t *tensor)
{
    for (*tensor = 0; *tensor < network_tensors(&t->network); ++*tensor) {
        digest_begin(t->digest);
        network_digest_tensor(&t->network, vector, *tensor, t->digest);
        const Replica mine = {.model = digest_end(t->digest)};
        comm_gather_all(t->comm, &mine, sizeof mine, t->replica);
        for (int r = 1; r < comm_size(t->comm); r++)
            if (!digest_equal(t->replica[r].model, t->replica[0].model)) return true;
    }
    return false;
}

/* Collective; the same on every rank. */
static Status tell_difference(Trainer *t)
{
    size_t tensor;
    const bool in_model = find_tensor(t, t->parameter, &tensor);
    if (!in_model && !(t->velocity && find_tensor(t, t->velocity, &tensor)))
        return status_fail(STATUS_INTERNAL,
                           "replicas differ after step %" PRIu64
                           ", and are equal when looked at again: memory or "
                           "processor of a rank cannot be trusted",
                           t->step);
    char name[64], ranks[256];
    network_tensor_name(&t->network, tensor, name);
    name_minority(t, ranks, sizeof ranks);
    return status_fail(STATUS_INTERNAL,
                       "replicas differ after step %" PRIu64
                       ": %s%s of rank %s; a fault of memory, processor or "
                       "network; start again from a checkpoint",
                       t->step, in_model ? "" : "momentum of ", name, ranks);
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

Status trainer_check_replicas(Trainer *t, Digest *model)
{
    trainer_enter(t, PHASE_CHECK);
    exchange_finish(t);
    Replica mine = {
        .model = digest_vector(t, t->parameter), .fpstate_lost = !fpstate_is_set(), .wrong = t->exchange.wrong};
    if (t->velocity) mine.velocity = digest_vector(t, t->velocity);
    *model = mine.model;
    comm_gather_all(t->comm, &mine, sizeof mine, t->replica);
    Status st = check_fpstate(t);
    if (st == STATUS_OK) st = check_slices(t);
    bool same = true;
    for (int r = 1; r < comm_size(t->comm); r++)
        same = same && memcmp(&t->replica[r], &t->replica[0], sizeof *t->replica) == 0;
    if (st == STATUS_OK && !same) st = tell_difference(t);
    trainer_enter(t, PHASE_RECORD);
    return st;
}
