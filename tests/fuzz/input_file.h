/* Inputs as files, for code that opens a path. (HDF5 asks for the real path of what it opens: one without a name in a
 * directory will not do.) */
#ifndef LOCKSTEP_TESTS_FUZZ_INPUT_FILE_H
#define LOCKSTEP_TESTS_FUZZ_INPUT_FILE_H

#include "scratch.h"
#include "target.h"

/* The path of a file of these bytes: one for each index, to be made again for the next input. */
static inline const char *input_file(size_t index, const void *bytes, size_t size)
{
    char name[32];
    snprintf(name, sizeof name, "input%zu", index);
    const char *path = scratch_path(name);
    remove(path); /* HDF5 tells files apart by device and inode, and may have left the last one open */
    scratch_write(path, bytes, size);
    return path;
}

#endif
