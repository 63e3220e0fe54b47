#include "base/text.h"

#include <string.h>

#include "base/memory.h"

enum { LONGEST = 63 };

Status text_copy(char **copy, const char *text)
{
    const Status st = memory_new(copy, strlen(text) + 1, "a text");
    if (st == STATUS_OK) strcpy(*copy, text);
    return st;
}

/* out (TEXT_ESCAPED + 1): one character, with a zero byte behind it. */
static size_t escape(unsigned char c, bool keep_lines, char *out)
{
    const bool kept = keep_lines && (c == '\n' || c == '\t');
    return (size_t)snprintf(out, TEXT_ESCAPED + 1, (c < 0x20 && !kept) || c == 0x7f ? "\\x%02x" : "%c", c);
}

int text_put(const char *text, bool keep_lines, FILE *out)
{
    size_t count = 0;
    char escaped[TEXT_ESCAPED + 1];
    for (const char *c = text; *c; c++) {
        count += escape((unsigned char)*c, keep_lines, escaped);
        fputs(escaped, out);
    }
    return (int)count;
}

size_t text_escape(const char *text, bool keep_lines, char *out)
{
    size_t count = 0;
    *out = '\0';
    for (const char *c = text; *c; c++) count += escape((unsigned char)*c, keep_lines, out + count);
    return count;
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t text_distance(const char *a, const char *b)
{
    const size_t m = strnlen(a, LONGEST), n = strnlen(b, LONGEST);
    size_t rows[3][LONGEST + 1]; /* rows i-2, i-1, i of the table, in turn */
    for (size_t j = 0; j <= n; j++) rows[0][j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t *now = rows[i % 3];
        const size_t *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= n; j++) {
            now[j] = min(min(last[j], now[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = min(now[j], before[j - 2] + 1);
        }
    }
    return rows[m % 3][n];
}

int text_nearest(const char *name, const char *const *candidates, size_t count)
{
    const size_t third = strnlen(name, LONGEST) / 3;
    size_t best = (third > 1 ? third : 1) + 1;
    int nearest = -1;
    for (size_t i = 0; i < count; i++) {
        const size_t distance = text_distance(name, candidates[i]);
        if (distance < best) {
            best = distance;
            nearest = (int)i;
        }
    }
    return nearest;
}
