#include "data/fit.h"

enum { FULL = 255, HALF = 128 };

typedef struct {
    const uint8_t *ink; /* (height, width); borrowed */
    size_t height, width;
} Sheet;

/* Rows [top, bottom) and columns [left, right). */
typedef struct {
    size_t top, bottom, left, right;
} Box;

/* Which square of the sheet pixel (0, 0) of the image covers; its neighbours' lie beside it. */
typedef struct {
    double top, left, side;
} Frame;

static double least(double a, double b)
{
    return a < b ? a : b;
}

static double most(double a, double b)
{
    return a > b ? a : b;
}

static bool find_box(const Sheet *sheet, Box *box)
{
    *box = (Box){.top = sheet->height, .left = sheet->width};
    for (size_t y = 0; y < sheet->height; y++)
        for (size_t x = 0; x < sheet->width; x++) {
            if (sheet->ink[y * sheet->width + x] < HALF) continue;
            if (y < box->top) box->top = y;
            if (x < box->left) box->left = x;
            if (x + 1 > box->right) box->right = x + 1;
            box->bottom = y + 1;
        }
    return box->bottom > 0;
}

/* MNIST's 20 of 28, rounded; of 1 it is 1. */
static double box_side(size_t side)
{
    return (double)((side * 20 + 14) / 28);
}

/* The box in the middle of the image, as large as it may be. */
static Frame place(const Box *box, size_t rows, size_t columns)
{
    const double height = (double)(box->bottom - box->top), width = (double)(box->right - box->left);
    const double side = most(height / box_side(rows), width / box_side(columns));
    return (Frame){.top = (double)box->top + (height - side * (double)rows) / 2,
                   .left = (double)box->left + (width - side * (double)columns) / 2,
                   .side = side};
}

/* The whole pixels that [start, end) touches in [0, limit). */
static void touched(double start, double end, size_t limit, size_t *first, size_t *last)
{
    *first = start <= 0 ? 0 : start >= (double)limit ? limit : (size_t)start;
    *last = end <= 0 ? 0 : end >= (double)limit ? limit : (size_t)end + 1;
    if (*last > limit) *last = limit;
}

/* How much of [i, i + 1) lies in [start, end). */
static double overlap(size_t i, double start, double end)
{
    return most(least((double)i + 1, end) - most((double)i, start), 0);
}

/* Beyond the sheet there is no ink. */
static double mean_ink(const Sheet *sheet, double top, double left, double side)
{
    size_t first_row, last_row, first_column, last_column;
    double sum = 0;
    touched(top, top + side, sheet->height, &first_row, &last_row);
    touched(left, left + side, sheet->width, &first_column, &last_column);
    for (size_t y = first_row; y < last_row; y++) {
        double row = 0;
        for (size_t x = first_column; x < last_column; x++)
            row += overlap(x, left, left + side) * sheet->ink[y * sheet->width + x];
        sum += overlap(y, top, top + side) * row;
    }
    return sum / (side * side);
}

/* The pixels are gain times the mean ink. Returns the largest mean. */
static double render(const Sheet *sheet, const Frame *frame, double gain, size_t rows, size_t columns, uint8_t *image)
{
    double largest = 0;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            const double mean = mean_ink(sheet, frame->top + frame->side * (double)i,
                                         frame->left + frame->side * (double)j, frame->side);
            image[i * columns + j] = (uint8_t)least(gain * mean + 0.5, FULL);
            largest = most(largest, mean);
        }
    return largest;
}

/* How far off the middle the centre of mass lies, in pixels down and to the right. */
static void find_offset(const uint8_t *image, size_t rows, size_t columns, double *down, double *right)
{
    uint64_t mass = 0, moment_down = 0, moment_right = 0;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            const uint64_t value = image[i * columns + j];
            mass += value;
            moment_down += value * i;
            moment_right += value * j;
        }
    *down = (double)moment_down / (double)mass - (double)(rows / 2);
    *right = (double)moment_right / (double)mass - (double)(columns / 2);
}

/* The nearest whole number, but no farther from 0 than there is room. */
static double whole_shift(double offset, double room)
{
    const double rounded = offset < 0 ? -(double)(size_t)(0.5 - offset) : (double)(size_t)(0.5 + offset);
    const double limit = (double)(size_t)room;
    return least(most(rounded, -limit), limit);
}

static void centre(const Box *box, size_t rows, size_t columns, const uint8_t *image, Frame *frame)
{
    double down, right;
    find_offset(image, rows, columns, &down, &right);
    const double height = (double)(box->bottom - box->top) / frame->side;
    const double width = (double)(box->right - box->left) / frame->side;
    frame->top += frame->side * whole_shift(down, ((double)rows - height) / 2);
    frame->left += frame->side * whole_shift(right, ((double)columns - width) / 2);
}

bool fit_image(const uint8_t *ink, size_t height, size_t width, size_t rows, size_t columns, uint8_t *image)
{
    const Sheet sheet = {ink, height, width};
    Box box;
    if (!find_box(&sheet, &box)) return false;
    Frame frame = place(&box, rows, columns);
    const double gain = FULL / render(&sheet, &frame, 1, rows, columns, image);
    render(&sheet, &frame, gain, rows, columns, image);
    centre(&box, rows, columns, image, &frame);
    render(&sheet, &frame, gain, rows, columns, image);
    return true;
}
