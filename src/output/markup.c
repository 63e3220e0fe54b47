#include "output/markup.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/text.h"

#define DASH         "\xe2\x80\x93"
#define NARROW_SPACE "\xe2\x80\xaf"

/* U+FFFE and U+FFFF */
static int is_no_character(const char *text)
{
    return strncmp(text, "\xef\xbf\xbe", 3) == 0 || strncmp(text, "\xef\xbf\xbf", 3) == 0;
}

static const char *entity(char c)
{
    switch (c) {
        case '&': return "&amp;";
        case '<': return "&lt;";
        case '>': return "&gt;";
        case '"': return "&quot;";
        case '\'': return "&#39;";
        default: return NULL;
    }
}

void markup_text(FILE *out, const char *text)
{
    while (*text) {
        const size_t length = is_no_character(text) ? 0 : text_harmless(text);
        if (length == 0)
            fprintf(out, "\\x%02x", (unsigned char)*text);
        else if (entity(*text))
            fputs(entity(*text), out);
        else
            fwrite(text, 1, length, out);
        text += length ? length : 1;
    }
}

void markup_count(FILE *out, uint64_t value)
{
    char digits[24];
    const int length = snprintf(digits, sizeof digits, "%" PRIu64, value);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) fputs(NARROW_SPACE, out);
        fputc(digits[i], out);
    }
}

void markup_decimals(FILE *out, double value, int decimals)
{
    if (!isfinite(value))
        fputs(DASH, out);
    else if (value < 1e7 && value > -1e7)
        fprintf(out, "%.*f", decimals, value);
    else
        fprintf(out, "%.*g", decimals > 0 ? decimals : 1, value);
}

void markup_digits(FILE *out, double value, int digits)
{
    if (isfinite(value))
        fprintf(out, "%.*g", digits, value);
    else
        fputs(DASH, out);
}

void markup_percent(FILE *out, double fraction)
{
    markup_decimals(out, 100.0 * fraction, 2);
    if (isfinite(fraction)) fputs(NARROW_SPACE "%", out);
}

void markup_row_begin(FILE *out, const char *name)
{
    fputs("<tr><th scope=\"row\">", out);
    markup_text(out, name);
    fputs("</th><td>", out);
}

void markup_row_end(FILE *out)
{
    fputs("</td></tr>\n", out);
}

void markup_row(FILE *out, const char *name, const char *text)
{
    markup_row_begin(out, name);
    markup_text(out, text);
    markup_row_end(out);
}

void markup_section_begin(FILE *out, const char *name, const char *heading)
{
    fprintf(out, "<section id=\"%s\">\n<h2>%s</h2>\n", name, heading);
}

void markup_section_end(FILE *out)
{
    fputs("</section>\n", out);
}

void markup_absent(FILE *out, const char *what, const char *detail)
{
    fputs("<p class=\"absent\">", out);
    markup_text(out, what);
    if (detail && *detail) {
        fputs(": ", out);
        markup_text(out, detail);
    }
    fputs("</p>\n", out);
}
