/* Text of an HTML page, written so that an XML parser reads it too: whatever comes from a run is escaped here. */
#ifndef LOCKSTEP_OUTPUT_MARKUP_H
#define LOCKSTEP_OUTPUT_MARKUP_H

#include <stdint.h>
#include <stdio.h>

/* A text as content or as an attribute's value: & < > " ' as entities; as \xNN the bytes of what drives a terminal,
 * changes the direction of text or is no character of XML 1.0 (section 2.2). */
void markup_text(FILE *out, const char *text);

/* A count, its digits in groups of three with a narrow no-break space between them. */
void markup_count(FILE *out, uint64_t value);

/* A number with so many decimals, of 1e7 and more with so many significant digits; a dash if it is not finite. */
void markup_decimals(FILE *out, double value, int decimals);
/* A number with so many significant digits; a dash if it is not finite. */
void markup_digits(FILE *out, double value, int digits);
/* A fraction in percent with two decimals; a dash if it is not finite. */
void markup_percent(FILE *out, double fraction);

/* A row of a table of names and values: <tr><th>name</th><td>text</td></tr>. */
void markup_row(FILE *out, const char *name, const char *text);
/* The same up to the value, which the caller writes, and from there on. */
void markup_row_begin(FILE *out, const char *name);
void markup_row_end(FILE *out);

/* A section of the page, with its heading; name: its id. */
void markup_section_begin(FILE *out, const char *name, const char *heading);
void markup_section_end(FILE *out);

/* A paragraph of ours about something that the run does not have; what: a sentence. detail: more of it, from a message,
 * or NULL. */
void markup_absent(FILE *out, const char *what, const char *detail);

#endif
