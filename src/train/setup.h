/* From settings to the things that they describe: shared by training and by its check. */
#ifndef LOCKSTEP_TRAIN_SETUP_H
#define LOCKSTEP_TRAIN_SETUP_H

#include "comm/comm.h"
#include "comm/reduction.h"
#include "config/settings.h"
#include "data/loader.h"
#include "model/network.h"
#include "model/schedule.h"

/* STATUS_CONFIG: more ranks than shards. Local. */
MUST_CHECK Status setup_check_ranks(const Settings *settings, size_t ranks);

/* Local; failures as dataset_open. The second is for the bytes of a file (size), instead of data.file. */
MUST_CHECK Status setup_dataset(const Settings *settings, Dataset **dataset);
MUST_CHECK Status setup_dataset_image(const Settings *settings, const void *image, size_t size, Dataset **dataset);

/* What one rank of so many holds: the sizes that training allocates, and the check tells of. */
typedef struct {
    size_t first_shard, run; /* its shards of the training set */
    size_t test_first, test; /* and those of the test set that it evaluates; test may be 0 */
    size_t train_rows, test_rows;
    size_t block;    /* samples of a step, the most of any rank */
    size_t most_run; /* shards of any rank */
    size_t slab;     /* floats: parameters with their copies, velocity; by plan node also those before an update */
    size_t words;
    ReductionBytes reduction;
    size_t shared;      /* bytes of node_share, the most that it may come to */
    size_t predictions; /* rows of them */
    size_t bytes;       /* of all of it; not what MPI, HDF5 and the program itself take, nor a checkpoint's image; by
                           plan node the most, as the first rank of a node takes it that exchanges gradients */
} RankPlan;

/* Local. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status setup_plan(const Settings *settings, const Dataset *dataset, const Network *network, size_t ranks,
                             size_t rank, RankPlan *plan);

/* The most shards that any rank has. */
size_t setup_most_run(size_t shards, size_t ranks);

/* The kind that training.reduction names. */
ReductionKind setup_reduction(const Settings *settings);

/* *text = the resolved settings, for config.cfg and for checkpoints; owned by the caller (memory_free). STATUS_CONFIG:
 * it is longer than what could be read back; STATUS_INTERNAL: out of memory. */
MUST_CHECK Status setup_config_text(const Settings *settings, char **text);

/* The course of the learning rate. */
Schedule setup_schedule(const Settings *settings, uint64_t steps_per_epoch);

/* Local; failures as network_init. */
MUST_CHECK Status setup_network(const Settings *settings, const Dataset *dataset, Network *network);

#endif
