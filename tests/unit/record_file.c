/* src/rundir/record_file: what becomes of records when the disk is full. */
#include <inttypes.h>

#include "base/log.h"
#include "record_lines.h"

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
        UNIT(records_are_appended_and_flushed_when_asked),     UNIT(a_long_last_record_is_linked_to),
        UNIT(a_full_disk_is_told_once_and_training_goes_on),   UNIT(a_disk_that_was_full_for_a_moment_costs_no_record),
        UNIT(a_disk_that_stays_full_costs_the_oldest_records), UNIT(many_records_are_synced_on_the_way),
    };
    return UNIT_RUN("record_file", tests);
}
