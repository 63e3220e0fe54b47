#include "base/log.h"

#include <fcntl.h>
#include <regex.h>
#include <unistd.h>

#include "base/terminal.h"
#include "scratch.h"
#include "unit.h"

/* Standard error goes into a pipe until listen_end, which gives what was said. */
static int pipe_end, terminal;

static void listen_begin(void)
{
    int ends[2];
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    terminal = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    pipe_end = ends[0];
}

static void listen_end(char said[4096])
{
    dup2(terminal, STDERR_FILENO);
    close(terminal);
    const ssize_t got = read(pipe_end, said, 4095);
    said[got > 0 ? got : 0] = '\0';
    close(pipe_end);
}

static bool matches(const char *text, const char *pattern)
{
    regex_t compiled;
    CU_ASSERT_EQUAL_FATAL(regcomp(&compiled, pattern, REG_EXTENDED), 0);
    const bool found = regexec(&compiled, text, 0, NULL, 0) == 0;
    regfree(&compiled);
    return found;
}

#define STAMP "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z "

static void a_message_goes_to_both_as_one_line(void)
{
    char said[4096];
    const char *path = scratch_path("both.txt");
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    listen_begin();
    log_set_file(fd, path);
    log_warning("%d bells\a, and\nmore", 2);
    log_set_file(-1, NULL);
    log_info("alone");
    listen_end(said);
    close(fd);
    CU_ASSERT_STRING_EQUAL(said, "lockstep: warning: 2 bells\\x07, and\n  more\nalone\n");
    CU_ASSERT(matches(scratch_text(path), "^" STAMP "lockstep: warning: 2 bells\\\\x07, and\n  more\n$"));
}

/* Wherever the first message is torn: it is told once, and what fits later is a line of its own. */
static void a_full_file_is_told_once_and_lines_stay_whole(void)
{
    char said[4096], name[32];
    for (rlim_t room = 0; room < 40; room++) {
        snprintf(name, sizeof name, "full-%d.txt", (int)room);
        const char *path = scratch_path(name);
        const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
        listen_begin();
        log_set_quiet(true);
        log_set_file(fd, path);
        scratch_limit(room);
        log_info("this is too long for it");
        log_info("so is this, then");
        scratch_limit(RLIM_INFINITY);
        log_info("this fits");
        log_info("and this");
        log_set_file(-1, NULL);
        log_set_quiet(false);
        listen_end(said);
        close(fd);
        CU_ASSERT(matches(said, "^lockstep: warning: cannot write \"[^\"]*\": File too large; [^\n]*\n$"));
        CU_ASSERT(matches(scratch_text(path), "(^|\n)" STAMP "this fits\n" STAMP "and this\n$"));
    }
}

/* As if standard error were shown on a terminal of this kind. */
static void be_shown(const char *kind)
{
    setenv("TERM", kind, 1);
    terminal_begin(STDIN_FILENO);
}

static void a_message_takes_the_place_of_the_standing_line(void)
{
    char said[4096];
    const char *path = scratch_path("standing.txt");
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    setenv("NO_COLOR", "1", 1);
    be_shown("xterm");
    listen_begin();
    log_set_file(fd, path);
    log_stand("10 %");
    log_warning("hot");
    log_stand("");
    log_stand("");
    log_info("done");
    log_set_file(-1, NULL);
    listen_end(said);
    close(fd);
    CU_ASSERT_STRING_EQUAL(said,
                           "\r10 %\033[K"
                           "\r\033[Klockstep: warning: hot\n\r10 %\033[K"
                           "\r\033[Kdone\n");
    CU_ASSERT(matches(scratch_text(path), "^" STAMP "lockstep: warning: hot\n" STAMP "done\n$"));
}

static void nothing_stands_elsewhere(void)
{
    char said[4096];
    listen_begin();
    be_shown("dumb");
    log_stand("10 %");
    terminal_begin(-1);
    log_stand("20 %");
    be_shown("xterm");
    log_set_quiet(true);
    log_stand("30 %");
    log_set_quiet(false);
    log_set_speaker(false);
    log_stand("40 %");
    log_set_speaker(true);
    log_info("done");
    listen_end(said);
    CU_ASSERT_STRING_EQUAL(said, "done\n");
}

/* What an error looks like with these variables, "-" for one that is not set. */
static void look(const char *no_color, const char *clicolor, const char *force, const char *kind, char said[4096])
{
    static const char *const name[] = {"NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"};
    const char *const value[] = {no_color, clicolor, force};
    for (int i = 0; i < 3; i++)
        if (*value[i] == '-')
            unsetenv(name[i]);
        else
            setenv(name[i], value[i], 1);
    be_shown(kind);
    listen_begin();
    log_error("hot");
    log_info("cold");
    listen_end(said);
}

static void colours_are_where_they_are_wanted(void)
{
    static const struct {
        const char *no_color, *clicolor, *force, *kind;
        bool coloured;
    } cases[] = {
        {"-", "-", "-", "xterm", true},  {"-", "-", "-", "dumb", false},  {"1", "-", "-", "xterm", false},
        {"", "-", "-", "xterm", true},   {"-", "0", "-", "xterm", false}, {"-", "1", "-", "xterm", true},
        {"-", "-", "1", "dumb", true},   {"-", "-", "0", "dumb", false},  {"-", "0", "1", "xterm", true},
        {"1", "1", "1", "xterm", false},
    };
    char said[4096];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        look(cases[i].no_color, cases[i].clicolor, cases[i].force, cases[i].kind, said);
        CU_ASSERT_STRING_EQUAL(
            said, cases[i].coloured ? "\033[31mlockstep: error: \033[0mhot\ncold\n" : "lockstep: error: hot\ncold\n");
    }
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(a_message_goes_to_both_as_one_line),
        UNIT(a_full_file_is_told_once_and_lines_stay_whole),
        UNIT(a_message_takes_the_place_of_the_standing_line),
        UNIT(nothing_stands_elsewhere),
        UNIT(colours_are_where_they_are_wanted),
    };
    return UNIT_RUN("log", tests);
}
