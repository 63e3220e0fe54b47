#include "base/log.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

enum { MESSAGE_SIZE = 4096 };

static bool speaker = true;
static bool quiet;
static FILE *file; /* borrowed */

void log_set_speaker(bool speaks)
{
    speaker = speaks;
}

void log_set_quiet(bool is_quiet)
{
    quiet = is_quiet;
}

void log_set_file(FILE *log_file)
{
    file = log_file;
}

/* A line inside a message is set off, so that what it quotes cannot pass for a message of its own. */
static void put_message(const char *prefix, const char *message, FILE *out)
{
    char lines[MESSAGE_SIZE], *rest = lines;
    strcpy(lines, message);
    fputs(prefix, out);
    text_put(strsep(&rest, "\n"), true, out);
    while (rest) {
        fputs(*rest == ' ' ? "\n" : "\n  ", out);
        text_put(strsep(&rest, "\n"), true, out);
    }
    fputc('\n', out);
}

static void print(const char *prefix, bool to_terminal, const char *format, va_list args)
{
    if (!speaker) return;
    char message[MESSAGE_SIZE];
    vsnprintf(message, sizeof message, format, args);
    if (to_terminal) put_message(prefix, message, stderr);
    if (file) {
        char stamp[32];
        const time_t now = time(NULL);
        struct tm utc;
        strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ ", gmtime_r(&now, &utc));
        fputs(stamp, file);
        put_message(prefix, message, file);
        fflush(file);
    }
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
