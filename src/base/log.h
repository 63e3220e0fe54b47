/* Messages to people: stderr, in colour where a terminal takes it, and the run's log.txt once it is open. Only the
 * speaking process (rank 0) prints; the other ranks' calls do nothing, so that callers need no test of their rank. A
 * message may quote files: text_put writes it, and further lines begin with blanks. Not thread-safe. */
#ifndef LOCKSTEP_BASE_LOG_H
#define LOCKSTEP_BASE_LOG_H

#include <stdbool.h>

#include "base/status.h"

/* Does this process print? True until told otherwise. */
void log_set_speaker(bool speaks);

/* A line that stands below the messages on a terminal that redraws (terminal.h): drawn anew, and again after each
 * message, which takes its place; "" takes it away. Without a newline, of ASCII's printable characters, so that one
 * takes one column, and shorter than the terminal is wide: a line that wraps cannot be drawn over. Of it nothing goes
 * to the file, and nothing at all is shown elsewhere than on such a terminal or if this process is quiet. */
enum { LOG_STANDING_SIZE = 256 };
void log_stand(const char *line);

/* Quiet: log_info goes to the file alone. */
void log_set_quiet(bool quiet);

/* A file that gets every message too, with the UTC time before it; -1 for none. The descriptor, which appends, and its
 * path are borrowed. What cannot be written there is told once as a warning, and lost; after that each message begins a
 * line again. */
void log_set_file(int fd, const char *path);

/* One message, without a newline at its end (a newline inside it is kept). */
PRINTF_LIKE(1, 2) void log_info(const char *format, ...);
PRINTF_LIKE(1, 2) void log_to_file(const char *format, ...); /* alone */
PRINTF_LIKE(1, 2) void log_warning(const char *format, ...);
PRINTF_LIKE(1, 2) void log_error(const char *format, ...);

#endif
