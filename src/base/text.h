/* Small helpers on strings. */
#ifndef LOCKSTEP_BASE_TEXT_H
#define LOCKSTEP_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

/* *copy = the text, owned by the caller (memory_free). STATUS_INTERNAL: no memory. */
MUST_CHECK Status text_copy(char **copy, const char *text);

/* The bytes (1 to 4) of the well-formed UTF-8 character at the begin of text, 0 if there is none. */
size_t text_utf8(const char *text);

/* The bytes (1 to 4) of the character at the begin of text if it may be shown as it is, else 0. That are ASCII's and
 * UTF-8's but for what drives a terminal or changes the order of what it shows: control characters (C0, DEL, C1), line
 * separators, directions and the byte order mark, which nobody sees; bytes that are no UTF-8 too. */
size_t text_harmless(const char *text);

/* Writes a text that may come from an untrusted file, all other bytes as \xNN; keep_lines: but for newlines and tabs.
 * Returns the number of characters written. */
int text_put(const char *text, bool keep_lines, FILE *out);

/* label, which is ours, the text as above without lines, and a newline. */
void text_line(const char *label, const char *text, FILE *out);

/* The same into memory, with a zero byte behind it. out (TEXT_ESCAPED * strlen(text) + 1) */
enum { TEXT_ESCAPED = 4 };
size_t text_escape(const char *text, bool keep_lines, char *out);

/* The number in 16 hex digits, without a closing zero. */
void text_hex(uint64_t value, char hex[16]);

/* "inf", "-inf" or, whatever its bits, "nan": the sign that a NaN has is the processor's, and the C library prints it.
 */
const char *text_not_finite(double value);

/* The edit distance of a and b (insertions, deletions, substitutions and exchanges of neighbours, each 1); strings over
 * 63 bytes count as their first 63. */
size_t text_distance(const char *a, const char *b);

/* Index of the candidate nearest to name, or -1 if none is near enough to be a slip of the keyboard
 * (distance at most a third of name's length, at least 1). */
int text_nearest(const char *name, const char *const *candidates, size_t count);

#endif
