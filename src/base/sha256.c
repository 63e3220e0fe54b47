#include "base/sha256.h"

#include <nettle/sha2.h>
#include <nettle/version.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

static void finish(struct sha256_ctx *context, unsigned char digest[SHA256_SIZE])
{
    _Static_assert(SHA256_SIZE == SHA256_DIGEST_SIZE, "one size");
#if NETTLE_VERSION_MAJOR >= 4
    sha256_digest(context, digest);
#else
    sha256_digest(context, SHA256_SIZE, digest);
#endif
}

void sha256_of(const void *bytes, size_t size, unsigned char digest[SHA256_SIZE])
{
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, size, bytes);
    finish(&context, digest);
}

static Status add_file(struct sha256_ctx *context, int fd, const char *path, const char *what)
{
    enum { PIECE = 1 << 20 };
    unsigned char *piece;
    size_t got = PIECE;
    Status st = memory_new(&piece, PIECE, "a piece of a file");
    while (st == STATUS_OK && got == PIECE) {
        st = file_read_some(fd, path, what, piece, &got);
        if (st == STATUS_OK) sha256_update(context, got, piece);
    }
    memory_free(piece);
    return st;
}

Status sha256_of_file(const char *path, const char *what, char hex[SHA256_HEX_SIZE])
{
    struct sha256_ctx context;
    unsigned char digest[SHA256_SIZE];
    int fd;
    size_t size;
    Status st = file_open(path, what, &fd, &size);
    if (st != STATUS_OK) return st;
    sha256_init(&context);
    st = add_file(&context, fd, path, what);
    close(fd);
    finish(&context, digest);
    for (int i = 0; i < SHA256_SIZE; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return st;
}
