/* Small helpers on strings. */
#ifndef LOCKSTEP_BASE_TEXT_H
#define LOCKSTEP_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

/* *copy = the text, owned by the caller (memory_free). STATUS_INTERNAL: no memory. */
MUST_CHECK Status text_copy(char **copy, const char *text);

/* Writes a text that may come from an untrusted file, control characters as \xNN so that they cannot drive a terminal;
 * keep_lines: but for newlines and tabs. Returns the number of characters written. */
int text_put(const char *text, bool keep_lines, FILE *out);

/* The same into memory, with a zero byte behind it. out (TEXT_ESCAPED * strlen(text) + 1) */
enum { TEXT_ESCAPED = 4 };
size_t text_escape(const char *text, bool keep_lines, char *out);

/* The edit distance of a and b (insertions, deletions, substitutions and exchanges of neighbours, each 1); strings over
 * 63 bytes count as their first 63. */
size_t text_distance(const char *a, const char *b);

/* Index of the candidate nearest to name, or -1 if none is near enough to be a slip of the keyboard
 * (distance at most a third of name's length, at least 1). */
int text_nearest(const char *name, const char *const *candidates, size_t count);

#endif
