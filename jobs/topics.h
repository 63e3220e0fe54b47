/* What all commands have in common, as tables: for --help and the manual pages. */
#ifndef LOCKSTEP_JOBS_TOPICS_H
#define LOCKSTEP_JOBS_TOPICS_H

#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

/* What the program is, one sentence. */
extern const char topic_program[];

typedef struct {
    Status code;
    const char *text;
} ExitCode;

extern const ExitCode topic_exit_codes[];
extern const size_t topic_exit_code_count;

typedef struct {
    const char *name, *text;
} Topic;

/* Variables of the environment that users set, and the files of a run directory. */
extern const Topic topic_environment[], topic_files[];
extern const size_t topic_environment_count, topic_file_count;

/* Exit codes and environment, for --help. Write errors are left in out. */
void topics_print(FILE *out);

#endif
