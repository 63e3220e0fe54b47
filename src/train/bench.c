#include "train/bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "data/synth.h"
#include "lockstep/lockstep.h"
#include "train/bench_internal.h"

/* Is the config's dataset there? If on one rank alone, the others tell so when they open it. Collective. */
static bool dataset_is_there(Bench *bench)
{
    const char *file = bench->settings.data.file;
    uint64_t there = *file && access(file, F_OK) == 0;
    comm_sum_words(bench->comm, &there, 1);
    if (*file && there == 0)
        log_warning("there is no data.file \"%s\": what follows is measured on drawn digits of %d x %d pixels", file,
                    SYNTH_SIDE, SYNTH_SIDE);
    return there > 0;
}

/* Whole batches only, so that every step has the same work. */
static uint32_t drawn_rows(const Settings *s)
{
    enum { ENOUGH = 8192 };
    const uint64_t batch = (uint64_t)s->training.batch_size;
    return (uint32_t)((ENOUGH + batch - 1) / batch * batch);
}

/* The trainer as for training, but without a run on disk. Collective; agreed. */
static Status open_trainer(Bench *bench)
{
    TrainerOptions options = {.resume = RESUME_NONE, .stop_after_steps = -1};
    unsigned char *image = NULL;
    Status st = STATUS_OK;
    bench->settings.evaluation.predictions = false;
    bench->data = "the config's dataset";
    if (!dataset_is_there(bench)) {
        bench->data = "drawn digits";
        st = comm_agree(bench->comm,
                        bench_draw(&bench->settings, drawn_rows(&bench->settings), &image, &options.image_size));
        options.image = image;
    }
    if (st == STATUS_OK) st = trainer_open(&bench->trainer, bench->comm, &bench->settings, &options);
    memory_free(image);
    if (st != STATUS_OK) return st;
    Records **records = &bench->trainer.run.records;
    return comm_agree(bench->comm, comm_rank(bench->comm) == 0 ? records_open("/dev/null", records) : STATUS_OK);
}

/* What was measured where. */
static void emit_setup(Bench *bench)
{
    const Trainer *t = &bench->trainer;
    const uint64_t batch = (uint64_t)t->settings->training.batch_size;
    const int ranks = comm_size(bench->comm);
    char layers[256];
    size_t used = (size_t)snprintf(layers, sizeof layers, "%zu", t->network.layer[0].in);
    for (size_t i = 0; i < t->network.layers && used + 24 < sizeof layers; i++)
        used += (size_t)snprintf(layers + used, sizeof layers - used, "-%zu", t->network.layer[i].out);
    BenchRow row;
    bench_row(&row, "setup",
              "ranks %d, nodes %d, %s kernels, %s\n%s, batch %" PRIu64
              ", %zu shards; %s, of whose values %.1f %% are not zero",
              ranks, node_count(t->node), t->kernels->name, t->settings->training.compute, layers, batch, t->shards,
              bench->data, 100.0 * t->density);
    bench_text(&row, "version", lockstep_version());
    bench_text(&row, "mpi", comm_library());
    bench_text(&row, "kernels", t->kernels->name);
    bench_text(&row, "compute", t->settings->training.compute);
    bench_text(&row, "layers", layers);
    bench_text(&row, "data", bench->data);
    bench_text(&row, "zeros", t->inputs_kind == INPUTS_LISTS ? "skipped" : "multiplied");
    bench_number(&row, "nonzero_percent", NULL, 1, 100.0 * t->density);
    bench_number(&row, "ranks", NULL, 0, ranks);
    bench_number(&row, "nodes", NULL, 0, node_count(t->node));
    bench_number(&row, "shards", NULL, 0, (double)t->shards);
    bench_number(&row, "batch_samples", NULL, 0, (double)batch);
    bench_number(&row, "parameters", NULL, 0, (double)t->network.parameters);
    bench_emit(bench, &row);
}

Status bench_run(Comm *comm, const Settings *settings, double seconds, BenchSink *sink, void *context)
{
    static Bench bench;
    bench = (Bench){.comm = comm, .settings = *settings, .sink = sink, .context = context};
    Status st = open_trainer(&bench);
    if (st == STATUS_OK) emit_setup(&bench);
    if (st == STATUS_OK) st = bench_machine(&bench, 0.2 * seconds);
    if (st == STATUS_OK) st = bench_kernels(&bench, 0.3 * seconds);
    if (st == STATUS_OK) st = bench_reduction(&bench, 0.2 * seconds);
    if (st == STATUS_OK) st = bench_step(&bench, 0.3 * seconds);
    if (bench.trainer.comm) trainer_close(&bench.trainer);
    return st;
}
