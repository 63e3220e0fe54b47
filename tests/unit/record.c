/* src/rundir/record: the lines of metrics.jsonl. */
#include <inttypes.h>
#include <math.h>

#include "record_lines.h"

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
    record_float(records, "d", -(double)NAN); /* as x86 makes it, and Arm does not */
    record_end(records);
    records_close(records);
    const char *text = scratch_text(scratch_path("null.jsonl"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"a\":null,\"a_hex\":\"nan\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"b\":null,\"b_hex\":\"inf\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"c\":null,\"c_hex\":\"-inf\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"d\":null,\"d_hex\":\"nan\""));
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
    };
    return UNIT_RUN("record", tests);
}
