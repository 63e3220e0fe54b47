/* The settings for people: the resolved config and the table's help. */
#include "config/print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/settings.h"
#include "config/table.h"

static void print_indent(int depth, FILE *out)
{
    fprintf(out, "%*s", 4 * depth, "");
}

static void print_text(const char *text, FILE *out)
{
    fputc('"', out);
    for (size_t length; *text; text += length > 0 ? length : 1) {
        length = text_harmless(text);
        if (length == 0) fprintf(out, "\\x%02x", (unsigned char)*text);
        if (*text == '"' || *text == '\\') fputc('\\', out);
        fwrite(text, 1, length, out);
    }
    fputc('"', out);
}

/* The shortest decimal that reads back equal: a decimal of up to 15 significant digits survives being a double, and 17
 * name every double. The point makes it a float to libconfig. */
static void print_float(double value, FILE *out)
{
    char text[32];
    int digits = 14;
    do {
        snprintf(text, sizeof text, "%.*g", ++digits, value);
    } while (digits < 17 && strtod(text, NULL) != value);
    fprintf(out, "%s%s", text, strpbrk(text, ".e") ? "" : ".0");
}

/* The suffix is for other readers of the file: this one takes either. */
static void print_whole(int64_t value, FILE *out)
{
    fprintf(out, "%" PRId64 "%s", value, value < INT32_MIN || value > INT32_MAX ? "L" : "");
}

void print_value(const Setting *setting, const Settings *settings, FILE *out)
{
    const void *member = (const char *)settings + setting->offset;
    switch (setting->type) {
        case SETTING_TEXT:
        case SETTING_NAME:
        case SETTING_SHA256:
        case SETTING_CHOICE: print_text(member, out); break;
        case SETTING_INTEGER: print_whole(*(const int64_t *)member, out); break;
        case SETTING_FLOAT: print_float(*(const double *)member, out); break;
        case SETTING_BOOL: fputs(*(const bool *)member ? "true" : "false", out); break;
        case SETTING_LIST: {
            const SettingList *list = member;
            fputc('[', out);
            for (size_t i = 0; i < list->count; i++) {
                if (i > 0) fputs(", ", out);
                print_whole(list->value[i], out);
            }
            fputc(']', out);
        }
    }
}

/* The bytes of the longest group that both are in, or are. */
static size_t common_group(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t common = 0;
    for (size_t i = 0; i <= a_length && i <= b_length; i++) {
        const bool a_ends = i == a_length || a[i] == '.', b_ends = i == b_length || b[i] == '.';
        if (a_ends && b_ends) common = i;
        if (i == a_length || i == b_length || a[i] != b[i]) break;
    }
    return common;
}

/* Closes the groups of one path that the next is not in and opens those that it is newly in. "" is no group. */
static void change_group(const char *from, const char *to, int *depth, FILE *out)
{
    const size_t from_length = setting_group_length(from), to_length = setting_group_length(to);
    const size_t common = common_group(from, from_length, to, to_length);
    for (size_t at = from_length; at > common; at--)
        if (at == common + 1 || from[at - 1] == '.') {
            print_indent(--*depth, out);
            fputs("};\n", out);
        }
    for (size_t at = common; at < to_length;) {
        if (to[at] == '.') at++;
        const size_t length = strcspn(to + at, ".");
        print_indent((*depth)++, out);
        fprintf(out, "%.*s = {\n", (int)length, to + at);
        at += length;
    }
}

void settings_print(const Settings *settings, FILE *out)
{
    const char *path = "";
    int depth = 0;
    for (size_t i = 0; i < setting_count; i++) {
        const Setting *setting = &setting_table[i];
        change_group(path, setting->path, &depth, out);
        path = setting->path;
        print_indent(depth, out);
        fprintf(out, "%s = ", path + setting_group_length(path) + 1);
        print_value(setting, settings, out);
        fputs(";\n", out);
    }
    change_group(path, "", &depth, out);
}

/* The number, the two greatest as powers. */
static void describe_bound(int64_t value, char *text, size_t size)
{
    if (value == INT64_MAX)
        snprintf(text, size, "2^63-1");
    else if (value == INT32_MAX)
        snprintf(text, size, "2^31-1");
    else
        snprintf(text, size, "%" PRId64, value);
}

void print_range(const Setting *setting, char *text, size_t size)
{
    char most[24];
    describe_bound(setting->most, most, sizeof most);
    switch (setting->type) {
        case SETTING_TEXT: snprintf(text, size, "text"); break;
        case SETTING_NAME: snprintf(text, size, "text without /"); break;
        case SETTING_SHA256: snprintf(text, size, "64 hex digits"); break;
        case SETTING_CHOICE:
            snprintf(text, size, "%s", setting->words[0]);
            for (const char *const *word = setting->words + 1; *word; word++) {
                const size_t used = strlen(text);
                snprintf(text + used, size - used, " | %s", *word);
            }
            break;
        case SETTING_INTEGER: snprintf(text, size, "whole %" PRId64 " .. %s", setting->least, most); break;
        case SETTING_FLOAT:
            snprintf(text, size, "%c%g, %.9g%c", setting->above_low ? '(' : '[', setting->low, setting->high,
                     setting->below_high ? ')' : ']');
            break;
        case SETTING_BOOL: snprintf(text, size, "true | false"); break;
        case SETTING_LIST: snprintf(text, size, "[%" PRId64 " .. %s, ...]", setting->least, most);
    }
}

void settings_help(FILE *out)
{
    fputs(
        "Every setting of a config, and of --set group.name=value. Allowed: a word, whole numbers from .. to, or an\n"
        "interval of numbers, where ( and ) leave out the end. A setting without default is required.\n",
        out);
    const char *path = "";
    for (size_t i = 0; i < setting_count; i++) {
        const Setting *setting = &setting_table[i];
        const size_t group = setting_group_length(setting->path);
        if (group != setting_group_length(path) || strncmp(path, setting->path, group) != 0)
            fprintf(out, "\n%.*s\n", (int)group, setting->path);
        path = setting->path;
        char range[64];
        print_range(setting, range, sizeof range);
        fprintf(out, "  %-18s %-26s %-16s %s\n", path + group + 1, range,
                setting->fallback ? setting->fallback : "required", setting->text);
    }
}
