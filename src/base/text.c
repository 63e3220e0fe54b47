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

int text_put(const char *text, bool keep_lines, FILE *out)
{
    int count = 0;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        const bool kept = keep_lines && (*c == '\n' || *c == '\t');
        count += (*c < 0x20 && !kept) || *c == 0x7f ? fprintf(out, "\\x%02x", *c) : fprintf(out, "%c", *c);
    }
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
