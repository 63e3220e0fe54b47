#include "base/text.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"

enum { LONGEST = 63 };

Status text_copy(char **copy, const char *text)
{
    const Status st = memory_new(copy, strlen(text) + 1, "a text");
    if (st == STATUS_OK) strcpy(*copy, text);
    return st;
}

/* The bytes of the well-formed UTF-8 sequence at c (RFC 3629, section 4) and its character; 0 if there is none. */
static size_t decode(const unsigned char *c, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* a longer form than needed is none */
    const size_t length = *c < 0x80 ? 1 : *c < 0xc0 ? 0 : *c < 0xe0 ? 2 : *c < 0xf0 ? 3 : *c < 0xf8 ? 4 : 0;
    if (length <= 1) {
        *character = *c;
        return length;
    }
    *character = *c & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((c[i] & 0xc0) != 0x80) return 0;
        *character = *character << 6 | (c[i] & 0x3f);
    }
    const bool is_surrogate = *character >= 0xd800 && *character < 0xe000;
    return *character < least[length] || *character > 0x10ffff || is_surrogate ? 0 : length;
}

size_t text_utf8(const char *text)
{
    uint32_t character;
    return decode((const unsigned char *)text, &character);
}

size_t text_harmless(const char *text)
{
    uint32_t c;
    const size_t length = decode((const unsigned char *)text, &c);
    const bool is_control = c < 0x20 || (c >= 0x7f && c < 0xa0);
    const bool is_direction =
        c == 0x61c || (c >= 0x200e && c < 0x2010) || (c >= 0x2028 && c < 0x202f) || (c >= 0x2066 && c < 0x206a);
    const bool is_byte_order_mark = c == 0xfeff;
    return length == 0 || is_control || is_direction || is_byte_order_mark ? 0 : length;
}

/* out (TEXT_ESCAPED + 1): the first character of text as it may be shown, with a zero byte behind it. Returns how many
 * bytes of text it takes. */
static size_t escape(const char *text, bool keep_lines, char *out)
{
    size_t length = text_harmless(text);
    if (length == 0 && keep_lines && (*text == '\n' || *text == '\t')) length = 1;
    if (length == 0) {
        snprintf(out, TEXT_ESCAPED + 1, "\\x%02x", (unsigned char)*text);
        return 1;
    }
    memcpy(out, text, length);
    out[length] = '\0';
    return length;
}

int text_put(const char *text, bool keep_lines, FILE *out)
{
    char escaped[TEXT_ESCAPED + 1];
    size_t count = 0;
    for (size_t length; *text; text += length) {
        length = escape(text, keep_lines, escaped);
        count += length > 1 ? 1 : strlen(escaped);
        fputs(escaped, out);
    }
    return (int)count;
}

size_t text_escape(const char *text, bool keep_lines, char *out)
{
    size_t count = 0;
    *out = '\0';
    for (; *text; count += strlen(out + count)) text += escape(text, keep_lines, out + count);
    return count;
}

void text_line(const char *label, const char *text, FILE *out)
{
    fputs(label, out);
    text_put(text, false, out);
    fputc('\n', out);
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

void text_hex(uint64_t value, char hex[16])
{
    for (int i = 15; i >= 0; i--, value >>= 4) hex[i] = "0123456789abcdef"[value & 15];
}

const char *text_not_finite(double value)
{
    if (isnan(value)) return "nan";
    return value > 0.0 ? "inf" : "-inf";
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
