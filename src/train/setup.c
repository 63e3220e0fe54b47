#include "train/setup.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/fpstate.h"
#include "base/memory.h"
#include "train/build.h"
#include "train/pace.h"
#include "train/ranks.h"
#include "train/trainer.h"

static uint64_t double_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* The sum over all shards, by the tree, of what each rank measured on its own. word (shards): filled for the own ones.
 */
static double sum_by_tree(Trainer *t, uint64_t *word)
{
    comm_sum_words(t->comm, word, t->shards);
    memcpy(t->shard_loss, word, t->shards * sizeof *word);
    return fold_doubles(&t->whole, t->shard_loss);
}

/* Float images: least and largest pixel, or mean and deviation, over all ranks. */
static Status measure_float(Trainer *t, ScalingKind kind, double *a, double *b)
{
    const Loader *loader = &t->loader;
    const size_t size = (size_t)comm_size(t->comm);
    float range[2], *ranges;
    Status st = comm_agree(t->comm, memory_new(&ranges, 2 * size, "the ranges of pixels"));
    if (st != STATUS_OK) {
        memory_free(ranges);
        return st;
    }
    scaling_range(&loader->samples, range);
    comm_gather_all(t->comm, range, sizeof range, ranges);
    *a = INFINITY, *b = -INFINITY;
    for (size_t r = 0; r < size; r++) {
        *a = ranges[2 * r] < *a ? ranges[2 * r] : *a;
        *b = ranges[2 * r + 1] > *b ? ranges[2 * r + 1] : *b;
    }
    memory_free(ranges);
    if (kind != SCALING_STANDARD) return STATUS_OK;
    if (*a == *b) { /* whatever rounding makes of the deviation */
        *b = 0.0;
        return STATUS_OK;
    }
    const double pixels = (double)loader->rows * (double)loader->samples.features;
    for (int pass = 0; pass < 2; pass++) {
        memset(t->word, 0, t->shards * sizeof *t->word);
        for (size_t s = t->first_shard; s < t->first_shard + t->run_length; s++) {
            const size_t first =
                shard_begin(loader->rows, t->shards, s) - shard_begin(loader->rows, t->shards, t->first_shard);
            const size_t count = shard_size(loader->rows, t->shards, s);
            t->word[s] = double_bits(pass == 0 ? scaling_sum(&loader->samples, first, count)
                                               : scaling_squares(&loader->samples, first, count, *a));
        }
        const double mean = sum_by_tree(t, t->word) / pixels;
        if (pass == 0)
            *a = mean;
        else
            *b = __builtin_sqrt(mean);
    }
    return STATUS_OK;
}

/* Collective; agreed. */
static Status open_scaling(Trainer *t)
{
    Loader *loader = &t->loader;
    const ScalingKind kind = scaling_kind(t->settings->data.scaling);
    if (loader->samples.kind == ELEMENT_UINT8) {
        uint64_t sums[2] = {0, 0};
        if (kind == SCALING_STANDARD) scaling_add_integers(&loader->samples, sums);
        comm_sum_words(t->comm, sums, 2);
        return comm_agree(t->comm, scaling_init_uint8(&loader->scaling, kind, sums,
                                                      (uint64_t)loader->rows * loader->samples.features));
    }
    double a = 0.0, b = 0.0;
    Status st = kind == SCALING_NONE ? STATUS_OK : measure_float(t, kind, &a, &b);
    if (st != STATUS_OK) return st;
    return comm_agree(t->comm, scaling_init_float(&loader->scaling, kind, a, b));
}

Status setup_dataset_image(const Settings *s, const void *image, size_t size, Dataset **dataset)
{
    const DatasetSource source = {
        .file = s->data.file,
        .images = {s->data.train_images, s->data.test_images},
        .labels = {s->data.train_labels, s->data.test_labels},
        .classes = (uint32_t)s->data.classes,
        .sha256 = s->data.sha256,
        .image = image,
        .image_size = size,
    };
    return dataset_open(&source, dataset);
}

Status setup_dataset(const Settings *s, Dataset **dataset)
{
    const Status st = setup_dataset_image(s, NULL, 0, dataset);
    if (st != STATUS_NO_INPUT) return st;
    return status_fail(st,
                       "%s (data.file; \"lockstep import synth -o FILE\" draws digits, data/README.md says how to make "
                       "one; a relative path is relative to the current directory)",
                       status_message());
}

/* The rows of the training set of this rank's run, and those of the test set that it evaluates. */
static Status load_samples(Trainer *t, Dataset *dataset, const RankPlan *plan)
{
    Status st = loader_init(&t->loader, dataset, (uint64_t)t->settings->run.seed, t->shards, plan->first_shard,
                            plan->run, t->kernels);
    if (st != STATUS_OK) return st;
    t->test_rows = dataset_rows(dataset, PART_TEST);
    t->image_dimensions = dataset_shape(dataset, t->image_extent);
    t->test_first = plan->test_first;
    t->test_length = plan->test;
    const uint32_t begin = shard_begin(t->test_rows, t->shards, t->test_first);
    return samples_init(&t->test, dataset, PART_TEST, begin, (uint32_t)plan->test_rows);
}

Status setup_network(const Settings *s, const Dataset *dataset, Network *network)
{
    size_t hidden[SETTINGS_MAX_HIDDEN];
    for (size_t i = 0; i < s->model.hidden.count; i++) hidden[i] = (size_t)s->model.hidden.value[i];
    uint64_t extent[H5FILE_MAX_DIMENSIONS];
    const Status st = network_init(network, dataset_features(dataset), hidden, s->model.hidden.count,
                                   dataset_classes(dataset), network_activation(s->model.activation));
    if (st != STATUS_OK) return st;
    network_set_image(network, dataset_shape(dataset, extent), extent);
    network_set_compute(network, s->training.compute);
    return STATUS_OK;
}

Status setup_config_text(const Settings *s, char **text)
{
    Status st = memory_new(text, SETTINGS_FILE_LIMIT + 1, "the config's text");
    if (st != STATUS_OK) return st;
    FILE *out = fmemopen(*text, SETTINGS_FILE_LIMIT + 1, "w");
    if (out) settings_print(s, out);
    if (out && fclose(out) == 0 && strlen(*text) < SETTINGS_FILE_LIMIT) return STATUS_OK;
    return status_fail(STATUS_CONFIG, "the config's text is longer than the %d bytes allowed", SETTINGS_FILE_LIMIT);
}

Status setup_check_ranks(const Settings *s, size_t ranks)
{
    const size_t shards = (size_t)s->training.shards;
    if (ranks <= shards) return STATUS_OK;
    return status_fail(STATUS_CONFIG,
                       "%zu ranks, but training.shards is %zu: each rank needs a shard of its own; start at most %zu "
                       "ranks, or set training.shards higher (it is part of the result)",
                       ranks, shards, shards);
}

/* What does not depend on who shares memory with whom. Nothing is allocated after set-up. */
static Status allocate(Trainer *t, const RankPlan *plan)
{
    t->block = plan->block;
    t->bytes = plan->bytes;
    Status st = batch_init(&t->batch, &t->loader, plan->block);
    if (st == STATUS_OK) st = memory_new(&t->word, plan->words, "the step's words");
    if (st == STATUS_OK) st = memory_new(&t->shard_loss, t->shards, "losses");
    if (st == STATUS_OK) st = confusion_init(&t->confusion, (size_t)t->settings->data.classes);
    if (st == STATUS_OK) st = memory_new(&t->replica, (size_t)comm_size(t->comm), "digests");
    if (st == STATUS_OK && plan->predictions > 0) st = memory_new(&t->prediction, plan->predictions, "predictions");
    if (st == STATUS_OK && t->settings->log.tensorboard)
        st = board_init(&t->board, t->image_dimensions, t->image_extent);
    if (st == STATUS_OK && t->settings->log.trace)
        st = trace_init(&t->trace, (size_t)comm_size(t->comm), (size_t)comm_rank(t->comm));
    if (st == STATUS_OK && t->settings->log.shard_digests)
        st = shard_digests_init(&t->shard_digests, t->shards, t->run_length, t->network.floats);
    return st == STATUS_OK ? digest_open(&t->digest) : st;
}

Schedule setup_schedule(const Settings *s, uint64_t steps_per_epoch)
{
    return (Schedule){
        .kind = schedule_kind(s->optimizer.schedule.name),
        .rate = s->optimizer.learning_rate,
        .gamma = s->optimizer.schedule.gamma,
        .min_rate = s->optimizer.schedule.min_learning_rate,
        .warmup = (uint64_t)s->optimizer.schedule.warmup_steps,
        .step_epochs = (uint64_t)s->optimizer.schedule.step_epochs,
        .epoch_steps = steps_per_epoch,
        .total = steps_per_epoch * (uint64_t)s->training.epochs,
    };
}

static void open_schedule(Trainer *t)
{
    const Settings *s = t->settings;
    const uint64_t batch = (uint64_t)s->training.batch_size;
    t->steps_per_epoch = (t->loader.rows + batch - 1) / batch;
    t->schedule = setup_schedule(s, t->steps_per_epoch);
    t->sgd = (SgdStep){
        .momentum = (float)s->optimizer.momentum,
        .weight_decay = (float)s->optimizer.weight_decay,
        .nesterov = s->optimizer.nesterov,
    };
}

/* What one rank does alone. */
static Status open_alone(Trainer *t, DatasetFacts *facts)
{
    Dataset *dataset = NULL;
    RankPlan plan;
    Status st = t->options.image ? setup_dataset_image(t->settings, t->options.image, t->options.image_size, &dataset)
                                 : setup_dataset(t->settings, &dataset);
    if (st == STATUS_OK) st = dataset_facts(dataset, facts);
    if (st == STATUS_OK) st = setup_network(t->settings, dataset, &t->network);
    if (st == STATUS_OK) st = kernels_choose(t->network.copies > 0, &t->kernels);
    if (st == STATUS_OK)
        st = setup_plan(t->settings, dataset, &t->network, (size_t)comm_size(t->comm), (size_t)comm_rank(t->comm),
                        &plan);
    if (st == STATUS_OK) st = load_samples(t, dataset, &plan);
    dataset_close(dataset);
    if (st == STATUS_OK) st = fold_init_run(&t->own, t->shards, t->first_shard, t->first_shard + t->run_length);
    if (st == STATUS_OK) st = fold_init_run(&t->whole, t->shards, 0, t->shards);
    if (st == STATUS_OK) st = allocate(t, &plan);
    return st;
}

/* STATUS_DATA unless the ranks have opened the same dataset, as far as dataset_facts can see: with node-local copies
 * one may be older, or another under the same name. Collective; agreed. */
static Status compare_datasets(Comm *comm, const char *file, const DatasetFacts *facts)
{
    char text[RANKS_TEXT], table[RANKS_TABLE];
    dataset_facts_text(facts, text, sizeof text);
    const Status st = ranks_compare(comm, digest_of(facts, sizeof *facts), text, table);
    if (st != STATUS_OK || !*table) return st;
    return status_fail(STATUS_DATA, "the ranks have different datasets under the name \"%.200s\" (data.file):%s", file,
                       table);
}

/* The dataset's digest, from what each rank has loaded. Collective. */
static void digest_dataset(Trainer *t)
{
    RowSums sums = {{0}};
    samples_add_sums(&t->loader.samples, PART_TRAIN, &sums);
    samples_add_sums(&t->test, PART_TEST, &sums);
    comm_sum_words(t->comm, sums.word, sizeof sums.word / sizeof *sums.word);
    t->dataset =
        dataset_digest_of(&sums, t->loader.rows, t->test_rows, t->loader.samples.features, t->loader.samples.kind);
}

/* How inputs are packed: as rank 0's environment has it, because ranks may work on each other's.
 * Collective; agreed. */
static Status open_density(Trainer *t)
{
    uint64_t count[2] = {0, 0};
    Status st = comm_agree(t->comm, inputs_count(&t->loader.scaling, t->kernels, &t->loader.samples, count));
    if (st != STATUS_OK) return st;
    comm_sum_words(t->comm, count, 2);
    t->density = (double)count[0] / (double)count[1];
    st = comm_agree(
        t->comm, comm_rank(t->comm) == 0 ? inputs_choose(count, t->network.layer[0].bf16, &t->inputs_kind) : STATUS_OK);
    if (st == STATUS_OK) comm_broadcast(t->comm, &t->inputs_kind, sizeof t->inputs_kind);
    return st;
}

/* Collective; agreed. */
static Status open_evaluation(Trainer *t)
{
    if (t->test_length == 0) return comm_agree(t->comm, STATUS_OK);
    return comm_agree(t->comm, classifier_memory_init(&t->evaluation, &t->network, t->inputs_kind));
}

/* Who shares memory with whom, and what goes between them in a step. Collective; agreed. */
static Status open_exchange(Trainer *t)
{
    Status st = node_open(t->comm, &t->node);
    if (st == STATUS_OK) st = exchange_open(t);
    if (st != STATUS_OK) return st;
    const size_t floats = t->exchange.kind == EXCHANGE_GRADIENT ? t->network.floats : 0;
    return reduction_open(t->comm, t->node, setup_reduction(t->settings), t->kernels, t->shards, floats,
                          WORD_LOSSES + t->shards, &t->reduction);
}

static Status open_shared(Trainer *t)
{
    const Settings *s = t->settings;
    DatasetFacts facts;
    Status st = comm_agree(t->comm, open_alone(t, &facts));
    if (st == STATUS_OK) st = compare_datasets(t->comm, s->data.file, &facts);
    if (st == STATUS_OK) st = build_compare_machines(t->comm, t->kernels);
    if (st != STATUS_OK) return st;
    if (s->log.trace) trace_begin(&t->trace, t->comm, t->started);
    digest_dataset(t);
    st = open_scaling(t);
    if (st == STATUS_OK) st = open_density(t);
    if (st == STATUS_OK) st = open_evaluation(t);
    if (st == STATUS_OK) st = open_exchange(t);
    if (st != STATUS_OK) return st;
    open_schedule(t);
    if (!t->exchange.shared || node_rank(t->node) == 0)
        network_draw(&t->network, t->kernels, network_initialisation(s->model.init), (uint64_t)s->run.seed,
                     t->parameter);
    return t->options.run_path ? trainer_begin_run(t) : STATUS_OK;
}

Status trainer_open(Trainer *t, Comm *comm, const Settings *settings, const TrainerOptions *options)
{
    *t = (Trainer){.comm = comm,
                   .settings = settings,
                   .options = *options,
                   .shards = (size_t)settings->training.shards,
                   .chained = true};
    t->started = t->phase_began = t->last_log = t->last_save = clock_seconds();
    t->watchdog = comm_watchdog(comm);
    const size_t size = (size_t)comm_size(comm), rank = (size_t)comm_rank(comm);
    Status st = setup_check_ranks(settings, size);
    if (st != STATUS_OK) return st;
    t->first_shard = fold_run_begin(t->shards, size, rank);
    t->run_length = fold_run_begin(t->shards, size, rank + 1) - t->first_shard;
    fpstate_set();
    pace_begin(t);
    trainer_enter(t, PHASE_LOAD);
    st = open_shared(t);
    if (st == STATUS_OK)
        pace_begin_training(t);
    else
        trainer_close(t);
    return st;
}

void trainer_close(Trainer *t)
{
    slurm_end(&t->slurm);
    rundir_close(&t->run);
    checkpoint_distrust_end(&t->distrusted);
    reduction_close(t->reduction);
    exchange_close(&t->exchange);
    shard_digests_free(&t->shard_digests);
    board_free(&t->board);
    trace_free(&t->trace);
    node_close(t->node);
    loader_free(&t->loader);
    batch_free(&t->batch);
    samples_free(&t->test);
    classifier_memory_free(&t->evaluation);
    fold_free(&t->own);
    fold_free(&t->whole);
    memory_free(t->slab);
    memory_free(t->config);
    memory_free(t->word);
    memory_free(t->shard_loss);
    confusion_free(&t->confusion);
    memory_free(t->replica);
    memory_free(t->prediction);
    digest_close(t->digest);
    *t = (Trainer){0};
}
