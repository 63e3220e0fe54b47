#include "inspect_paths.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static Status count_one(H5File *file, const char *dataset, void *count)
{
    (void)file, (void)dataset;
    ++*(size_t *)count;
    return STATUS_OK;
}

static Status add_one(H5File *file, const char *dataset, void *context)
{
    Contents *contents = context;
    Entry *entry = &contents->entry[contents->count++];
    Status st = text_copy(&entry->path, dataset);
    if (st != STATUS_OK) return st;
    st = h5file_info(file, dataset, &entry->info);
    if (st != STATUS_DATA) return st;
    st = text_copy(&entry->refused, status_message());
    status_clear();
    return st;
}

Status contents_init(Contents *contents, H5File *file)
{
    *contents = (Contents){0};
    size_t count = 0;
    Status st = h5file_each(file, count_one, &count);
    if (st == STATUS_OK) st = memory_new(&contents->entry, count, "the list of datasets");
    if (st == STATUS_OK) st = h5file_each(file, add_one, contents);
    if (st != STATUS_OK) contents_free(contents);
    return st;
}

void contents_free(Contents *contents)
{
    for (size_t i = 0; i < contents->count; i++) {
        memory_free(contents->entry[i].path);
        memory_free(contents->entry[i].refused);
    }
    memory_free(contents->entry);
    *contents = (Contents){0};
}

void contents_print(const Contents *contents)
{
    int widest = 7;
    for (size_t i = 0; i < contents->count; i++) {
        const size_t length = strlen(contents->entry[i].path);
        if ((int)length > widest && length < 60) widest = (int)length;
    }
    printf("  %-*s  %-22s  %s\n", widest, "dataset", "shape", "type");
    for (size_t i = 0; i < contents->count; i++) {
        const Entry *entry = &contents->entry[i];
        char shape[H5FILE_SHAPE_TEXT] = "-";
        if (!entry->refused) h5info_shape(&entry->info, 0, " x ", shape);
        printf("  ");
        const int columns = text_put(entry->path, false, stdout);
        printf("%*s  %-22s  ", columns < widest ? widest - columns : 0, "", shape);
        text_put(entry->refused ? "-" : entry->info.type_text, false, stdout);
        printf("\n");
    }
    if (contents->count == 0) printf("  (none)\n");
    for (size_t i = 0; i < contents->count; i++)
        if (contents->entry[i].refused) {
            printf("\nnot usable: ");
            text_put(contents->entry[i].refused, false, stdout);
        }
    printf("\n");
}

static const Entry *entry_of(const Contents *contents, const char *path)
{
    for (size_t i = 0; i < contents->count; i++)
        if (strcmp(contents->entry[i].path, path) == 0) return &contents->entry[i];
    return NULL;
}

/* Could these be labels? (N) or (N,1) integers. */
static bool like_labels(const Entry *entry)
{
    const H5Info *info = &entry->info;
    return !entry->refused && (info->kind == ELEMENT_UINT8 || info->kind == ELEMENT_INTEGER) &&
           (info->dimensions == 1 || (info->dimensions == 2 && info->extent[1] == 1));
}

static bool like_images(const Entry *entry)
{
    const H5Info *info = &entry->info;
    return !entry->refused && (info->kind == ELEMENT_UINT8 || info->kind == ELEMENT_FLOAT32) && info->dimensions >= 2 &&
           !like_labels(entry);
}

static bool named(const Entry *entry, Part part)
{
    static const char *const words[2][4] = {{"train", NULL}, {"test", "val", "t10k", NULL}};
    for (int i = 0; words[part][i]; i++)
        if (strcasestr(entry->path, words[part][i])) return true;
    return false;
}

/* The images of a part by their name or, where no name tells and there are two, the larger is for training. */
static const Entry *choose_images(const Contents *contents, Part part)
{
    const Entry *likely[2] = {NULL, NULL};
    size_t count = 0;
    for (size_t i = 0; i < contents->count; i++) {
        const Entry *entry = &contents->entry[i];
        if (!like_images(entry)) continue;
        if (named(entry, part) && !named(entry, part == PART_TRAIN ? PART_TEST : PART_TRAIN)) return entry;
        if (count < 2) likely[count] = entry;
        count++;
    }
    if (count != 2 || likely[0]->info.extent[0] == likely[1]->info.extent[0]) return NULL;
    const bool first_is_larger = likely[0]->info.extent[0] > likely[1]->info.extent[0];
    return likely[first_is_larger == (part == PART_TRAIN) ? 0 : 1];
}

/* The labels of a part: as many as images, by their name if they have one. */
static const Entry *choose_labels(const Contents *contents, Part part, const Entry *images)
{
    const Entry *best = NULL;
    for (size_t i = 0; i < contents->count; i++) {
        const Entry *entry = &contents->entry[i];
        if (!like_labels(entry) || entry->info.extent[0] != images->info.extent[0]) continue;
        if (named(entry, part)) return entry;
        if (!best && !named(entry, part == PART_TRAIN ? PART_TEST : PART_TRAIN)) best = entry;
    }
    return best;
}

bool contents_choose(const Contents *contents, DatasetSource *source, bool *is_default)
{
    *is_default = true;
    for (int part = 0; part < 2; part++) {
        source->images[part] = dataset_default_images[part];
        source->labels[part] = dataset_default_labels[part];
        *is_default &= entry_of(contents, source->images[part]) && entry_of(contents, source->labels[part]);
    }
    if (*is_default) return true;
    for (int part = 0; part < 2; part++) {
        const Entry *images = choose_images(contents, (Part)part);
        const Entry *labels = images ? choose_labels(contents, (Part)part, images) : NULL;
        if (!labels) return false;
        source->images[part] = images->path;
        source->labels[part] = labels->path;
    }
    return true;
}
