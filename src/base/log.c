#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

enum { LONGEST = 4096, STAMP_SIZE = 32, PREFIX_SIZE = 32 };

static bool speaker = true;
static bool quiet;
static int file = -1;        /* borrowed */
static const char *filename; /* borrowed */
static bool file_failed;     /* the last attempt to write there, which was told */
static bool file_torn;       /* it ends within a line */

void log_set_speaker(bool speaks)
{
    speaker = speaks;
}

void log_set_quiet(bool is_quiet)
{
    quiet = is_quiet;
}

void log_set_file(int fd, const char *path)
{
    file = fd;
    filename = path;
    file_failed = file_torn = false;
}

/* line[0] is a newline, for the case that the line before is torn. */
static void put_in_file(const char *line, size_t size)
{
    const char *from = line + !file_torn;
    const size_t length = size - !file_torn, wrote = file_write(file, from, length);
    if (wrote > 0) file_torn = from[wrote - 1] != '\n';
    const bool was_told = file_failed;
    file_failed = wrote < length;
    if (file_failed && !was_told)
        log_warning("cannot write \"%s\": %s; training goes on, messages are missing there", filename, strerror(errno));
}

/* A line inside a message is set off, so that what it quotes cannot pass for a message of its own. out as
 * text_escape's: what sets a line off takes no more room than its newline may. */
static size_t set_off(char *message, char *out)
{
    char *rest = message, *end = out + text_escape(strsep(&rest, "\n"), true, out);
    while (rest) {
        end = stpcpy(end, *rest == ' ' ? "\n" : "\n  ");
        end += text_escape(strsep(&rest, "\n"), true, end);
    }
    return (size_t)(end - out);
}

/* Each message in one write, so that those of several processes are not mixed. */
static void print(const char *prefix, bool to_terminal, const char *format, va_list args)
{
    if (!speaker) return;
    char message[LONGEST], line[1 + STAMP_SIZE + PREFIX_SIZE + TEXT_ESCAPED * LONGEST + 1] = "\n";
    vsnprintf(message, sizeof message, format, args);
    const time_t now = time(NULL);
    struct tm utc;
    char *const after_stamp = line + 1 + strftime(line + 1, STAMP_SIZE, "%Y-%m-%dT%H:%M:%SZ ", gmtime_r(&now, &utc));
    char *end = stpcpy(after_stamp, prefix);
    end += set_off(message, end);
    *end++ = '\n';
    if (to_terminal) {
        const size_t told = file_write(STDERR_FILENO, after_stamp, (size_t)(end - after_stamp));
        (void)told; /* there is nobody left to tell */
    }
    if (file >= 0) put_in_file(line, (size_t)(end - line));
}

#define PRINT(prefix, to_terminal)                \
    do {                                          \
        va_list args;                             \
        va_start(args, format);                   \
        print(prefix, to_terminal, format, args); \
        va_end(args);                             \
    } while (0)

void log_info(const char *format, ...)
{
    PRINT("", !quiet);
}

void log_warning(const char *format, ...)
{
    PRINT("lockstep: warning: ", true);
}

void log_error(const char *format, ...)
{
    PRINT("lockstep: error: ", true);
}
