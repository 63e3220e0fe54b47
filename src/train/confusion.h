/* How an evaluation's predictions fell out, class by class: words that are counted up, and added over the ranks. Up to
 * CONFUSION_MATRIX_CLASSES classes the whole matrix; with more of them, of each class only how many samples it has, how
 * many of these were right, and how often it was predicted. */
#ifndef LOCKSTEP_TRAIN_CONFUSION_H
#define LOCKSTEP_TRAIN_CONFUSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum {
    CONFUSION_MATRIX_CLASSES = 1000,
    CONFUSION_RECORDED_CLASSES = 100 /* up to so many the record of an end has the matrix too */
};

typedef struct {
    size_t classes, words;
    bool is_matrix;
    uint64_t *word; /* (words): (classes, classes) label by prediction, or (3, classes) samples, right, taken; owned */
} Confusion;

/* The words for so many classes. */
size_t confusion_words(size_t classes);

MUST_CHECK Status confusion_init(Confusion *confusion, size_t classes);
void confusion_free(Confusion *confusion); /* accepts a zeroed struct */
void confusion_clear(Confusion *confusion);

/* One sample. */
void confusion_add(Confusion *confusion, uint32_t label, uint32_t prediction);

/* Of a class: its samples, those of them that were predicted as it, all samples that were. */
typedef struct {
    uint64_t samples, right, taken;
} ConfusionClass;

ConfusionClass confusion_class(const Confusion *confusion, size_t c);

/* Right over all classes. */
uint64_t confusion_correct(const Confusion *confusion);

#endif
