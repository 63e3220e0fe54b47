#include "base/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int terminal = -1; /* borrowed */
static bool redraws, colours;

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value;
}

static bool is_zero(const char *variable)
{
    const char *value = getenv(variable);
    return value && strcmp(value, "0") == 0;
}

void terminal_begin(int forwarded)
{
    const char *kind = getenv("TERM");
    terminal = isatty(STDERR_FILENO) ? STDERR_FILENO : forwarded;
    redraws = terminal >= 0 && kind && *kind && strcmp(kind, "dumb") != 0;
    const bool forced = is_set("CLICOLOR_FORCE") && !is_zero("CLICOLOR_FORCE");
    colours = !is_set("NO_COLOR") && (forced || (redraws && !is_zero("CLICOLOR")));
}

bool terminal_redraws(void)
{
    return redraws;
}

bool terminal_has_colours(void)
{
    return colours;
}

size_t terminal_columns(void)
{
    struct winsize size = {0};
    if (terminal >= 0 && ioctl(terminal, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    const char *told = getenv("COLUMNS");
    const long columns = told ? strtol(told, NULL, 10) : 0;
    return columns > 0 ? (size_t)columns : 80;
}
