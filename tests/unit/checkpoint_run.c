/* src/rundir: the checkpoints of a run directory. */
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/log.h"
#include "checkpoint_sample.h"

static char path[CHECKPOINT_PATH_SIZE];

static const char *step_path(const char *run, uint64_t step)
{
    checkpoint_path(run, step, path);
    return path;
}

static const char *make_run(const char *name)
{
    const char *run = scratch_path(name);
    mkdir(run, 0777);
    CU_ASSERT_EQUAL_FATAL(checkpoint_prepare(run), STATUS_OK);
    return run;
}

static void write_step(const char *run, uint64_t step)
{
    Checkpoint c = sample_small(step);
    CU_ASSERT_EQUAL(checkpoint_write(&c, step_path(run, step)), STATUS_OK);
    sample_free(&c);
}

static void write_steps(const char *run, uint64_t first, uint64_t last, uint64_t apart)
{
    for (uint64_t step = first; step <= last; step += apart) write_step(run, step);
}

static void put_byte(const char *file, long at, int byte)
{
    FILE *f = fopen(file, "r+b");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fseek(f, at, at < 0 ? SEEK_END : SEEK_SET);
    fputc(byte, f);
    fclose(f);
}

/* The step of the newest valid one; warned: what was logged meanwhile. */
static Status newest(const char *run, uint64_t *step, char warned[4096])
{
    FILE *log = tmpfile();
    log_set_file(fileno(log), "the log");
    Checkpoint read;
    const Status st = checkpoint_read_newest(run, &read);
    *step = read.step;
    checkpoint_free(&read);
    log_set_file(-1, NULL);
    rewind(log);
    warned[fread(warned, 1, 4095, log)] = '\0';
    fclose(log);
    return st;
}

static void expect_steps(const char *run, const uint64_t *expected, size_t count)
{
    uint64_t *steps;
    size_t found;
    CU_ASSERT_EQUAL_FATAL(checkpoint_list(run, &steps, &found), STATUS_OK);
    CU_ASSERT_EQUAL(found, count);
    CU_ASSERT(found == count && (count == 0 || memcmp(steps, expected, count * sizeof *steps) == 0));
    memory_free(steps);
}

static void a_list_is_of_steps_newest_first(void)
{
    const char *run = make_run("list");
    expect_steps(run, (const uint64_t[]){0}, 0);
    const char *const others[] = {"step-12.h5", "step-0000000012.h5.bak", "step-00000000012.h5",
                                  "x.h5",       "step--000000001.h5",     "step-99999999999999999999.h5"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(path, sizeof path, "%s/checkpoints/%s", run, others[i]);
        scratch_write(path, "", 0);
    }
    const uint64_t steps[] = {0, 70, 3, 12345678901};
    for (size_t i = 0; i < 4; i++) scratch_write(step_path(run, steps[i]), "", 0);
    expect_steps(run, (const uint64_t[]){12345678901, 70, 3, 0}, 4);
    expect_steps("/nonexistent", (const uint64_t[]){0}, 0);
}

static void the_newest_valid_one_is_read(void)
{
    const char *run = make_run("newest");
    char warned[4096];
    uint64_t step;
    CU_ASSERT_EQUAL(newest(run, &step, warned), STATUS_NO_INPUT);
    CU_ASSERT_MESSAGE_HAS("has no checkpoints");
    for (step = 10; step <= 50; step += 10) write_step(run, step);
    CU_ASSERT_EQUAL(newest(run, &step, warned), STATUS_OK);
    CU_ASSERT_EQUAL(step, 50);
    CU_ASSERT_STRING_EQUAL(warned, "");
    put_byte(step_path(run, 50), -1, 'x');
    CU_ASSERT_EQUAL_FATAL(truncate(step_path(run, 40), 1000), 0);
    CU_ASSERT_EQUAL_FATAL(unlink(step_path(run, 30)), 0);
    CU_ASSERT_EQUAL_FATAL(mkdir(step_path(run, 30), 0777), 0);
    CU_ASSERT_EQUAL(newest(run, &step, warned), STATUS_OK);
    CU_ASSERT_EQUAL(step, 20);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(warned, "step-0000000050.h5\" is damaged: its content's digest is wrong; it is skip"));
    CU_ASSERT_PTR_NOT_NULL(strstr(warned, "step-0000000040.h5\" is truncated"));
    CU_ASSERT_PTR_NOT_NULL(strstr(warned, "step-0000000030.h5\" is a directory, not a regular file"));
    CU_ASSERT_PTR_NULL(strstr(warned, "step-0000000020"));
    put_byte(step_path(run, 20), 500, 'x');
    put_byte(step_path(run, 10), 3, 'x');
    CU_ASSERT_EQUAL(newest(run, &step, warned), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("none of the 5 checkpoints");
}

static void a_step_under_another_name_is_skipped(void)
{
    const char *run = make_run("renamed");
    char warned[4096], old[CHECKPOINT_PATH_SIZE];
    uint64_t step;
    write_step(run, 1);
    write_step(run, 2);
    strcpy(old, step_path(run, 2));
    CU_ASSERT_EQUAL_FATAL(rename(old, step_path(run, 9)), 0);
    CU_ASSERT_EQUAL(newest(run, &step, warned), STATUS_OK);
    CU_ASSERT_EQUAL(step, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(warned, "is that of step 2"));
}

/* The first page of a process is nobody's: reading it is EIO, for root too. */
static void unreadable_ones_are_not_called_damaged(void)
{
    const char *run = make_run("unreadable");
    char warned[4096];
    uint64_t step;
    write_steps(run, 1, 3, 1);
    put_byte(step_path(run, 3), -1, 'x');
    CU_ASSERT_EQUAL_FATAL(unlink(step_path(run, 2)), 0);
    CU_ASSERT_EQUAL_FATAL(symlink("/proc/self/mem", step_path(run, 2)), 0);
    CU_ASSERT_EQUAL(newest(run, &step, warned), STATUS_OK);
    CU_ASSERT_EQUAL(step, 1);
    CU_ASSERT_EQUAL_FATAL(unlink(step_path(run, 1)), 0);
    CU_ASSERT_EQUAL_FATAL(symlink("/proc/self/mem", step_path(run, 1)), 0);
    CU_ASSERT_EQUAL(newest(run, &step, warned), STATUS_IO);
    CU_ASSERT_MESSAGE_HAS("step-0000000002.h5\": Input/output error; none of the 3 checkpoints");
    CU_ASSERT_PTR_NOT_NULL(strstr(warned, "step-0000000001.h5\": Input/output error; it is skipped"));
}

/* It is not damaged: the program is too old. */
static void a_newer_version_is_not_skipped(void)
{
    const char *run = make_run("version");
    char warned[4096];
    uint64_t step;
    write_step(run, 1);
    write_step(run, 2);
    size_t size;
    unsigned char *bytes = scratch_read(step_path(run, 2), &size);
    bytes[16] = CHECKPOINT_MAJOR + 1;
    sample_sign(bytes, size);
    scratch_write(step_path(run, 2), bytes, size);
    free(bytes);
    CU_ASSERT_EQUAL(newest(run, &step, warned), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("has format version 2.2");
    CU_ASSERT_STRING_EQUAL(warned, "");
}

static void pruning_keeps_the_newest(void)
{
    const char *run = make_run("prune");
    Distrusted none = {0};
    write_steps(run, 1, 6, 1);
    checkpoint_prune(run, 6, 3, &none);
    expect_steps(run, (const uint64_t[]){6, 5, 4}, 3);
    checkpoint_prune(run, 6, 3, &none);
    expect_steps(run, (const uint64_t[]){6, 5, 4}, 3);
    checkpoint_prune(run, 6, 2, &none);
    expect_steps(run, (const uint64_t[]){6, 5}, 2);
    checkpoint_prune(scratch_path("nowhere"), 6, 2, &none);
}

/* Damage in the content, which a start has seen, and pruning does not look for. */
static void pruning_never_counts_what_a_start_passed_by(void)
{
    const char *run = make_run("back");
    Distrusted passed_by;
    write_steps(run, 10, 50, 10);
    put_byte(step_path(run, 40), -1, 'x');
    CU_ASSERT_EQUAL_FATAL(checkpoint_distrust(run, 20, &passed_by), STATUS_OK);
    write_step(run, 21);
    checkpoint_prune(run, 21, 2, &passed_by);
    expect_steps(run, (const uint64_t[]){50, 40, 30, 21, 20}, 5);
    write_step(run, 30);
    checkpoint_prune(run, 30, 2, &passed_by);
    expect_steps(run, (const uint64_t[]){50, 40, 30, 21}, 4);
    write_step(run, 45);
    checkpoint_prune(run, 45, 2, &passed_by);
    expect_steps(run, (const uint64_t[]){50, 45, 40, 30}, 4);
    write_step(run, 60);
    checkpoint_prune(run, 60, 2, &passed_by);
    expect_steps(run, (const uint64_t[]){60, 50, 45}, 3);
    checkpoint_distrust_end(&passed_by);
}

static void pruning_never_counts_what_cannot_be_a_checkpoint(void)
{
    const char *run = make_run("unfit");
    Distrusted none = {0};
    write_steps(run, 1, 6, 1);
    CU_ASSERT_EQUAL_FATAL(truncate(step_path(run, 5), 1000), 0);
    CU_ASSERT_EQUAL_FATAL(truncate(step_path(run, 4), 0), 0);
    put_byte(step_path(run, 3), 500, 'x');
    checkpoint_prune(run, 6, 2, &none);
    expect_steps(run, (const uint64_t[]){6, 5, 4, 3, 2}, 5);
    CU_ASSERT_STRING_EQUAL(status_message(), "");
}

/* A number that no process has: a child's that has been waited for. */
static long dead_process(void)
{
    const pid_t child = fork();
    if (child == 0) _exit(0);
    waitpid(child, NULL, 0);
    return (long)child;
}

static bool survives(const char *run, const char *folder, const char *host, long pid)
{
    char name[CHECKPOINT_PATH_SIZE];
    snprintf(name, sizeof name, "%s/%s.ckpt-12.tmp.%s.%ld", run, folder, host, pid);
    scratch_write(name, "part", 4);
    CU_ASSERT_EQUAL(checkpoint_prepare(run), STATUS_OK);
    const bool there = access(name, F_OK) == 0;
    unlink(name);
    return there;
}

/* The lock tells that nobody else writes: whoever left them. */
static void temporaries_are_removed(void)
{
    log_set_quiet(true);
    const char *run = make_run("stale");
    char host[65] = "", name[CHECKPOINT_PATH_SIZE];
    gethostname(host, sizeof host - 1);
    const long dead = dead_process();
    CU_ASSERT_FALSE(survives(run, "checkpoints/", host, dead));
    CU_ASSERT_FALSE(survives(run, "", host, dead)); /* best.h5's */
    CU_ASSERT_FALSE(survives(run, "checkpoints/", host, (long)getpid()));
    CU_ASSERT_FALSE(survives(run, "checkpoints/", host, (long)getppid())); /* another's, by now */
    CU_ASSERT_FALSE(survives(run, "checkpoints/", "other", dead));
    CU_ASSERT_FALSE(survives(run, "checkpoints/", "node-7.cluster.example", dead));
    CU_ASSERT(survives(run, "checkpoints/", "", dead));
    snprintf(name, sizeof name, "%s/checkpoints/.ckpt-12.tmp.%s.%ldx", run, host, dead);
    scratch_write(name, "", 0);
    CU_ASSERT_EQUAL(checkpoint_prepare(run), STATUS_OK);
    CU_ASSERT_EQUAL(access(name, F_OK), 0);
}

static void a_run_that_cannot_be_prepared_is_named(void)
{
    CU_ASSERT_EQUAL(checkpoint_prepare(scratch_path("missing")), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("missing/checkpoints\": No such file");
    static char longest[5000];
    memset(longest, 'x', sizeof longest - 1);
    CU_ASSERT_EQUAL(checkpoint_prepare(longest), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("too long");
}

static void paths_are_those_of_the_design(void)
{
    CU_ASSERT_STRING_EQUAL(step_path("runs/a", 42), "runs/a/checkpoints/step-0000000042.h5");
    checkpoint_best_path("runs/a", path);
    CU_ASSERT_STRING_EQUAL(path, "runs/a/best.h5");
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(a_list_is_of_steps_newest_first),
        UNIT(the_newest_valid_one_is_read),
        UNIT(a_step_under_another_name_is_skipped),
        UNIT(unreadable_ones_are_not_called_damaged),
        UNIT(a_newer_version_is_not_skipped),
        UNIT(pruning_keeps_the_newest),
        UNIT(pruning_never_counts_what_a_start_passed_by),
        UNIT(pruning_never_counts_what_cannot_be_a_checkpoint),
        UNIT(temporaries_are_removed),
        UNIT(a_run_that_cannot_be_prepared_is_named),
        UNIT(paths_are_those_of_the_design),
    };
    return UNIT_RUN("checkpoint_run", tests);
}
