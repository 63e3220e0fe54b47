/* The test images that a network is wrong about and most sure of, in one picture: 8 in a row from the worst on, each
 * with a grey line around it. For grey images of at most 128 by 128 pixels; of others there is a list, but no picture.
 * Local. */
#ifndef LOCKSTEP_TRAIN_MISTAKES_H
#define LOCKSTEP_TRAIN_MISTAKES_H

#include "data/dataset.h"
#include "output/predictions.h"

enum { MISTAKES_MOST = 64, MISTAKES_MOST_SIDE = 128 };

typedef struct {
    size_t height, width; /* of one image; 0: there is no picture */
    uint64_t *cell;       /* (words) all images as bytes, one after the other; owned */
    size_t words;
    uint8_t *picture; /* (picture_height, picture_width); owned */
    size_t picture_width;

    size_t count;                    /* of the mistakes that were chosen */
    size_t picture_height;           /* for so many */
    Prediction worst[MISTAKES_MOST]; /* (count) */
} Mistakes;

/* For images of this shape; extents of 1 do not count. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status mistakes_init(Mistakes *mistakes, int dimensions, const uint64_t *extent);
void mistakes_free(Mistakes *mistakes); /* accepts a zeroed struct */
size_t mistakes_bytes(int dimensions, const uint64_t *extent);

/* Takes the worst of prediction (count): predictions_worst. */
void mistakes_choose(Mistakes *mistakes, size_t count, const Prediction *prediction);

/* Fills the cells of those chosen ones that are among the samples, whose rows follow each other; all others become 0.
 * So the sum of cell over ranks that have different samples is all of them. Pixels that are floats are spread from the
 * image's least to its largest. */
void mistakes_fill(Mistakes *mistakes, const Samples *samples);

/* Lays the cells out into picture and picture_height. */
void mistakes_draw(Mistakes *mistakes);

/* text (MISTAKES_TEXT) = the list in Markdown: place in the picture, row, label, prediction, confidence. */
enum { MISTAKES_TEXT = 96 * (MISTAKES_MOST + 2) };
void mistakes_list(const Mistakes *mistakes, char text[MISTAKES_TEXT]);

#endif
