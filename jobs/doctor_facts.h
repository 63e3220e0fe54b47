/* What doctor asks of each host and each rank: a text of lines "KEY VALUE", so that it can be read by people and passed
 * on by whatever brings a program's words from there. The last line is "end"; without it whoever wrote the text hung or
 * died at what comes after its last line.
 *
 *   rank, size          as MPI has it; 0 and 1 without
 *   host, version, program (digest of its file), mpi, kernels (set; or kernels.error)
 *   cpus                that this process may use: 0-3,8
 *   copy                whether this rank can read another's memory on this host: "ok" or what refuses it; under MPI
 *   name.seconds        that looking up the host's own name took; name.address, or name.error
 *   interface           NAME ADDRESS/BITS, each that is up; IPv4
 *   shm.directory, shm.free, memory.free    bytes
 *   dataset             as dataset_facts_text; or dataset.error. With a config
 *   need.memory, need.shared, need.checkpoint   bytes of a rank, at most (train_needs)
 *   run.directory       the lowest that exists of the run directory and those above it
 *   run.free, run.checkpoints (there already), run.seconds (to bring a file to disk); run.error, run.locks (error) */
#ifndef LOCKSTEP_JOBS_DOCTOR_FACTS_H
#define LOCKSTEP_JOBS_DOCTOR_FACTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "comm/comm.h"
#include "config/settings.h"

enum { FACTS_SIZE = 16384, FACT_SIZE = 1024 };

typedef struct {
    int rank, size;
    const char *copying;       /* facts_copying; borrowed */
    const Settings *settings;  /* NULL: no config; borrowed */
    const char *run;           /* the run directory; "": not looked at; borrowed */
    size_t ranks;              /* of the training, for what it needs */
    const char *dataset_error; /* why this process must not open the dataset; NULL: it may; borrowed */
} FactsAsked;

/* Each line is on its way when the next is looked for. Local. */
void facts_write(const FactsAsked *asked, FILE *out);

/* Can this rank read the memory of another one on this host? text: "ok", "alone", or what refuses it.
 * Collective; agreed. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status facts_copying(Comm *comm, char text[FACT_SIZE]);

/* The value of the first line of this key; "" if there is none. */
const char *facts_text(const char *facts, const char *key, char value[FACT_SIZE]);
bool facts_has(const char *facts, const char *key);
double facts_number(const char *facts, const char *key); /* 0 if there is none */

/* The first line of this key from *at on, which is moved behind it; false: none. */
bool facts_next(const char **at, const char *key, char value[FACT_SIZE]);

/* The lines about the host's memory, names and networks. Local; for facts_write. */
void facts_write_host(FILE *out);

#endif
