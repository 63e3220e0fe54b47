/* The config that a command is given: a file, and the --set options of its command line. */
#ifndef LOCKSTEP_JOBS_CONFIG_FILE_H
#define LOCKSTEP_JOBS_CONFIG_FILE_H

#include "command.h"
#include "config/settings.h"

/* Reads and parses the file. Local. Failures as settings_parse; STATUS_NO_INPUT: no such file. */
MUST_CHECK Status config_file_read(const Invocation *invocation, const char *path, Settings *settings);

/* The same from a text of size bytes that stands in for a file of this name. */
MUST_CHECK Status config_file_parse(const Invocation *invocation, const char *name, const char *text, size_t size,
                                    Settings *settings);

/* The run directory: --run, else run.dir, else runs/<run.name>. STATUS_CANT_CREATE: its name is too long. */
MUST_CHECK Status config_file_run(const Invocation *invocation, const Settings *settings, char *path, size_t size);

#endif
