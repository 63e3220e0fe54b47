/* Messages to people: stderr, and the run's log.txt once it is open. Only the speaking process (rank 0) prints; the
 * other ranks' calls do nothing, so that callers need no test of their rank. A message may quote
 * files: text_put writes it, and further lines begin with blanks. Not thread-safe. */
#ifndef LOCKSTEP_BASE_LOG_H
#define LOCKSTEP_BASE_LOG_H

#include <stdbool.h>

#include "base/status.h"

/* Does this process print? True until told otherwise. */
void log_set_speaker(bool speaks);

/* Quiet: log_info goes to the file alone. */
void log_set_quiet(bool quiet);

/* A file that gets every message too, with the UTC time before it; -1 for none. The descriptor, which appends, and its
 * path are borrowed. What cannot be written there is told once as a warning, and lost; after that each message begins a
 * line again. */
void log_set_file(int fd, const char *path);

/* One message, without a newline at its end (a newline inside it is kept). */
PRINTF_LIKE(1, 2) void log_info(const char *format, ...);
PRINTF_LIKE(1, 2) void log_warning(const char *format, ...);
PRINTF_LIKE(1, 2) void log_error(const char *format, ...);

#endif
