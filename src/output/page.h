/* The frame of a page: one file of HTML that an XML parser reads too, with its style inside; nothing is loaded, no
 * script runs. Colours follow the reader's choice of light or dark, and paper is light. */
#ifndef LOCKSTEP_OUTPUT_PAGE_H
#define LOCKSTEP_OUTPUT_PAGE_H

#include <stdio.h>

/* title: for the window. Up to the content of <main>, and from there on. */
void page_begin(FILE *out, const char *title);
void page_end(FILE *out);

#endif
