#include "base/log.h"

#include <fcntl.h>
#include <regex.h>
#include <unistd.h>

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

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(a_message_goes_to_both_as_one_line),
        UNIT(a_full_file_is_told_once_and_lines_stay_whole),
    };
    return UNIT_RUN("log", tests);
}
