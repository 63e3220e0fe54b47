#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/apart.h"
#include "base/memory.h"
#include "base/terminal.h"
#include "base/text.h"
#include "comm/comm.h"
#include "comm/shown.h"
#include "config/settings.h"
#include "lockstep/lockstep.h"
#include "topics.h"
#include "train/build.h"

enum { FIRST_LONG = 256, MOST_OPTIONS = 32 };

const Option command_help_option = {"help", 'h', NULL, "print this and exit", false};

const char *invocation_value(const Invocation *invocation, const char *name, const char *fallback)
{
    for (size_t i = invocation->given_count; i-- > 0;)
        if (strcmp(invocation->given[i].option->name, name) == 0) return invocation->given[i].value;
    return fallback;
}

bool invocation_has(const Invocation *invocation, const char *name)
{
    for (size_t i = 0; i < invocation->given_count; i++)
        if (strcmp(invocation->given[i].option->name, name) == 0) return true;
    return false;
}

Status invocation_number(const Invocation *invocation, const char *name, long long least, long long most,
                         long long *value)
{
    const char *text = invocation_value(invocation, name, NULL);
    if (!text) return STATUS_OK;
    char *end;
    errno = 0;
    const long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end || number < least || number > most)
        return status_fail(STATUS_USAGE, "--%s %s: a whole number from %lld to %lld is needed", name, text, least,
                           most);
    *value = number;
    return STATUS_OK;
}

static void print_commands(const Command *const *commands, size_t count, FILE *out)
{
    fprintf(out, "usage: lockstep COMMAND [OPTION]... [OPERAND]...\n\n%s\n\nCommands:\n", topic_program);
    for (size_t i = 0; i < count; i++) fprintf(out, "  %-19s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(out,
            "\n\"lockstep COMMAND --help\" explains one, \"lockstep --help settings\" every setting of a config.\n");
    topics_print(out);
}

static void print_option(const Option *option, FILE *out)
{
    char left[64];
    const char letter[] = {'-', option->letter, ',', ' ', '\0'};
    snprintf(left, sizeof left, "%s--%s%s%s", option->letter ? letter : "    ", option->name,
             option->argument ? " " : "", option->argument ? option->argument : "");
    fprintf(out, "  %-30s %s\n", left, option->text);
}

static void print_help(const Command *command, FILE *out)
{
    fprintf(out, "usage: lockstep %s%s%s [OPTION]...\n\n%s\n\nOptions:\n", command->name, *command->operands ? " " : "",
            command->operands, command->summary);
    for (size_t i = 0; i < command->option_count; i++) print_option(&command->options[i], out);
    print_option(&command_help_option, out);
    if (command->note) fprintf(out, "\n%s\n", command->note);
    if (command->example) fprintf(out, "\nExample:\n  %s\n", command->example);
    if (command->notes) fprintf(out, "\n%s", command->notes);
}

/* The command whose name the first one or two arguments make; *words says how many. */
static const Command *find(const Command *const *commands, size_t count, int argc, char **argv, int *words)
{
    for (size_t i = 0; i < count; i++) {
        char name[64];
        const bool two = strchr(commands[i]->name, ' ') != NULL;
        if (two && argc < 3) continue;
        snprintf(name, sizeof name, "%s%s%s", argv[1], two ? " " : "", two ? argv[2] : "");
        *words = two ? 2 : 1;
        if (strcmp(name, commands[i]->name) == 0) return commands[i];
    }
    return NULL;
}

static Status unknown_command(const Command *const *commands, size_t count, const char *name)
{
    const char *names[64];
    for (size_t i = 0; i < count; i++) names[i] = commands[i]->name;
    const int nearest = text_nearest(name, names, count);
    if (nearest >= 0) return status_fail(STATUS_USAGE, "no command \"%s\"; did you mean \"%s\"?", name, names[nearest]);
    return status_fail(STATUS_USAGE, "no command \"%s\"; \"lockstep --help\" lists them", name);
}

/* Is the command called "FIRST SECOND"? */
static bool is_of_family(const Command *command, const char *first)
{
    const size_t length = strlen(first);
    return strncmp(command->name, first, length) == 0 && command->name[length] == ' ';
}

static bool is_family(const Command *const *commands, size_t count, const char *first)
{
    for (size_t i = 0; i < count; i++)
        if (is_of_family(commands[i], first)) return true;
    return false;
}

static void print_family(const Command *const *commands, size_t count, const char *first, FILE *out)
{
    fprintf(out, "usage: lockstep %s KIND [OPTION]...\n\nCommands:\n", first);
    for (size_t i = 0; i < count; i++)
        if (is_of_family(commands[i], first)) fprintf(out, "  %-19s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(out, "\n\"lockstep %s KIND --help\" explains one.\n", first);
}

/* The first word of commands, without a second one that makes a command of it. */
static Status incomplete_command(const Command *const *commands, size_t count, const char *first, const char *second)
{
    char names[256] = "";
    for (size_t i = 0; i < count; i++) {
        const size_t used = strlen(names);
        if (is_of_family(commands[i], first))
            snprintf(names + used, sizeof names - used, "%s\"lockstep %s\"", used ? ", " : "", commands[i]->name);
    }
    return status_fail(STATUS_USAGE, "no command \"%s%s%s\"; there are %s", first, *second ? " " : "", second, names);
}

static Status bad_option(const Command *command, int argc, char **argv)
{
    const char *given = optind > 0 && optind <= argc ? argv[optind - 1] : "?";
    if (optopt && optopt < FIRST_LONG && strncmp(given, "--", 2) != 0)
        return status_fail(STATUS_USAGE, "%s: unknown option or missing value: -%c", command->name, optopt);
    if (optopt >= FIRST_LONG)
        return status_fail(STATUS_USAGE, "%s: option \"%s\" needs a value or takes none", command->name, given);
    const char *names[MOST_OPTIONS];
    for (size_t i = 0; i < command->option_count; i++) names[i] = command->options[i].name;
    const int nearest = text_nearest(given + 2, names, command->option_count);
    return status_fail(STATUS_USAGE, "%s: unknown option \"%s\"%s%s; \"lockstep %s --help\" lists them", command->name,
                       given, nearest >= 0 ? ", did you mean --" : "", nearest >= 0 ? names[nearest] : "",
                       command->name);
}

/* Options and operands may stand in any order. *help: --help was given. */
static Status parse(Invocation *invocation, struct GivenOption *given, int argc, char **argv, bool *help)
{
    const Command *command = invocation->command;
    struct option longs[MOST_OPTIONS + 2] = {{0}};
    char shorts[2 * MOST_OPTIONS + 4] = ":h", *letter = shorts + 2;
    for (size_t i = 0; i < command->option_count; i++) {
        const Option *option = &command->options[i];
        longs[i] = (struct option){option->name, option->argument ? required_argument : no_argument, NULL,
                                   FIRST_LONG + (int)i};
        if (option->letter) *letter++ = option->letter;
        if (option->letter && option->argument) *letter++ = ':';
    }
    longs[command->option_count] = (struct option){"help", no_argument, NULL, 'h'};
    opterr = 0;
    int code;
    while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        if (code == '?' || code == ':') return bad_option(command, argc, argv);
        if (code == 'h') {
            *help = true;
            return STATUS_OK;
        }
        size_t which = 0;
        while (which < command->option_count && code != FIRST_LONG + (int)which &&
               code != command->options[which].letter)
            which++;
        given[invocation->given_count++] = (struct GivenOption){&command->options[which], optarg};
    }
    invocation->operand_count = (size_t)(argc - optind);
    invocation->operands = (const char *const *)argv + optind;
    return STATUS_OK;
}

/* The first operand that is not there, as the usage line names it, or the first that is too many. */
static Status bad_operands(const Invocation *invocation)
{
    const Command *command = invocation->command;
    if (invocation->operand_count > command->most_operands)
        return status_fail(STATUS_USAGE, "%s: operand \"%s\" is one too many; usage: lockstep %s%s%s [OPTION]...",
                           command->name, invocation->operands[command->most_operands], command->name,
                           *command->operands ? " " : "", command->operands);
    const char *name = command->operands;
    for (size_t i = 0; i < invocation->operand_count; i++) name += strcspn(name, " ") + 1;
    return status_fail(STATUS_USAGE, "%s: %.*s is missing; usage: lockstep %s %s [OPTION]...", command->name,
                       (int)strcspn(name, " ."), name, command->name, command->operands);
}

static Status check(const Invocation *invocation)
{
    const Command *command = invocation->command;
    for (size_t i = 0; i < command->option_count; i++)
        if (command->options[i].required && !invocation_has(invocation, command->options[i].name))
            return status_fail(STATUS_USAGE, "%s: --%s is missing; \"lockstep %s --help\" explains", command->name,
                               command->options[i].name, command->name);
    if (invocation->operand_count < command->least_operands || invocation->operand_count > command->most_operands)
        return bad_operands(invocation);
    return STATUS_OK;
}

static Status run_here(void *invocation)
{
    return ((const Invocation *)invocation)->command->run(invocation);
}

static Status run_apart(Invocation *invocation)
{
    char what[4096];
    snprintf(what, sizeof what, "%s \"%s\"", invocation->command->name, invocation->operands[0]);
    return apart_run(run_here, invocation, APART_SECONDS, what);
}

static Status run(const Command *command, int words, int *argc, char ***argv)
{
    struct GivenOption *given;
    Status st = memory_new(&given, (size_t)*argc + 1, "the command line");
    if (st != STATUS_OK) return st;
    Invocation invocation = {.command = command, .given = given, .argc = argc, .argv = argv};
    bool help = false;
    st = parse(&invocation, given, *argc - words, *argv + words, &help);
    if (st == STATUS_OK && help)
        print_help(command, stdout);
    else {
        if (st == STATUS_OK) st = check(&invocation);
        if (st == STATUS_OK) st = command->apart ? run_apart(&invocation) : command->run(&invocation);
    }
    memory_free(given);
    return st;
}

/* Under mpirun every rank finds the same mistake in the same arguments. Rank 0 tells of it, and before any rank leaves:
 * mpirun then ends the others at once. */
static void report_usage(Status st, int *argc, char ***argv)
{
    Comm *comm = NULL;
    if (comm_begin(argc, argv, &comm) == STATUS_OK) status_report(st);
    comm_end(comm);
}

int command_main(const Command *const *commands, size_t count, int *argc, char ***argv)
{
    Status st = STATUS_OK;
    int words = 1;
    memory_return_large();
    signal(SIGXFSZ, SIG_IGN); /* the write that it is about fails, which is told */
    const char *first = *argc > 1 ? (*argv)[1] : "", *second = *argc > 2 ? (*argv)[2] : "";
    terminal_begin(shown_terminal());
    const Command *command = *argc > 1 ? find(commands, count, *argc, *argv, &words) : NULL;
    if (command)
        st = run(command, words, argc, argv);
    else if (strcmp(first, "--help") == 0 && strcmp(second, "settings") == 0)
        settings_help(stdout);
    else if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0)
        print_commands(commands, count, stdout);
    else if (strcmp(first, "--version") == 0)
        printf("lockstep %s\nsource %s\n", lockstep_version(), build_source);
    else if (!*first) {
        print_commands(commands, count, stderr);
        st = STATUS_USAGE;
    } else if (!is_family(commands, count, first))
        st = unknown_command(commands, count, first);
    else if (strcmp(second, "--help") == 0 || strcmp(second, "-h") == 0)
        print_family(commands, count, first, stdout);
    else
        st = incomplete_command(commands, count, first, second);
    /* Before the error, so that a pipe that takes both has them in order. */
    const bool written = fflush(stdout) == 0 && !ferror(stdout);
    if (st == STATUS_OK && !written) st = status_fail(STATUS_IO, "cannot write to standard output");
    if (st == STATUS_USAGE && *status_message()) report_usage(st, argc, argv);
    status_report(st);
    return (int)st;
}
