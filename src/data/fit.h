/* Brings the ink of a picture into the form of a dataset's images, as MNIST's makers brought NIST's digits into theirs
 * (LeCun, Cortes, Burges: "The MNIST database"): scaled to fit a box of 20x20 in an image of 28x28, its proportions
 * kept, with grey levels by anti-aliasing, then moved so that its centre of mass is the image's centre. That is the
 * middle of pixel (14, 14), counted from 0: in MNIST's test set the centres of mass lie within half a pixel of it, all
 * of them. Images of another size, (rows, columns), have a box of 20/28 of each side and the centre (rows / 2, columns
 * / 2), without remainder. Pure: no files, no allocation; the same on every machine. */
#ifndef LOCKSTEP_DATA_FIT_H
#define LOCKSTEP_DATA_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ink    (height, width) row-major, as ink_find makes it
 * image  (rows, columns) row-major, out: 0 background to 255 ink
 *
 * What is to fit is the rectangle around the pixels that are at least half ink. A pixel of the image is the mean of the
 * square of the picture that it covers. It is moved by whole pixels, as far as the rectangle stays in the image. Were
 * its largest value less than 255, as of a pen much thinner than MNIST's, all are scaled until it is 255. Returns
 * whether there is such a pixel; if not, image is not written. */
bool fit_image(const uint8_t *ink, size_t height, size_t width, size_t rows, size_t columns, uint8_t *image);

#endif
