#include "train/confusion.h"

#include <string.h>

#include "base/memory.h"

size_t confusion_words(size_t classes)
{
    return classes <= CONFUSION_MATRIX_CLASSES ? classes * classes : 3 * classes;
}

Status confusion_init(Confusion *confusion, size_t classes)
{
    *confusion = (Confusion){
        .classes = classes, .words = confusion_words(classes), .is_matrix = classes <= CONFUSION_MATRIX_CLASSES};
    return memory_new(&confusion->word, confusion->words, "the confusion matrix");
}

void confusion_free(Confusion *confusion)
{
    memory_free(confusion->word);
    *confusion = (Confusion){0};
}

void confusion_clear(Confusion *confusion)
{
    memset(confusion->word, 0, confusion->words * sizeof *confusion->word);
}

void confusion_add(Confusion *confusion, uint32_t label, uint32_t prediction)
{
    const size_t classes = confusion->classes;
    if (confusion->is_matrix) {
        confusion->word[label * classes + prediction]++;
        return;
    }
    confusion->word[label]++;
    confusion->word[classes + label] += label == prediction;
    confusion->word[2 * classes + prediction]++;
}

ConfusionClass confusion_class(const Confusion *confusion, size_t c)
{
    const size_t classes = confusion->classes;
    const uint64_t *word = confusion->word;
    if (!confusion->is_matrix) return (ConfusionClass){word[c], word[classes + c], word[2 * classes + c]};
    ConfusionClass sums = {.right = word[c * classes + c]};
    for (size_t j = 0; j < classes; j++) {
        sums.samples += word[c * classes + j];
        sums.taken += word[j * classes + c];
    }
    return sums;
}

uint64_t confusion_correct(const Confusion *confusion)
{
    const size_t classes = confusion->classes;
    uint64_t correct = 0;
    for (size_t c = 0; c < classes; c++) correct += confusion->word[(confusion->is_matrix ? c : 1) * classes + c];
    return correct;
}
