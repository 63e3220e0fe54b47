/* An event file of TensorBoard, to which a training appends: what happened at which step, under names ("tags"). Each
 * start makes a file of its own beside the earlier ones; TensorBoard reads them in the order of their names.
 *
 * A file that cannot be written stops nothing: what waits then is dropped, and no part of a record stays in the file;
 * it is told once, as a warning, and what comes later is tried again. Events that are NULL (every rank but 0) take all
 * calls and do nothing. Local. */
#ifndef LOCKSTEP_OUTPUT_EVENTS_H
#define LOCKSTEP_OUTPUT_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "output/histogram.h"

typedef struct Events Events;

/* Makes the file in the directory. What earlier files there tell of `step` and later ones is done again now, and
 * TensorBoard drops it. Takes the memory that is needed later, but for images. STATUS_CANT_CREATE, STATUS_INTERNAL: out
 * of memory. */
MUST_CHECK Status events_open(const char *directory, uint64_t step, Events **events);
void events_close(Events *events);

/* A point of a curve, which TensorBoard has in single precision. */
typedef struct {
    const char *tag;
    double value;
} EventScalar;

/* scalar (count) of one step. */
void events_scalars(Events *events, uint64_t step, size_t count, const EventScalar *scalar);

/* A text in Markdown. */
void events_text(Events *events, uint64_t step, const char *tag, const char *text);

/* A setting of the run: a number, or, where it is not empty, a text. */
enum { EVENTS_HPARAM_TEXT = 1024 };
typedef struct {
    const char *name;
    double number;
    char text[EVENTS_HPARAM_TEXT];
} EventHparam;

/* What TensorBoard's dashboard HParams compares runs by, beside the last point of each curve: hparam (count). */
void events_hparams(Events *events, uint64_t step, size_t count, const EventHparam *hparam);

/* How values are distributed. */
void events_histogram(Events *events, uint64_t step, const char *tag, const Histogram *histogram);

/* A grey image; pixel (height, width). */
void events_image(Events *events, uint64_t step, const char *tag, size_t height, size_t width, const uint8_t *pixel);

/* Hands what waits to the operating system, as happens anyway when it is 64 kB. */
void events_flush(Events *events);

#endif
