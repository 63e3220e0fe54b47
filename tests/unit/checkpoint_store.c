/* I5: a checkpoint under its final name is complete, whatever fails. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/sha256.h"
#include "checkpoint_sample.h"

enum { DAMAGED_STEP = 777 };

static uint64_t step_of(const char *path)
{
    Checkpoint read;
    CU_ASSERT_EQUAL_FATAL(checkpoint_read(path, &read), STATUS_OK);
    const uint64_t step = read.step;
    checkpoint_free(&read);
    return step;
}

static Status write_step(const char *path, uint64_t step)
{
    Checkpoint c = sample_small(step);
    const Status st = checkpoint_write(&c, path);
    sample_free(&c);
    return st;
}

static void what_is_written_is_read_and_replaced(void)
{
    const char *path = scratch_path("replaced.h5");
    CU_ASSERT_EQUAL(write_step(path, 1), STATUS_OK);
    CU_ASSERT_EQUAL(step_of(path), 1);
    CU_ASSERT_EQUAL(write_step(path, 2), STATUS_OK);
    CU_ASSERT_EQUAL(step_of(path), 2);
    CU_ASSERT_EQUAL(scratch_count(".ckpt-"), 0);
}

/* More than the block in which it is read back. */
static void a_large_one_is_written_whole(void)
{
    const char *path = scratch_path("large.h5");
    Checkpoint c = sample_make((const size_t[]){784, 100, 10}, 3, ACTIVATION_RELU, true, 3);
    CU_ASSERT_EQUAL(checkpoint_write(&c, path), STATUS_OK);
    size_t size, expected;
    unsigned char *file = scratch_read(path, &size), *bytes;
    CU_ASSERT_EQUAL_FATAL(checkpoint_encode(&c, &bytes, &expected), STATUS_OK);
    CU_ASSERT(size > 3 << 16 && size == expected && memcmp(file, bytes, size) == 0);
    free(file);
    memory_free(bytes);
    sample_free(&c);
}

/* Lengths around the blocks of the comparison. */
static void every_length_is_written_and_read_back(void)
{
    enum { BLOCK = 1 << 16 };
    const size_t lengths[] = {0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK};
    const char *path = scratch_path("length");
    unsigned char *bytes;
    CU_ASSERT_EQUAL_FATAL(memory_new(&bytes, 2 * BLOCK, "bytes"), STATUS_OK);
    for (size_t i = 0; i < 2 * BLOCK; i++) bytes[i] = (unsigned char)(i * 31 + i / BLOCK);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        CU_ASSERT_EQUAL(checkpoint_store(path, 1, bytes, lengths[i]), STATUS_OK);
        size_t size;
        unsigned char *file = scratch_read(path, &size);
        CU_ASSERT(size == lengths[i] && memcmp(file, bytes, size) == 0);
        free(file);
    }
    memory_free(bytes);
}

/* The disk turned a bit after the sync. */
static void what_reads_back_otherwise_is_not_installed(void)
{
    const char *path = scratch_path("turned.h5");
    CU_ASSERT_EQUAL(write_step(path, 1), STATUS_OK);
    CU_ASSERT_EQUAL(write_step(path, DAMAGED_STEP), STATUS_IO);
    CU_ASSERT_MESSAGE_HAS("turned.h5\" reads back otherwise");
    CU_ASSERT_EQUAL(step_of(path), 1);
    CU_ASSERT_EQUAL(scratch_count(".ckpt-"), 0);
}

/* A file size limit stands for a full disk: it too cuts a write short and fails the next. */
static void a_full_disk_spares_the_old_one(void)
{
    const char *path = scratch_path("full.h5");
    CU_ASSERT_EQUAL(write_step(path, 1), STATUS_OK);
    size_t size;
    free(scratch_read(path, &size));
    struct rlimit limit, old;
    getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    signal(SIGXFSZ, SIG_IGN);
    for (size_t room = 0; room < size; room += 1000) {
        limit.rlim_cur = room;
        setrlimit(RLIMIT_FSIZE, &limit);
        const Status st = write_step(path, 2);
        setrlimit(RLIMIT_FSIZE, &old);
        CU_ASSERT_EQUAL(st, STATUS_IO);
        CU_ASSERT_MESSAGE_HAS("cannot write checkpoint");
        CU_ASSERT_MESSAGE_HAS("full.h5\": File too large");
        CU_ASSERT_EQUAL(scratch_count(".ckpt-"), 0);
        CU_ASSERT_EQUAL(step_of(path), 1);
    }
}

static void places_that_cannot_be_written_are_named(void)
{
    CU_ASSERT_EQUAL(write_step(scratch_path("absent/x.h5"), 1), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("absent/x.h5\": No such file or directory");
    CU_ASSERT_EQUAL(write_step("/proc/x.h5", 1), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("cannot create checkpoint \"/proc/x.h5\"");
    const char *folder = scratch_path("folder");
    mkdir(folder, 0777);
    CU_ASSERT_EQUAL(write_step(folder, 1), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("folder\": Is a directory");
    CU_ASSERT_EQUAL(scratch_count(".ckpt-"), 0);
    if (geteuid() == 0) return; /* root may write anywhere */
    chmod(folder, 0555);
    CU_ASSERT_EQUAL(write_step(scratch_path("folder/x.h5"), 1), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("x.h5\": Permission denied");
    chmod(folder, 0777);
}

/* A temporary file of our name is an earlier process's; a link there is not followed. */
static void a_leftover_of_the_same_name_is_replaced(void)
{
    char host[65] = "", name[128];
    gethostname(host, sizeof host - 1);
    snprintf(name, sizeof name, ".ckpt-4.tmp.%s.%ld", host, (long)getpid());
    const char *temporary = scratch_path(name), *victim = scratch_path("victim"), *path = scratch_path("left.h5");
    scratch_write(victim, "theirs", 6);
    CU_ASSERT_EQUAL_FATAL(symlink(victim, temporary), 0);
    CU_ASSERT_EQUAL(write_step(path, 4), STATUS_OK);
    CU_ASSERT_EQUAL(step_of(path), 4);
    size_t size;
    unsigned char *bytes = scratch_read(victim, &size);
    CU_ASSERT(size == 6 && memcmp(bytes, "theirs", 6) == 0);
    free(bytes);
    CU_ASSERT_EQUAL(scratch_count(".ckpt-"), 0);
}

static Status read_path(const char *path)
{
    Checkpoint read;
    const Status st = checkpoint_read(path, &read);
    checkpoint_free(&read);
    return st;
}

static void what_is_no_checkpoint_is_told_apart(void)
{
    CU_ASSERT_EQUAL(read_path(scratch_path("absent.h5")), STATUS_NO_INPUT);
    CU_ASSERT_MESSAGE_HAS("cannot open checkpoint");
    CU_ASSERT_EQUAL(read_path("/tmp"), STATUS_NO_INPUT);
    CU_ASSERT_MESSAGE_HAS("\"/tmp\" is a directory, not a regular file");
    const char *path = scratch_path("odd.h5");
    scratch_write(path, "", 0);
    CU_ASSERT_EQUAL(read_path(path), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("odd.h5\" is empty");
    scratch_write(path, "\x89HDF\r\n\x1a\n", 8);
    CU_ASSERT_EQUAL(read_path(path), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("is not a checkpoint");
}

/* Truncated, or grown: by sparse bytes for which no memory is taken. */
static void a_file_of_another_length_is_refused(void)
{
    const char *path = scratch_path("length.h5");
    CU_ASSERT_EQUAL(write_step(path, 1), STATUS_OK);
    size_t size;
    free(scratch_read(path, &size));
    const off_t lengths[] = {(off_t)1 << 40, (off_t)size - 1, 512, 511, 100};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        CU_ASSERT_EQUAL_FATAL(truncate(path, lengths[i]), 0);
        CU_ASSERT_EQUAL(read_path(path), STATUS_DATA);
        CU_ASSERT_MESSAGE_HAS("truncated");
    }
}

static void sha256_is_sha256(void)
{
    static const unsigned char expected[SHA256_SIZE] = /* FIPS 180-2, B.1 */
        "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23"
        "\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad";
    unsigned char digest[SHA256_SIZE];
    sha256_of("abc", 3, digest);
    CU_ASSERT_EQUAL(memcmp(digest, expected, sizeof digest), 0);
}

int main(void)
{
    setenv("LOCKSTEP_FAULT", "checkpoint-damage:0:777", 1);
    static const UnitTest tests[] = {
        UNIT(what_is_written_is_read_and_replaced),    UNIT(a_large_one_is_written_whole),
        UNIT(every_length_is_written_and_read_back),   UNIT(what_reads_back_otherwise_is_not_installed),
        UNIT(a_full_disk_spares_the_old_one),          UNIT(places_that_cannot_be_written_are_named),
        UNIT(a_leftover_of_the_same_name_is_replaced), UNIT(what_is_no_checkpoint_is_told_apart),
        UNIT(a_file_of_another_length_is_refused),     UNIT(sha256_is_sha256),
    };
    return UNIT_RUN("checkpoint_store", tests);
}
