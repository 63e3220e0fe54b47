/* What each rank runs: which build of the program, on what processor and libraries. */
#ifndef LOCKSTEP_TRAIN_BUILD_H
#define LOCKSTEP_TRAIN_BUILD_H

#include "base/digest.h"
#include "comm/comm.h"
#include "kernels/kernels.h"
#include "rundir/record.h"

/* The digest of the program's sources and of the flags that they were compiled with, wherever and whenever that was,
 * and by whatever compiler (train/source_digest.cmake.in). */
extern const char build_source[DIGEST_HEX_SIZE];

/* STATUS_INTERNAL, with a table of who runs what, if the ranks were not all built of the same sources. To be called
 * before any message whose length another version might see otherwise. Collective; agreed. */
MUST_CHECK Status build_check(Comm *comm);

/* One warning if the ranks differ in processor, libraries or compiler. Collective; agreed. STATUS_INTERNAL: out of
 * memory. */
MUST_CHECK Status build_compare_machines(Comm *comm, const Kernels *kernels);

/* The members of a start's record that tell of this process; kernels: those that it chose. */
void build_record(Records *records, const Kernels *kernels);

#endif
