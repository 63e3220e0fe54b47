/* The settings on paper: the printed config, the help, the table, the committed configs. */
#include <dirent.h>
#include <float.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "config/settings.h"
#include "config/table.h"
#include "unit.h"

#define DATA "data = { file = \"a.h5\"; };\n"

static Settings settings; /* of the last parse */

/* What settings_print writes; the caller frees it. */
static char *printed(const Settings *what, size_t *size)
{
    char *text;
    FILE *out = open_memstream(&text, size);
    settings_print(what, out);
    fclose(out);
    return text;
}

static char *help_text(void)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    settings_help(out);
    fclose(out);
    return text;
}

/* Prints, parses again and compares every byte: unused bytes of the settings are zero. */
static bool survives_printing(const char *text, const char *set)
{
    CU_ASSERT_EQUAL(settings_parse(&settings, "x.cfg", text, strlen(text), &set, set ? 1 : 0), STATUS_OK);
    static Settings before;
    memcpy(&before, &settings, sizeof before);
    size_t size;
    char *out = printed(&before, &size);
    const Status st = settings_parse(&settings, "printed", out, size, NULL, 0);
    if (st != STATUS_OK) fprintf(stderr, "\n%s\n%s", status_message(), out);
    free(out);
    return st == STATUS_OK && memcmp(&before, &settings, sizeof before) == 0;
}

static void printed_settings_are_read_back_in_every_bit(void)
{
    CU_ASSERT(survives_printing(DATA, NULL));
    CU_ASSERT(survives_printing(DATA, "model.hidden=[]"));
    CU_ASSERT(survives_printing(DATA, "model.hidden=[1,1048576,3]"));
    CU_ASSERT(survives_printing(DATA, "run.seed=9000000000000000000"));
    CU_ASSERT(survives_printing(DATA, "run.seed=2147483648"));
    CU_ASSERT(survives_printing(DATA "optimizer = { momentum = 0.5; nesterov = true }", NULL));
    static const double awkward[] = {0.1,       1e-300, 5e-324, DBL_MIN,     1.0 / 3, 1e5,
                                     123456.75, 1e6,    -0.0,   0x1.fffffp3, 3,       DBL_EPSILON};
    for (size_t i = 0; i < sizeof awkward / sizeof *awkward; i++) {
        char set[100];
        snprintf(set, sizeof set, "optimizer.weight_decay=%.17e", awkward[i]);
        CU_ASSERT(survives_printing(DATA, set));
        CU_ASSERT_EQUAL(memcmp(&settings.optimizer.weight_decay, &awkward[i], sizeof(double)), 0);
    }
}

static void printed_floats_are_short(void)
{
    static const char *const floats[] = {"0.1", "0.00123", "0.9", "1e-05", "0.0", "0.30000000000000004"};
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++) {
        char set[100], line[100];
        snprintf(set, sizeof set, "optimizer.weight_decay=%s", floats[i]);
        snprintf(line, sizeof line, "weight_decay = %s;\n", floats[i]);
        CU_ASSERT(survives_printing(DATA, set));
        size_t size;
        char *out = printed(&settings, &size);
        CU_ASSERT_PTR_NOT_NULL(strstr(out, line));
        free(out);
    }
}

static void printed_strings_are_read_back_in_every_byte(void)
{
    char all[256 + 1];
    for (int i = 1; i < 256; i++) all[i - 1] = (char)i;
    all[255] = '\0';
    const char *const texts[] = {all,
                                 "say \"hi\"",
                                 "back\\slash\\",
                                 "\\x41",
                                 "\x01"
                                 "1f\n\t\r\f\x7f",
                                 "h\xc3\xa9/\xe2\x82\xac",
                                 "@include \"x\"",
                                 "# // /*",
                                 "${}; x = 1"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        CU_ASSERT_EQUAL(settings_parse(&settings, "x.cfg", DATA, strlen(DATA), NULL, 0), STATUS_OK);
        memset(settings.data.file, 0, sizeof settings.data.file);
        strcpy(settings.data.file, texts[i]);
        size_t size;
        char *out = printed(&settings, &size);
        CU_ASSERT(survives_printing(out, NULL));
        CU_ASSERT_STRING_EQUAL(settings.data.file, texts[i]);
        free(out);
    }
}

static void unused_bytes_are_zero(void)
{
    static Settings other;
    memset(&settings, 0xff, sizeof settings);
    static const char *const sets[] = {"data.file=a", "model.hidden=[500]"};
    const char text[] = "data = { file = \"a long name\" }\nmodel = { hidden = [1,2,3] }";
    CU_ASSERT_EQUAL(settings_parse(&settings, "x.cfg", text, strlen(text), sets, 2), STATUS_OK);
    const char same[] = "data = { file = \"a\" }";
    CU_ASSERT_EQUAL(settings_parse(&other, "x.cfg", same, strlen(same), NULL, 0), STATUS_OK);
    CU_ASSERT_EQUAL(memcmp(&settings, &other, sizeof other), 0);
}

static void every_setting_is_documented(void)
{
    char *help = help_text();
    for (size_t i = 0; i < setting_count; i++) {
        const Setting *row = &setting_table[i];
        CU_ASSERT(row->text && *row->text && !strchr(row->text, '\n'));
        CU_ASSERT_PTR_NOT_NULL(strstr(help, row->text));
        CU_ASSERT_PTR_NOT_NULL(strstr(help, row->path + setting_group_length(row->path) + 1));
        CU_ASSERT_PTR_EQUAL(setting_find(row->path), row); /* no name twice */
    }
    free(help);
}

static void help_fits_a_wide_terminal(void)
{
    char *help = help_text();
    for (const char *line = help; *line; line += strcspn(line, "\n") + 1) CU_ASSERT(strcspn(line, "\n") <= 120);
    free(help);
}

/* Two rows on the same bytes, or bytes without a row, would go unseen otherwise. */
static void every_member_has_one_row(void)
{
    static const size_t sizes[] = {
        [SETTING_TEXT] = sizeof(SettingText),   [SETTING_NAME] = sizeof(SettingText),
        [SETTING_CHOICE] = sizeof(SettingText), [SETTING_INTEGER] = sizeof(int64_t),
        [SETTING_FLOAT] = sizeof(double),       [SETTING_BOOL] = sizeof(bool),
        [SETTING_LIST] = sizeof(SettingList),   [SETTING_SHA256] = sizeof(SettingText),
    };
    static unsigned char covered[sizeof(Settings)];
    for (size_t i = 0; i < setting_count; i++)
        for (size_t j = 0; j < sizes[setting_table[i].type]; j++) covered[setting_table[i].offset + j]++;
    size_t gap = 0;
    for (size_t i = 0; i < sizeof covered; i++) {
        CU_ASSERT(covered[i] <= 1);
        gap = covered[i] ? 0 : gap + 1;
        CU_ASSERT(gap < sizeof(int64_t)); /* padding after a bool */
    }
}

static void the_committed_configs_are_valid(void)
{
    DIR *folder = opendir(CONFIGS_DIR);
    CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
    int configs = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (!strstr(entry->d_name, ".cfg")) continue;
        char path[1000], *text;
        size_t size;
        snprintf(path, sizeof path, "%s/%s", CONFIGS_DIR, entry->d_name);
        CU_ASSERT_EQUAL_FATAL(file_read(path, "config", SETTINGS_FILE_LIMIT, STATUS_CONFIG, &text, &size), STATUS_OK);
        CU_ASSERT_EQUAL(settings_parse(&settings, path, text, size, NULL, 0), STATUS_OK);
        CU_ASSERT_EQUAL(text[0], '#'); /* says what it is for */
        memory_free(text);
        configs++;
    }
    closedir(folder);
    CU_ASSERT(configs >= 3);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(printed_settings_are_read_back_in_every_bit),
        UNIT(printed_floats_are_short),
        UNIT(printed_strings_are_read_back_in_every_byte),
        UNIT(unused_bytes_are_zero),
        UNIT(every_setting_is_documented),
        UNIT(help_fits_a_wide_terminal),
        UNIT(every_member_has_one_row),
        UNIT(the_committed_configs_are_valid),
    };
    return UNIT_RUN("config_print", tests);
}
