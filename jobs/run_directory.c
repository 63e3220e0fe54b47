#include "run_directory.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool is_directory(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static bool has_records(const char *directory)
{
    char path[PATH_MAX];
    struct stat about;
    const int length = snprintf(path, sizeof path, "%s/metrics.jsonl", directory);
    return length > 0 && (size_t)length < sizeof path && stat(path, &about) == 0;
}

Status run_directory_refuse(const char *path)
{
    if (!is_directory(path) || !has_records(path)) return STATUS_OK;
    const size_t length = strlen(path);
    return status_fail(STATUS_NO_INPUT, "\"%s\" is a run directory; name a checkpoint in it, such as %s%sbest.h5", path,
                       path, path[length - 1] == '/' ? "" : "/");
}

Status run_directory_check(const char *path)
{
    if (!is_directory(path) || has_records(path)) return STATUS_OK;
    return status_fail(STATUS_NO_INPUT, "\"%s\" is no run directory (there is no metrics.jsonl)", path);
}
