#include "rundir/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "rundir/history.h"

enum { NAME_SIZE = 64, PATH_SIZE = RUNDIR_PATH_SIZE + NAME_SIZE };

static Status cannot_create(const char *path)
{
    return status_fail(STATUS_CANT_CREATE, "cannot create run directory \"%s\": %s", path, strerror(errno));
}

/* Durably; whole: of which it is a part, for messages. */
static Status make_directory(const char *path, const char *whole)
{
    if (FILE_RETRY(mkdir(path, 0777)) == 0) return file_sync_directory(path);
    return errno == EEXIST ? STATUS_OK : cannot_create(whole);
}

/* mkdir -p */
static Status make_directories(const char *path)
{
    char partial[PATH_SIZE];
    snprintf(partial, sizeof partial, "%s", path);
    Status st = STATUS_OK;
    for (char *slash = partial + 1; st == STATUS_OK && (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        st = make_directory(partial, path);
        *slash = '/';
    }
    return st == STATUS_OK ? make_directory(path, path) : st;
}

/* What a directory holds, but for the lock and its probes (lock.c). */
typedef struct {
    bool anything;
    bool config; /* config.cfg is there: it holds a run */
    bool others; /* something that a run which was killed before it had written its config does not have */
} Content;

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names && strcmp(name, *names) != 0) names++;
    return *names != NULL;
}

static Status look(const char *path, Content *content)
{
    static const char *const passed_over[] = {".", "..", "lock", NULL};
    static const char *const first[] = {"config.cfg",    ".config.cfg.tmp", "log.txt",
                                        "metrics.jsonl", "checkpoints",     NULL};
    *content = (Content){0};
    DIR *directory = file_open_directory(path);
    if (!directory) return cannot_create(path);
    for (const struct dirent *entry; (entry = file_next_entry(directory));) {
        if (is_one_of(entry->d_name, passed_over) || strncmp(entry->d_name, ".lock.", 6) == 0) continue;
        content->anything = true;
        content->config = content->config || strcmp(entry->d_name, "config.cfg") == 0;
        content->others = content->others || !is_one_of(entry->d_name, first);
    }
    const Status st = errno ? cannot_create(path) : STATUS_OK;
    closedir(directory);
    return st;
}

bool rundir_holds_run(const char *path)
{
    char config[PATH_SIZE];
    snprintf(config, sizeof config, "%s/config.cfg", path);
    return access(config, F_OK) == 0;
}

static Status check_content(const char *path, bool fresh)
{
    Content content;
    Status st = look(path, &content);
    if (st != STATUS_OK || !content.anything) return st;
    if (fresh)
        return status_fail(STATUS_CANT_CREATE,
                           "run directory \"%s\" is not empty: name another with --run, or remove it", path);
    if (content.config || !content.others) return STATUS_OK;
    return status_fail(
        STATUS_CANT_CREATE,
        "\"%s\" is not empty and holds no run (there is no config.cfg): name another directory with --run", path);
}

static Status check_length(const char *path)
{
    if (strlen(path) + NAME_SIZE <= RUNDIR_PATH_SIZE) return STATUS_OK;
    return status_fail(STATUS_CANT_CREATE, "the run directory's name is too long: \"%.100s...\"", path);
}

Status rundir_existing(const char *path, char above[RUNDIR_PATH_SIZE])
{
    struct stat info;
    Status st = check_length(path);
    if (st != STATUS_OK) return st;
    strcpy(above, path);
    while (stat(above, &info) != 0) {
        if (errno != ENOENT) return cannot_create(path);
        char *slash = strrchr(above, '/');
        if (!slash)
            strcpy(above, ".");
        else if (slash == above)
            slash[1] = '\0';
        else
            *slash = '\0';
    }
    if (!S_ISDIR(info.st_mode)) {
        errno = ENOTDIR;
        return cannot_create(path);
    }
    return STATUS_OK;
}

Status rundir_check(const char *path, bool fresh)
{
    char above[RUNDIR_PATH_SIZE], holder[LOCK_HOLDER_SIZE];
    Status st = rundir_existing(path, above);
    if (st != STATUS_OK) return st;
    if (access(above, W_OK | X_OK) != 0) return cannot_create(path);
    if (strcmp(above, path) != 0) return STATUS_OK;
    lock_holder(path, holder);
    return *holder ? lock_held(path, holder) : check_content(path, fresh);
}

Status rundir_open(const char *path, bool fresh, RunDir *run)
{
    *run = (RunDir){0};
    Status st = check_length(path);
    if (st != STATUS_OK) return st;
    strcpy(run->path, path);
    st = make_directories(path);
    if (st == STATUS_OK) st = check_content(path, fresh);
    if (st == STATUS_OK) st = lock_take(path, &run->lock);
    if (st == STATUS_OK) st = check_content(path, fresh); /* again: another may have been quicker */
    if (st != STATUS_OK) rundir_close(run);
    return st;
}

/* A file to go on with; *fd = -1: there is none, and flags have no O_CREAT. A pipe would keep us waiting, and a device
 * may have no end. */
static Status open_regular(const char *path, int flags, int *fd)
{
    const char *doing = flags & O_CREAT ? "create" : "open";
    struct stat about;
    *fd = FILE_RETRY(open(path, flags | O_NONBLOCK | O_CLOEXEC, 0666));
    if (*fd < 0 && errno == ENOENT && !(flags & O_CREAT)) return STATUS_OK;
    const bool is_pipe = *fd < 0 && errno == ENXIO;
    if (!is_pipe && (*fd < 0 || FILE_RETRY(fstat(*fd, &about)) != 0))
        return status_fail(STATUS_CANT_CREATE, "cannot %s \"%s\": %s", doing, path, strerror(errno));
    if (!is_pipe && S_ISREG(about.st_mode)) return STATUS_OK;
    if (*fd >= 0) file_close(*fd);
    return status_fail(STATUS_CANT_CREATE, "cannot %s \"%s\": it is not a regular file; remove it", doing, path);
}

/* Of a file of records. */
typedef struct {
    off_t size;
    off_t lines; /* up to the end of its last line; what follows was never finished */
    off_t
        intact; /* up to the first line with a zero byte, which a sector has that a power failure kept from the disk */
} Extent;

static Status measure(int fd, const char *path, Extent *extent)
{
    char block[1 << 16];
    bool zero = false;
    *extent = (Extent){0};
    for (size_t got = sizeof block; got > 0; extent->size += (off_t)got) {
        const Status st = file_read_some(fd, path, "the records of a run", block, &got);
        if (st != STATUS_OK) return st;
        for (size_t i = 0; i < got; i++) {
            zero = zero || block[i] == '\0';
            if (block[i] != '\n') continue;
            extent->lines = extent->size + (off_t)i + 1;
            if (!zero) extent->intact = extent->lines;
        }
    }
    return STATUS_OK;
}

/* Do the first bytes of the records hold the step? Then the damage is in what was not synced (I7). */
static Status hold_step(const RunDir *run, off_t bytes, uint64_t step, bool *held)
{
    History history;
    Status st = history_read_first(run->path, (size_t)bytes, &history);
    *held = st == STATUS_OK && step == 0;
    for (size_t i = 0; i < history.count && !*held; i++)
        *held = history.event[i].kind == EVENT_STEP && history.event[i].step == step;
    history_free(&history);
    if (st != STATUS_DATA) return st;
    status_clear();
    return STATUS_OK;
}

/* Synced at once: new records must not mix with what was there. */
static Status cut(int fd, const char *path, off_t end, off_t size, const char *what)
{
    if (end == size) return STATUS_OK;
    if (FILE_RETRY(ftruncate(fd, end)) != 0 || FILE_RETRY(fsync(fd)) != 0)
        return status_fail(STATUS_CANT_CREATE, "cannot cut %s of \"%s\": %s", what, path, strerror(errno));
    log_warning("%lld bytes of %s were cut off \"%s\"", (long long)(size - end), what, path);
    return STATUS_OK;
}

Status rundir_repair_records(const RunDir *run, uint64_t step)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/metrics.jsonl", run->path);
    int fd;
    Status st = open_regular(path, O_RDWR, &fd);
    if (st != STATUS_OK || fd < 0) return st;
    Extent extent;
    bool damaged = false;
    st = measure(fd, path, &extent);
    if (st == STATUS_OK && extent.intact < extent.lines) st = hold_step(run, extent.intact, step, &damaged);
    if (st == STATUS_OK)
        st = damaged ? cut(fd, path, extent.intact, extent.size, "records that a power failure damaged")
                     : cut(fd, path, extent.lines, extent.size, "a torn last record");
    file_close(fd);
    return st;
}

Status rundir_begin_records(RunDir *run, uint64_t step)
{
    char path[PATH_SIZE];
    snprintf(run->log_path, sizeof run->log_path, "%s/log.txt", run->path);
    int log;
    Status st = open_regular(run->log_path, O_WRONLY | O_CREAT | O_APPEND, &log);
    if (st != STATUS_OK) return st;
    run->log = log;
    log_set_file(log, run->log_path);
    st = rundir_repair_records(run, step);
    snprintf(path, sizeof path, "%s/metrics.jsonl", run->path);
    return st == STATUS_OK ? records_open(path, &run->records) : st;
}

void rundir_close(RunDir *run)
{
    records_close(run->records);
    if (run->log) {
        log_set_file(-1, NULL);
        file_close(run->log);
    }
    lock_release(run->lock);
    *run = (RunDir){0};
}

void rundir_name(const RunDir *run, const char *path, char name[RUNDIR_PATH_SIZE])
{
    char whole[PATH_MAX], directory[PATH_MAX];
    if (!realpath(path, whole) || !realpath(run->path, directory)) {
        snprintf(name, RUNDIR_PATH_SIZE, "%s", path);
        return;
    }
    const size_t length = strlen(directory);
    const bool inside = strncmp(whole, directory, length) == 0 && whole[length] == '/';
    snprintf(name, RUNDIR_PATH_SIZE, "%s", inside ? whole + length + 1 : whole);
}

Status rundir_replace(const RunDir *run, const char *name, Replacement *file)
{
    char path[PATH_SIZE];
    snprintf(path, PATH_SIZE, "%s/%s", run->path, name);
    return replacement_begin_sole(path, file);
}

/* 0: that of the newest, which has none. */
static void numbered_path(const RunDir *run, const char *name, const char *ending, int number, char path[PATH_SIZE])
{
    if (number > 0)
        snprintf(path, PATH_SIZE, "%s/%s-%d%s", run->path, name, number, ending);
    else
        snprintf(path, PATH_SIZE, "%s/%s%s", run->path, name, ending);
}

Status rundir_shift_files(const RunDir *run, const char *name, const char *ending, int kept)
{
    char from[PATH_SIZE], to[PATH_SIZE];
    numbered_path(run, name, ending, 0, from);
    const bool none = access(from, F_OK) != 0;
    for (int number = kept; number > 0 && !none; number--) {
        numbered_path(run, name, ending, number - 1, from);
        numbered_path(run, name, ending, number, to);
        if (FILE_RETRY(rename(from, to)) != 0 && errno != ENOENT)
            return status_fail(STATUS_CANT_CREATE, "cannot rename \"%s\" to \"%s\": %s", from, to, strerror(errno));
    }
    return STATUS_OK;
}
