/* The style of a page (page.h), and what its classes are for.
 *
 *   c0 to c7            colours: of what an svg draws, of a line (with "line"), of the squares of a legend
 *   tiles, pair, columns, wide    how blocks stand: four in a row, side by side, in columns, with a scroll bar of its
 * own facts, matrix, left, digest   tables: names and values, a confusion matrix, a cell, a digest in two lines images,
 * weights, legend       lists lead, hint, absent  paragraphs: before what a section shows, after it, instead of it
 *   tick, axis, note, name, grid, base, mark, band, range    parts of a plot (plot.h)
 *   right, wrong        colours to be tinted: rgb(var(--right)/.5) */
#ifndef LOCKSTEP_OUTPUT_STYLE_H
#define LOCKSTEP_OUTPUT_STYLE_H

/* CSS. It loads nothing. */
extern const char style_text[];

#endif
