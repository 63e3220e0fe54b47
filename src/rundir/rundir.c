#include "rundir/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

enum { NAME_SIZE = 64 };

static Status cannot_create(const char *path)
{
    return status_fail(STATUS_CANT_CREATE, "cannot create run directory \"%s\": %s", path, strerror(errno));
}

/* mkdir -p */
static Status make_directories(const char *path)
{
    char partial[sizeof((RunDir *)0)->path];
    snprintf(partial, sizeof partial, "%s", path);
    for (char *slash = partial + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        if (mkdir(partial, 0777) != 0 && errno != EEXIST) return cannot_create(path);
        *slash = '/';
    }
    return mkdir(path, 0777) == 0 || errno == EEXIST ? STATUS_OK : cannot_create(path);
}

static Status check_empty(const char *path)
{
    DIR *directory = opendir(path);
    if (!directory) return cannot_create(path);
    bool empty = true;
    for (struct dirent *entry; empty && (entry = readdir(directory));)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(directory);
    if (empty) return STATUS_OK;
    return status_fail(STATUS_CANT_CREATE, "run directory \"%s\" is not empty: name another with --run, or remove it",
                       path);
}

Status rundir_open(const char *path, RunDir *run)
{
    *run = (RunDir){0};
    if (strlen(path) + NAME_SIZE > sizeof run->path)
        return status_fail(STATUS_CANT_CREATE, "the run directory's name is too long: \"%.100s...\"", path);
    strcpy(run->path, path);
    Status st = make_directories(path);
    if (st == STATUS_OK) st = check_empty(path);
    if (st == STATUS_OK) st = rundir_create_file(run, "log.txt", &run->log);
    if (st == STATUS_OK) {
        char name[sizeof run->path + NAME_SIZE];
        snprintf(name, sizeof name, "%s/metrics.jsonl", path);
        st = records_open(name, &run->records);
    }
    if (st != STATUS_OK) {
        rundir_close(run);
        return st;
    }
    log_set_file(run->log);
    return STATUS_OK;
}

void rundir_close(RunDir *run)
{
    records_close(run->records);
    if (run->log) {
        log_set_file(NULL);
        fclose(run->log);
    }
    *run = (RunDir){0};
}

Status rundir_create_file(const RunDir *run, const char *name, FILE **file)
{
    char path[sizeof run->path + NAME_SIZE];
    snprintf(path, sizeof path, "%s/%s", run->path, name);
    *file = fopen(path, "we");
    return *file ? STATUS_OK : status_fail(STATUS_CANT_CREATE, "cannot create \"%s\": %s", path, strerror(errno));
}

Status rundir_finish_file(const RunDir *run, const char *name, FILE *file)
{
    const bool good = fflush(file) == 0 && !ferror(file) && fsync(fileno(file)) == 0;
    const int error = errno;
    if (fclose(file) == 0 && good) return STATUS_OK;
    return status_fail(STATUS_IO, "cannot write \"%s/%s\": %s", run->path, name, strerror(good ? errno : error));
}
