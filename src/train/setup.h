/* From settings to the things that they describe: shared by training and by its check. */
#ifndef LOCKSTEP_TRAIN_SETUP_H
#define LOCKSTEP_TRAIN_SETUP_H

#include "comm/comm.h"
#include "config/settings.h"
#include "data/loader.h"
#include "model/network.h"

/* STATUS_CONFIG: more ranks than shards. Local. */
MUST_CHECK Status setup_check_ranks(const Settings *settings, size_t ranks);

/* Local; failures as dataset_open. */
MUST_CHECK Status setup_dataset(const Settings *settings, Dataset **dataset);

/* STATUS_DATA, with a table of who has what, if the ranks have not opened the same dataset, as far as dataset_facts can
 * see. Collective; agreed. */
MUST_CHECK Status setup_same_dataset(Comm *comm, const char *file, const DatasetFacts *facts);

/* Local; failures as network_init. */
MUST_CHECK Status setup_network(const Settings *settings, const Dataset *dataset, Network *network);

#endif
