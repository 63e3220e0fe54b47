#include "rundir/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

enum { NAME_SIZE = 64, PATH_SIZE = RUNDIR_PATH_SIZE + NAME_SIZE };

static Status cannot_create(const char *path)
{
    return status_fail(STATUS_CANT_CREATE, "cannot create run directory \"%s\": %s", path, strerror(errno));
}

/* mkdir -p */
static Status make_directories(const char *path)
{
    char partial[PATH_SIZE];
    snprintf(partial, sizeof partial, "%s", path);
    for (char *slash = partial + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        if (mkdir(partial, 0777) != 0 && errno != EEXIST) return cannot_create(path);
        *slash = '/';
    }
    return mkdir(path, 0777) == 0 || errno == EEXIST ? STATUS_OK : cannot_create(path);
}

/* What a directory holds, but for the lock. */
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
    DIR *directory = opendir(path);
    if (!directory) return cannot_create(path);
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (is_one_of(entry->d_name, passed_over)) continue;
        content->anything = true;
        content->config = content->config || strcmp(entry->d_name, "config.cfg") == 0;
        content->others = content->others || !is_one_of(entry->d_name, first);
    }
    closedir(directory);
    return STATUS_OK;
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

/* Who wrote himself into the lock file, which is held. */
static void read_holder(int fd, char *holder, size_t size)
{
    const ssize_t got = pread(fd, holder, size - 1, 0);
    holder[got > 0 ? got : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    if (!*holder) snprintf(holder, size, "a process that has just started");
}

static Status held(const char *path, const char *holder)
{
    return status_fail(STATUS_CANT_CREATE,
                       "run directory \"%s\" is held by another training (%s): wait for its end, or name another "
                       "directory with --run",
                       path, holder);
}

static Status lock(RunDir *run)
{
    char path[PATH_SIZE], text[320], host[256] = "";
    snprintf(path, sizeof path, "%s/lock", run->path);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return status_fail(STATUS_CANT_CREATE, "cannot create \"%s\": %s", path, strerror(errno));
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
        const bool by_another = errno == EAGAIN || errno == EACCES;
        const int error = errno;
        read_holder(fd, text, sizeof text);
        close(fd);
        if (by_another) return held(run->path, text);
        return status_fail(STATUS_CANT_CREATE, "cannot lock \"%s\": %s; a file system with locks is needed", path,
                           strerror(error));
    }
    run->lock = fd;
    gethostname(host, sizeof host - 1);
    const int length = snprintf(text, sizeof text, "%s, process %ld\n", host, (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length)
        return status_fail(STATUS_CANT_CREATE, "cannot write \"%s\": %s", path, strerror(errno));
    return STATUS_OK;
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
    char above[RUNDIR_PATH_SIZE], holder[320];
    Status st = rundir_existing(path, above);
    if (st != STATUS_OK) return st;
    if (access(above, W_OK | X_OK) != 0) return cannot_create(path);
    if (strcmp(above, path) != 0) return STATUS_OK;
    rundir_holder(path, holder, sizeof holder);
    return *holder ? held(path, holder) : check_content(path, fresh);
}

Status rundir_open(const char *path, bool fresh, RunDir *run)
{
    *run = (RunDir){0};
    Status st = check_length(path);
    if (st != STATUS_OK) return st;
    strcpy(run->path, path);
    st = make_directories(path);
    if (st == STATUS_OK) st = check_content(path, fresh);
    if (st == STATUS_OK) st = lock(run);
    if (st == STATUS_OK) st = check_content(path, fresh); /* again: another may have been quicker */
    if (st != STATUS_OK) rundir_close(run);
    return st;
}

void rundir_holder(const char *path, char *holder, size_t size)
{
    char name[PATH_SIZE];
    holder[0] = '\0';
    if (snprintf(name, sizeof name, "%s/lock", path) >= (int)sizeof name) return;
    const int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            snprintf(holder, size, "unknown: cannot open its lock: %s", strerror(errno));
        return;
    }
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK) read_holder(fd, holder, size);
    close(fd);
}

/* Everything after the last newline of the records belongs to a record that was never finished. */
static Status cut_torn_record(const char *path)
{
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? STATUS_OK
                               : status_fail(STATUS_CANT_CREATE, "cannot open \"%s\": %s", path, strerror(errno));
    const off_t size = lseek(fd, 0, SEEK_END);
    off_t end = size;
    for (char byte; end > 0 && pread(fd, &byte, 1, end - 1) == 1 && byte != '\n';) end--;
    Status st = STATUS_OK;
    if (end < size && ftruncate(fd, end) != 0)
        st = status_fail(STATUS_CANT_CREATE, "cannot cut the torn last record of \"%s\": %s", path, strerror(errno));
    else if (end < size)
        log_warning("%lld bytes of a torn last record were cut off \"%s\"", (long long)(size - end), path);
    close(fd);
    return st;
}

Status rundir_begin_records(RunDir *run)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/log.txt", run->path);
    run->log = fopen(path, "ae");
    if (!run->log) return status_fail(STATUS_CANT_CREATE, "cannot create \"%s\": %s", path, strerror(errno));
    log_set_file(run->log);
    snprintf(path, sizeof path, "%s/metrics.jsonl", run->path);
    Status st = cut_torn_record(path);
    return st == STATUS_OK ? records_open(path, &run->records) : st;
}

void rundir_close(RunDir *run)
{
    records_close(run->records);
    if (run->log) {
        log_set_file(NULL);
        fclose(run->log);
    }
    if (run->lock) close(run->lock);
    *run = (RunDir){0};
}

static void file_paths(const RunDir *run, const char *name, char final[PATH_SIZE], char temporary[PATH_SIZE])
{
    snprintf(final, PATH_SIZE, "%s/%s", run->path, name);
    snprintf(temporary, PATH_SIZE, "%s/.%s.tmp", run->path, name);
}

Status rundir_create_file(const RunDir *run, const char *name, FILE **file)
{
    char final[PATH_SIZE], temporary[PATH_SIZE];
    file_paths(run, name, final, temporary);
    *file = fopen(temporary, "we");
    return *file ? STATUS_OK : status_fail(STATUS_CANT_CREATE, "cannot create \"%s\": %s", temporary, strerror(errno));
}

Status rundir_finish_file(const RunDir *run, const char *name, FILE *file)
{
    char final[PATH_SIZE], temporary[PATH_SIZE];
    file_paths(run, name, final, temporary);
    bool good = fflush(file) == 0 && !ferror(file) && fsync(fileno(file)) == 0;
    int error = errno;
    if (fclose(file) != 0 && good) good = false, error = errno;
    if (good && rename(temporary, final) != 0) good = false, error = errno;
    if (good) return file_sync_directory(final);
    unlink(temporary);
    return status_fail(STATUS_IO, "cannot write \"%s\": %s", final, strerror(error));
}
