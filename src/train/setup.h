/* From settings to the things that they describe: shared by training and by its check. */
#ifndef LOCKSTEP_TRAIN_SETUP_H
#define LOCKSTEP_TRAIN_SETUP_H

#include "config/settings.h"
#include "data/loader.h"
#include "model/network.h"

/* STATUS_CONFIG: more ranks than shards. Local. */
MUST_CHECK Status setup_check_ranks(const Settings *settings, size_t ranks);

/* Local; failures as dataset_open. */
MUST_CHECK Status setup_dataset(const Settings *settings, Dataset **dataset);

/* Local; failures as network_init. */
MUST_CHECK Status setup_network(const Settings *settings, const Dataset *dataset, Network *network);

#endif
