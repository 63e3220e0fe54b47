/* Associative arrays of bash. A value is a list of words: those in small letters are candidates, the others say what
 * stands there (FILE, DIR, PATH=VALUE ...). */
#include <string.h>

#include "commands.h"
#include "config/table.h"
#include "pages.h"

/* "a|b|FILE" and "[FILE]..." become words. */
static void put_words(const char *text, FILE *out)
{
    while (*text) {
        const size_t skipped = strncmp(text, "...", 3) == 0 ? 3 : strspn(text, "[]");
        if (skipped == 0) fputc(*text == '|' ? ' ' : *text, out);
        text += skipped ? skipped : 1;
    }
}

static void put_options(const Command *command, FILE *out)
{
    fprintf(out, "    ['%s']='", command->name);
    for (size_t i = 0; i < command->option_count; i++) fprintf(out, "--%s ", command->options[i].name);
    fprintf(out, "--%s'\n", command_help_option.name);
}

static void put_argument(const Command *command, const char *dashes, const char *name, const char *argument, FILE *out)
{
    fprintf(out, "    ['%s %s%s']='", command->name, dashes, name);
    put_words(argument, out);
    fputs("'\n", out);
}

/* By each name that an option has. */
static void put_arguments(const Command *command, FILE *out)
{
    for (size_t i = 0; i < command->option_count; i++) {
        const Option *option = &command->options[i];
        if (!option->argument) continue;
        const char letter[] = {option->letter, '\0'};
        put_argument(command, "--", option->name, option->argument, out);
        if (option->letter) put_argument(command, "-", letter, option->argument, out);
    }
}

static void put_setting(const Setting *setting, FILE *out)
{
    fprintf(out, "    ['%s']='", setting->path);
    for (const char *const *word = setting->words; word && *word; word++) fprintf(out, "%s ", *word);
    fprintf(out, "%s'\n", setting->type == SETTING_BOOL ? "true false" : "");
}

void completion_tables(FILE *out)
{
    fputs("# Generated from the tables of the program.\ndeclare -gA _lockstep_options=(\n", out);
    for (size_t i = 0; i < command_count; i++) put_options(command_table[i], out);
    fputs(")\ndeclare -gA _lockstep_arguments=(\n", out);
    for (size_t i = 0; i < command_count; i++) put_arguments(command_table[i], out);
    fputs(")\ndeclare -gA _lockstep_operands=(\n", out);
    for (size_t i = 0; i < command_count; i++) {
        fprintf(out, "    ['%s']='", command_table[i]->name);
        put_words(command_table[i]->operands, out);
        fputs("'\n", out);
    }
    fputs(")\ndeclare -gA _lockstep_settings=(\n", out);
    for (size_t i = 0; i < setting_count; i++) put_setting(&setting_table[i], out);
    fputs(")\n", out);
}
