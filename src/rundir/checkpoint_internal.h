/* Private to the checkpoint_*.c: what writing and reading share. */
#ifndef LOCKSTEP_RUNDIR_CHECKPOINT_INTERNAL_H
#define LOCKSTEP_RUNDIR_CHECKPOINT_INTERNAL_H

#include "rundir/checkpoint.h"

/* The first part of a temporary file's name. */
#define CHECKPOINT_TEMPORARY ".ckpt-"

enum { CHECKPOINT_PATH_IN_FILE = 64, CHECKPOINT_HOST_SIZE = 65 };

/* "/model/layer0/weight": the path of a tensor of group "/model" or "/optimizer". */
void checkpoint_tensor_path(const char *group, size_t tensor, char path[CHECKPOINT_PATH_IN_FILE]);

/* The content, an HDF5 file behind CHECKPOINT_HEADER zero bytes. Fails as checkpoint_encode. */
MUST_CHECK Status checkpoint_encode_content(const Checkpoint *checkpoint, unsigned char **bytes, size_t *size);

/* The content of a file whose digests were checked. Fails as checkpoint_read. */
MUST_CHECK Status checkpoint_decode_content(const char *name, const unsigned char *bytes, size_t size,
                                            Checkpoint *checkpoint);

/* checkpoint_read, telling a newer major version from damage. */
MUST_CHECK Status checkpoint_read_file(const char *path, Checkpoint *checkpoint, bool *newer);

/* Is it a checkpoint that this program reads, as far as its header and its length tell? */
bool checkpoint_seems_good(const char *path);

/* The host's name, as it stands in the names of temporary files. */
void checkpoint_host(char host[CHECKPOINT_HOST_SIZE]);

#endif
