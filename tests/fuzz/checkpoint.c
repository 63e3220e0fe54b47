/* Whatever stands behind a checkpoint's header, it is refused as bad data or is a checkpoint. The header is made to
 * fit, as someone would who wants a file to be believed: its digests keep damage away, not intent. */
#include <string.h>

#include "base/sha256.h"
#include "hdf5_target.h"
#include "rundir/checkpoint.h"

bool target_accepted;

/* src/rundir/checkpoint.h has the table of these bytes. */
static void sign(uint8_t *bytes, size_t size)
{
    const uint64_t rest = size - CHECKPOINT_HEADER;
    memcpy(bytes, "LOCKSTEPCKPT\r\n\x1a\n", 16);
    memcpy(bytes + 16, &(uint32_t){CHECKPOINT_MAJOR}, 4);
    memcpy(bytes + 24, &rest, sizeof rest);
    sha256_of(bytes + CHECKPOINT_HEADER, (size_t)rest, bytes + 32);
    sha256_of(bytes, 480, bytes + 480);
}

typedef struct {
    uint8_t *bytes; /* (size) */
    size_t size;
} File;

static Status decode(void *context)
{
    const File *file = context;
    Checkpoint checkpoint;
    const Status st = checkpoint_decode("fuzz", file->bytes, file->size, &checkpoint);
    checkpoint_free(&checkpoint);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= CHECKPOINT_HEADER) return 0;
    File file = {malloc(size), size};
    ALWAYS(file.bytes);
    memcpy(file.bytes, data, size);
    hdf5_put_checksums(file.bytes + CHECKPOINT_HEADER, size - CHECKPOINT_HEADER);
    sign(file.bytes, size);
    target_accepted = hdf5_apart(decode, &file) == STATUS_OK;
    free(file.bytes);
    return 0;
}
