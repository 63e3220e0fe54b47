#include "library.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "hdf5/guest.h"

static bool begun;

/* 1.10.8 crashes where there is less to begin with: its types, its cache's index, its lists of free blocks, an image's
 * first megabyte. */
static Status check_memory(void)
{
    enum { NEEDED = 3 << 20 };
    return memory_check(NEEDED, "HDF5");
}

static void restrain(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5PLset_loading_state(0);
}

static void begin_once(void)
{
    if (begun) return;
    begun = true;
    /* Every file is closed by its owner. HDF5's own closing at exit crashes after an H5Fclose that failed (1.10.8, disk
     * full): the program would end by a signal instead of its exit code. */
    H5dont_atexit();
    H5open();
    restrain();
}

Status library_begin(void)
{
    const Status st = check_memory();
    if (st == STATUS_OK) begin_once();
    return st;
}

/* Without H5dont_atexit: the owner counts on HDF5's own closing, and a guest writes nothing. */
Status h5guest_begin(H5Guest *guest)
{
    const Status st = check_memory();
    if (st != STATUS_OK) return st;
    begun = true;
    H5open();
    H5Eget_auto2(H5E_DEFAULT, &guest->print, &guest->context);
    H5PLget_loading_state(&guest->plugins);
    restrain();
    return STATUS_OK;
}

void h5guest_end(const H5Guest *guest)
{
    H5Eset_auto2(H5E_DEFAULT, guest->print, guest->context);
    H5PLset_loading_state(guest->plugins);
}

hid_t library_access(void)
{
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
#if H5_VERSION_GE(1, 10, 7)
    /* The environment's HDF5_USE_FILE_LOCKING goes before this. */
    H5Pset_file_locking(access, true, true);
#endif
    return access;
}

static herr_t take_innermost(unsigned n, const H5E_error2_t *error, void *text)
{
    if (n == 0 && error->desc) snprintf(text, 512, "%s", error->desc);
    return 0;
}

const char *library_reason(void)
{
    static char text[512];
    text[0] = '\0';
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_innermost, text);
    return text;
}

bool library_reason_is_lock(const char *reason)
{
    return strstr(reason, "lock file") || strstr(reason, "file lock");
}

/* Also what a damaged file may say. */
static bool is_of_newer_library(const char *reason)
{
    return strstr(reason, "version number") != NULL;
}

Status library_damaged(H5File *file, const char *what)
{
    const char *reason = library_reason();
    file->damaged = true;
    if (is_of_newer_library(reason))
        return status_fail(
            STATUS_DATA,
            "\"%s\": %s cannot be read: the file is damaged, or in a form of a newer HDF5 than the %s here "
            "(HDF5: %s): copy it again, or write it anew for all versions (h5py: without libver, "
            "or libver=('earliest', 'v110'))",
            file->path, what, h5file_library(), reason);
    return status_fail(STATUS_DATA, "\"%s\": %s cannot be read: the file is damaged, copy or make it again (HDF5: %s)",
                       file->path, what, reason);
}

Status library_check_whole(const H5File *file)
{
    if (!file->damaged) return STATUS_OK;
    return status_fail(STATUS_DATA, "\"%s\" is damaged: copy or make it again", file->path);
}

const char *h5file_library(void)
{
    static char text[32];
    unsigned major, minor, release;
    H5get_libversion(&major, &minor, &release);
    snprintf(text, sizeof text, "%u.%u.%u", major, minor, release);
    return text;
}
