#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/terminal.h"
#include "base/text.h"

enum {
    LONGEST = 4096,
    STAMP_SIZE = 32,
    PREFIX_SIZE = 32,
    ESCAPED = TEXT_ESCAPED * LONGEST,
    DRAWING = LOG_STANDING_SIZE + 32 /* a line with what drives the terminal */
};

/* What a message begins with, and its colour. */
typedef struct {
    const char *text, *colour;
} Prefix;

static bool speaker = true;
static bool quiet;
static int file = -1;        /* borrowed */
static const char *filename; /* borrowed */
static bool file_failed;     /* the last attempt to write there, which was told */
static bool file_torn;       /* it ends within a line */
static char standing[LOG_STANDING_SIZE];

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

/* In one write, so that what several processes say is not mixed. */
static void show(const char *bytes, const char *end)
{
    const size_t told = file_write(STDERR_FILENO, bytes, (size_t)(end - bytes));
    (void)told; /* there is nobody left to tell */
}

/* The standing line, over what stands there. */
static char *draw(char *out)
{
    if (!*standing) return out;
    return stpcpy(stpcpy(stpcpy(out, "\r"), standing), TERMINAL_CLEAR_REST);
}

/* text: escaped, with its newline. */
static void show_message(const Prefix *prefix, const char *text)
{
    char shown[2 * DRAWING + PREFIX_SIZE + ESCAPED] = "", *end = shown;
    const bool coloured = *prefix->text && terminal_has_colours();
    if (*standing) end = stpcpy(end, "\r" TERMINAL_CLEAR_REST);
    if (coloured) end = stpcpy(end, prefix->colour);
    end = stpcpy(end, prefix->text);
    if (coloured) end = stpcpy(end, TERMINAL_PLAIN);
    show(shown, draw(stpcpy(end, text)));
}

void log_stand(const char *line)
{
    char shown[DRAWING] = "\r" TERMINAL_CLEAR_REST, *end = shown;
    if (!speaker || quiet || !terminal_redraws() || (!*line && !*standing)) return;
    snprintf(standing, sizeof standing, "%s", line);
    show(shown, *standing ? draw(end) : end + strlen(shown));
}

static void print(const Prefix *prefix, bool to_terminal, const char *format, va_list args)
{
    if (!speaker) return;
    char message[LONGEST], line[1 + STAMP_SIZE + PREFIX_SIZE + ESCAPED + 2] = "\n";
    vsnprintf(message, sizeof message, format, args);
    const time_t now = time(NULL);
    struct tm utc;
    char *const after_stamp = line + 1 + strftime(line + 1, STAMP_SIZE, "%Y-%m-%dT%H:%M:%SZ ", gmtime_r(&now, &utc));
    char *const text = stpcpy(after_stamp, prefix->text);
    char *const end = stpcpy(text + set_off(message, text), "\n");
    if (to_terminal) show_message(prefix, text);
    if (file >= 0) put_in_file(line, (size_t)(end - line));
}

#define PRINT(prefix, colour, to_terminal)                                 \
    do {                                                                   \
        va_list args;                                                      \
        va_start(args, format);                                            \
        print(&(const Prefix){prefix, colour}, to_terminal, format, args); \
        va_end(args);                                                      \
    } while (0)

void log_info(const char *format, ...)
{
    PRINT("", "", !quiet);
}

void log_to_file(const char *format, ...)
{
    PRINT("", "", false);
}

void log_warning(const char *format, ...)
{
    PRINT("lockstep: warning: ", TERMINAL_YELLOW, true);
}

void log_error(const char *format, ...)
{
    PRINT("lockstep: error: ", TERMINAL_RED, true);
}
