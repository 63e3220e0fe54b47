/* Each kernel at the shapes of a rank's step, through the network where it has a call of its own for one. The work that
 * counts is that on elements of the input which are not zero; a dense product of the same shape gives the dense
 * equivalent. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "train/bench_internal.h"

/* One rank's share of a batch, packed in each way that the first layer can read, and everything that a step makes of
 * it. */
typedef struct {
    Trainer *trainer;
    size_t n;
    double nonzero; /* elements of the inputs */
    size_t ways;
    InputsKind way[INPUTS_MOST_KINDS];
    Inputs inputs[INPUTS_MOST_KINDS];  /* owned */
    Inputs packing[INPUTS_MOST_KINDS]; /* for the batches that follow; owned */
    Batch batch;                       /* owned */
    uint32_t position;                 /* of the next batch */
    float *memory;                     /* of the workspace; owned */
    Workspace workspace;
    Share *share[INPUTS_MOST_KINDS]; /* (shards of this rank's run); owned */
    float *sums, *w, *v; /* (outputs of the run's fold, floats), (network_vector()), (floats); owned; v NULL without
                            momentum */
    SgdStep sgd;
} Kit;

/* What a case is about. */
typedef struct {
    Kit *kit;
    const char *what;
    size_t layer;
    size_t way;                 /* of the inputs; INPUTS_MOST_KINDS: there is but one */
    double flops, dense, bytes; /* of a call; NaN: not to be said */
    Network alone;              /* the layer, and the workspace with it as its first */
    Workspace workspace;
} Call;

static void pack_next(Kit *kit, Inputs *inputs)
{
    Loader *loader = &kit->trainer->loader;
    const uint32_t batch = (uint32_t)kit->trainer->settings->training.batch_size, left = loader->rows - kit->position;
    const uint32_t end = kit->position + (batch < left ? batch : left);
    kit->batch.inputs = inputs;
    loader_pack(loader, 0, kit->position, end, &kit->batch);
    kit->position = loader->rows - end < batch ? 0 : end;
}

static void pack(void *context)
{
    const Call *call = context;
    pack_next(call->kit, &call->kit->packing[call->way % INPUTS_MOST_KINDS]);
}

static void forward(void *context)
{
    Call *call = context;
    const Kit *kit = call->kit;
    BatchInput before = {.n = kit->n};
    if (call->layer > 0) before.x = kit->workspace.output[call->layer - 1];
    before.rounded = kit->workspace.rounded[call->layer];
    const Pass pass = {call->layer > 0 ? &before : &kit->inputs[call->way % INPUTS_MOST_KINDS].input, &call->workspace};
    network_forward_first(&call->alone, kit->trainer->kernels, kit->trainer->parameter, 0,
                          kernel_panels(call->alone.layer[0].out), 1, &pass);
}

/* Of the last layer, which alone has none to go back to. */
static void softmax_cross_entropy(void *context)
{
    Call *call = context;
    const Kit *kit = call->kit;
    network_errors(&call->alone, kit->trainer->kernels, kit->trainer->parameter, kit->n, kit->batch.label,
                   &call->workspace);
}

static void backward_data(void *context)
{
    const Call *call = context;
    Kit *kit = call->kit;
    const Trainer *t = kit->trainer;
    network_backward(&t->network, t->kernels, t->parameter, call->layer, kit->n, &kit->workspace);
}

/* Of all bf16 layers. */
static void lay(void *context)
{
    const Kit *kit = ((const Call *)context)->kit;
    const Trainer *t = kit->trainer;
    network_lay(&t->network, t->kernels, t->run_length, kit->share[0]);
}

/* The gradient as the ranks exchange it: into memory, a sum for each output of the fold. */
static void backward_weight(void *context)
{
    const Call *call = context;
    const Kit *kit = call->kit;
    const Trainer *t = kit->trainer;
    float *sum[2 * FOLD_MAX_DEPTH];
    WeightGradient target = {.sum = sum};
    for (size_t o = 0; o < t->own.outputs; o++)
        sum[o] = kit->sums + o * t->network.floats + t->network.layer[call->layer].offset;
    network_whole(&t->network, call->layer, &target);
    network_gradient(&t->network, t->kernels, call->layer, &t->own, kit->share[call->way % INPUTS_MOST_KINDS], &target);
}

/* The gradient as the ranks exchange operands: it goes into the update, not into memory. */
static void backward_weight_sgd(void *context)
{
    const Call *call = context;
    const Kit *kit = call->kit;
    const Trainer *t = kit->trainer;
    WeightGradient target = network_update(&t->network, call->layer, &kit->sgd, kit->w, kit->v);
    network_whole(&t->network, call->layer, &target);
    network_gradient(&t->network, t->kernels, call->layer, &t->own, kit->share[call->way % INPUTS_MOST_KINDS], &target);
}

static void sgd(void *context)
{
    const Kit *kit = ((const Call *)context)->kit;
    kit->trainer->kernels->sgd(kit->trainer->network.floats, &kit->sgd, kit->sums, kit->w, kit->v);
}

static void digest(void *context)
{
    Trainer *t = ((const Call *)context)->kit->trainer;
    digest_begin(t->digest);
    network_digest(&t->network, t->parameter, t->digest);
}

static Status allocate(Kit *kit)
{
    const Trainer *t = kit->trainer;
    const size_t features = t->loader.samples.features, floats = t->network.floats;
    Status st = batch_init(&kit->batch, &t->loader, t->block);
    for (size_t i = 0; i < kit->ways && st == STATUS_OK; i++) {
        const InputsKind kind = kit->way[i];
        st = inputs_init(&kit->inputs[i], features, t->network.width, t->block, kind, true, NULL);
        if (st == STATUS_OK) st = inputs_init(&kit->packing[i], features, t->network.width, t->block, kind, true, NULL);
        if (st == STATUS_OK) st = memory_new(&kit->share[i], t->run_length, "operands");
    }
    if (st == STATUS_OK)
        st = memory_new(&kit->memory, workspace_floats(&t->network, t->block, t->run_length), "activations");
    if (st == STATUS_OK) st = memory_new(&kit->sums, t->own.outputs * floats, "gradients");
    if (st == STATUS_OK) st = memory_new(&kit->w, network_vector(&t->network), "parameters");
    if (st == STATUS_OK && t->velocity) st = memory_new(&kit->v, floats, "parameters");
    return st;
}

static void kit_free(Kit *kit)
{
    batch_free(&kit->batch);
    for (size_t i = 0; i < kit->ways; i++) {
        inputs_free(&kit->inputs[i]);
        inputs_free(&kit->packing[i]);
        memory_free(kit->share[i]);
    }
    memory_free(kit->memory);
    memory_free(kit->sums);
    memory_free(kit->w);
    memory_free(kit->v);
}

/* The first batch in all ways, and one pass of the network, so that all arrays hold what they hold in training. */
static void fill(Kit *kit)
{
    const Trainer *t = kit->trainer;
    const size_t features = t->loader.samples.features;
    for (size_t way = 0; way < kit->ways; way++) {
        Inputs *inputs = &kit->inputs[way];
        kit->position = 0;
        pack_next(kit, inputs);
        kit->n = kit->batch.first_row[t->run_length];
        for (size_t i = 0; i < t->run_length; i++)
            kit->share[way][i] =
                (Share){&inputs->input, &kit->workspace, kit->batch.first_row[i], kit->batch.first_row[i + 1]};
        for (size_t s = 0; s < kit->n && inputs->input.x; s++)
            for (size_t k = 0; k < features; k++) kit->nonzero += inputs->x[s * kernel_leading(features) + k] != 0.0f;
    }
    workspace_place(&kit->workspace, &t->network, t->block, t->run_length, kit->memory);
    network_forward(&t->network, t->kernels, t->parameter, &kit->inputs[0].input, &kit->workspace);
    network_errors(&t->network, t->kernels, t->parameter, kit->n, kit->batch.label, &kit->workspace);
    network_lay(&t->network, t->kernels, t->run_length, kit->share[0]);
    memcpy(kit->w, t->parameter, t->network.floats * sizeof *kit->w);
    kit->sgd = t->sgd;
    kit->sgd.rate = 1e-3f;
    kit->sgd.inverse_samples = 1.0f / (float)t->settings->training.batch_size;
}

enum { MOST_CASES = 8 + 4 * NETWORK_MAX_LAYERS };

typedef struct {
    Kit *kit;
    Call *call;       /* (MOST_CASES) owned */
    BenchCase *cases; /* (MOST_CASES) owned */
    size_t count;
    bool fuses; /* the gradient of each rank's run is one sum, so that an update can be made with it */
} Cases;

static Call *add(Cases *all, const char *what, void (*run)(void *context))
{
    Call *call = &all->call[all->count];
    *call = (Call){.kit = all->kit, .what = what, .way = INPUTS_MOST_KINDS, .flops = NAN, .dense = NAN, .bytes = NAN};
    all->cases[all->count++] = (BenchCase){.run = run, .context = call};
    return call;
}

static Call *add_of_layer(Cases *all, const char *what, void (*run)(void *context), size_t layer)
{
    const Kit *kit = all->kit;
    Call *call = add(all, what, run);
    call->layer = layer;
    call->alone =
        (Network){.layers = 1, .layer = {kit->trainer->network.layer[layer]}, .floats = kit->trainer->network.floats};
    call->workspace = kit->workspace;
    call->workspace.output[0] = kit->workspace.output[layer];
    call->workspace.error[0] = kit->workspace.error[layer];
    return call;
}

/* One product of a layer; of the first layer, which reads the inputs, in all ways. */
static void add_product(Cases *all, const char *what, void (*run)(void *context), size_t layer)
{
    const Kit *kit = all->kit;
    const Layer *of = &kit->trainer->network.layer[layer];
    for (size_t way = 0; way < (layer == 0 ? kit->ways : 1); way++) {
        Call *call = add_of_layer(all, what, run, layer);
        if (layer == 0) call->way = way;
        call->dense = call->flops = 2.0 * (double)(kit->n * of->in) * (double)of->out;
        if (layer == 0 && kit->way[way] == INPUTS_LISTS) call->flops = 2.0 * kit->nonzero * (double)of->out;
    }
}

static void add_all(Cases *all)
{
    const Kit *kit = all->kit;
    const Trainer *t = kit->trainer;
    const double floats = (double)t->network.floats;
    const size_t last = t->network.layers - 1;
    const Samples *samples = &t->loader.samples;
    const size_t pixel = samples->kind == ELEMENT_UINT8 ? sizeof(uint8_t) : sizeof(float);
    for (size_t way = 0; way < kit->ways; way++) {
        Call *call = add(all, "pack", pack);
        call->way = way;
        call->bytes = (double)(kit->n * samples->features * pixel);
    }
    for (size_t i = 0; i <= last; i++) add_product(all, "forward", forward, i);
    add_of_layer(all, "softmax_cross_entropy", softmax_cross_entropy, last);
    for (size_t i = last; i > 0; i--) add_product(all, "backward_data", backward_data, i);
    if (t->network.copies) add(all, "lay", lay);
    for (size_t i = last + 1; i-- > 0;) add_product(all, "backward_weight", backward_weight, i);
    for (size_t i = last + 1; i-- > 0 && all->fuses;) add_product(all, "backward_weight_sgd", backward_weight_sgd, i);
    Call *call = add(all, "sgd", sgd);
    call->flops = floats * (3.0 + (kit->sgd.weight_decay != 0.0f ? 2.0 : 0.0) + (kit->v ? 2.0 : 0.0) +
                            (kit->sgd.nesterov ? 2.0 : 0.0));
    call->bytes = floats * (kit->v ? 5.0 : 3.0) * sizeof(float);
    call = add(all, "digest", digest);
    call->bytes = (double)t->network.parameters * sizeof(float);
}

/* Of a rank: what all did, by the time that all took. NaN stays NaN. */
static double rate(Bench *bench, double amount, double seconds)
{
    return 1e-9 * bench_spread(bench, amount).sum / bench_spread(bench, seconds).sum;
}

/* What becomes of the zeros of the inputs, where there is a choice. */
static const char *zeros_of(const Call *call)
{
    if (call->way == INPUTS_MOST_KINDS || call->kit->ways == 1) return NULL;
    return call->kit->way[call->way] == INPUTS_LISTS ? "skipped" : "multiplied";
}

static void emit(Bench *bench, const Call *call, double seconds)
{
    const char *zeros = zeros_of(call);
    const Layer *layer = &call->alone.layer[0];
    const double flops = rate(bench, call->flops, seconds);
    BenchRow row;
    char of[64] = "";
    if (call->alone.layers) snprintf(of, sizeof of, " %zu: %zu x %zu", call->layer, layer->in, layer->out);
    bench_row(&row, call->what, "%s%s%s%s%s", call->what, of, layer->bf16 ? ", bf16" : "", zeros ? ", zeros " : "",
              zeros ? zeros : "");
    if (zeros) bench_text(&row, "zeros", zeros);
    if (layer->bf16) bench_text(&row, "compute", "bf16");
    if (call->alone.layers) {
        bench_number(&row, "layer", NULL, 0, (double)call->layer);
        bench_number(&row, "in", NULL, 0, (double)layer->in);
        bench_number(&row, "out", NULL, 0, (double)layer->out);
    }
    bench_number(&row, "samples", NULL, 0, (double)call->kit->n);
    bench_number(&row, "microseconds", "us a call", 2, 1e6 * bench_spread(bench, seconds).mean);
    bench_number(&row, "gflops_per_second_per_rank", "GFLOP/s a rank", 1, flops);
    bench_number(&row, "peak_percent", "% of peak", 1, 100.0 * 1e9 * flops / bench->peak);
    bench_number(&row, "dense_gflops_per_second_per_rank", "as if dense", 1, rate(bench, call->dense, seconds));
    bench_number(&row, "gbytes_per_second_per_rank", "GB/s a rank", 1, rate(bench, call->bytes, seconds));
    bench_emit(bench, &row);
}

/* One kernel's layers and ways are measured in turns and told, then the next one's. */
static void measure(Bench *bench, Cases *all, double seconds)
{
    uint64_t fuse = bench->trainer.own.outputs == 1;
    comm_sum_words(bench->comm, &fuse, 1);
    all->fuses = fuse == (uint64_t)comm_size(bench->comm);
    fill(all->kit);
    add_all(all);
    const double each = seconds / (double)all->count;
    for (size_t first = 0, end; first < all->count; first = end) {
        end = first + 1;
        while (end < all->count && strcmp(all->call[end].what, all->call[first].what) == 0) end++;
        bench_measure(bench, all->cases + first, end - first, each * (double)(end - first));
        for (size_t i = first; i < end; i++) emit(bench, &all->call[i], all->cases[i].seconds);
    }
}

Status bench_kernels(Bench *bench, double seconds)
{
    Kit kit = {.trainer = &bench->trainer};
    kit.ways = inputs_kinds(bench->trainer.network.layer[0].bf16, kit.way);
    Cases all = {.kit = &kit};
    Status st = allocate(&kit);
    if (st == STATUS_OK) st = memory_new(&all.call, MOST_CASES, "what to measure");
    if (st == STATUS_OK) st = memory_new(&all.cases, MOST_CASES, "what to measure");
    st = comm_agree(bench->comm, st);
    if (st == STATUS_OK) measure(bench, &all, seconds);
    memory_free(all.call);
    memory_free(all.cases);
    kit_free(&kit);
    return st;
}
