/* src/base/file: what has the name of a file to be read. */
#include "base/file.h"

#include <sys/stat.h>

#include "base/memory.h"
#include "scratch.h"
#include "unit.h"

static void a_regular_file_is_read_whole(void)
{
    char *bytes;
    size_t size;
    scratch_write(scratch_path("file"), "a\0b", 3);
    CU_ASSERT_EQUAL_FATAL(symlink("file", scratch_path("link")), 0);
    CU_ASSERT_EQUAL_FATAL(file_read(scratch_path("link"), "config", 3, STATUS_CONFIG, &bytes, &size), STATUS_OK);
    CU_ASSERT_EQUAL(size, 3);
    CU_ASSERT_EQUAL(memcmp(bytes, "a\0b", 4), 0);
    memory_free(bytes);
    CU_ASSERT_EQUAL(file_read(scratch_path("link"), "config", 2, STATUS_CONFIG, &bytes, &size), STATUS_CONFIG);
    CU_ASSERT_MESSAGE_HAS("link\" has 3 bytes, more than the 2 allowed");
    CU_ASSERT_PTR_NULL(bytes);
}

static void no_input(const char *path, const char *why)
{
    int fd;
    size_t size;
    CU_ASSERT_EQUAL(file_open(path, "config", &fd, &size), STATUS_NO_INPUT);
    CU_ASSERT_MESSAGE_HAS(why);
    CU_ASSERT_EQUAL(fd, -1);
}

/* One code for all of them: to a user none is the file that was meant. None is waited for. */
static void a_name_that_leads_to_no_regular_file_is_no_input(void)
{
    static char name[300];
    memset(name, 'x', sizeof name - 1);
    no_input(name, "File name too long");
    no_input(scratch_path("absent"), "absent\": No such file");
    scratch_write(scratch_path("plain"), "", 0);
    no_input(scratch_path("plain/below"), "Not a directory");
    CU_ASSERT_EQUAL_FATAL(symlink("circle", scratch_path("circle")), 0);
    no_input(scratch_path("circle"), "circle\": Too many levels");
    CU_ASSERT_EQUAL_FATAL(mkdir(scratch_path("folder"), 0700), 0);
    no_input(scratch_path("folder"), "folder\" is a directory, not a regular file");
    CU_ASSERT_EQUAL_FATAL(mkfifo(scratch_path("pipe"), 0600), 0);
    no_input(scratch_path("pipe"), "pipe\" is not a regular file");
    CU_ASSERT_EQUAL_FATAL(mknod(scratch_path("socket"), S_IFSOCK | 0600, 0), 0);
    no_input(scratch_path("socket"), "socket\": No such device");
    no_input("/dev/null", "\"/dev/null\" is not a regular file");
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(a_regular_file_is_read_whole),
        UNIT(a_name_that_leads_to_no_regular_file_is_no_input),
    };
    return UNIT_RUN("file", tests);
}
