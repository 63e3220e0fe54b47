/* src/rundir: what no run makes, where a run has its files: pipes, devices, links. None may be waited for, read without
 * end or written through. */
#include <sys/stat.h>

#include "rundir/rundir.h"
#include "scratch.h"
#include "unit.h"

static RunDir run;

static const char *run_path(const char *name)
{
    static char path[RUNDIR_PATH_SIZE + 64];
    snprintf(path, sizeof path, "%s/%s", run.path, name);
    return path;
}

static void check_refused(Status st, const char *name)
{
    CU_ASSERT_EQUAL(st, STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS(name);
    CU_ASSERT_MESSAGE_HAS("not a regular file");
    CU_ASSERT_EQUAL(unlink(run_path(name)), 0);
    status_clear();
}

static void records_and_log_are_regular_files(void)
{
    CU_ASSERT_EQUAL_FATAL(mkfifo(run_path("metrics.jsonl"), 0600), 0);
    check_refused(rundir_repair_records(&run, 0), "metrics.jsonl");
    CU_ASSERT_EQUAL_FATAL(symlink("/dev/full", run_path("metrics.jsonl")), 0);
    check_refused(rundir_repair_records(&run, 0), "metrics.jsonl");
    CU_ASSERT_EQUAL_FATAL(mkfifo(run_path("log.txt"), 0600), 0);
    check_refused(rundir_begin_records(&run, 0), "log.txt");
    CU_ASSERT_EQUAL_FATAL(symlink("/dev/null", run_path("log.txt")), 0);
    check_refused(rundir_begin_records(&run, 0), "log.txt");
}

static void write_out(void)
{
    Replacement file;
    CU_ASSERT_EQUAL_FATAL(rundir_replace(&run, "out", &file), STATUS_OK);
    fputs("new", file.stream);
    CU_ASSERT_EQUAL(replacement_end(&file), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(scratch_text(run_path("out")), "new");
}

static void a_temporary_file_is_a_new_one(void)
{
    const char *elsewhere = scratch_path("elsewhere");
    CU_ASSERT_EQUAL_FATAL(mkfifo(run_path(".out.tmp"), 0600), 0);
    write_out();
    scratch_write(elsewhere, "old", 3);
    CU_ASSERT_EQUAL_FATAL(symlink(elsewhere, run_path(".out.tmp")), 0);
    write_out();
    CU_ASSERT_STRING_EQUAL(scratch_text(elsewhere), "old");
}

static void a_pipe_for_a_lock_keeps_nobody_waiting(void)
{
    char holder[LOCK_HOLDER_SIZE];
    RunDir piped;
    CU_ASSERT_EQUAL_FATAL(mkdir(scratch_path("piped"), 0700), 0);
    CU_ASSERT_EQUAL_FATAL(mkfifo(scratch_path("piped/lock"), 0600), 0);
    lock_holder(scratch_path("piped"), holder);
    CU_ASSERT_STRING_EQUAL(holder, "");
    CU_ASSERT_EQUAL(rundir_open(scratch_path("piped"), false, &piped), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("piped/lock");
    status_clear();
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(records_and_log_are_regular_files),
        UNIT(a_temporary_file_is_a_new_one),
        UNIT(a_pipe_for_a_lock_keeps_nobody_waiting),
    };
    if (rundir_open(scratch_path("run"), true, &run) != STATUS_OK) return 1;
    const int code = UNIT_RUN("special_files", tests);
    rundir_close(&run);
    return code;
}
