/* How large everything is that a rank holds. */
#include <string.h>

#include "output/predictions.h"
#include "train/setup.h"
#include "train/trainer.h"

ReductionKind setup_reduction(const Settings *s)
{
    return strcmp(s->training.reduction, "mpi") == 0 ? REDUCTION_MPI : REDUCTION_TREE;
}

/* Which shards, and how many rows they are. */
static void plan_shares(const Settings *s, const Dataset *dataset, size_t ranks, size_t rank, RankPlan *plan)
{
    const size_t shards = (size_t)s->training.shards;
    const uint32_t train = dataset_rows(dataset, PART_TRAIN), test = dataset_rows(dataset, PART_TEST);
    plan->first_shard = fold_run_begin(shards, ranks, rank);
    plan->run = fold_run_begin(shards, ranks, rank + 1) - plan->first_shard;
    if (strcmp(s->evaluation.mode, "all") == 0) {
        plan->test_first = plan->first_shard;
        plan->test = plan->run;
    } else if (rank == 0)
        plan->test = shards;
    plan->train_rows =
        shard_begin(train, shards, plan->first_shard + plan->run) - shard_begin(train, shards, plan->first_shard);
    plan->test_rows =
        shard_begin(test, shards, plan->test_first + plan->test) - shard_begin(test, shards, plan->test_first);
}

size_t setup_most_run(size_t shards, size_t ranks)
{
    return (shards + ranks - 1) / ranks;
}

static size_t bytes_of(const RankPlan *plan, const Settings *s, const Dataset *dataset, const Network *network,
                       size_t ranks)
{
    const size_t features = dataset_features(dataset), classes = (size_t)s->data.classes;
    const size_t image = features * (dataset_kind(dataset) == ELEMENT_UINT8 ? sizeof(uint8_t) : sizeof(float));
    const size_t sample = image + 2 * sizeof(uint32_t);      /* with label and row */
    const size_t order = sizeof(uint32_t);                   /* the permutation */
    const size_t largest = plan->train_rows / plan->run + 1; /* shard: the check of the order */
    size_t batch = 0, evaluation = 0;                        /* the most of all kinds that there may be */
    InputsKind kind[INPUTS_MOST_KINDS];
    const size_t kinds = inputs_kinds(network->layer[0].bf16, kind);
    for (size_t i = 0; i < kinds; i++) {
        const size_t step =
            inputs_bytes(features, plan->block, kind[i]) + inputs_scratch_bytes(features, plan->block, kind[i]);
        const size_t test = plan->test ? classifier_memory_bytes(network, kind[i]) : 0;
        batch = step > batch ? step : batch;
        evaluation = test > evaluation ? test : evaluation;
    }
    return plan->train_rows * (sample + order) + largest * (sizeof(uint32_t) + sizeof(uint8_t)) +
           plan->test_rows * sample + evaluation + 2 * batch + plan->block * sizeof(uint32_t) + plan->reduction.shared +
           plan->reduction.own + sizeof(float) * (workspace_floats(network, plan->block, plan->most_run) + plan->slab) +
           sizeof(uint64_t) * (plan->words + confusion_words(classes)) + ranks * sizeof(Replica) +
           plan->predictions * sizeof(Prediction);
}

/* By plan node the first rank's, which holds the node's copy of the parameters too. */
static size_t shared_of(const RankPlan *plan, bool one_copy, const Dataset *dataset, const Network *network)
{
    if (!one_copy) return plan->reduction.shared;
    const size_t features = dataset_features(dataset);
    size_t inputs = 0;
    InputsKind kind[INPUTS_MOST_KINDS];
    const size_t kinds = inputs_kinds(network->layer[0].bf16, kind);
    for (size_t i = 0; i < kinds; i++) {
        const size_t bytes = inputs_bytes(features, plan->block, kind[i]);
        inputs = bytes > inputs ? bytes : inputs;
    }
    const size_t operands = 2 * inputs + sizeof(float) * workspace_floats(network, plan->block, plan->most_run);
    /* Half of the slab is the copy before an update. */
    return sizeof(float) * plan->slab / 2 + (operands > plan->reduction.shared ? operands : plan->reduction.shared);
}

Status setup_plan(const Settings *s, const Dataset *dataset, const Network *network, size_t ranks, size_t rank,
                  RankPlan *plan)
{
    *plan = (RankPlan){0};
    plan_shares(s, dataset, ranks, rank, plan);
    const size_t shards = (size_t)s->training.shards, floats = network->floats;
    const bool checked = strcmp(s->training.plan, "node") == 0 && ranks > 1; /* updates, on a copy */
    plan->slab = (network_vector(network) + (s->optimizer.momentum != 0.0 ? floats : 0)) * (checked ? 2 : 1);
    /* The same on all ranks, which may see each other's. */
    plan->most_run = setup_most_run(shards, ranks);
    const size_t rows = dataset_rows(dataset, PART_TRAIN) / shards * plan->most_run + plan->most_run;
    const size_t batch = loader_share(rows, shards, plan->most_run, (size_t)s->training.batch_size);
    plan->block = batch;
    plan->words = WORD_LOSSES + shards;
    plan->predictions = s->evaluation.predictions || s->log.tensorboard ? dataset_rows(dataset, PART_TEST) : 0;
    const size_t reduced = ranks > 1 ? floats : 0; /* a rank alone updates from its operands */
    const Status st = reduction_bytes(setup_reduction(s), shards, reduced, plan->words, ranks, rank, &plan->reduction);
    plan->bytes = bytes_of(plan, s, dataset, network, ranks);
    plan->shared = shared_of(plan, checked, dataset, network);
    if (s->log.shard_digests) plan->bytes += shard_digests_bytes(shards, plan->run, floats);
    if (s->log.trace) plan->bytes += trace_bytes(ranks, rank);
    if (s->log.tensorboard) {
        uint64_t extent[H5FILE_MAX_DIMENSIONS];
        plan->bytes += mistakes_bytes(dataset_shape(dataset, extent), extent);
    }
    return st;
}
