#include "train/progress.h"

#include "unit.h"

static const ProgressFigures middle = {
    .epoch = 3,
    .epochs = 10,
    .step = 2345,
    .steps = 10000,
    .in_epoch = 345,
    .epoch_steps = 1000,
    .loss = 0.12345,
    .speed = 412345.4,
    .left = 83.2,
    .save = 12.0,
};

static void the_line_is_as_wide_as_the_terminal_allows(void)
{
    char line[256];
    for (size_t columns = 0; columns < 300; columns++) {
        memset(line, '#', sizeof line);
        progress_line(&middle, columns, line, sizeof line);
        CU_ASSERT(memchr(line, '\0', sizeof line) != NULL);
        CU_ASSERT(strlen(line) <= columns);
        CU_ASSERT(strspn(line, "epoch 3/10") == strlen(line) || strncmp(line, "epoch 3/10 ", 11) == 0);
    }
}

static void the_least_important_goes_first(void)
{
    static const struct {
        size_t columns;
        const char *line;
    } cases[] = {
        {7, "epoch 3"},
        {20, "epoch 3/10"},
        {22, "epoch 3/10 loss 0.1235"},
        {33, "epoch 3/10 loss 0.1235 1:24 left"},
        {50, "epoch 3/10 step  2345/10000 loss 0.1235 1:24 left"},
        {72, "epoch 3/10 step  2345/10000 loss 0.1235 412345 samples/s 1:24 left"},
        {79, "epoch 3/10 [===.......] step  2345/10000 loss 0.1235 412345 samples/s 1:24 left"},
        {90, "epoch 3/10 [==......] step  2345/10000 loss 0.1235 412345 samples/s 1:24 left save in 0:12"},
        {200,
         "epoch 3/10 [=============.........................] step  2345/10000 loss 0.1235 412345 samples/s "
         "1:24 left save in 0:12"},
    };
    char line[256];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        progress_line(&middle, cases[i].columns, line, sizeof line);
        CU_ASSERT_STRING_EQUAL(line, cases[i].line);
    }
}

static void the_bar_is_full_at_the_end_alone(void)
{
    char line[256];
    ProgressFigures figures = middle;
    for (figures.in_epoch = 1; figures.in_epoch <= figures.epoch_steps; figures.in_epoch++) {
        progress_line(&figures, 120, line, sizeof line);
        CU_ASSERT((strchr(line, '.') < strchr(line, ']')) == (figures.in_epoch < figures.epoch_steps));
    }
}

static void times_read_as_people_say_them(void)
{
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {
        {0.0, "0:00"},  {-1.0, "0:00"},      {0.1, "0:01"},         {59.0, "0:59"},
        {60.0, "1:00"}, {3599.5, "1:00:00"}, {90061.0, "25:01:01"}, {1e300, "1000000:00:00"},
    };
    char text[PROGRESS_TIME_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        progress_time(cases[i].seconds, text);
        CU_ASSERT_STRING_EQUAL(text, cases[i].text);
    }
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(the_line_is_as_wide_as_the_terminal_allows),
        UNIT(the_least_important_goes_first),
        UNIT(the_bar_is_full_at_the_end_alone),
        UNIT(times_read_as_people_say_them),
    };
    return UNIT_RUN("progress", tests);
}
