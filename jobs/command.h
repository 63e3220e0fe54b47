/* The command line: a table of subcommands, each with a table of its options, from which parsing, --help and usage
 * errors come. GNU long options (getopt_long). */
#ifndef LOCKSTEP_JOBS_COMMAND_H
#define LOCKSTEP_JOBS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

typedef struct {
    const char *name;     /* without the dashes */
    char letter;          /* short form, or 0 */
    const char *argument; /* its name for --help, or NULL for a flag */
    const char *text;     /* one line of help */
    bool required;
} Option;

/* --help, which every command has beside its own. */
extern const Option command_help_option;

typedef struct Invocation Invocation;

typedef struct {
    const char *name;     /* "train", "import idx" */
    const char *operands; /* for the usage line: "CONFIG", "CHECKPOINT FILE...", a word each, or "" */
    size_t least_operands, most_operands;
    const char *summary; /* one sentence */
    const char *note;    /* more for --help alone, or NULL */
    const char *example; /* a command line for --help, or NULL */
    const char *notes;   /* what else --help says, whole lines, or NULL */
    const Option *options;
    size_t option_count;
    bool apart; /* it reads HDF5 files or pictures and leaves nothing in memory: run in a process of its own
                   (base/apart.h) */
    Status (*run)(const Invocation *invocation);
} Command;

/* What was called for. Borrowed by the command while it runs. */
struct Invocation {
    const Command *command;
    size_t operand_count;
    const char *const *operands;
    size_t given_count; /* options in the order given */
    const struct GivenOption {
        const Option *option;
        const char *value; /* NULL for a flag */
    } * given;
    int *argc; /* main's, for MPI_Init */
    char ***argv;
};

/* The value of the last --name given, or fallback. */
const char *invocation_value(const Invocation *invocation, const char *name, const char *fallback);
bool invocation_has(const Invocation *invocation, const char *name);

/* The value of --name as a whole number in [least, most]; unset leaves *value. STATUS_USAGE otherwise. */
MUST_CHECK Status invocation_number(const Invocation *invocation, const char *name, long long least, long long most,
                                    long long *value);

/* Finds the command that main's arguments call for and runs it. Returns the exit code. Prints results to stdout and the
 * one message of a failure to stderr. */
int command_main(const Command *const *commands, size_t count, int *argc, char ***argv);

#endif
