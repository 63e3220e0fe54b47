/* man(7): a line that begins with a dot or an apostrophe is a request, a backslash an escape, and a hyphen that is
 * meant to be typed is written \-. mandoc(1) wants lines of 80 bytes at most, and a new one for each sentence. */
#include <ctype.h>
#include <string.h>

#include "commands.h"
#include "config/print.h"
#include "lockstep/lockstep.h"
#include "pages.h"
#include "topics.h"

enum { WIDTH = 78, NAME_SIZE = 64 };

void page_name(const Command *command, char *name, size_t size)
{
    snprintf(name, size, "lockstep-%s", command->name);
    for (char *c = name; *c; c++)
        if (*c == ' ') *c = '-';
}

static void put(const char *text, size_t length, FILE *out)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\\' || text[i] == '-') fputc('\\', out);
        fputc(text[i] == '\\' ? 'e' : text[i], out);
    }
}

static void put_all(const char *text, FILE *out)
{
    put(text, strlen(text), out);
}

/* Bytes that put writes. */
static size_t put_width(const char *text, size_t length)
{
    size_t width = length;
    for (size_t i = 0; i < length; i++) width += text[i] == '\\' || text[i] == '-';
    return width;
}

static bool ends_sentence(const char *word, size_t length)
{
    const bool is_range = length > 1 && word[length - 2] == '.'; /* "0 .. 9" */
    return strchr(".!?", word[length - 1]) && !is_range;
}

/* As a paragraph; its line breaks do not count. */
static void put_text(const char *text, FILE *out)
{
    size_t column = 0;
    bool new_line = false; /* the last word ended a sentence */
    for (const char *word = text + strspn(text, " \n"); *word;) {
        const size_t length = strcspn(word, " \n"), width = put_width(word, length);
        if (column > 0 && (new_line || column + width >= WIDTH)) {
            fputc('\n', out);
            column = 0;
        }
        if (column > 0)
            fputc(' ', out);
        else if (strchr(".'", *word))
            fputs("\\&", out);
        put(word, length, out);
        column += width + 1;
        new_line = ends_sentence(word, length);
        word += length + strspn(word + length, " \n");
    }
    fputc('\n', out);
}

/* Whole lines as they are. */
static void put_lines(const char *text, FILE *out)
{
    fputs(".nf\n", out);
    while (*text) {
        const size_t length = strcspn(text, "\n");
        if (strchr(".'", *text) && length > 0) fputs("\\&", out);
        put(text, length, out);
        fputc('\n', out);
        text += length + (text[length] == '\n');
    }
    fputs(".fi\n", out);
}

static void section(const char *name, FILE *out)
{
    fprintf(out, ".SH %s\n", name);
}

static void title(const char *name, int number, const char *date, FILE *out)
{
    fputs(".\\\" Generated from the tables of the program.\n.TH ", out);
    for (const char *c = name; *c; c++) {
        const char upper = (char)toupper((unsigned char)*c);
        put(&upper, 1, out);
    }
    fprintf(out, " %d %s \"Lockstep %s\" \"Lockstep Manual\"\n", number, date, lockstep_version());
}

/* A sentence, as what a thing is: without capital and full stop. */
static void name_section(const char *name, const char *sentence, FILE *out)
{
    char text[256];
    snprintf(text, sizeof text, "%s", sentence);
    *text = (char)tolower((unsigned char)*text);
    char *const end = text + strlen(text) - 1;
    if (*end == '.') *end = '\0';
    section("NAME", out);
    put_all(name, out);
    fputs(" \\-\n", out);
    put_text(text, out);
}

/* One entry of a list: what begins with letter `font` of man(7), and its text. */
static void entry(char font, const char *name, const char *text, FILE *out)
{
    fprintf(out, ".TP\n\\f%c", font);
    put_all(name, out);
    fputs("\\fR\n", out);
    put_text(text, out);
}

static void option_entry(const Option *option, FILE *out)
{
    fputs(".TP\n", out);
    if (option->letter) fprintf(out, "\\fB\\-%c\\fR, ", option->letter);
    fputs("\\fB\\-\\-", out);
    put_all(option->name, out);
    fputs("\\fR", out);
    if (option->argument) {
        fputs(" \\fI", out);
        put_all(option->argument, out);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    put_text(option->text, out);
}

static void reference(const char *name, int number, bool last, FILE *out)
{
    fputs(".BR ", out);
    put_all(name, out);
    fprintf(out, " (%d)%s\n", number, last ? "" : ",");
}

static void exit_codes(FILE *out)
{
    section("EXIT STATUS", out);
    for (size_t i = 0; i < topic_exit_code_count; i++) {
        char code[16];
        snprintf(code, sizeof code, "%d", (int)topic_exit_codes[i].code);
        entry('B', code, topic_exit_codes[i].text, out);
    }
    fputs(".PP\n", out);
    put_text("mpirun passes them on, except after TERM or INT to itself and for lost ranks.", out);
}

static void topics(const char *name, char font, const Topic *topic, size_t count, FILE *out)
{
    section(name, out);
    for (size_t i = 0; i < count; i++) entry(font, topic[i].name, topic[i].text, out);
}

static void examples(FILE *out)
{
    section("EXAMPLES", out);
    fputs(".nf\n", out);
    for (size_t i = 0; i < command_count; i++)
        if (command_table[i]->example) {
            put_all(command_table[i]->example, out);
            fputc('\n', out);
        }
    fputs(".fi\n", out);
}

void page_program(const char *date, FILE *out)
{
    title("lockstep", 1, date, out);
    name_section("lockstep", topic_program, out);
    section("SYNOPSIS", out);
    fputs(".B lockstep\n\\fICOMMAND\\fR [\\fIOPTION\\fR]... [\\fIOPERAND\\fR]...\n", out);
    section("DESCRIPTION", out);
    put_text(topic_program, out);
    section("COMMANDS", out);
    for (size_t i = 0; i < command_count; i++) entry('B', command_table[i]->name, command_table[i]->summary, out);
    exit_codes(out);
    topics("ENVIRONMENT", 'B', topic_environment, topic_environment_count, out);
    topics("FILES", 'I', topic_files, topic_file_count, out);
    fputs(".PP\nThey are those of a run directory.\n", out);
    examples(out);
    section("SEE ALSO", out);
    for (size_t i = 0; i < command_count; i++) {
        char name[NAME_SIZE];
        page_name(command_table[i], name, sizeof name);
        reference(name, 1, false, out);
    }
    reference("mpirun", 1, false, out);
    reference("lockstep-settings", 5, true, out);
}

static void command_synopsis(const Command *command, FILE *out)
{
    section("SYNOPSIS", out);
    fprintf(out, ".B lockstep %s\n", command->name);
    if (*command->operands) {
        fputs("\\fI", out);
        put_all(command->operands, out);
        fputs("\\fR ", out);
    }
    fputs("[\\fIOPTION\\fR]...\n", out);
}

void page_command(const Command *command, const char *date, FILE *out)
{
    char name[NAME_SIZE];
    page_name(command, name, sizeof name);
    title(name, 1, date, out);
    name_section(name, command->summary, out);
    command_synopsis(command, out);
    section("DESCRIPTION", out);
    put_text(command->summary, out);
    if (command->note) {
        fputs(".PP\n", out);
        put_text(command->note, out);
    }
    section("OPTIONS", out);
    for (size_t i = 0; i < command->option_count; i++) option_entry(&command->options[i], out);
    option_entry(&command_help_option, out);
    if (command->notes) {
        section("NOTES", out);
        put_lines(command->notes, out);
    }
    if (command->example) {
        section("EXAMPLES", out);
        put_lines(command->example, out);
    }
    section("EXIT STATUS", out);
    fputs("As in\n", out);
    reference("lockstep", 1, true, out);
    section("SEE ALSO", out);
    reference("lockstep", 1, false, out);
    reference("lockstep-settings", 5, true, out);
}

void page_settings(const char *date, FILE *out)
{
    title("lockstep-settings", 5, date, out);
    name_section("lockstep-settings", "the settings of a config of Lockstep", out);
    section("DESCRIPTION", out);
    put_text(
        "A config is a text in the syntax of libconfig. Each setting can be changed for one run with --set PATH=VALUE. "
        "An interval of numbers has its ends in it but where there is a ( or ).",
        out);
    section("SETTINGS", out);
    for (size_t i = 0; i < setting_count; i++) {
        const Setting *setting = &setting_table[i];
        char range[NAME_SIZE], text[512];
        print_range(setting, range, sizeof range);
        snprintf(text, sizeof text, "%s. Allowed: %s. %s%s.", setting->text, range,
                 setting->fallback ? "Default: " : "Required", setting->fallback ? setting->fallback : "");
        entry('B', setting->path, text, out);
    }
    section("SEE ALSO", out);
    reference("lockstep-train", 1, true, out);
}
