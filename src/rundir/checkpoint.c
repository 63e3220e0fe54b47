/* The file around a checkpoint's content: header, digests, versions. */
#include "rundir/checkpoint.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "checkpoint_internal.h"
#include "lockstep/lockstep.h"

enum { MAGIC_SIZE = 16, AT_MAJOR = 16, AT_MINOR = 20, AT_LENGTH = 24, AT_DIGEST = 32, AT_OWN_DIGEST = 480 };

static const unsigned char magic[MAGIC_SIZE] = {'L', 'O', 'C', 'K', 'S',  'T',  'E',  'P',
                                                'C', 'K', 'P', 'T', '\r', '\n', 0x1a, '\n'};

static void put_number(unsigned char *bytes, int size, uint64_t value)
{
    for (int i = 0; i < size; i++) bytes[i] = (unsigned char)(value >> 8 * i);
}

static uint64_t get_number(const unsigned char *bytes, int size)
{
    uint64_t value = 0;
    for (int i = 0; i < size; i++) value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

Status checkpoint_encode(const Checkpoint *checkpoint, unsigned char **bytes, size_t *size)
{
    Status st = checkpoint_encode_content(checkpoint, bytes, size);
    if (st != STATUS_OK) return st;
    unsigned char *header = *bytes;
    const size_t rest = *size - CHECKPOINT_HEADER;
    memcpy(header, magic, MAGIC_SIZE);
    put_number(header + AT_MAJOR, 4, CHECKPOINT_MAJOR);
    put_number(header + AT_MINOR, 4, CHECKPOINT_MINOR);
    put_number(header + AT_LENGTH, 8, rest);
    sha256_of(header + CHECKPOINT_HEADER, rest, header + AT_DIGEST);
    sha256_of(header, AT_OWN_DIGEST, header + AT_OWN_DIGEST);
    return STATUS_OK;
}

Status checkpoint_write(const Checkpoint *checkpoint, const char *path)
{
    unsigned char *bytes;
    size_t size;
    Status st = checkpoint_encode(checkpoint, &bytes, &size);
    if (st == STATUS_OK) st = checkpoint_store(path, checkpoint->step, bytes, size);
    memory_free(bytes);
    return st;
}

static bool same_digest(const unsigned char *bytes, size_t size, const unsigned char *expected)
{
    unsigned char digest[SHA256_SIZE];
    sha256_of(bytes, size, digest);
    return memcmp(digest, expected, SHA256_SIZE) == 0;
}

/* The first bytes of a file of `size` bytes, all of them or CHECKPOINT_HEADER. */
static Status check_header(const char *name, const unsigned char *header, size_t size, bool *newer)
{
    *newer = false;
    if (size == 0) return status_fail(STATUS_DATA, "checkpoint \"%s\" is empty", name);
    if (memcmp(header, magic, size < MAGIC_SIZE ? size : MAGIC_SIZE) != 0)
        return status_fail(STATUS_DATA, "\"%s\" is not a checkpoint of Lockstep", name);
    if (size < CHECKPOINT_HEADER)
        return status_fail(STATUS_DATA, "checkpoint \"%s\" is truncated: it has %zu bytes", name, size);
    if (!same_digest(header, AT_OWN_DIGEST, header + AT_OWN_DIGEST))
        return status_fail(STATUS_DATA, "checkpoint \"%s\" is damaged: its header's digest is wrong", name);
    const uint64_t major = get_number(header + AT_MAJOR, 4), minor = get_number(header + AT_MINOR, 4);
    *newer = major > CHECKPOINT_MAJOR;
    if (major != CHECKPOINT_MAJOR)
        return status_fail(STATUS_DATA,
                           "checkpoint \"%s\" has format version %" PRIu64 ".%" PRIu64
                           "; this program reads %d.x: use %s version of Lockstep",
                           name, major, minor, CHECKPOINT_MAJOR, *newer ? "a newer" : "an older");
    const uint64_t length = get_number(header + AT_LENGTH, 8);
    if (length != size - CHECKPOINT_HEADER)
        return status_fail(
            STATUS_DATA,
            "checkpoint \"%s\" is truncated or damaged: it has %zu bytes behind its header, which says %" PRIu64, name,
            size - CHECKPOINT_HEADER, length);
    return STATUS_OK;
}

static Status decode(const char *name, const unsigned char *bytes, size_t size, Checkpoint *checkpoint, bool *newer)
{
    *checkpoint = (Checkpoint){0};
    Status st = check_header(name, bytes, size, newer);
    if (st != STATUS_OK) return st;
    if (!same_digest(bytes + CHECKPOINT_HEADER, size - CHECKPOINT_HEADER, bytes + AT_DIGEST))
        return status_fail(STATUS_DATA, "checkpoint \"%s\" is damaged: its content's digest is wrong", name);
    return checkpoint_decode_content(name, bytes, size, checkpoint);
}

Status checkpoint_decode(const char *name, const unsigned char *bytes, size_t size, Checkpoint *checkpoint)
{
    bool newer;
    return decode(name, bytes, size, checkpoint, &newer);
}

static const char *const kind = "checkpoint";

static Status read_header(int fd, const char *path, size_t size, unsigned char header[CHECKPOINT_HEADER], bool *newer)
{
    size_t got = CHECKPOINT_HEADER;
    const Status st = file_read_some(fd, path, kind, header, &got);
    return st == STATUS_OK ? check_header(path, header, got < CHECKPOINT_HEADER ? got : size, newer) : st;
}

/* The header is checked first, so that memory is taken only for a file that is as long as its header says. */
static Status read_bytes(int fd, const char *path, size_t size, unsigned char **bytes, bool *newer)
{
    unsigned char header[CHECKPOINT_HEADER];
    Status st = read_header(fd, path, size, header, newer);
    if (st == STATUS_OK) st = memory_new(bytes, size, "a checkpoint");
    if (st != STATUS_OK) return st;
    memcpy(*bytes, header, sizeof header);
    size_t got = size - sizeof header;
    st = file_read_some(fd, path, kind, *bytes + sizeof header, &got);
    if (st == STATUS_OK && got != size - sizeof header)
        st = status_fail(STATUS_DATA, "checkpoint \"%s\" was truncated while it was read", path);
    return st;
}

Status checkpoint_read_file(const char *path, Checkpoint *checkpoint, bool *newer)
{
    *checkpoint = (Checkpoint){0};
    *newer = false;
    int fd;
    size_t size;
    unsigned char *bytes = NULL;
    Status st = file_open(path, kind, &fd, &size);
    if (st != STATUS_OK) return st;
    st = read_bytes(fd, path, size, &bytes, newer);
    close(fd);
    if (st == STATUS_OK) st = decode(path, bytes, size, checkpoint, newer);
    memory_free(bytes);
    return st;
}

bool checkpoint_seems_good(const char *path)
{
    int fd;
    size_t size;
    unsigned char header[CHECKPOINT_HEADER];
    bool newer;
    Status st = file_open(path, kind, &fd, &size);
    if (st == STATUS_OK) {
        st = read_header(fd, path, size, header, &newer);
        file_close(fd);
    }
    status_clear();
    return st == STATUS_OK;
}

Status checkpoint_read(const char *path, Checkpoint *checkpoint)
{
    bool newer;
    return checkpoint_read_file(path, checkpoint, &newer);
}

void checkpoint_free(Checkpoint *checkpoint)
{
    memory_free(checkpoint->slab);
    for (size_t i = 0; i < CHECKPOINT_TEXTS; i++) memory_free(checkpoint->text[i]);
    *checkpoint = (Checkpoint){0};
}

const char *checkpoint_compute(const Checkpoint *checkpoint)
{
    /* No string of a config holds this: quotes in strings have a backslash before them. */
    return strstr(checkpoint->config, "compute = \"bf16\"") ? "bf16" : "fp32";
}

CheckpointVersions checkpoint_versions(const char *mpi)
{
#ifdef __clang__
    const char *compiler = __VERSION__;
#else
    const char *compiler = "gcc " __VERSION__;
#endif
    return (CheckpointVersions){
        .lockstep = lockstep_version(), .hdf5 = h5file_library(), .mpi = mpi, .compiler = compiler};
}
