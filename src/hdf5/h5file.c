/* Opening files, and what is in them. */
#include "hdf5/h5file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "library.h"

const char *h5info_shape(const H5Info *info, int first, const char *times, char text[H5FILE_SHAPE_TEXT])
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = first; i < info->dimensions; i++)
        used += (size_t)snprintf(text + used, H5FILE_SHAPE_TEXT - used, "%s%" PRIu64, i > first ? times : "",
                                 info->extent[i]);
    return text;
}

enum { PATH_LIMIT = 1024 }; /* of a dataset in a file, bytes */

/* A regular file that can be read and is not empty: what can be said without HDF5. */
static Status check_file(const char *path)
{
    int fd;
    size_t size;
    Status st = file_open(path, "HDF5 file", &fd, &size);
    if (st != STATUS_OK) return st;
    if (size == 0) st = status_fail(STATUS_DATA, "\"%s\" is empty, not an HDF5 file", path);
    close(fd);
    return st;
}

static Status open_failed(const char *path, const char *reason)
{
    if (library_reason_is_lock(reason))
        return status_fail(STATUS_IO, "cannot lock \"%s\"%s (HDF5: %s)", path, LIBRARY_LOCK_HELP, reason);
    return status_fail(STATUS_DATA, "\"%s\" is %s (HDF5: %s)", path,
                       strstr(reason, "truncated")
                           ? "a truncated HDF5 file: copy or make it again"
                           : "a damaged HDF5 file, or of a newer format than this library reads",
                       reason);
}

static Status open_id(H5File *file)
{
    if (H5Fis_hdf5(file->path) <= 0) return status_fail(STATUS_DATA, "\"%s\" is not an HDF5 file", file->path);
    const hid_t access = library_access();
    file->id = H5Fopen(file->path, H5F_ACC_RDONLY, access);
    const Status st = file->id < 0 ? open_failed(file->path, library_reason()) : STATUS_OK;
    H5Pclose(access);
    return st;
}

Status library_new_file(const char *path, H5File **file)
{
    *file = NULL;
    H5File *made;
    Status st = library_begin();
    if (st == STATUS_OK) st = memory_new(&made, 1, "an HDF5 file's handle");
    if (st != STATUS_OK) return st;
    made->id = -1;
    st = text_copy(&made->path, path);
    if (st == STATUS_OK)
        *file = made;
    else
        h5file_close(made);
    return st;
}

Status h5file_open(const char *path, H5File **file)
{
    *file = NULL;
    Status st = check_file(path);
    if (st != STATUS_OK) return st;
    H5File *opened;
    st = library_new_file(path, &opened);
    if (st != STATUS_OK) return st;
    st = open_id(opened);
    if (st == STATUS_OK)
        *file = opened;
    else
        h5file_close(opened);
    return st;
}

void h5file_close(H5File *file)
{
    if (!file) return;
    if (file->id >= 0) H5Fclose(file->id);
    H5garbage_collect(); /* it keeps what it has freed, for the next file */
    memory_free(file->path);
    memory_free(file);
}

typedef struct {
    char text[1024];
    bool full;
} NameList;

static Status add_name(H5File *file, const char *dataset, void *context)
{
    (void)file;
    NameList *list = context;
    const size_t used = strlen(list->text), room = sizeof list->text - used;
    if (list->full) return STATUS_OK;
    list->full = strlen(dataset) + sizeof ", , ..." > room;
    snprintf(list->text + used, room, "%s%s", used ? ", " : "", list->full ? "..." : dataset);
    return STATUS_OK;
}

static Status absent(H5File *file, const char *dataset)
{
    NameList list = {0};
    const Status st = h5file_each(file, add_name, &list);
    if (st != STATUS_OK) return st;
    return status_fail(STATUS_DATA, "\"%s\" has no dataset \"%s\"; it has %s", file->path, dataset,
                       *list.text ? list.text : "no datasets at all");
}

static Status not_followed(const H5File *file, const char *prefix, H5L_type_t type)
{
    return status_fail(STATUS_DATA, "\"%s\": \"%s\" is %s link, which is not followed; name the dataset itself",
                       file->path, prefix,
                       type == H5L_TYPE_SOFT       ? "a soft"
                       : type == H5L_TYPE_EXTERNAL ? "an external"
                                                   : "a user-defined");
}

/* The last component of prefix is a hard link, and to a group if more of the path follows; dataset: the whole path. */
static Status check_link(H5File *file, const char *prefix, bool more, const char *dataset)
{
    H5L_info_t link;
    H5O_info_t object;
    const htri_t exists = H5Lexists(file->id, prefix, H5P_DEFAULT);
    if (exists == 0) return absent(file, dataset);
    if (exists < 0 || H5Lget_info(file->id, prefix, &link, H5P_DEFAULT) < 0) return library_damaged(file, prefix);
    if (link.type != H5L_TYPE_HARD) return not_followed(file, prefix, link.type);
    if (!more) return STATUS_OK;
    if (H5Oget_info_by_name2(file->id, prefix, &object, H5O_INFO_BASIC, H5P_DEFAULT) < 0)
        return library_damaged(file, prefix);
    return object.type == H5O_TYPE_GROUP ? STATUS_OK : absent(file, dataset);
}

/* Each component of the path is a hard link: no link can lead out of the file or somewhere unexpected. */
static Status check_links(H5File *file, const char *dataset)
{
    char prefix[PATH_LIMIT];
    const size_t length = strlen(dataset);
    if (length >= sizeof prefix)
        return status_fail(STATUS_DATA, "\"%s\": the path of a dataset has %zu bytes, more than the %d allowed",
                           file->path, length, PATH_LIMIT - 1);
    size_t end = strspn(dataset, "/");
    if (end == length) return absent(file, dataset);
    Status st = STATUS_OK;
    while (end < length && st == STATUS_OK) {
        end += strcspn(dataset + end, "/");
        memcpy(prefix, dataset, end);
        prefix[end] = '\0';
        end += strspn(dataset + end, "/");
        st = check_link(file, prefix, end < length, dataset);
    }
    return st;
}

static Status check_storage(const H5File *file, const char *dataset, hid_t id)
{
    const hid_t creation = H5Dget_create_plist(id);
    Status st;
    const H5D_layout_t layout = H5Pget_layout(creation);
    if (layout == H5D_VIRTUAL)
        st = status_fail(STATUS_DATA,
                         "\"%s\": dataset \"%s\" is virtual: its values are in other files; copy it with "
                         "\"h5repack -l CONTI\"",
                         file->path, dataset);
    else if (H5Pget_external_count(creation) != 0)
        st = status_fail(STATUS_DATA,
                         "\"%s\": dataset \"%s\" has external storage: its values are in other files; copy "
                         "it with \"h5repack -l CONTI\"",
                         file->path, dataset);
    else if (file->image && layout == H5D_CHUNKED)
        st = status_fail(STATUS_DATA, "\"%s\": dataset \"%s\" is stored in chunks, which are not read from memory",
                         file->path, dataset);
    else if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED)
        st = status_fail(STATUS_DATA, "\"%s\": dataset \"%s\" has a storage layout that is not known here", file->path,
                         dataset);
    else
        st = STATUS_OK;
    H5Pclose(creation);
    return st;
}

Status library_open_dataset(H5File *file, const char *dataset, hid_t *id)
{
    *id = -1;
    Status st = library_check_whole(file);
    if (st == STATUS_OK) st = check_links(file, dataset);
    if (st != STATUS_OK) return st;
    const hid_t object = H5Oopen(file->id, dataset, H5P_DEFAULT);
    if (object < 0) return library_damaged(file, dataset);
    if (H5Iget_type(object) != H5I_DATASET)
        st = status_fail(STATUS_DATA, "\"%s\": \"%s\" is a group or a type, not a dataset", file->path, dataset);
    else
        st = check_storage(file, dataset, object);
    if (st == STATUS_OK)
        *id = object;
    else
        H5Oclose(object);
    return st;
}

Status h5file_info(H5File *file, const char *dataset, H5Info *info)
{
    hid_t id;
    Status st = library_open_dataset(file, dataset, &id);
    if (st != STATUS_OK) return st;
    st = library_describe(file, dataset, id, info);
    H5Dclose(id);
    return st;
}

typedef struct {
    H5File *file;
    Status (*visit)(H5File *file, const char *dataset, void *context);
    void *context;
    Status st;
} Visit;

/* H5Lvisit follows hard links alone and comes to each group once, so that a circle of links ends. */
static herr_t visit_link(hid_t root, const char *name, const H5L_info_t *about, void *data)
{
    Visit *visit = data;
    char path[PATH_LIMIT];
    if (about->type != H5L_TYPE_HARD || strlen(name) + 2 > sizeof path) return 0;
    snprintf(path, sizeof path, "/%s", name);
    const hid_t object = H5Oopen(root, name, H5P_DEFAULT);
    if (object < 0) {
        visit->st = library_damaged(visit->file, path);
        return -1;
    }
    const bool is_dataset = H5Iget_type(object) == H5I_DATASET;
    H5Oclose(object);
    if (is_dataset) visit->st = visit->visit(visit->file, path, visit->context);
    return visit->st == STATUS_OK ? 0 : -1;
}

Status h5file_each(H5File *file, Status (*visit)(H5File *file, const char *dataset, void *context), void *context)
{
    Visit each = {.file = file, .visit = visit, .context = context, .st = library_check_whole(file)};
    if (each.st != STATUS_OK) return each.st;
    if (H5Lvisit(file->id, H5_INDEX_NAME, H5_ITER_INC, visit_link, &each) < 0 && each.st == STATUS_OK)
        return library_damaged(file, "its list of groups");
    return each.st;
}
