/* src/base/replacement: a file is replaced whole or not at all. */
#include "base/replacement.h"

#include <sys/stat.h>

#include "base/file.h"
#include "scratch.h"
#include "unit.h"

static void the_old_file_stays_until_the_end(void)
{
    const char *path = scratch_path("file");
    Replacement r;
    scratch_write(path, "old", 3);
    CU_ASSERT_EQUAL_FATAL(replacement_begin(path, &r), STATUS_OK);
    CU_ASSERT_EQUAL(file_write(r.fd, "new one", 7), 7);
    CU_ASSERT_STRING_EQUAL(scratch_text(path), "old");
    CU_ASSERT_EQUAL(replacement_end(&r), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(scratch_text(path), "new one");
    CU_ASSERT_EQUAL(scratch_count(".tmp-"), 0);
}

static void what_is_discarded_leaves_nothing(void)
{
    const char *path = scratch_path("kept");
    Replacement r;
    scratch_write(path, "old", 3);
    CU_ASSERT_EQUAL_FATAL(replacement_begin(path, &r), STATUS_OK);
    CU_ASSERT_EQUAL(file_write(r.fd, "new", 3), 3);
    CU_ASSERT_EQUAL(scratch_count(".tmp-"), 1);
    replacement_discard(&r);
    replacement_discard(&r);
    CU_ASSERT_EQUAL(scratch_count(".tmp-"), 0);
    CU_ASSERT_STRING_EQUAL(scratch_text(path), "old");
}

/* What is printed lies in memory for a while: it is in the file, or its loss is told. */
static void what_is_printed_is_there_or_its_loss_is_told(void)
{
    const char *path = scratch_path("printed");
    Replacement r;
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL_FATAL(replacement_begin(path, &r), STATUS_OK);
        CU_ASSERT_EQUAL(fprintf(r.stream, "%d", i), 1);
        scratch_limit(i == 0 ? RLIM_INFINITY : 0);
        CU_ASSERT_EQUAL(replacement_end(&r), i == 0 ? STATUS_OK : STATUS_IO);
        scratch_limit(RLIM_INFINITY);
        CU_ASSERT_STRING_EQUAL(scratch_text(path), "0");
        CU_ASSERT_EQUAL(scratch_count(".tmp-"), 0);
    }
    CU_ASSERT_MESSAGE_HAS("printed\": File too large");
}

static void what_a_killed_sole_writer_left_is_written_over(void)
{
    const char *path = scratch_path("sole");
    Replacement r;
    scratch_write(scratch_path(".sole.tmp"), "left behind", 11);
    CU_ASSERT_EQUAL_FATAL(replacement_begin_sole(path, &r), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(r.temporary, scratch_path(".sole.tmp"));
    fputs("new", r.stream);
    CU_ASSERT_EQUAL(replacement_end(&r), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(scratch_text(path), "new");
    CU_ASSERT_EQUAL(scratch_count(".sole"), 0);
}

static void a_name_that_is_taken_is_passed_over(void)
{
    const char *path = scratch_path("twice");
    Replacement first, second;
    CU_ASSERT_EQUAL_FATAL(replacement_begin(path, &first), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(replacement_begin(path, &second), STATUS_OK);
    CU_ASSERT_STRING_NOT_EQUAL(first.temporary, second.temporary);
    CU_ASSERT_EQUAL(replacement_end(&second), STATUS_OK);
    CU_ASSERT_EQUAL(replacement_end(&first), STATUS_OK);
}

static void only_a_regular_file_is_replaced(void)
{
    const char *directory = scratch_path("directory"), *pipe = scratch_path("pipe");
    CU_ASSERT_EQUAL_FATAL(mkdir(directory, 0700), 0);
    CU_ASSERT_EQUAL_FATAL(mkfifo(pipe, 0600), 0);
    CU_ASSERT_EQUAL(replacement_write(directory, "x", 1), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("a directory");
    CU_ASSERT_EQUAL(replacement_write(pipe, "x", 1), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("not a regular file");
    CU_ASSERT_EQUAL(replacement_write(scratch_path("absent/file"), "x", 1), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("absent/file\": No such file");
    CU_ASSERT_EQUAL(scratch_count(".tmp-"), 0);
}

static void a_full_disk_spares_the_old_file(void)
{
    const char *path = scratch_path("full");
    static const char bytes[8192];
    scratch_write(path, "old", 3);
    scratch_limit(4096);
    CU_ASSERT_EQUAL(replacement_write(path, bytes, sizeof bytes), STATUS_IO);
    scratch_limit(RLIM_INFINITY);
    CU_ASSERT_MESSAGE_HAS("full\": File too large");
    CU_ASSERT_STRING_EQUAL(scratch_text(path), "old");
    CU_ASSERT_EQUAL(scratch_count(".tmp-"), 0);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(the_old_file_stays_until_the_end),
        UNIT(what_is_discarded_leaves_nothing),
        UNIT(a_name_that_is_taken_is_passed_over),
        UNIT(only_a_regular_file_is_replaced),
        UNIT(a_full_disk_spares_the_old_file),
        UNIT(what_is_printed_is_there_or_its_loss_is_told),
        UNIT(what_a_killed_sole_writer_left_is_written_over),
    };
    return UNIT_RUN("replacement", tests);
}
