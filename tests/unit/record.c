/* src/rundir/record: the lines of metrics.jsonl, and what becomes of them when the disk is full. */
#include <inttypes.h>
#include <math.h>

#include "base/log.h"
#include "rundir/record.h"
#include "rundir/record_link.h"
#include "scratch.h"
#include "unit.h"

static Records *open_records(const char *name)
{
    Records *records;
    remove(scratch_path(name));
    CU_ASSERT_EQUAL_FATAL(records_open(scratch_path(name), &records), STATUS_OK);
    return records;
}

/* The next line of the file, without its link, which must be to the line before; last: record_link_of that, then of
 * this one. NULL at the end. */
static const char *next_line(FILE *file, uint64_t *last)
{
    static char line[512];
    uint64_t previous = 0;
    if (!fgets(line, sizeof line, file)) return NULL;
    const size_t length = strlen(line) - 1;
    CU_ASSERT_FATAL(record_link_get(line, length, &previous));
    CU_ASSERT_EQUAL_FATAL(previous, *last);
    *last = record_link_of(line, length);
    strcpy(line + length - RECORD_LINK_SIZE, "}\n");
    return line;
}

/* The whole file, so read. */
static const char *unlinked(const char *path)
{
    static char bare[4096];
    uint64_t last = 0;
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    *bare = '\0';
    for (const char *line; (line = next_line(file, &last));) strcat(bare, line);
    fclose(file);
    return bare;
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
    CU_ASSERT_STRING_EQUAL(unlinked(scratch_path("order.jsonl")),
                           "{\"event\":\"step\",\"step\":18446744073709551615,\"rows\":\"0000000000000abc\","
                           "\"loss\":0.5,\"loss_hex\":\"0x1p-1\",\"test_loss\":null,\"test_loss_hex\":null,"
                           "\"digest\":\"x\"}\n{\"event\":\"end\"}\n");
}

static void record_steps(Records *records, uint64_t first, uint64_t end)
{
    for (uint64_t step = first; step < end; step++)
        record_step(records, &(ChainLink){.step = step, .samples = 64, .rows = 15, .loss = 0.5, .learning_rate = 2.0},
                    step / 1000 + 1);
}

/* The lines that follow in the file are those steps' records. */
static void check_steps(FILE *file, uint64_t first, uint64_t end, uint64_t *last)
{
    char expected[256];
    for (uint64_t step = first; step < end; step++) {
        snprintf(expected, sizeof expected,
                 "{\"event\":\"step\",\"step\":%" PRIu64 ",\"epoch\":%" PRIu64
                 ",\"samples\":64,"
                 "\"rows\":\"000000000000000f\",\"loss\":0.5,\"loss_hex\":\"0x1p-1\","
                 "\"learning_rate\":2,\"learning_rate_hex\":\"0x1p+1\"}\n",
                 step, step / 1000 + 1);
        const char *line = next_line(file, last);
        CU_ASSERT_PTR_NOT_NULL_FATAL(line);
        CU_ASSERT_STRING_EQUAL_FATAL(line, expected);
    }
}

/* However many of them waited, and whether another record, a flush or the end takes them along. */
static void steps_stand_in_their_order_with_the_other_records(void)
{
    Records *records = open_records("steps.jsonl");
    record_steps(records, 1, 1000);
    record_begin(records, "x");
    record_end(records);
    record_steps(records, 1000, 1003);
    records_flush(records);
    FILE *file = fopen(scratch_path("steps.jsonl"), "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    uint64_t last = 0;
    check_steps(file, 1, 1000, &last);
    CU_ASSERT_STRING_EQUAL(next_line(file, &last), "{\"event\":\"x\"}\n");
    check_steps(file, 1000, 1003, &last);
    record_steps(records, 1003, 1005);
    CU_ASSERT_TRUE(records_sync(records));
    check_steps(file, 1003, 1005, &last);
    record_steps(records, 1005, 1006);
    records_close(records);
    check_steps(file, 1005, 1006, &last);
    fclose(file);
}

static void digests_are_hex(void)
{
    const Digest digests[] = {{.low = 1}, {.high = 0xabc}};
    Records *records = open_records("digests.jsonl");
    record_begin(records, "x");
    record_digest(records, "one", digests[0]);
    record_digests(records, "both", 2, digests);
    record_digests(records, "none", 0, digests);
    record_end(records);
    records_close(records);
    CU_ASSERT_STRING_EQUAL(
        unlinked(scratch_path("digests.jsonl")),
        "{\"event\":\"x\",\"one\":\"00000000000000000000000000000001\",\"both\":"
        "[\"00000000000000000000000000000001\",\"0000000000000abc0000000000000000\"],\"none\":[]}\n");
}

static void text_is_escaped_as_json_asks(void)
{
    Records *records = open_records("escape.jsonl");
    record_begin(records, "\"");
    record_text(records, "a", "quote \" backslash \\ slash / tab \t newline \n bell \a one \x01 last \x1f e \xc3\xa9");
    record_end(records);
    records_close(records);
    CU_ASSERT_STRING_EQUAL(unlinked(scratch_path("escape.jsonl")),
                           "{\"event\":\"\\\"\",\"a\":\"quote \\\" backslash \\\\ slash / tab \\u0009 newline "
                           "\\u000a bell \\u0007 one \\u0001 last \\u001f e \xc3\xa9\"}\n");
}

/* Names of files may be any bytes, and a reader refuses what is no UTF-8: here a byte of Latin-1, a surrogate, a
 * sequence that is cut off, beside one that is none of these. */
static void text_is_utf8_whatever_it_was(void)
{
    Records *records = open_records("utf8.jsonl");
    record_begin(records, "x");
    record_text(records, "a", "r\xe9seau \xed\xa0\x80 \xf0\x9f\x98\x80 \xe6\x97");
    record_end(records);
    records_close(records);
    CU_ASSERT_STRING_EQUAL(unlinked(scratch_path("utf8.jsonl")),
                           "{\"event\":\"x\",\"a\":\"r\\\\xe9seau \\\\xed\\\\xa0\\\\x80 \xf0\x9f\x98\x80 "
                           "\\\\xe6\\\\x97\"}\n");
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
    const char *text = scratch_text(scratch_path("float.jsonl"));
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
    const char *text = scratch_text(scratch_path("null.jsonl"));
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
    record_step(NULL, &(ChainLink){0}, 1);
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
        CU_ASSERT_STRING_EQUAL(unlinked(path), i ? "{\"event\":\"x\"}\n{\"event\":\"x\"}\n" : "{\"event\":\"x\"}\n");
        records_close(records);
        CU_ASSERT_EQUAL_FATAL(records_open(path, &records), STATUS_OK);
    }
    records_close(records);
    CU_ASSERT_EQUAL(records_open(scratch_path("nowhere/x.jsonl"), &records), STATUS_CANT_CREATE);
    CU_ASSERT_PTR_NULL(records);
    CU_ASSERT_MESSAGE_HAS("nowhere/x.jsonl");
    status_clear();
}

/* Of whatever length it is: as a record of many classes. */
static void a_long_last_record_is_linked_to(void)
{
    const char *path = scratch_path("long_line.jsonl");
    enum { LONG = 1 << 17 };
    static char text[LONG];
    for (size_t length = 1 << 10; length <= LONG; length *= 2) {
        Records *records = open_records("long_line.jsonl");
        memset(text, 'x', length - 1);
        record_begin(records, "x");
        record_text(records, "text", text);
        record_end(records);
        records_close(records);
        CU_ASSERT_EQUAL_FATAL(records_open(path, &records), STATUS_OK);
        record_begin(records, "y");
        record_end(records);
        records_close(records);
        size_t size;
        uint64_t previous = 0;
        char *bytes = (char *)scratch_read(path, &size);
        const size_t first = (size_t)((char *)memchr(bytes, '\n', size) - bytes);
        CU_ASSERT_FATAL(record_link_get(bytes, size - 1, &previous));
        CU_ASSERT_EQUAL(previous, record_link_of(bytes, first));
        free(bytes);
    }
}

static void a_full_disk_is_told_once_and_training_goes_on(void)
{
    const char *log = scratch_path("full.log");
    FILE *file = fopen(log, "a");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    Records *records;
    CU_ASSERT_EQUAL_FATAL(records_open("/dev/full", &records), STATUS_OK);
    log_set_file(fileno(file), log);
    for (int i = 0; i < 3; i++) {
        record_begin(records, "x");
        record_end(records);
        records_flush(records);
    }
    records_close(records);
    log_set_file(-1, NULL);
    fclose(file);
    const char *first = strstr(scratch_text(log), "cannot write \"/dev/full\"");
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_PTR_NULL(strstr(first + 1, "cannot write"));
}

static void record_numbers(Records *records, uint64_t first, uint64_t end)
{
    for (uint64_t i = first; i < end; i++) {
        record_begin(records, "x");
        record_integer(records, "i", i);
        record_end(records);
    }
}

/* The lines of the file are the records `first` up to `end`, whole. */
static void check_numbers(const char *path, uint64_t first, uint64_t end)
{
    char expected[64];
    uint64_t last = 0;
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    for (uint64_t i = first; i < end; i++) {
        snprintf(expected, sizeof expected, "{\"event\":\"x\",\"i\":%" PRIu64 "}\n", i);
        const char *line = next_line(file, &last);
        CU_ASSERT_PTR_NOT_NULL_FATAL(line);
        CU_ASSERT_STRING_EQUAL_FATAL(line, expected);
    }
    CU_ASSERT_PTR_NULL(next_line(file, &last));
    fclose(file);
}

/* Wherever within a record the disk is full, only whole ones are in the file, and none is missing when there is room
 * again. */
static void a_disk_that_was_full_for_a_moment_costs_no_record(void)
{
    const char *path = scratch_path("moment.jsonl");
    enum { LINE = sizeof "{\"event\":\"x\",\"i\":0\n" - 1 + RECORD_LINK_SIZE };
    log_set_quiet(true);
    for (rlim_t room = LINE; room <= (rlim_t)(2 * LINE); room++) {
        Records *records = open_records("moment.jsonl");
        scratch_limit(room);
        record_numbers(records, 0, 4);
        CU_ASSERT_FALSE(records_sync(records));
        check_numbers(path, 0, room / LINE);
        record_numbers(records, 4, 6);
        records_flush(records);
        scratch_limit(RLIM_INFINITY);
        CU_ASSERT(records_sync(records));
        check_numbers(path, 0, 6);
        record_numbers(records, 6, 7);
        records_close(records);
        check_numbers(path, 0, 7);
    }
    log_set_quiet(false);
}

/* What waits in memory is bounded: of many records the newest come, whole, one record stands for the others, and the
 * loss is told once. */
static void a_disk_that_stays_full_costs_the_oldest_records(void)
{
    enum { MANY = 400000 };
    const char *path = scratch_path("long.jsonl"), *log = scratch_path("long.log");
    FILE *file = fopen(log, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    log_set_quiet(true);
    Records *records = open_records("long.jsonl");
    log_set_file(fileno(file), log);
    scratch_limit(4096); /* the log has to fit too */
    record_numbers(records, 0, MANY);
    scratch_limit(RLIM_INFINITY);
    CU_ASSERT(records_sync(records));
    CU_ASSERT(records_take_loss(records));
    CU_ASSERT_FALSE(records_take_loss(records));
    records_close(records);
    log_set_file(-1, NULL);
    log_set_quiet(false);
    fclose(file);
    const char *told = strstr(scratch_text(log), "oldest");
    CU_ASSERT_PTR_NOT_NULL_FATAL(told);
    CU_ASSERT_PTR_NULL(strstr(told + 1, "oldest"));
    const char *line;
    uint64_t last = 0, at = 0, lines = 0, gaps = 0, gap_records = 0;
    file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    for (uint64_t i; (line = next_line(file, &last)); lines++, at = i + 1) {
        const bool is_gap = strcmp(line, "{\"event\":\"lost\"}\n") == 0;
        gap_records += is_gap;
        if (is_gap && !(line = next_line(file, &last))) break;
        CU_ASSERT_EQUAL_FATAL(sscanf(line, "{\"event\":\"x\",\"i\":%" SCNu64 "}\n", &i), 1);
        CU_ASSERT_FATAL(is_gap ? i > at : i == at);
        gaps += i > at;
    }
    fclose(file);
    CU_ASSERT_EQUAL(at, MANY);
    CU_ASSERT(gaps == 1 && gap_records == 1);
    CU_ASSERT(lines > MANY / 10 && lines < MANY);
}

/* So often is the disk asked to keep what was written, in the middle of training too. */
static void many_records_are_synced_on_the_way(void)
{
    enum { MANY = 400000 };
    const char *path = scratch_path("many.jsonl");
    Records *records = open_records("many.jsonl");
    record_numbers(records, 0, MANY);
    CU_ASSERT(records_sync(records));
    CU_ASSERT_FALSE(records_take_loss(records));
    records_close(records);
    check_numbers(path, 0, MANY);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(a_record_is_one_line_in_the_order_given),
        UNIT(steps_stand_in_their_order_with_the_other_records),
        UNIT(digests_are_hex),
        UNIT(text_is_escaped_as_json_asks),
        UNIT(text_is_utf8_whatever_it_was),
        UNIT(a_float_and_its_twin_are_exact),
        UNIT(what_is_not_finite_is_null),
        UNIT(records_of_other_ranks_do_nothing),
        UNIT(records_are_appended_and_flushed_when_asked),
        UNIT(a_long_last_record_is_linked_to),
        UNIT(a_full_disk_is_told_once_and_training_goes_on),
        UNIT(a_disk_that_was_full_for_a_moment_costs_no_record),
        UNIT(a_disk_that_stays_full_costs_the_oldest_records),
        UNIT(many_records_are_synced_on_the_way),
    };
    return UNIT_RUN("record", tests);
}
