/* src/rundir, src/output/predictions: what a run leaves on disk. */
#include <ftw.h>
#include <math.h>
#include <sys/stat.h>

#include "base/log.h"
#include "output/predictions.h"
#include "rundir/rundir.h"
#include "scratch.h"
#include "unit.h"

/* The file's content as a string, in memory that the next call uses again. */
static const char *text_of(const char *path)
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

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *level)
{
    (void)about, (void)kind, (void)level;
    return remove(path);
}

static void remove_tree(const char *path)
{
    CU_ASSERT_EQUAL(nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static Records *open_records(const char *name)
{
    Records *records;
    remove(scratch_path(name));
    CU_ASSERT_EQUAL_FATAL(records_open(scratch_path(name), &records), STATUS_OK);
    return records;
}

static void a_record_is_one_line_in_the_order_given(void)
{
    Records *records = open_records("order.jsonl");
    record_begin(records, "step");
    record_integer(records, "step", UINT64_MAX);
    record_hex(records, "rows", 0xabc);
    record_float(records, "loss", 0.5);
    record_null(records, "test_loss");
    record_text(records, "digest", "x");
    record_end(records);
    record_begin(records, "end");
    record_end(records);
    records_close(records);
    CU_ASSERT_STRING_EQUAL(text_of(scratch_path("order.jsonl")),
                           "{\"event\":\"step\",\"step\":18446744073709551615,\"rows\":\"0000000000000abc\","
                           "\"loss\":0.5,\"loss_hex\":\"0x1p-1\",\"test_loss\":null,\"test_loss_hex\":null,"
                           "\"digest\":\"x\"}\n{\"event\":\"end\"}\n");
}

static void text_is_escaped_as_json_asks(void)
{
    Records *records = open_records("escape.jsonl");
    record_begin(records, "\"");
    record_text(records, "a", "quote \" backslash \\ slash / tab \t newline \n bell \a one \x01 last \x1f e \xc3\xa9");
    record_end(records);
    records_close(records);
    CU_ASSERT_STRING_EQUAL(text_of(scratch_path("escape.jsonl")),
                           "{\"event\":\"\\\"\",\"a\":\"quote \\\" backslash \\\\ slash / tab \\u0009 newline "
                           "\\u000a bell \\u0007 one \\u0001 last \\u001f e \xc3\xa9\"}\n");
}

/* The number and its twin after "key":. */
static void check_float(const char *text, const char *key, double value)
{
    char search[32];
    snprintf(search, sizeof search, "\"%s\":", key);
    const char *found = strstr(text, search);
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    CU_ASSERT_EQUAL(strtod(found + strlen(search), NULL), value);
    snprintf(search, sizeof search, "\"%s_hex\":\"", key);
    found = strstr(text, search);
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    CU_ASSERT_EQUAL(strtod(found + strlen(search), NULL), value);
}

static void a_float_and_its_twin_are_exact(void)
{
    static const double values[] = {
        0.1, 1.0 / 3, -2.5e-308, 4.9e-324, 1.7976931348623157e308, 0.0, 123456789.123456789};
    Records *records = open_records("float.jsonl");
    char key[8];
    record_begin(records, "f");
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        snprintf(key, sizeof key, "v%zu", i);
        record_float(records, key, values[i]);
    }
    record_end(records);
    records_close(records);
    const char *text = text_of(scratch_path("float.jsonl"));
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        snprintf(key, sizeof key, "v%zu", i);
        check_float(text, key, values[i]);
    }
}

static void what_is_not_finite_is_null(void)
{
    Records *records = open_records("null.jsonl");
    record_begin(records, "n");
    record_float(records, "a", (double)NAN);
    record_float(records, "b", (double)INFINITY);
    record_float(records, "c", -(double)INFINITY);
    record_end(records);
    records_close(records);
    const char *text = text_of(scratch_path("null.jsonl"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"a\":null,\"a_hex\":\"nan\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"b\":null,\"b_hex\":\"inf\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"c\":null,\"c_hex\":\"-inf\""));
}

static void records_of_other_ranks_do_nothing(void)
{
    record_begin(NULL, "x");
    record_integer(NULL, "a", 1);
    record_hex(NULL, "a", 1);
    record_float(NULL, "a", 1);
    record_null(NULL, "a");
    record_text(NULL, "a", "a");
    record_end(NULL);
    records_flush(NULL);
    records_close(NULL);
    CU_PASS("no crash");
}

static void records_are_appended_and_flushed_when_asked(void)
{
    const char *path = scratch_path("append.jsonl");
    Records *records = open_records("append.jsonl");
    for (int i = 0; i < 2; i++) {
        record_begin(records, "x");
        record_end(records);
        records_flush(records);
        CU_ASSERT_STRING_EQUAL(text_of(path), i ? "{\"event\":\"x\"}\n{\"event\":\"x\"}\n" : "{\"event\":\"x\"}\n");
        records_close(records);
        CU_ASSERT_EQUAL_FATAL(records_open(path, &records), STATUS_OK);
    }
    records_close(records);
    CU_ASSERT_EQUAL(records_open(scratch_path("nowhere/x.jsonl"), &records), STATUS_CANT_CREATE);
    CU_ASSERT_PTR_NULL(records);
    CU_ASSERT_MESSAGE_HAS("nowhere/x.jsonl");
    status_clear();
}

static void a_full_disk_is_told_once_and_training_goes_on(void)
{
    const char *log = scratch_path("full.log");
    FILE *file = fopen(log, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    Records *records;
    CU_ASSERT_EQUAL_FATAL(records_open("/dev/full", &records), STATUS_OK);
    log_set_file(file);
    for (int i = 0; i < 3; i++) {
        record_begin(records, "x");
        record_end(records);
        records_flush(records);
    }
    records_close(records);
    log_set_file(NULL);
    fclose(file);
    const char *first = strstr(text_of(log), "cannot write \"/dev/full\"");
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_PTR_NULL(strstr(first + 1, "cannot write"));
}

static void a_run_directory_is_made_with_those_above_it(void)
{
    const char *path = scratch_path("a/b/c");
    RunDir run;
    CU_ASSERT_EQUAL_FATAL(rundir_open(path, true, &run), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(rundir_begin_records(&run), STATUS_OK);
    record_begin(run.records, "start");
    record_end(run.records);
    log_warning("heard %d", 1);
    FILE *file;
    CU_ASSERT_EQUAL_FATAL(rundir_create_file(&run, "config.cfg", &file), STATUS_OK);
    fputs("x = 1;\n", file);
    CU_ASSERT_EQUAL(rundir_finish_file(&run, "config.cfg", file), STATUS_OK);
    rundir_close(&run);
    rundir_close(&run); /* accepts a zeroed struct */
    CU_ASSERT_STRING_EQUAL(text_of(scratch_path("a/b/c/config.cfg")), "x = 1;\n");
    CU_ASSERT_STRING_EQUAL(text_of(scratch_path("a/b/c/metrics.jsonl")), "{\"event\":\"start\"}\n");
    CU_ASSERT_PTR_NOT_NULL(strstr(text_of(scratch_path("a/b/c/log.txt")), "Z lockstep: warning: heard 1\n"));
    remove_tree(scratch_path("a"));
}

static void an_empty_directory_serves_and_a_slash_at_the_end(void)
{
    RunDir run;
    CU_ASSERT_EQUAL_FATAL(mkdir(scratch_path("empty"), 0700), 0);
    CU_ASSERT_EQUAL(rundir_open(scratch_path("empty/"), true, &run), STATUS_OK);
    rundir_close(&run);
    remove_tree(scratch_path("empty"));
}

static void check_refused(const char *path, const char *why)
{
    RunDir run;
    CU_ASSERT_EQUAL(rundir_open(path, true, &run), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS(why);
    CU_ASSERT_PTR_NULL(run.log);
    CU_ASSERT_PTR_NULL(run.records);
    status_clear();
}

static void what_is_there_stays_as_it_is(void)
{
    const char *path = scratch_path("held");
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0700), 0);
    scratch_write(scratch_path("held/.hidden"), "precious", 8);
    check_refused(path, "held\" is not empty");
    CU_ASSERT_EQUAL(access(scratch_path("held/log.txt"), F_OK), -1);
    check_refused(scratch_path("held/.hidden"), "cannot create run directory");
    check_refused(scratch_path("held/.hidden/below"), "Not a directory");
    CU_ASSERT_STRING_EQUAL(text_of(scratch_path("held/.hidden")), "precious");
    remove_tree(path);
    char name[5000];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    check_refused(name, "too long");
    check_refused("/proc/no/such/run", "/proc/no/such/run");
}

static void one_run_directory_has_one_holder(void)
{
    const char *path = scratch_path("one");
    RunDir run, other;
    char holder[128];
    CU_ASSERT_EQUAL_FATAL(rundir_open(path, false, &run), STATUS_OK);
    CU_ASSERT_EQUAL(rundir_open(path, false, &other), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("is held by another training");
    rundir_holder(path, holder, sizeof holder);
    CU_ASSERT_PTR_NOT_NULL(strstr(holder, ", process "));
    CU_ASSERT_PTR_NOT_NULL(strstr(status_message(), holder));
    rundir_close(&run);
    rundir_holder(path, holder, sizeof holder);
    CU_ASSERT_STRING_EQUAL(holder, "");
    CU_ASSERT_EQUAL(rundir_open(path, false, &run), STATUS_OK);
    rundir_close(&run);
    remove_tree(path);
}

static void only_a_run_is_gone_on_with(void)
{
    const char *path = scratch_path("again");
    RunDir run;
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0700), 0);
    scratch_write(scratch_path("again/letter.txt"), "dear", 4);
    CU_ASSERT_EQUAL(rundir_open(path, false, &run), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("holds no run");
    CU_ASSERT_EQUAL(access(scratch_path("again/lock"), F_OK), -1);
    scratch_write(scratch_path("again/config.cfg"), "", 0);
    CU_ASSERT_EQUAL(rundir_open(path, false, &run), STATUS_OK);
    rundir_close(&run);
    remove_tree(path);
}

/* Killed before anything but these was there. */
static void a_run_that_was_killed_at_its_start_is_gone_on_with(void)
{
    static const char *const names[] = {"killed/lock", "killed/metrics.jsonl", "killed/log.txt",
                                        "killed/.config.cfg.tmp"};
    const char *path = scratch_path("killed");
    RunDir run;
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0700), 0);
    CU_ASSERT_EQUAL_FATAL(mkdir(scratch_path("killed/checkpoints"), 0700), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        scratch_write(scratch_path(names[i]), "", 0);
        CU_ASSERT_EQUAL(rundir_open(path, false, &run), STATUS_OK);
        rundir_close(&run);
    }
    scratch_write(scratch_path("killed/letter.txt"), "dear", 4);
    CU_ASSERT_EQUAL(rundir_open(path, false, &run), STATUS_CANT_CREATE);
    remove_tree(path);
}

/* What a process that was killed in the middle of a record left. */
static void a_torn_record_is_cut_off(void)
{
    const char *path = scratch_path("torn");
    static const char whole[] = "{\"event\":\"start\"}\n", torn[] = "{\"event\":\"start\"}\n{\"event\":\"st";
    RunDir run;
    CU_ASSERT_EQUAL_FATAL(rundir_open(path, false, &run), STATUS_OK);
    for (size_t size = sizeof torn - 1; size + 1 >= sizeof whole; size--) {
        scratch_write(scratch_path("torn/metrics.jsonl"), torn, size);
        CU_ASSERT_EQUAL(rundir_begin_records(&run), STATUS_OK);
        CU_ASSERT_STRING_EQUAL(text_of(scratch_path("torn/metrics.jsonl")), whole);
        records_close(run.records);
        fclose(run.log);
        log_set_file(NULL);
        run.records = NULL, run.log = NULL;
    }
    rundir_close(&run);
    remove_tree(path);
}

static void a_failed_write_of_a_file_is_told(void)
{
    RunDir run;
    FILE *file;
    CU_ASSERT_EQUAL_FATAL(rundir_open(scratch_path("disk"), true, &run), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(symlink("/dev/full", scratch_path("disk/.out.tmp")), 0);
    CU_ASSERT_EQUAL_FATAL(rundir_create_file(&run, "out", &file), STATUS_OK);
    fputs("x", file);
    CU_ASSERT_EQUAL(rundir_finish_file(&run, "out", file), STATUS_IO);
    CU_ASSERT_MESSAGE_HAS("disk/out\": No space left");
    CU_ASSERT_EQUAL(rundir_create_file(&run, "no/such", &file), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("disk/.no/such.tmp");
    CU_ASSERT_EQUAL(access(scratch_path("disk/out"), F_OK), -1);
    CU_ASSERT_EQUAL(access(scratch_path("disk/.out.tmp"), F_OK), -1);
    status_clear();
    rundir_close(&run);
    remove_tree(scratch_path("disk"));
}

static void predictions_are_csv(void)
{
    static const Prediction predictions[] = {{0, 7, 7, 1.0f}, {1, 2, 65535, 0.1f}, {4294967294u, 0, 1, 1e-30f}};
    const char *path = scratch_path("predictions.csv");
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    predictions_write(file, 3, predictions);
    fclose(file);
    CU_ASSERT_STRING_EQUAL(text_of(path),
                           "index,label,prediction,confidence\n0,7,7,1\n1,2,65535,0.100000001\n"
                           "4294967294,0,1,1e-30\n");
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(a_record_is_one_line_in_the_order_given),
        UNIT(text_is_escaped_as_json_asks),
        UNIT(a_float_and_its_twin_are_exact),
        UNIT(what_is_not_finite_is_null),
        UNIT(records_of_other_ranks_do_nothing),
        UNIT(records_are_appended_and_flushed_when_asked),
        UNIT(a_full_disk_is_told_once_and_training_goes_on),
        UNIT(a_run_directory_is_made_with_those_above_it),
        UNIT(an_empty_directory_serves_and_a_slash_at_the_end),
        UNIT(what_is_there_stays_as_it_is),
        UNIT(one_run_directory_has_one_holder),
        UNIT(only_a_run_is_gone_on_with),
        UNIT(a_run_that_was_killed_at_its_start_is_gone_on_with),
        UNIT(a_torn_record_is_cut_off),
        UNIT(a_failed_write_of_a_file_is_told),
        UNIT(predictions_are_csv),
    };
    return UNIT_RUN("rundir", tests);
}
