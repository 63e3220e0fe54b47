/* Private to src/hdf5: what reading and writing share. Includes <hdf5.h>, so no other folder may include this. */
#ifndef LOCKSTEP_HDF5_LIBRARY_H
#define LOCKSTEP_HDF5_LIBRARY_H

#include <hdf5.h>
#include <stdbool.h>

#include "base/replacement.h"
#include "hdf5/h5file.h"

/* Before each file: HDF5 prints nothing and loads no plugins, and has the memory that it takes to open one: 1.10.8
 * crashes where it has not (H5open, H5AC_create). STATUS_INTERNAL. */
MUST_CHECK Status library_begin(void);

/* How files are opened: HDF5's locks, but not where the file system has none. The caller closes it (H5Pclose). */
hid_t library_access(void);

/* The innermost description on HDF5's error stack, to be quoted in a message; "" if there is none. Valid until the next
 * call. To be taken right after the call that failed: any other HDF5 call empties the stack. */
const char *library_reason(void);

/* Is the reason above about a file lock? Then the message should say LIBRARY_LOCK_HELP. */
bool library_reason_is_lock(const char *reason);

#define LIBRARY_LOCK_HELP \
    "; another program writes it, or its file system has no locks: then set HDF5_USE_FILE_LOCKING=FALSE"

struct H5File {
    hid_t id;
    char *path; /* owned */

    bool image; /* of bytes in memory (h5image_open) */

    bool damaged; /* HDF5 has failed on it (library_damaged) */
};

/* A file or an image being written. */
struct H5Writer {
    hid_t id;
    char *path; /* for messages; owned */

    Replacement file;  /* zeroed for an image */
    size_t user_block; /* of an image alone: the bytes before it */
};

/* A writer without a file. */
MUST_CHECK Status library_new_writer(const char *path, H5Writer **writer);

/* An H5File without an id. */
MUST_CHECK Status library_new_file(const char *path, H5File **file);

/* An HDF5 call on the file has just failed: STATUS_DATA with its reason. what: the part of the file, for the message.
 * From then on the file is refused: what a failure has left in HDF5's caches need not be sound. */
MUST_CHECK Status library_damaged(H5File *file, const char *what);

/* STATUS_DATA if that has happened; begins whatever asks HDF5 for something in a file. */
MUST_CHECK Status library_check_whole(const H5File *file);

/* Opens a dataset by the rules of h5file_info; the caller closes it (H5Dclose). *id is -1 on failure. */
MUST_CHECK Status library_open_dataset(H5File *file, const char *dataset, hid_t *id);

/* What an open dataset is, by the rules of h5file_info. */
MUST_CHECK Status library_describe(H5File *file, const char *dataset, hid_t id, H5Info *info);

#endif
