/* src/output/markup: what stands on a page cannot become a part of it. */
#include "output/markup.h"

#include <math.h>

#include "unit.h"

enum { ROOM = 4096 };

/* What was written to a stream in memory. */
static char written[ROOM];

static FILE *begin(void)
{
    memset(written, 0, sizeof written);
    return fmemopen(written, sizeof written, "w");
}

#define WRITES(call, text)                     \
    do {                                       \
        FILE *out = begin();                   \
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);     \
        call;                                  \
        fclose(out);                           \
        CU_ASSERT_STRING_EQUAL(written, text); \
    } while (0)

static void what_has_a_meaning_in_html_is_escaped(void)
{
    WRITES(markup_text(out, "<script>&\"'"), "&lt;script&gt;&amp;&quot;&#39;");
    WRITES(markup_text(out, "&lt;"), "&amp;lt;");
    WRITES(markup_text(out, ""), "");
}

static void what_is_no_text_is_shown_as_bytes(void)
{
    WRITES(markup_text(out, "a\x1b[31m\n\x7f"), "a\\x1b[31m\\x0a\\x7f");
    WRITES(markup_text(out, "\xff\xc3"), "\\xff\\xc3");
    WRITES(markup_text(out, "\xe2\x80\xae"), "\\xe2\\x80\\xae"); /* U+202E turns the direction */
    WRITES(markup_text(out, "\xef\xbf\xbe\xef\xbf\xbf"), "\\xef\\xbf\\xbe\\xef\\xbf\\xbf"); /* no characters of XML */
    WRITES(markup_text(out, "\xef\xbf\xbd\xc3\xa9"), "\xef\xbf\xbd\xc3\xa9");
}

/* Each byte alone: the page never has one of ASCII's that ends what it stands in. */
static void no_byte_ends_an_attribute(void)
{
    for (int byte = 1; byte < 256; byte++) {
        const char text[] = {(char)byte, '\0'};
        FILE *out = begin();
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        markup_text(out, text);
        fclose(out);
        CU_ASSERT_PTR_NULL(strpbrk(written, "<>\"'"));
        CU_ASSERT(*written != '&' || written[strlen(written) - 1] == ';');
        for (const char *c = written; *c; c++) CU_ASSERT((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f);
    }
}

static void counts_are_grouped(void)
{
    WRITES(markup_count(out, 0), "0");
    WRITES(markup_count(out, 999), "999");
    WRITES(markup_count(out, 9380),
           "9\xe2\x80\xaf"
           "380");
    WRITES(markup_count(out, UINT64_MAX),
           "18\xe2\x80\xaf"
           "446\xe2\x80\xaf"
           "744\xe2\x80\xaf"
           "073\xe2\x80\xaf"
           "709\xe2\x80\xaf"
           "551\xe2\x80\xaf"
           "615");
}

static void numbers_are_short_whatever_they_are(void)
{
    WRITES(markup_decimals(out, 0.05649, 4), "0.0565");
    WRITES(markup_decimals(out, 1e300, 4), "1e+300");
    WRITES(markup_decimals(out, -1e7, 0), "-1e+07");
    WRITES(markup_decimals(out, (double)NAN, 4), "\xe2\x80\x93");
    WRITES(markup_decimals(out, (double)-INFINITY, 4), "\xe2\x80\x93");
    WRITES(markup_percent(out, 0.9831), "98.31\xe2\x80\xaf%");
    WRITES(markup_percent(out, (double)NAN), "\xe2\x80\x93");
}

static void rows_hold_what_they_are_given(void)
{
    WRITES(markup_row(out, "a<b", "c&d"), "<tr><th scope=\"row\">a&lt;b</th><td>c&amp;d</td></tr>\n");
    WRITES(markup_absent(out, "None", "\"x\""), "<p class=\"absent\">None: &quot;x&quot;</p>\n");
    WRITES(markup_absent(out, "None", NULL), "<p class=\"absent\">None</p>\n");
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(what_has_a_meaning_in_html_is_escaped),
        UNIT(what_is_no_text_is_shown_as_bytes),
        UNIT(no_byte_ends_an_attribute),
        UNIT(counts_are_grouped),
        UNIT(numbers_are_short_whatever_they_are),
        UNIT(rows_hold_what_they_are_given),
    };
    return UNIT_RUN("markup", tests);
}
