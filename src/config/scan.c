/* Tokens as in libconfig 1.5's lib/scanner.l:
 *
 *   name       [A-Za-z*][-A-Za-z0-9_*]*
 *   integer    [-+]?[0-9]+ or 0[Xx][0-9A-Fa-f]+, then L or LL for 64 bits
 *   float      [-+]?[0-9]*\.[0-9]*([eE][-+]?[0-9]+)? or [-+]?[0-9]+[eE][-+]?[0-9]+
 *   string     "...", in which \ may precede " and \; comments # and // to the line's end, and slash-star to star-slash
 *
 * and one that libconfig does not know: U+FEFF in UTF-8, a byte order mark, which some editors begin a file with. It is
 * white space here, wherever two such files were joined too (RFC 3629, section 6, on what it means at the begin).
 */
#include "config/scan.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

typedef struct {
    const char *at; /* view into the text */
    char *out;      /* view into the caller's buffer */
    int line;
    size_t settings, numerals; /* so far */
    ScanNumeral *unfit;
} Scan;

size_t scan_room(size_t size)
{
    return 2 * size + 1; /* at worst every other byte is an integer of one digit */
}

static void copy(Scan *scan, size_t length)
{
    for (size_t i = 0; i < length; i++) scan->line += scan->at[i] == '\n';
    memcpy(scan->out, scan->at, length);
    scan->at += length;
    scan->out += length;
}

static size_t exponent_length(const char *s)
{
    if (*s != 'e' && *s != 'E') return 0;
    const size_t sign = s[1] == '+' || s[1] == '-';
    const size_t digits = strspn(s + 1 + sign, DIGITS);
    return digits ? 1 + sign + digits : 0;
}

/* The length of the numeral at s without suffix, 0 if there is none. */
static size_t numeral_length(const char *s, bool *whole)
{
    *whole = true;
    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
        const size_t digits = strspn(s + 2, DIGITS "ABCDEFabcdef");
        if (digits) return 2 + digits;
    }
    const size_t sign = *s == '+' || *s == '-';
    const size_t digits = strspn(s + sign, DIGITS);
    size_t length = sign + digits;
    if (s[length] == '.') {
        *whole = false;
        length += 1 + strspn(s + length + 1, DIGITS);
    } else if (digits == 0)
        return 0;
    const size_t exponent = exponent_length(s + length);
    if (exponent) *whole = false;
    return length + exponent;
}

/* Of a numeral. libconfig takes "." and ".e5" for floats. */
static bool has_digits(const char *s)
{
    s += *s == '+' || *s == '-';
    s += *s == '.';
    return *s >= '0' && *s <= '9';
}

static bool fits(const char *s, bool whole)
{
    char *end;
    errno = 0;
    if (!whole) {
        const double value = strtod(s, &end);
        return isfinite(value) && !(errno == ERANGE && value == 0);
    }
    const bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
    strtoll(s, &end, hex ? 16 : 10);
    return errno == 0;
}

static bool scan_numeral(Scan *scan)
{
    bool whole;
    size_t length = numeral_length(scan->at, &whole);
    if (length == 0) return false;
    scan->numerals++;
    const bool number = has_digits(scan->at);
    if (scan->unfit->index == 0 && !(number && fits(scan->at, whole)))
        *scan->unfit = (ScanNumeral){scan->numerals, scan->line, scan->at, length, number};
    size_t suffix = 0;
    while (whole && suffix < 2 && scan->at[length + suffix] == 'L') suffix++;
    copy(scan, length + suffix);
    if (whole && suffix == 0) *scan->out++ = 'L';
    return true;
}

/* Each of these returns NULL or what is wrong. */

static const char *scan_string(Scan *scan)
{
    size_t length = 1;
    for (; scan->at[length] != '"'; length++) {
        const char *s = scan->at + length;
        if (*s == '\0') return "this string is not closed";
        if (*s != '\\') continue;
        if ((s[1] == 'x' || s[1] == 'X') && s[2] == '0' && s[3] == '0') return "a string cannot hold a zero byte";
        if (s[1] != '\0') length++;
    }
    copy(scan, length + 1);
    return NULL;
}

static const char *scan_comment(Scan *scan)
{
    const char *end = strstr(scan->at + 2, "*/");
    if (!end) return "this comment is not closed";
    copy(scan, (size_t)(end + 2 - scan->at));
    return NULL;
}

static void scan_mark(Scan *scan)
{
    scan->at += strlen(BYTE_ORDER_MARK);
    *scan->out++ = ' ';
}

static const char *scan_token(Scan *scan)
{
    const char *s = scan->at;
    if (*s == '"') return scan_string(scan);
    if (s[0] == '/' && s[1] == '*') return scan_comment(scan);
    if (strncmp(s, "@include", 8) == 0) return "@include is not supported: a config is one file";
    if (strncmp(s, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
        scan_mark(scan);
    else if (*s == '#' || (s[0] == '/' && s[1] == '/'))
        copy(scan, strcspn(s, "\n"));
    else if (strchr(LETTERS "*", *s))
        copy(scan, strspn(s, LETTERS DIGITS "-_*"));
    else if (!scan_numeral(scan)) {
        if ((*s == '=' || *s == ':') && ++scan->settings > SCAN_MOST_SETTINGS) return "too many settings";
        copy(scan, 1);
    }
    return NULL;
}

bool scan_text(const char *text, char *out, ScanNumeral *unfit, ScanProblem *problem)
{
    *unfit = (ScanNumeral){0};
    *problem = (ScanProblem){0};
    Scan scan = {.at = text, .out = out, .line = 1, .unfit = unfit};
    while (*scan.at && !problem->text) {
        problem->line = scan.line;
        problem->text = scan_token(&scan);
    }
    *scan.out = '\0';
    return !problem->text;
}
