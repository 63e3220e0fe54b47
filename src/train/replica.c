/* Invariant I1, checked: the digests of every rank's parameters and optimizer state. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fpstate.h"
#include "base/memory.h"
#include "train/trainer.h"

/* What is compared first: the model's digest, and that of the optimizer's state. */
typedef struct {
    Digest model, velocity;
} Replica;

static Digest digest_vector(Trainer *t, const float *vector)
{
    digest_begin(t->digest);
    network_digest(&t->network, vector, t->digest);
    return digest_end(t->digest);
}

/* The indices of what differs from the majority (of two, both are suspect), as text. */
static void name_minority(const Digest *all, int size, char *text, size_t text_size)
{
    int best = 0, votes = 0;
    for (int r = 0; r < size; r++) {
        int equal = 0;
        for (int q = 0; q < size; q++) equal += digest_equal(all[r], all[q]);
        if (equal > votes) best = r, votes = equal;
    }
    size_t used = 0;
    text[0] = '\0';
    for (int r = 0; r < size && used + 16 < text_size; r++)
        if (2 * votes <= size || !digest_equal(all[r], all[best]))
            used += (size_t)snprintf(text + used, text_size - used, "%s%d", used ? ", " : "", r);
}

/* The first tensor of a vector whose digests differ over the ranks; false if none does. Collective. */
static bool find_tensor(Trainer *t, const float *vector, Digest *all, size_t *tensor)
{
    for (*tensor = 0; *tensor < network_tensors(&t->network); ++*tensor) {
        digest_begin(t->digest);
        network_digest_tensor(&t->network, vector, *tensor, t->digest);
        const Digest mine = digest_end(t->digest);
        comm_gather_all(t->comm, &mine, sizeof mine, all);
        for (int r = 1; r < comm_size(t->comm); r++)
            if (!digest_equal(all[r], all[0])) return true;
    }
    return false;
}

/* Collective; the same on every rank. */
static Status tell_difference(Trainer *t, Digest *all)
{
    size_t tensor;
    const bool in_model = find_tensor(t, t->parameter, all, &tensor);
    if (!in_model && !(t->velocity && find_tensor(t, t->velocity, all, &tensor)))
        return status_fail(STATUS_INTERNAL,
                           "replicas differ after step %" PRIu64
                           ", and are equal when looked at again: memory or "
                           "processor of a rank cannot be trusted",
                           t->step);
    char name[64], ranks[256];
    network_tensor_name(&t->network, tensor, name);
    name_minority(all, comm_size(t->comm), ranks, sizeof ranks);
    return status_fail(STATUS_INTERNAL,
                       "replicas differ after step %" PRIu64
                       ": %s%s of rank %s; a fault of memory, processor or "
                       "network; start again from a checkpoint",
                       t->step, in_model ? "" : "momentum of ", name, ranks);
}

Status trainer_check_replicas(Trainer *t, Digest *model)
{
    const int size = comm_size(t->comm);
    Status st = STATUS_OK;
    trainer_enter(t, PHASE_CHECK, true);
    if (!fpstate_is_set())
        st =
            status_fail(STATUS_INTERNAL,
                        "rounding mode or flushing of denormals was changed by a library after step %" PRIu64, t->step);
    Replica *all = NULL;
    if (st == STATUS_OK) st = memory_new(&all, (size_t)size, "digests");
    st = comm_agree(t->comm, st);
    if (st != STATUS_OK) return st;
    Replica mine = {.model = digest_vector(t, t->parameter)};
    if (t->velocity) mine.velocity = digest_vector(t, t->velocity);
    *model = mine.model;
    comm_gather_all(t->comm, &mine, sizeof mine, all);
    bool same = true;
    for (int r = 1; r < size; r++) same = same && memcmp(&all[r], &all[0], sizeof *all) == 0;
    if (!same) st = tell_difference(t, (Digest *)all);
    memory_free(all);
    trainer_enter(t, PHASE_RECORD, false);
    return st;
}
