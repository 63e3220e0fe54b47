#include "train/difference.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WHAT_TO_DO "a fault of memory, processor or network; start again from a checkpoint"

/* The copies of something: the nodes' (shared) or the ranks'; copy i is that of the ranks [first_rank(i), first_rank(i
 * + 1)). */
static int copies(const Trainer *t, bool shared)
{
    return shared ? node_count(t->node) : comm_size(t->comm);
}

static int first_rank(const Trainer *t, bool shared, int copy)
{
    return shared ? node_begin(t->node, copy) : copy;
}

static bool equal_ranks(const Trainer *t, int a, int b)
{
    return digest_equal(t->replica[a].model, t->replica[b].model);
}

/* What the ranks have of something, by the digests in t->replica: the first rank of the largest group of equal copies,
 * and whether that is most of them. */
static int largest_group(const Trainer *t, bool shared, bool *majority)
{
    const int count = copies(t, shared);
    int best = 0, votes = 0;
    for (int a = 0; a < count; a++) {
        int equal = 0;
        for (int b = 0; b < count; b++) equal += equal_ranks(t, first_rank(t, shared, a), first_rank(t, shared, b));
        if (equal > votes) best = first_rank(t, shared, a), votes = equal;
    }
    *majority = 2 * votes > count;
    return best;
}

/* Lets every rank know the digest, or whatever is in its place, of each. True if they differ. Collective. */
static bool compare(Trainer *t, Digest mine)
{
    const Replica replica = {.model = mine};
    comm_gather_all(t->comm, &replica, sizeof replica, t->replica);
    bool differ = false;
    for (int r = 1; r < comm_size(t->comm); r++) differ = differ || !equal_ranks(t, r, 0);
    return differ;
}

/* The first tensor of a vector that differs between ranks, whose digests of it are then in t->replica; false if none
 * does. Collective. */
static bool find_tensor(Trainer *t, const float *vector, size_t *tensor)
{
    for (*tensor = 0; *tensor < network_tensors(&t->network); ++*tensor) {
        digest_begin(t->digest);
        network_digest_tensor(&t->network, vector, *tensor, t->digest);
        if (compare(t, digest_end(t->digest))) return true;
    }
    return false;
}

static const float *element(const Trainer *t, const float *vector, size_t tensor, size_t i)
{
    return vector + network_tensor_index(&t->network, tensor, i);
}

/* The first element of a tensor that differs between ranks; one does. Collective. */
static size_t find_element(Trainer *t, const float *vector, size_t tensor)
{
    size_t begin = 0, end = network_tensor_size(&t->network, tensor);
    while (end - begin > 1) {
        const size_t middle = begin + (end - begin) / 2;
        digest_begin(t->digest);
        for (size_t i = begin; i < middle; i++) digest_add(t->digest, element(t, vector, tensor, i), sizeof *vector);
        if (compare(t, digest_end(t->digest)))
            end = middle;
        else
            begin = middle;
    }
    return begin;
}

/* The ranks whose digest is not that of `best`; all of them without a majority. */
static void name_suspects(const Trainer *t, int best, bool majority, char *text, size_t text_size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int r = 0; r < comm_size(t->comm) && used + 16 < text_size; r++)
        if (!majority || !equal_ranks(t, r, best))
            used += (size_t)snprintf(text + used, text_size - used, "%s%d", used ? ", " : "", r);
}

/* The first rank that has another value than rank `best`; one has. */
static int first_other(const Trainer *t, int best)
{
    int other = 0;
    while (other < comm_size(t->comm) - 1 && equal_ranks(t, other, best)) other++;
    return other;
}

/* "0.5 (0x1p-1, bits 3f000000) on rank 1": the bits tell NaNs apart. */
static void name_value(const Trainer *t, int rank, char text[96])
{
    const uint32_t bits = (uint32_t)t->replica[rank].model.low;
    float value;
    memcpy(&value, &bits, sizeof value);
    snprintf(text, 96, "%.9g (%a, bits %08" PRIx32 ") on rank %d", (double)value, (double)value, bits, rank);
}

/* An element's values on rank `best` and on the first that has another. Collective. */
static void name_values(Trainer *t, const float *value, int best, char first[96], char second[96])
{
    uint32_t bits;
    memcpy(&bits, value, sizeof bits);
    compare(t, (Digest){.low = bits});
    name_value(t, best, first);
    name_value(t, first_other(t, best), second);
}

/* What differs is in this tensor. Collective; the same on every rank. */
static Status tell_tensor(Trainer *t, const float *vector, size_t tensor)
{
    const size_t columns = t->network.layer[tensor / 2].out;
    bool majority;
    char name[64], ranks[192], place[64], first[96], second[96];
    const int best = largest_group(t, t->exchange.one_copy, &majority);
    name_suspects(t, best, majority, ranks, sizeof ranks);
    const size_t i = find_element(t, vector, tensor);
    name_values(t, element(t, vector, tensor, i), best, first, second);
    network_tensor_name(&t->network, tensor, name);
    if (tensor % 2)
        snprintf(place, sizeof place, "element %zu", i);
    else
        snprintf(place, sizeof place, "element %zu (row %zu, column %zu)", i, i / columns, i % columns);
    return status_fail(STATUS_INTERNAL,
                       "replicas differ after step %" PRIu64
                       ": %s%s of rank %s%s; the first is %s, %s and %s; " WHAT_TO_DO,
                       t->step, vector == t->parameter ? "" : "momentum of ", name, ranks,
                       majority ? "" : " (no majority)", place, first, second);
}

/* What every rank keeps for itself, whoever has the parameters. */
typedef enum { KEPT_STEP, KEPT_LOSS, KEPT_ROWS, KEPT_CHAIN, KEPT } Kept;

static const char *const kept_name[KEPT] = {[KEPT_STEP] = "the number of steps",
                                            [KEPT_LOSS] = "the sum of the epoch's losses",
                                            [KEPT_ROWS] = "the digest of the epoch's rows",
                                            [KEPT_CHAIN] = "the chain of steps"};

static Digest kept_value(const Trainer *t, Kept kept)
{
    Digest value = {0};
    if (kept == KEPT_STEP) value.low = t->step;
    if (kept == KEPT_LOSS) memcpy(&value.low, &t->epoch_loss, sizeof t->epoch_loss);
    if (kept == KEPT_ROWS) value.low = t->epoch_digest;
    return kept == KEPT_CHAIN ? t->chain : value;
}

/* As compare left it. */
static void name_kept(const Trainer *t, Kept kept, int rank, char text[96])
{
    const Digest value = t->replica[rank].model;
    char hex[DIGEST_HEX_SIZE];
    double loss;
    memcpy(&loss, &value.low, sizeof loss);
    digest_hex(value, hex);
    if (kept == KEPT_STEP)
        snprintf(text, 96, "%" PRIu64 " on rank %d", value.low, rank);
    else if (kept == KEPT_LOSS)
        snprintf(text, 96, "%.17g (%a) on rank %d", loss, loss, rank);
    else if (kept == KEPT_ROWS)
        snprintf(text, 96, "%016" PRIx64 " on rank %d", value.low, rank);
    else
        snprintf(text, 96, "%s on rank %d", hex, rank);
}

/* As compare left it. The same on every rank. */
static Status tell_kept(const Trainer *t, Kept kept)
{
    bool majority;
    char ranks[192], first[96], second[96];
    const int best = largest_group(t, false, &majority);
    name_suspects(t, best, majority, ranks, sizeof ranks);
    name_kept(t, kept, best, first);
    name_kept(t, kept, first_other(t, best), second);
    return status_fail(STATUS_INTERNAL,
                       "replicas differ after step %" PRIu64 ": %s of rank %s%s: %s and %s; " WHAT_TO_DO, t->step,
                       kept_name[kept], ranks, majority ? "" : " (no majority)", first, second);
}

Status difference_tell(Trainer *t)
{
    size_t tensor;
    for (Kept kept = 0; kept < KEPT; kept++)
        if (compare(t, kept_value(t, kept))) return tell_kept(t, kept);
    if (find_tensor(t, t->parameter, &tensor)) return tell_tensor(t, t->parameter, tensor);
    if (t->velocity && find_tensor(t, t->velocity, &tensor)) return tell_tensor(t, t->velocity, tensor);
    return status_fail(STATUS_INTERNAL,
                       "replicas differ after step %" PRIu64
                       ", and are equal when looked at again: memory or processor of a rank cannot be trusted",
                       t->step);
}
