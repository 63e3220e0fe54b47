/* Small helpers on strings. */
#ifndef LOCKSTEP_BASE_TEXT_H
#define LOCKSTEP_BASE_TEXT_H

#include <stddef.h>

/* The edit distance of a and b (insertions, deletions, substitutions and exchanges of neighbours, each 1); strings over
 * 63 bytes count as their first 63. */
size_t text_distance(const char *a, const char *b);

/* Index of the candidate nearest to name, or -1 if none is near enough to be a slip of the keyboard
 * (distance at most a third of name's length, at least 1). */
int text_nearest(const char *name, const char *const *candidates, size_t count);

#endif
