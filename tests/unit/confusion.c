/* src/train/confusion: matrix and counts say the same of each class. */
#include "train/confusion.h"
#include "unit.h"

/* Predictions of 3000 samples: label i mod 7, of which every third is taken for the class after it. */
static void count(Confusion *confusion)
{
    for (uint32_t i = 0; i < 3000; i++) confusion_add(confusion, i % 7, (i % 7 + (i % 3 == 0)) % 8);
}

static void matrix_and_counts_agree(void)
{
    Confusion few, many;
    CU_ASSERT_EQUAL_FATAL(confusion_init(&few, CONFUSION_MATRIX_CLASSES), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(confusion_init(&many, CONFUSION_MATRIX_CLASSES + 1), STATUS_OK);
    CU_ASSERT(few.is_matrix);
    CU_ASSERT_FALSE(many.is_matrix);
    count(&few);
    count(&many);
    uint64_t samples = 0, taken = 0, right = 0;
    for (size_t c = 0; c < few.classes; c++) {
        const ConfusionClass a = confusion_class(&few, c), b = confusion_class(&many, c);
        CU_ASSERT(a.samples == b.samples && a.right == b.right && a.taken == b.taken);
        samples += a.samples, taken += a.taken, right += a.right;
    }
    CU_ASSERT_EQUAL(samples, 3000);
    CU_ASSERT_EQUAL(taken, 3000);
    CU_ASSERT_EQUAL(right, 2000);
    CU_ASSERT_EQUAL(confusion_correct(&few), 2000);
    CU_ASSERT_EQUAL(confusion_correct(&many), 2000);
    CU_ASSERT_EQUAL(confusion_class(&few, 7).taken, 143); /* of label 6: i = 6, 27, 48 ... */
    confusion_clear(&many);
    CU_ASSERT_EQUAL(confusion_correct(&many), 0);
    confusion_free(&few);
    confusion_free(&many);
}

static void many_classes_take_little_memory(void)
{
    CU_ASSERT_EQUAL(confusion_words(10), 100);
    CU_ASSERT(confusion_words(CONFUSION_MATRIX_CLASSES) <= 1000000);
    CU_ASSERT(confusion_words(65536) <= 1000000);
}

int main(void)
{
    static const UnitTest tests[] = {UNIT(matrix_and_counts_agree), UNIT(many_classes_take_little_memory)};
    return UNIT_RUN("confusion", tests);
}
