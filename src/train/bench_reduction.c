/* The gradient's sum over the ranks with the update: Lockstep's, which hands each block to the update while it is in
 * the cache, against MPI_Allreduce and then the update. The pieces are written anew before each. */
#include <string.h>

#include "base/memory.h"
#include "train/bench_internal.h"

enum { KINDS = 2 };

typedef struct {
    Reduction *reduction; /* owned */
    size_t count, pieces;
    uint64_t *word;        /* as many as beside a step's gradient; borrowed */
    const float *fresh;    /* (count) borrowed */
    GradientUpdate update; /* of vectors of count floats; borrowed */
} Step;

static void write_pieces(void *context)
{
    const Step *s = context;
    reduction_begin(s->reduction);
    for (size_t i = 0; i < s->pieces; i++)
        memcpy(reduction_pieces(s->reduction)[i], s->fresh, s->count * sizeof *s->fresh);
}

static void add_and_update(void *context)
{
    Step *s = context;
    reduction_words(s->reduction, s->word);
    reduction_finish(s->reduction, REDUCTION_ALL, gradient_update, &s->update);
}

static void emit(Bench *bench, const char *label, size_t count, const BenchCase cases[KINDS])
{
    const double tree = bench_spread(bench, cases[REDUCTION_TREE].seconds).most;
    const double mpi = bench_spread(bench, cases[REDUCTION_MPI].seconds).most;
    const double mbytes = 1e-6 * (double)(count * sizeof(float));
    BenchRow row;
    bench_row(&row, "reduction", "%s %.2f MB, slowest rank", label, mbytes);
    bench_number(&row, "gradient_mbytes", NULL, 3, mbytes);
    bench_number(&row, "lockstep_microseconds", "us, sum + update: Lockstep", 1, 1e6 * tree);
    bench_number(&row, "mpi_microseconds", "MPI_Allreduce + update", 1, 1e6 * mpi);
    bench_number(&row, "mpi_per_lockstep", "times as fast", 2, mpi / tree);
    bench_emit(bench, &row);
}

/* Without another rank MPI_Allreduce is not called, and the ratio would be of two loops of ours. */
static void emit_nothing(Bench *bench)
{
    BenchRow row;
    bench_row(&row, "reduction", "reduction: one rank has nothing to reduce");
    bench_number(&row, "ranks", NULL, 0, 1);
    bench_emit(bench, &row);
}

/* Both, in turn, on one node's memory. Collective; agreed. */
static Status measure(Bench *bench, const char *label, const Step *common, double seconds)
{
    static BenchCase cases[KINDS];
    const Trainer *t = &bench->trainer;
    const size_t words = WORD_LOSSES + t->shards, ranks = (size_t)comm_size(bench->comm);
    Step steps[KINDS] = {*common, *common};
    Node *node = NULL;
    size_t shared = 0;
    Status st = STATUS_OK;
    for (int kind = 0; kind < KINDS && st == STATUS_OK; kind++) {
        ReductionBytes bytes;
        st = reduction_bytes((ReductionKind)kind, t->shards, common->count, words, ranks,
                             (size_t)comm_rank(bench->comm), &bytes);
        if (st == STATUS_OK) shared += bytes.shared;
    }
    st = comm_agree(bench->comm, st);
    if (st == STATUS_OK) st = node_open(bench->comm, &node);
    if (st == STATUS_OK) st = node_reserve(node, shared);
    for (int kind = 0; kind < KINDS && st == STATUS_OK; kind++) {
        st = reduction_open(bench->comm, node, (ReductionKind)kind, t->kernels, t->shards, common->count, words,
                            &steps[kind].reduction);
        cases[kind] = (BenchCase){.run = add_and_update, .prepare = write_pieces, .context = &steps[kind]};
    }
    if (st == STATUS_OK) {
        bench_measure(bench, cases, KINDS, seconds);
        emit(bench, label, common->count, cases);
    }
    for (int kind = 0; kind < KINDS; kind++) reduction_close(steps[kind].reduction);
    node_close(node);
    return st;
}

/* On gradients of several lengths. Collective; agreed. */
static Status measure_lengths(Bench *bench, double seconds)
{
    enum { SMALL = 400000, LARGE = 12000000 }; /* floats: 784-500-10's, a network of 12 million parameters */
    static const Network none;                 /* these vectors are no network's */
    Trainer *t = &bench->trainer;
    const size_t own = t->network.floats, most = own > LARGE ? own : LARGE;
    float *fresh = NULL, *w = NULL, *v = NULL;
    Status st = memory_new(&fresh, most, "gradients");
    if (st == STATUS_OK) st = memory_new(&w, most, "parameters");
    if (st == STATUS_OK && t->velocity) st = memory_new(&v, most, "parameters");
    st = comm_agree(bench->comm, st);
    SgdStep sgd = t->sgd;
    sgd.rate = 1e-3f;
    sgd.inverse_samples = 1.0f / (float)t->settings->training.batch_size;
    Step step = {.pieces = t->own.outputs,
                 .word = t->word,
                 .fresh = fresh,
                 .update = {.network = &none, .kernels = t->kernels, .step = &sgd, .w = w, .v = v}};
    for (size_t i = 0; i < most && st == STATUS_OK; i++) fresh[i] = (float)(i % 1009) * 1e-3f - 0.5f;
    const struct {
        const char *label;
        size_t count;
        double share;
    } sizes[] = {{"this gradient,", own, 0.4}, {"a gradient of", SMALL, 0.2}, {"a gradient of", LARGE, 0.4}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && st == STATUS_OK; i++) {
        step.count = sizes[i].count;
        st = measure(bench, sizes[i].label, &step, sizes[i].share * seconds);
    }
    memory_free(fresh);
    memory_free(w);
    memory_free(v);
    return st;
}

Status bench_reduction(Bench *bench, double seconds)
{
    if (comm_size(bench->comm) > 1) return measure_lengths(bench, seconds);
    emit_nothing(bench);
    return STATUS_OK;
}
