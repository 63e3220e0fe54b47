/* The checkpoints of a run directory. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "checkpoint_internal.h"

static const char *const folder = "checkpoints";

void checkpoint_path(const char *run, uint64_t step, char path[CHECKPOINT_PATH_SIZE])
{
    snprintf(path, CHECKPOINT_PATH_SIZE, "%s/%s/step-%010" PRIu64 ".h5", run, folder, step);
}

void checkpoint_best_path(const char *run, char path[CHECKPOINT_PATH_SIZE])
{
    snprintf(path, CHECKPOINT_PATH_SIZE, "%s/best.h5", run);
}

/* Is this the name of a temporary file, .ckpt-STEP.tmp.HOST.PROCESS? */
static bool is_temporary(const char *name)
{
    static const char digits[] = "0123456789";
    if (strncmp(name, CHECKPOINT_TEMPORARY, strlen(CHECKPOINT_TEMPORARY)) != 0) return false;
    name += strlen(CHECKPOINT_TEMPORARY);
    name += strspn(name, digits);
    if (strncmp(name, ".tmp.", 5) != 0) return false;
    name += 5;
    const char *dot = strrchr(name, '.');
    return dot && dot > name && dot[1] && !dot[1 + strspn(dot + 1, digits)];
}

static Status cannot_list(const char *path)
{
    return status_fail(STATUS_IO, "cannot read directory \"%s\": %s", path, strerror(errno));
}

/* The caller holds the run's lock: nobody else writes here. */
static Status remove_stale(const char *path)
{
    DIR *directory = file_open_directory(path);
    if (!directory) return cannot_list(path);
    for (const struct dirent *entry; (entry = file_next_entry(directory));) {
        if (!is_temporary(entry->d_name)) continue;
        if (FILE_RETRY(unlinkat(dirfd(directory), entry->d_name, 0)) == 0)
            log_info("removed \"%s/%s\", a checkpoint that was never finished", path, entry->d_name);
        else
            log_warning("cannot remove \"%s/%s\": %s", path, entry->d_name, strerror(errno));
    }
    const Status st = errno ? cannot_list(path) : STATUS_OK;
    closedir(directory);
    return st;
}

Status checkpoint_prepare(const char *run)
{
    char path[CHECKPOINT_PATH_SIZE];
    if (strlen(run) + 128 > sizeof path)
        return status_fail(STATUS_CANT_CREATE, "the run directory's name is too long: \"%.100s...\"", run);
    snprintf(path, sizeof path, "%s/%s", run, folder);
    if (FILE_RETRY(mkdir(path, 0777)) != 0 && errno != EEXIST)
        return status_fail(STATUS_CANT_CREATE, "cannot create \"%s\": %s", path, strerror(errno));
    Status st = remove_stale(run);
    if (st == STATUS_OK) st = remove_stale(path);
    return st == STATUS_OK ? file_sync_directory(path) : st;
}

/* Is this the name that checkpoint_path makes of a step? */
static bool parse_name(const char *name, uint64_t *step)
{
    char canonical[64];
    if (sscanf(name, "step-%20" SCNu64 ".h5", step) != 1) return false;
    snprintf(canonical, sizeof canonical, "step-%010" PRIu64 ".h5", *step);
    return strcmp(name, canonical) == 0;
}

/* *count: how many there are; steps: those of at most `room` of them. */
static Status scan(const char *path, uint64_t *steps, size_t room, size_t *count)
{
    *count = 0;
    DIR *directory = file_open_directory(path);
    if (!directory && (errno == ENOENT || errno == ENOTDIR)) return STATUS_OK;
    if (!directory) return cannot_list(path);
    uint64_t step;
    for (const struct dirent *entry; (entry = file_next_entry(directory));) {
        if (!parse_name(entry->d_name, &step)) continue;
        if (*count < room) steps[*count] = step;
        ++*count;
    }
    const Status st = errno ? cannot_list(path) : STATUS_OK;
    closedir(directory);
    return st;
}

static int newest_first(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

Status checkpoint_list(const char *run, uint64_t **steps, size_t *count)
{
    *steps = NULL;
    char path[CHECKPOINT_PATH_SIZE];
    size_t room;
    snprintf(path, sizeof path, "%s/%s", run, folder);
    Status st = scan(path, NULL, 0, &room);
    *count = 0;
    if (st == STATUS_OK) st = memory_new(steps, room, "the list of checkpoints");
    if (st == STATUS_OK) st = scan(path, *steps, room, count);
    if (*count > room) *count = room;
    if (st == STATUS_OK) qsort(*steps, *count, sizeof **steps, newest_first);
    return st;
}

/* Warns of the checkpoint that the pending message is about. unread: the message about the first of those that could
 * not be read, "" as long as each could. */
static void pass_by(Status st, char unread[STATUS_MESSAGE_SIZE])
{
    log_warning("%s; it is skipped", status_message());
    if (st == STATUS_IO && !*unread) strcpy(unread, status_message());
    status_clear();
}

/* STATUS_OK also when none of them can be used: then *found is false. */
static Status read_first_valid(const char *run, const uint64_t *steps, size_t count, Checkpoint *checkpoint,
                               bool *found, char unread[STATUS_MESSAGE_SIZE])
{
    *found = false;
    for (size_t i = 0; i < count; i++) {
        char path[CHECKPOINT_PATH_SIZE];
        checkpoint_path(run, steps[i], path);
        bool newer;
        Status st = checkpoint_read_file(path, checkpoint, &newer);
        if (st == STATUS_OK && checkpoint->step != steps[i]) {
            st = status_fail(STATUS_DATA, "checkpoint \"%s\" is that of step %" PRIu64, path, checkpoint->step);
            checkpoint_free(checkpoint);
        }
        *found = st == STATUS_OK;
        if (*found || newer || (st != STATUS_DATA && st != STATUS_IO && st != STATUS_NO_INPUT)) return st;
        pass_by(st, unread);
    }
    return STATUS_OK;
}

static Status none_found(const char *run, size_t count, const char *unread)
{
    if (count == 0) return status_fail(STATUS_NO_INPUT, "run directory \"%s\" has no checkpoints", run);
    if (*unread)
        return status_fail(STATUS_IO,
                           "%s; none of the %zu checkpoints in run directory \"%s\" can be used: see to it that they "
                           "can be read, and start again",
                           unread, count, run);
    return status_fail(
        STATUS_DATA,
        "none of the %zu checkpoints in run directory \"%s\" can be used; perhaps its best.h5 can: --resume "
        "%s/best.h5",
        count, run, run);
}

Status checkpoint_read_newest(const char *run, Checkpoint *checkpoint)
{
    *checkpoint = (Checkpoint){0};
    uint64_t *steps;
    size_t count;
    bool found;
    char unread[STATUS_MESSAGE_SIZE] = "";
    Status st = checkpoint_list(run, &steps, &count);
    if (st != STATUS_OK) return st;
    st = read_first_valid(run, steps, count, checkpoint, &found, unread);
    memory_free(steps);
    return st != STATUS_OK || found ? st : none_found(run, count, unread);
}

Status checkpoint_distrust(const char *run, uint64_t step, Distrusted *distrusted)
{
    size_t count;
    *distrusted = (Distrusted){0};
    const Status st = checkpoint_list(run, &distrusted->step, &count);
    while (distrusted->count < count && distrusted->step[distrusted->count] > step) distrusted->count++;
    return st;
}

void checkpoint_distrust_end(Distrusted *distrusted)
{
    memory_free(distrusted->step);
    *distrusted = (Distrusted){0};
}

/* Where the step is, or count. */
static size_t find(const Distrusted *distrusted, uint64_t step)
{
    size_t i = 0;
    while (i < distrusted->count && distrusted->step[i] != step) i++;
    return i;
}

static void trust(Distrusted *distrusted, uint64_t step)
{
    const size_t i = find(distrusted, step);
    if (i < distrusted->count) distrusted->step[i] = distrusted->step[--distrusted->count];
}

void checkpoint_prune(const char *run, uint64_t step, size_t keep, Distrusted *distrusted)
{
    assert(keep >= 2);
    uint64_t *steps;
    size_t count;
    trust(distrusted, step);
    if (checkpoint_list(run, &steps, &count) != STATUS_OK) {
        log_warning("%s; old checkpoints stay", status_message());
        status_clear();
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (steps[i] > step) continue;
        char path[CHECKPOINT_PATH_SIZE];
        checkpoint_path(run, steps[i], path);
        if (kept < keep)
            kept += find(distrusted, steps[i]) == distrusted->count && checkpoint_seems_good(path);
        else if (FILE_RETRY(unlink(path)) != 0 && errno != ENOENT)
            log_warning("cannot remove old checkpoint \"%s\": %s", path, strerror(errno));
    }
    memory_free(steps);
}
