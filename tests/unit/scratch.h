/* A directory of its own for a test program's files: made at the first call, removed with what is in it at exit. */
#ifndef LOCKSTEP_TESTS_SCRATCH_H
#define LOCKSTEP_TESTS_SCRATCH_H

#include <dirent.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char scratch_directory[64];

static inline int scratch_remove_one(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)about;
    (void)type;
    (void)where;
    return remove(path);
}

static inline void scratch_remove(void)
{
    nftw(scratch_directory, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The path of name there; the same pointer for the same name, valid to the end. At most 64 names. */
static inline const char *scratch_path(const char *name)
{
    static char paths[64][256];
    char path[256];
    if (!*scratch_directory) {
        strcpy(scratch_directory, "/tmp/lockstep-unit-XXXXXX");
        if (!mkdtemp(scratch_directory)) exit(2);
        atexit(scratch_remove);
    }
    snprintf(path, sizeof path, "%s/%s", scratch_directory, name);
    for (size_t i = 0; i < 64; i++) {
        if (!*paths[i]) strcpy(paths[i], path);
        if (strcmp(paths[i], path) == 0) return paths[i];
    }
    exit(2);
}

/* The number of files there whose names hold this text. */
static inline int scratch_count(const char *text)
{
    int count = 0;
    DIR *directory = opendir(scratch_directory);
    for (const struct dirent *entry; directory && (entry = readdir(directory));)
        count += strstr(entry->d_name, text) != NULL;
    if (directory) closedir(directory);
    return count;
}

/* No file of this process grows beyond so many bytes (errno EFBIG); RLIM_INFINITY: as large as it likes. */
static inline void scratch_limit(rlim_t size)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0) exit(2);
    limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) exit(2);
}

/* Writes a file of these bytes. */
static inline void scratch_write(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) exit(2);
}

/* A file's content; the caller frees it. */
static inline unsigned char *scratch_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file) exit(2);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*size + 1);
    if (!bytes || fread(bytes, 1, *size, file) != *size) exit(2);
    fclose(file);
    return bytes;
}

/* A file's content as a string, in memory that the next call uses again. */
static inline const char *scratch_text(const char *path)
{
    static char text[1 << 16];
    size_t size;
    unsigned char *bytes = scratch_read(path, &size);
    if (size >= sizeof text) exit(2);
    memcpy(text, bytes, size);
    text[size] = '\0';
    free(bytes);
    return text;
}

#endif
