/* To be preloaded (LD_PRELOAD): one call of write, pwrite or read on a file in a directory really transfers only the
 * first half of its bytes, as it may on a network file system or at a signal.
 *
 *   SHORT_CALL       write (pwrite too) or read
 *   SHORT_DIRECTORY  an absolute path; files below it count
 *   SHORT_AT         which of these calls, from 1
 *   SHORT_REPORT     gets at exit the number of these calls */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

ssize_t __read_chk(int fd, void *bytes, size_t size, size_t room); /* glibc's read with _FORTIFY_SOURCE */

static unsigned long calls;

static bool is_below(int fd, const char *directory)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    const size_t prefix = strlen(directory);
    return strncmp(path, directory, prefix) == 0 && path[prefix] == '/';
}

/* How many of size bytes this call transfers. */
static size_t shortened(const char *call, int fd, size_t size)
{
    const char *which = getenv("SHORT_CALL"), *directory = getenv("SHORT_DIRECTORY"), *at = getenv("SHORT_AT");
    if (!which || !directory || !at || strcmp(which, call) != 0 || !is_below(fd, directory)) return size;
    return ++calls == strtoul(at, NULL, 10) ? (size + 1) / 2 : size;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    ssize_t (*const real)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    return real(fd, bytes, shortened("write", fd, size));
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    ssize_t (*const real)(int, const void *, size_t, off_t) =
        (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
    return real(fd, bytes, shortened("write", fd, size), offset);
}

ssize_t read(int fd, void *bytes, size_t size)
{
    ssize_t (*const real)(int, void *, size_t) = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
    return real(fd, bytes, shortened("read", fd, size));
}

ssize_t __read_chk(int fd, void *bytes, size_t size, size_t room)
{
    if (size > room) abort();
    return read(fd, bytes, size);
}

__attribute__((destructor)) static void report(void)
{
    const char *path = getenv("SHORT_REPORT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    fprintf(file, "%lu\n", calls);
    fclose(file);
}
