/* The settings: what is read and what is refused. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "config/table.h"
#include "config_parse.h"

#define MARK "\xef\xbb\xbf"

static void defaults_are_those_of_the_design(void)
{
    CU_ASSERT_EQUAL(parse(DATA), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(settings.run.name, "run");
    CU_ASSERT_STRING_EQUAL(settings.run.dir, "");
    CU_ASSERT_EQUAL(settings.run.seed, 1);
    CU_ASSERT_STRING_EQUAL(settings.data.file, "a.h5");
    CU_ASSERT_STRING_EQUAL(settings.data.train_images, "/train/images");
    CU_ASSERT_STRING_EQUAL(settings.data.train_labels, "/train/labels");
    CU_ASSERT_STRING_EQUAL(settings.data.test_images, "/test/images");
    CU_ASSERT_STRING_EQUAL(settings.data.test_labels, "/test/labels");
    CU_ASSERT_EQUAL(settings.data.classes, 10);
    CU_ASSERT_STRING_EQUAL(settings.data.scaling, "unit");
    CU_ASSERT_EQUAL(settings.model.hidden.count, 1);
    CU_ASSERT_EQUAL(settings.model.hidden.value[0], 500);
    CU_ASSERT_STRING_EQUAL(settings.model.activation, "relu");
    CU_ASSERT_STRING_EQUAL(settings.model.init, "kaiming");
    CU_ASSERT_EQUAL(settings.training.epochs, 10);
    CU_ASSERT_EQUAL(settings.training.batch_size, 64);
    CU_ASSERT_EQUAL(settings.training.shards, 8);
    CU_ASSERT_STRING_EQUAL(settings.training.compute, "fp32");
    CU_ASSERT_STRING_EQUAL(settings.training.reduction, "tree");
    CU_ASSERT_STRING_EQUAL(settings.optimizer.name, "sgd");
    CU_ASSERT_EQUAL(settings.optimizer.learning_rate, 0.1);
    CU_ASSERT_EQUAL(settings.optimizer.momentum, 0);
    CU_ASSERT_FALSE(settings.optimizer.nesterov);
    CU_ASSERT_EQUAL(settings.optimizer.weight_decay, 0);
    CU_ASSERT_STRING_EQUAL(settings.optimizer.schedule.name, "constant");
    CU_ASSERT_EQUAL(settings.optimizer.schedule.warmup_steps, 0);
    CU_ASSERT_EQUAL(settings.optimizer.schedule.step_epochs, 10);
    CU_ASSERT_EQUAL(settings.optimizer.schedule.gamma, 0.1);
    CU_ASSERT_EQUAL(settings.optimizer.schedule.min_learning_rate, 0);
    CU_ASSERT_EQUAL(settings.evaluation.every_epochs, 1);
    CU_ASSERT_STRING_EQUAL(settings.evaluation.mode, "rank0");
    CU_ASSERT(settings.evaluation.predictions);
    CU_ASSERT_EQUAL(settings.log.seconds, 10);
    CU_ASSERT_EQUAL(settings.log.digest_every_steps, 1000);
}

static void every_type_is_read(void)
{
    CU_ASSERT_EQUAL(parse(DATA "run: { name = \"a\" \"b\\x41\\n\"; seed = 0x10 }\n"
                               "model = { hidden = [300, 100L, 0x0A]; activation = \"tanh\" }\n"
                               "optimizer = { learning_rate = 1; momentum = .5e0; nesterov = TRUE }\n"
                               "log = { seconds = 2. } # no newline after this"),
                    STATUS_OK);
    CU_ASSERT_STRING_EQUAL(settings.run.name, "abA\n");
    CU_ASSERT_EQUAL(settings.run.seed, 16);
    CU_ASSERT_EQUAL(settings.model.hidden.count, 3);
    CU_ASSERT_EQUAL(settings.model.hidden.value[0], 300);
    CU_ASSERT_EQUAL(settings.model.hidden.value[1], 100);
    CU_ASSERT_EQUAL(settings.model.hidden.value[2], 10);
    CU_ASSERT_STRING_EQUAL(settings.model.activation, "tanh");
    CU_ASSERT_EQUAL(settings.optimizer.learning_rate, 1);
    CU_ASSERT_EQUAL(settings.optimizer.momentum, 0.5);
    CU_ASSERT(settings.optimizer.nesterov);
    CU_ASSERT_EQUAL(settings.log.seconds, 2);
}

static void an_empty_list_is_a_linear_classifier(void)
{
    CU_ASSERT_EQUAL(parse(DATA "model = { hidden = [] }"), STATUS_OK);
    CU_ASSERT_EQUAL(settings.model.hidden.count, 0);
}

static void the_required_setting_is_asked_for(void)
{
    REFUSED(parse(""), "x.cfg: data.file is missing");
    REFUSED(parse("data = { classes = 3 }"), "data.file is missing");
    CU_ASSERT_EQUAL(parse_set("", "data.file=b"), STATUS_OK);
}

static void an_unknown_key_names_the_nearest_one(void)
{
    REFUSED(parse(DATA "optimizer = {\n  lerning_rate = 0.1;\n};\n"), "x.cfg:3: optimizer.lerning_rate",
            "did you mean optimizer.learning_rate?");
    REFUSED(parse("optimiser = { momentum = 0.9 }"), "x.cfg:1: optimiser is not", "did you mean optimizer?");
    REFUSED(parse("\noptimizer = { schedul = { } }"), "x.cfg:2:", "did you mean optimizer.schedule?");
    REFUSED(parse("optimizer = { schedule = { gama = 1 } }"), "did you mean optimizer.schedule.gamma?");
    REFUSED(parse("epochs = 3"), "did you mean training.epochs?");
    REFUSED(parse("model = { learning_rate = 3 }"), "did you mean optimizer.learning_rate?");
    REFUSED(parse("run = { zzz = 3 }"), "run.zzz is not a setting;", "--help settings");
}

static void a_wrong_type_is_refused_with_what_was_found(void)
{
    REFUSED(parse("training = {\n  epochs = \"ten\"; }"), "x.cfg:2: training.epochs: found \"ten\"",
            "a whole number from 1 to 1000000 is needed");
    REFUSED(parse("training = { epochs = 10.0 }"), "found 10, written as a float; a whole number");
    REFUSED(parse("model = { hidden = [1e2] }"), "found 100, written as a float; an array in brackets");
    REFUSED(parse("training = { epochs = true }"), "found true");
    REFUSED(parse("run = { name = 5 }"), "found 5", "text in quotes");
    REFUSED(parse("optimizer = { nesterov = 1 }"), "found 1", "true or false");
    REFUSED(parse("optimizer = { learning_rate = \"0.1\" }"), "found \"0.1\"", "a number > 0 and <= 1000000");
    REFUSED(parse("model = { hidden = 500 }"), "found 500", "array in brackets");
    REFUSED(parse("model = { hidden = (500) }"), "found a list in parentheses");
    REFUSED(parse("model = { hidden = [1, 2.5] }"), "x.cfg:1: mismatched element type in array");
    REFUSED(parse("model = { hidden = [1.5] }"), "found 1.5");
    REFUSED(parse("model = { activation = \"rilu\" }"), "found \"rilu\"",
            "\"relu\", \"tanh\" or \"sigmoid\" is needed");
}

static void a_group_and_a_value_are_not_exchanged(void)
{
    REFUSED(parse("run = { name = { x = 1 } }"), "run.name: found a group");
    REFUSED(parse("\nrun = 5"), "x.cfg:2: run: found a value; it is a group", "run = { ... }");
    REFUSED(parse("optimizer = { schedule = \"cosine\" }"), "optimizer.schedule: found a value");
}

static void a_value_out_of_range_is_refused(void)
{
    REFUSED(parse("training = { epochs = 0 }"), "found 0;", "from 1 to 1000000");
    REFUSED(parse("run = { seed = -1 }"), "found -1;", "from 0 to 9223372036854775807");
    REFUSED(parse("optimizer = { learning_rate = 0.0 }"), "found 0;", "a number > 0");
    REFUSED(parse("optimizer = { momentum = 1 }"), "found 1;", "< 1");
    REFUSED(parse("optimizer = { momentum = 1.5 }"), "found 1.5;");
    REFUSED(parse("log = { seconds = 1000000.5 }"), "found 1000000.5;", "<= 1000000");
    REFUSED(parse("optimizer = { weight_decay = -1e-9 }"), "found -1e-09;", ">= 0");
    REFUSED(parse("model = { hidden = [5,\n\n0] }"), "x.cfg:3: model.hidden: found 0;");
    REFUSED(parse("data = { file = \"\" }"), "data.file: found \"\"", "1 to 1023 bytes");
    CU_ASSERT_EQUAL(parse(DATA "optimizer = { momentum = 0.99999999999999989; schedule = { gamma = 1 } }"), STATUS_OK);
}

static void both_ends_of_every_integer_range_are_allowed_and_no_further(void)
{
    for (size_t i = 0; i < setting_count; i++) {
        const Setting *row = &setting_table[i];
        if (row->type != SETTING_INTEGER) continue;
        const int64_t *member = (const int64_t *)((const char *)&settings + row->offset);
        char set[100];
        snprintf(set, sizeof set, "%s=%lld", row->path, (long long)row->least);
        CU_ASSERT_EQUAL(parse_set(DATA, set), STATUS_OK);
        CU_ASSERT_EQUAL(*member, row->least);
        snprintf(set, sizeof set, "%s=%lld", row->path, (long long)row->most);
        CU_ASSERT_EQUAL(parse_set(DATA, set), STATUS_OK);
        CU_ASSERT_EQUAL(*member, row->most);
        snprintf(set, sizeof set, "%s=%lld", row->path, (long long)row->least - 1);
        CU_ASSERT_EQUAL(parse_set(DATA, set), STATUS_CONFIG);
        snprintf(set, sizeof set, "%s=%llu", row->path, (unsigned long long)row->most + 1);
        CU_ASSERT_EQUAL(parse_set(DATA, set), STATUS_CONFIG);
    }
}

static void a_text_fits_or_is_refused(void)
{
    static char text[4 * SETTINGS_TEXT_SIZE];
    snprintf(text, sizeof text, "data = { file = \"%0*d\" }", SETTINGS_TEXT_SIZE - 1, 7);
    CU_ASSERT_EQUAL(parse(text), STATUS_OK);
    CU_ASSERT_EQUAL(strlen(settings.data.file), SETTINGS_TEXT_SIZE - 1);
    snprintf(text, sizeof text, "data = { file = \"%0*d\" }", SETTINGS_TEXT_SIZE, 7);
    REFUSED(parse(text), "data.file: found \"000", "(1024 bytes)", "to 1023 bytes");
    snprintf(text, sizeof text, "%0*d = 1", SETTINGS_TEXT_SIZE, 7);
    CU_ASSERT_EQUAL(parse(text), STATUS_CONFIG);
    memset(text, 'k', 3000);
    strcpy(text + 3000, " = 1");
    REFUSED(parse(text), "is not a setting");
    REFUSED(parse_set(DATA, text), "--set kkkk");
    text[3001] = '=';
    REFUSED(parse_set(DATA, text), "--set kkkk", "is not a setting");
}

static void a_list_that_is_too_long_is_refused(void)
{
    char text[1000] = DATA "model = { hidden = [1";
    for (int i = 1; i < SETTINGS_MAX_HIDDEN; i++) strcat(text, ",1");
    char *end = text + strlen(text);
    strcpy(end, "] }");
    CU_ASSERT_EQUAL(parse(text), STATUS_OK);
    CU_ASSERT_EQUAL(settings.model.hidden.count, SETTINGS_MAX_HIDDEN);
    strcpy(end, ",1] }");
    REFUSED(parse(text), "found an array of 65 values", "at most 64");
}

static void a_sha256_is_64_hex_digits_or_none(void)
{
    char set[100];
    CU_ASSERT_EQUAL(parse_set(DATA, "data.sha256="), STATUS_OK);
    snprintf(set, sizeof set, "data.sha256=%064x", 0xabc);
    CU_ASSERT_EQUAL(parse_set(DATA, set), STATUS_OK);
    CU_ASSERT_EQUAL(strlen(settings.data.sha256), 64);
    snprintf(set, sizeof set, "data.sha256=\"%064d\"", 1); /* digits alone are a number without the quotes */
    CU_ASSERT_EQUAL(parse_set(DATA, set), STATUS_OK);
    snprintf(set, sizeof set, "data.sha256=%063x", 0xabc);
    REFUSED(parse_set(DATA, set), "data.sha256: found \"000", "64 hex digits");
    snprintf(set, sizeof set, "data.sha256=%064X", 0xabc);
    REFUSED(parse_set(DATA, set), "64 hex digits (0-9, a-f)");
    snprintf(set, sizeof set, "data.sha256=%065x", 0xabc);
    REFUSED(parse_set(DATA, set), "64 hex digits");
}

static void a_run_is_named_like_one_directory(void)
{
    static const char *const bad[] = {"", ".", "..", "a/b", "/", "a/"};
    char set[400];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(set, sizeof set, "run.name=\"%s\"", bad[i]);
        REFUSED(parse_set(DATA, set), "run.name: found \"", "name a directory");
    }
    CU_ASSERT_EQUAL(parse_set(DATA, "run.name=..."), STATUS_OK);
    snprintf(set, sizeof set, "run.name=\"%0255d\"", 0);
    CU_ASSERT_EQUAL(parse_set(DATA, set), STATUS_OK);
    snprintf(set, sizeof set, "run.name=\"%0256d\"", 0);
    CU_ASSERT_EQUAL(parse_set(DATA, set), STATUS_CONFIG);
}

/* libconfig 1.5 alone makes -1294967296 of 3000000000 and -1 of 0xFFFFFFFF. */
static void integers_are_never_wrapped(void)
{
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"3000000000", 3000000000},
                {"3000000000L", 3000000000},
                {"0xFFFFFFFF", 0xFFFFFFFF},
                {"9000000000000000000", 9000000000000000000},
                {"9000000000000000000L", 9000000000000000000},
                {"9000000000000000000LL", 9000000000000000000},
                {"9223372036854775807", INT64_MAX},
                {"0x7fffffffffffffff", INT64_MAX},
                {"+00000000000000000000000010", 10}};
    static const char *const bad[] = {"9223372036854775808",   "18446744073709551617",  "0x8000000000000000",
                                      "0xFFFFFFFFFFFFFFFFFFL", "18446744073709551617L", "-9223372036854775809"};
    char text[200];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(text, sizeof text, DATA "run = { seed = %s; name=\"b\" }", good[i].text);
        CU_ASSERT_EQUAL(parse(text), STATUS_OK);
        CU_ASSERT_EQUAL(settings.run.seed, good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, DATA "log = { seconds = 1 }\nrun = {\nseed = %s }", bad[i]);
        REFUSED(parse(text), "x.cfg:4: run.seed: found ", "64 bits");
        const char *found = strstr(status_message(), "found ");
        CU_ASSERT(found && strncmp(found + 6, bad[i], strcspn(bad[i], "L")) == 0);
        snprintf(text, sizeof text, "run.seed=%s", bad[i]);
        REFUSED(parse_set(DATA, text), "--set run.seed=", "64 bits");
    }
    REFUSED(parse("training = { epochs = 4294967297 }"), "found 4294967297;");
    REFUSED(parse("model = { hidden = [10, 4294967297] }"), "found 4294967297;");
    REFUSED(parse("model = { hidden = [10,\n 18446744073709551617] }"), "x.cfg:2: model.hidden: found 184467");
}

static void floats_are_finite(void)
{
    REFUSED(parse("\n\noptimizer = { learning_rate = 1e400 }"), "x.cfg:3: optimizer.learning_rate: found 1e400,");
    REFUSED(parse("optimizer = { momentum = -1e400 }"), "found -1e400,");
    REFUSED(parse("optimizer = { weight_decay = 1e-400 }"), "found 1e-400,");
    REFUSED(parse("optimizer = { momentum = . }"), "found ., which is not a number; a number >=");
    REFUSED(parse("optimizer = { momentum = -.e5 }"), "found -.e5, which is not a number");
    REFUSED(parse("run = { seed = . }"), "found ., which is not a number; a whole number");
    REFUSED(parse("optimizer = { learning_rate = inf }"), "x.cfg:1: syntax error");
    REFUSED(parse_set(DATA, "optimizer.learning_rate=inf"), "found \"inf\"");
    REFUSED(parse_set(DATA, "optimizer.learning_rate=nan"), "found \"nan\"");
    CU_ASSERT_EQUAL(parse(DATA "optimizer = { weight_decay = 5e-324 }"), STATUS_OK);
    CU_ASSERT_EQUAL(settings.optimizer.weight_decay, 5e-324);
}

static void numerals_in_strings_comments_and_names_are_left_alone(void)
{
    CU_ASSERT_EQUAL(parse("# 99999999999999999999 @include \"x\"\n// 1e400 \" \n/* @include \"x\" 1e400 \n \" */\n"
                          "data = { file = \"5 1e400 99999999999999999999 \\\" @include # /* \\\\\" }"),
                    STATUS_OK);
    CU_ASSERT_STRING_EQUAL(settings.data.file, "5 1e400 99999999999999999999 \" @include # /* \\");
    REFUSED(parse("a99999999999999999999 = 1"), "a99999999999999999999 is not a setting");
}

static void byte_order_marks_are_blanks(void)
{
    CU_ASSERT_EQUAL(parse(MARK DATA MARK "run" MARK "={ name = \"a" MARK "b\" # " MARK "\n seed = 5" MARK "}" MARK),
                    STATUS_OK);
    CU_ASSERT_EQUAL(settings.run.seed, 5);
    CU_ASSERT_STRING_EQUAL(settings.run.name, "a" MARK "b");
    REFUSED(parse(MARK "\nrun = { se" MARK "ed = 5 }"), "x.cfg:2: syntax error");
    REFUSED(parse("\xef\xbb" DATA), "x.cfg:1: syntax error");
}

static void one_file_is_the_whole_config(void)
{
    char path[] = "/tmp/lockstep-include-XXXXXX";
    const int fd = mkstemp(path);
    CU_ASSERT_FATAL(fd >= 0);
    FILE *file = fdopen(fd, "w");
    fputs(DATA, file);
    fclose(file);
    char text[200];
    snprintf(text, sizeof text, "\n  @include \"%s\"\n", path);
    REFUSED(parse(text), "x.cfg:2: @include is not supported");
    snprintf(text, sizeof text, "data.file=\n@include \"%s\"\n", path);
    CU_ASSERT_EQUAL(parse_set("", text), STATUS_OK); /* a strange file name, not read */
    CU_ASSERT_STRING_EQUAL(settings.data.file, text + strlen("data.file="));
    remove(path);
}

static void what_is_not_text_is_refused(void)
{
    static const char zero[] = DATA "\n\0run = { seed = 5 }";
    status_clear();
    REFUSED(settings_parse(&settings, "x.cfg", zero, sizeof zero - 1, NULL, 0), "x.cfg:3: a zero byte");
    REFUSED(parse("\ndata = { file = \"a\\x00b\" }"), "x.cfg:2: a string cannot hold a zero byte");
    REFUSED(parse("\ndata = { file = \"abc }\n\n"), "x.cfg:2: this string is not closed");
    REFUSED(parse(DATA "/* run = { }\n\n"), "x.cfg:2: this comment is not closed");
}

static void a_text_needs_no_closing_zero(void)
{
    static const char text[] = DATA "run = { seed = 5 }garbage";
    CU_ASSERT_EQUAL(settings_parse(&settings, "x.cfg", text, strlen(text) - strlen("garbage"), NULL, 0), STATUS_OK);
    CU_ASSERT_EQUAL(settings.run.seed, 5);
}

static void syntax_errors_name_the_line_and_show_it(void)
{
    REFUSED(parse(DATA "run = {\n  seed == 5;\n}"), "x.cfg:3: syntax error: seed == 5;");
    REFUSED(parse(DATA "run = {\n  seed = 5;\n  seed = 6;\n}"), "x.cfg:4: duplicate setting name: seed = 6;");
    REFUSED(parse(DATA "run = { };\nrun = { };"), "x.cfg:3: duplicate setting name: run = { };");
    REFUSED(parse("run = {\n"), "x.cfg:", "syntax error at the end");
}

static void a_flood_of_settings_is_refused_at_once(void)
{
    static const char one[] = "a = 1 ";
    enum { COPIES = 100000, LENGTH = sizeof one - 1 };
    char *text;
    CU_ASSERT_EQUAL_FATAL(memory_new(&text, COPIES * LENGTH + 1, "text"), STATUS_OK);
    for (size_t i = 0; i < COPIES; i++) memcpy(text + LENGTH * i, one, LENGTH);
    REFUSED(parse(text), "x.cfg:1: too many settings");
    memory_free(text);
}

static void settings_that_contradict_each_other_are_refused(void)
{
    REFUSED(parse(DATA "optimizer = {\n nesterov = true }"), "x.cfg:3: optimizer.nesterov: true needs", "momentum > 0");
    REFUSED(parse_set(DATA, "optimizer.nesterov=true"), "--set optimizer.nesterov=true: optimizer.nesterov");
    CU_ASSERT_EQUAL(parse(DATA "optimizer = { nesterov = true; momentum = 0.9 }"), STATUS_OK);
    REFUSED(parse(DATA "optimizer = { schedule = { min_learning_rate = 0.2 } }"),
            "x.cfg:2: optimizer.schedule.min_learning_rate: found 0.2", "at most optimizer.learning_rate, 0.1");
    CU_ASSERT_EQUAL(parse(DATA "optimizer = { schedule = { min_learning_rate = 0.1 } }"), STATUS_OK);
    REFUSED(parse(DATA "training = {\n target_accuracy = 0.9 }; evaluation = { every_epochs = 0 }"),
            "x.cfg:3: training.target_accuracy: it needs evaluation.every_epochs > 0");
    CU_ASSERT_EQUAL(parse(DATA "training = { target_accuracy = 1.0 }"), STATUS_OK);
}

static void take_digest(const char *set, char hex[DIGEST_HEX_SIZE])
{
    CU_ASSERT_EQUAL(parse_set(DATA "model = { hidden = [100]; }; training = { batch_size = 20; shards = 4; };", set),
                    STATUS_OK);
    digest_hex(settings_digest(&settings), hex);
}

/* What runs recorded before there was training.compute. */
static void a_later_choice_leaves_the_digest_as_it_was_at_its_default(void)
{
    char hex[DIGEST_HEX_SIZE];
    take_digest("training.compute=fp32", hex);
    CU_ASSERT_STRING_EQUAL(hex, "22ee6336739761817e7466c0efde635e");
    take_digest("training.compute=bf16", hex);
    CU_ASSERT_STRING_NOT_EQUAL(hex, "22ee6336739761817e7466c0efde635e");
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(defaults_are_those_of_the_design),
        UNIT(every_type_is_read),
        UNIT(an_empty_list_is_a_linear_classifier),
        UNIT(the_required_setting_is_asked_for),
        UNIT(an_unknown_key_names_the_nearest_one),
        UNIT(a_wrong_type_is_refused_with_what_was_found),
        UNIT(a_group_and_a_value_are_not_exchanged),
        UNIT(a_value_out_of_range_is_refused),
        UNIT(both_ends_of_every_integer_range_are_allowed_and_no_further),
        UNIT(a_text_fits_or_is_refused),
        UNIT(a_list_that_is_too_long_is_refused),
        UNIT(a_sha256_is_64_hex_digits_or_none),
        UNIT(a_run_is_named_like_one_directory),
        UNIT(integers_are_never_wrapped),
        UNIT(floats_are_finite),
        UNIT(numerals_in_strings_comments_and_names_are_left_alone),
        UNIT(byte_order_marks_are_blanks),
        UNIT(one_file_is_the_whole_config),
        UNIT(what_is_not_text_is_refused),
        UNIT(a_text_needs_no_closing_zero),
        UNIT(syntax_errors_name_the_line_and_show_it),
        UNIT(a_flood_of_settings_is_refused_at_once),
        UNIT(settings_that_contradict_each_other_are_refused),
        UNIT(a_later_choice_leaves_the_digest_as_it_was_at_its_default),
    };
    return UNIT_RUN("config", tests);
}
