/* The terminal that people see this process' messages on, if there is one. */
#ifndef LOCKSTEP_BASE_TERMINAL_H
#define LOCKSTEP_BASE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* What drives a terminal (ECMA-48 8.3.41 "EL", 8.3.117 "SGR"). */
#define TERMINAL_CLEAR_REST "\033[K"
#define TERMINAL_RED        "\033[31m"
#define TERMINAL_YELLOW     "\033[33m"
#define TERMINAL_PLAIN      "\033[0m"

/* Finds out. forwarded: a descriptor of the terminal that a launcher shows this process' stderr on, borrowed; -1: none.
 * If stderr itself is a terminal, that counts. */
void terminal_begin(int forwarded);

/* Can a line there be drawn again? Not without TERM, nor with TERM=dumb. */
bool terminal_redraws(void);

/* May messages be in colour? On a terminal that redraws, unless NO_COLOR is set and not empty (no-color.org) or
 * CLICOLOR is 0; elsewhere too if CLICOLOR_FORCE is set and neither empty nor 0 (bixense.com/clicolors). */
bool terminal_has_colours(void);

/* How many columns it has now: it may have changed since the last call. Where it does not tell, COLUMNS counts,
 * then 80.
 */
size_t terminal_columns(void);

#endif
