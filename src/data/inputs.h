/* Samples on their way into the network: scaled, and in rows, as lists of what is not zero, or in rows of bf16. */
#ifndef LOCKSTEP_DATA_INPUTS_H
#define LOCKSTEP_DATA_INPUTS_H

#include "data/dataset.h"
#include "data/scaling.h"
#include "kernels/kernels.h"

typedef enum { INPUTS_ROWS, INPUTS_LISTS, INPUTS_BF16 } InputsKind;

enum { INPUTS_MOST_KINDS = 2 };

/* The kinds that a first layer can read, and how many they are: one if it is bf16. */
size_t inputs_kinds(bool bf16, InputsKind kind[INPUTS_MOST_KINDS]);

typedef struct {
    BatchInput input;  /* what the network reads; views into memory */
    Nonzeros nonzeros; /* of lists; else zeroed */
    Bf16 *rounded;     /* of bf16: (capacity, features), view into memory; else NULL */
    float *x;          /* (capacity, features), view into memory; with lists (NONZEROS_TILE, features), with bf16
                          (1, features), into scratch */
    size_t width;      /* of images */
    size_t waiting;    /* samples that are not in the lists yet, and */
    const uint8_t *row[NONZEROS_TILE]; /* where they are, if they are uint8; borrowed */
    void *memory;                      /* owned, NULL if the caller's */
    char *scratch;                     /* owned, NULL if it is not needed */
} Inputs;

/* The bytes for up to capacity samples, and of what else who packs them needs. */
size_t inputs_bytes(size_t features, size_t capacity, InputsKind kind);
size_t inputs_scratch_bytes(size_t features, size_t capacity, InputsKind kind);

/* width: of images (kernels/patches.h)   memory: zeroed bytes, aligned to a cache line, that outlive the inputs; or
 * NULL, and they are allocated   packs: samples are added here, else by another process. Local. */
MUST_CHECK Status inputs_init(Inputs *inputs, size_t features, size_t width, size_t capacity, InputsKind kind,
                              bool packs, void *memory);
void inputs_free(Inputs *inputs); /* accepts a zeroed struct */

/* No samples; the next sample, its pixels to stay where they are until the end; all samples are added. */
void inputs_clear(Inputs *inputs);
void inputs_add(Inputs *inputs, const Scaling *scaling, const Kernels *kernels, const Samples *samples, size_t sample);
void inputs_end(Inputs *inputs, const Scaling *scaling, const Kernels *kernels);

/* Adds to count[0] the scaled elements that are not zero, of count[1] of some of the samples. Local. */
MUST_CHECK Status inputs_count(const Scaling *scaling, const Kernels *kernels, const Samples *samples,
                               uint64_t count[2]);

/* The kind for samples of which count[0] of count[1] elements are not zero: bf16 if the first layer is, else whichever
 * is faster. LOCKSTEP_ZEROS=skip or multiply decides otherwise between these two; the results are the same in every
 * bit, as long as they are finite. STATUS_USAGE: it is neither. */
MUST_CHECK Status inputs_choose(const uint64_t count[2], bool bf16, InputsKind *kind);

#endif
