/* The drawn digits. */
#include <stdlib.h>

#include "base/digest.h"
#include "data/strokes.h"
#include "data/synth.h"
#include "unit.h"

enum { PIXELS = SYNTH_SIDE * SYNTH_SIDE, SAMPLES = 1000 };

/* Guards every machine, compiler and level of optimisation: whoever changes a shape or a random draw changes
 * everybody's dataset, and must say so. Also xxhsum -H2 of label and pixels of these samples one after the other. A
 * rounding that differs in a double's last bit seldom reaches a byte, so this cannot tell whether contraction is off.
 */
static void samples_have_the_same_bytes_everywhere(void)
{
    static const char *const golden = "392858736b279e25b047eb49d1a4d249";
    DigestState *state;
    CU_ASSERT_EQUAL_FATAL(digest_open(&state), STATUS_OK);
    digest_begin(state);
    for (uint32_t part = 0; part < 2; part++)
        for (uint32_t i = 0; i < SAMPLES; i++) {
            uint8_t sample[1 + PIXELS];
            sample[0] = synth_draw(1, part, i, sample + 1);
            digest_add(state, sample, sizeof sample);
        }
    char hex[DIGEST_HEX_SIZE];
    digest_hex(digest_end(state), hex);
    digest_close(state);
    CU_ASSERT_STRING_EQUAL(hex, golden);
    if (strcmp(hex, golden)) printf("\n    digest %s\n", hex);
}

static void every_class_occurs_about_equally(void)
{
    enum { DRAWN = 10000 };
    int seen[SYNTH_CLASSES] = {0};
    uint8_t pixel[PIXELS];
    for (uint32_t i = 0; i < DRAWN; i++) {
        const uint8_t label = synth_draw(5, 0, i, pixel);
        CU_ASSERT_FATAL(label < SYNTH_CLASSES);
        seen[label]++;
    }
    /* Binomial: mean 1000, deviation 30; five deviations each way. */
    for (int i = 0; i < SYNTH_CLASSES; i++) CU_ASSERT(abs(seen[i] - DRAWN / SYNTH_CLASSES) < 150);
}

static void samples_differ_in_every_part_of_their_key(void)
{
    const struct {
        uint64_t seed;
        uint32_t part, index;
    } keys[] = {{2, 0, 3}, {1ull << 32 | 1, 0, 3}, {1, 1, 3}, {1, 0, 4}, {1, 0, 1u << 31 | 3}};
    uint8_t base[PIXELS], other[PIXELS];
    synth_draw(1, 0, 3, base);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        synth_draw(keys[i].seed, keys[i].part, keys[i].index, other);
        CU_ASSERT_NOT_EQUAL(memcmp(base, other, PIXELS), 0);
    }
}

static void no_two_samples_are_equal(void)
{
    static Digest digest[2 * SAMPLES];
    uint8_t pixel[PIXELS];
    for (uint32_t i = 0; i < 2 * SAMPLES; i++) {
        synth_draw(1, i % 2, i / 2, pixel);
        digest[i] = digest_of(pixel, PIXELS);
        for (uint32_t j = 0; j < i; j++)
            if (digest_equal(digest[i], digest[j])) CU_FAIL("a sample occurs twice");
    }
}

static void a_sample_does_not_depend_on_what_was_drawn_before(void)
{
    uint8_t first[PIXELS], again[PIXELS];
    const uint8_t label = synth_draw(1, 1, 77, first);
    memset(again, 255, sizeof again);
    synth_draw(9, 0, 5, again);
    CU_ASSERT_EQUAL(synth_draw(1, 1, 77, again), label);
    CU_ASSERT_EQUAL(memcmp(first, again, PIXELS), 0);
}

static void ink_stays_off_the_border(void)
{
    uint8_t pixel[PIXELS];
    for (uint32_t n = 0; n < SAMPLES; n++) {
        synth_draw(3, 0, n, pixel);
        int ink = 0;
        for (int i = 0; i < SYNTH_SIDE; i++)
            ink += pixel[i] + pixel[PIXELS - 1 - i] + pixel[i * SYNTH_SIDE] + pixel[i * SYNTH_SIDE + SYNTH_SIDE - 1];
        CU_ASSERT_EQUAL(ink, 0);
    }
}

/* As in MNIST, whose background is 81 % of the pixels. */
static void every_sample_has_ink_and_most_pixels_are_background(void)
{
    uint8_t pixel[PIXELS];
    int background = 0;
    for (uint32_t n = 0; n < SAMPLES; n++) {
        synth_draw(4, 0, n, pixel);
        int zeros = 0, darkest = 0;
        for (int i = 0; i < PIXELS; i++) {
            zeros += pixel[i] == 0;
            darkest = pixel[i] > darkest ? pixel[i] : darkest;
        }
        /* The thinnest pen, 0.49 pixels in radius with the least pressure, leaves a pixel's middle at most 0.71 away,
         * and covers (0.49 - 0.71) / 1.3 + 0.5 of it, a third; the palest ink has 0.8 of 255. */
        CU_ASSERT(darkest > 255 * 0.8 / 4);
        CU_ASSERT(PIXELS - zeros >= 25); /* a line of 17 pixels, less its ends, two wide */
        background += zeros;
    }
    CU_ASSERT(background > 0.75 * SAMPLES * PIXELS && background < 0.85 * SAMPLES * PIXELS);
}

static void every_table_of_strokes_is_drawable(void)
{
    for (unsigned digit = 0; digit < SYNTH_CLASSES; digit++) {
        int count;
        const Style *style = strokes_of(digit, &count);
        CU_ASSERT(count >= 3);
        for (int i = 0; i < count; i++) {
            CU_ASSERT(style[i].weight > 0);
            CU_ASSERT(style[i].stroke[0].count > 0);
            for (int k = 0; k < STROKES_PER_STYLE; k++) {
                const Stroke *stroke = &style[i].stroke[k];
                CU_ASSERT(stroke->count != 1 && stroke->count <= STROKES_MAX_POINTS);
                for (int p = 0; p < stroke->count; p++) CU_ASSERT(stroke->point[p].y >= 0 && stroke->point[p].y <= 100);
            }
        }
    }
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(samples_have_the_same_bytes_everywhere),
        UNIT(every_class_occurs_about_equally),
        UNIT(samples_differ_in_every_part_of_their_key),
        UNIT(no_two_samples_are_equal),
        UNIT(a_sample_does_not_depend_on_what_was_drawn_before),
        UNIT(ink_stays_off_the_border),
        UNIT(every_sample_has_ink_and_most_pixels_are_background),
        UNIT(every_table_of_strokes_is_drawable),
    };
    return UNIT_RUN("synth", tests);
}
