/* The picture of the worst mistakes. */
#include "train/mistakes.h"

#include "unit.h"

enum { SIDE = 3, PIXELS = SIDE * SIDE, ROWS = 100 };

/* Sample i is wrong if i is odd, with confidence as of (i * 7) % 10 tenths. */
static void predict(Prediction prediction[ROWS])
{
    for (uint32_t i = 0; i < ROWS; i++) prediction[i] = (Prediction){i, 1, 1 + i % 2, (float)(i * 7 % 10) / 10.0f};
}

static void the_surest_mistakes_come_first(void)
{
    static const uint64_t extent[] = {SIDE, SIDE};
    Prediction prediction[ROWS];
    Mistakes m;
    CU_ASSERT_EQUAL_FATAL(mistakes_init(&m, 2, extent), STATUS_OK);
    predict(prediction);
    mistakes_choose(&m, ROWS, prediction);
    CU_ASSERT_EQUAL(m.count, ROWS / 2);
    for (size_t i = 0; i < m.count; i++) CU_ASSERT_EQUAL(m.worst[i].index % 2, 1);
    for (size_t i = 1; i < m.count; i++) {
        const Prediction *a = &m.worst[i - 1], *b = &m.worst[i];
        CU_ASSERT(a->confidence > b->confidence || (a->confidence == b->confidence && a->index < b->index));
    }
    mistakes_free(&m);
}

static void of_many_mistakes_the_surest_are_kept(void)
{
    static const uint64_t extent[] = {SIDE, SIDE};
    Prediction prediction[ROWS];
    Mistakes m;
    CU_ASSERT_EQUAL_FATAL(mistakes_init(&m, 2, extent), STATUS_OK);
    for (uint32_t i = 0; i < ROWS; i++) prediction[i] = (Prediction){i, 0, 1, (float)i};
    mistakes_choose(&m, ROWS, prediction);
    CU_ASSERT_EQUAL(m.count, MISTAKES_MOST);
    CU_ASSERT_EQUAL(m.worst[0].index, ROWS - 1);
    CU_ASSERT_EQUAL(m.worst[MISTAKES_MOST - 1].index, ROWS - MISTAKES_MOST);
    mistakes_free(&m);
}

/* Ranks with the rows up to 41, and from 41 on: together they have all images. */
static void ranks_fill_the_cells_together(void)
{
    static const uint64_t extent[] = {1, SIDE, SIDE};
    static uint8_t pixels[ROWS * PIXELS];
    uint32_t row[ROWS];
    Prediction prediction[ROWS];
    Mistakes part, m;
    for (uint32_t i = 0; i < ROWS; i++) row[i] = i;
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * 5);
    predict(prediction);
    CU_ASSERT_EQUAL_FATAL(mistakes_init(&m, 3, extent), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(mistakes_init(&part, 3, extent), STATUS_OK);
    mistakes_choose(&m, ROWS, prediction);
    mistakes_choose(&part, ROWS, prediction);
    mistakes_fill(&m, &(Samples){.count = 41, .features = PIXELS, .pixels = pixels, .row = row});
    mistakes_fill(&part, &(Samples){.count = 59, .features = PIXELS, .pixels = pixels + 41 * PIXELS, .row = row + 41});
    for (size_t i = 0; i < m.words; i++) m.cell[i] += part.cell[i];
    mistakes_draw(&m);
    CU_ASSERT_EQUAL(m.picture_width, 8 * (SIDE + 1) + 1);
    CU_ASSERT_EQUAL(m.picture_height, (ROWS / 2 + 7) / 8 * (SIDE + 1) + 1);
    for (size_t i = 0; i < m.count; i++)
        for (size_t y = 0; y < SIDE; y++)
            CU_ASSERT_EQUAL(memcmp(m.picture + (i / 8 * (SIDE + 1) + 1 + y) * m.picture_width + i % 8 * (SIDE + 1) + 1,
                                   pixels + m.worst[i].index * PIXELS + y * SIDE, SIDE),
                            0);
    CU_ASSERT_EQUAL(m.picture[0], m.picture[m.picture_height * m.picture_width - 1]); /* the lines around them */
    mistakes_free(&m);
    mistakes_free(&part);
}

static void floats_are_spread_over_all_greys(void)
{
    static const uint64_t square[] = {2, 2};
    float pixels[8] = {-3e38f, 3e38f, 0.0f, -3e38f, 0.5f, 0.5f, 0.5f, 0.5f};
    uint32_t row[2] = {0, 1};
    const Prediction prediction[2] = {{0, 0, 1, 0.9f}, {1, 0, 1, 0.8f}};
    static const uint8_t expected[8] = {0, 255, 128, 0, 0, 0, 0, 0};
    Mistakes m;
    CU_ASSERT_EQUAL_FATAL(mistakes_init(&m, 2, square), STATUS_OK);
    mistakes_choose(&m, 2, prediction);
    mistakes_fill(&m, &(Samples){.count = 2, .features = 4, .kind = ELEMENT_FLOAT32, .pixels = pixels, .row = row});
    CU_ASSERT_EQUAL(memcmp(m.cell, expected, sizeof expected), 0);
    mistakes_free(&m);
}

static void what_is_no_small_grey_image_has_no_picture(void)
{
    static const uint64_t colour[] = {8, 8, 3}, large[] = {8, MISTAKES_MOST_SIDE + 1}, most[] = {8, MISTAKES_MOST_SIDE};
    CU_ASSERT_EQUAL(mistakes_bytes(3, colour), 0);
    CU_ASSERT_EQUAL(mistakes_bytes(2, large), 0);
    CU_ASSERT_EQUAL(mistakes_bytes(1, most), 0);
    CU_ASSERT(mistakes_bytes(2, most) > MISTAKES_MOST * 8 * MISTAKES_MOST_SIDE);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(the_surest_mistakes_come_first),
        UNIT(of_many_mistakes_the_surest_are_kept),
        UNIT(ranks_fill_the_cells_together),
        UNIT(floats_are_spread_over_all_greys),
        UNIT(what_is_no_small_grey_image_has_no_picture),
    };
    return UNIT_RUN("mistakes", tests);
}
