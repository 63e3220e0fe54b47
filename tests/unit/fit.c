/* src/data/ink, src/data/fit: however large a digit was drawn, where on the paper, with what pen, it becomes the same
 * image, of MNIST's form. */
#include "data/fit.h"

#include "data/ink.h"
#include "unit.h"

enum { MOST = 700, SIDE = 28, PIXELS = SIDE * SIDE };

/* How a digit is drawn: a 7 with a bar across, on paper of width x height pixels, its own height being `size`. */
typedef struct {
    size_t width, height;
    double left, top, size, pen; /* pen: its radius, in sizes */
    int paper, ink;              /* levels */
} Drawing;

static const Drawing usual = {200, 300, 50, 60, 160, 0.06, 60000, 9000};

static uint16_t level[MOST * MOST];
static uint8_t ink[MOST * MOST];

static double square(double x)
{
    return x * x;
}

/* The squared distance of a point from the nearest stroke of a 7 that is 1 high. */
static double distance_from_seven(double x, double y)
{
    static const double stroke[][4] = {{0, 0, 0.6, 0}, {0.6, 0, 0.2, 1}, {0.15, 0.5, 0.6, 0.5}};
    double nearest = 1e9;
    for (int i = 0; i < 3; i++) {
        const double *s = stroke[i], dx = s[2] - s[0], dy = s[3] - s[1];
        double t = ((x - s[0]) * dx + (y - s[1]) * dy) / (dx * dx + dy * dy);
        t = t < 0 ? 0 : t > 1 ? 1 : t;
        const double d = square(x - s[0] - t * dx) + square(y - s[1] - t * dy);
        nearest = d < nearest ? d : nearest;
    }
    return nearest;
}

/* Edges are smooth by 4x4 samples a pixel. */
static Picture draw(const Drawing *drawing)
{
    enum { FINE = 4 };
    for (size_t y = 0; y < drawing->height; y++)
        for (size_t x = 0; x < drawing->width; x++) {
            int covered = 0;
            for (int k = 0; k < FINE * FINE; k++) {
                const double px = (double)x + (k % FINE + 0.5) / FINE - drawing->left;
                const double py = (double)y + ((double)(k / FINE) + 0.5) / FINE - drawing->top;
                covered += distance_from_seven(px / drawing->size, py / drawing->size) < square(drawing->pen);
            }
            level[y * drawing->width + x] =
                (uint16_t)(drawing->paper + (drawing->ink - drawing->paper) * covered / (FINE * FINE));
        }
    return (Picture){drawing->width, drawing->height, level};
}

/* Bell-shaped (twelve uniform numbers added, whose deviation is the width of one), so many levels wide. */
static void add_noise(const Picture *picture, int width)
{
    uint32_t state = 7;
    for (size_t i = 0; i < picture->width * picture->height; i++) {
        int noise = 0;
        for (int k = 0; k < 12; k++) {
            state = state * 1664525 + 1013904223;
            noise += (int)(state >> 16) - 32768;
        }
        const int value = level[i] + (int)((int64_t)noise * width / 65536);
        level[i] = (uint16_t)(value < 0 ? 0 : value > 65535 ? 65535 : value);
    }
}

/* As of coarse paper: 4x4 pixels have the level of the first of them. */
static void coarsen(const Picture *picture)
{
    for (size_t y = 0; y < picture->height; y++)
        for (size_t x = 0; x < picture->width; x++)
            level[y * picture->width + x] = level[(y - y % 4) * picture->width + x - x % 4];
}

/* Every 97th pixel is black or white. */
static void add_dust(const Picture *picture)
{
    for (size_t i = 0; i < picture->width * picture->height; i += 97) level[i] = i % 2 ? 0 : 65535;
}

static void fit(const Picture *picture, uint8_t *image)
{
    CU_ASSERT_FATAL(ink_find(picture, ink));
    CU_ASSERT_FATAL(fit_image(ink, picture->height, picture->width, SIDE, SIDE, image));
}

static void fit_usual(uint8_t *image)
{
    const Picture picture = draw(&usual);
    fit(&picture, image);
}

/* The box of a digit `size` pixels high is known to a pixel at either end. So a pixel of the image, size/20 pixels
 * wide, may begin 20/size of its own width elsewhere, at either side, of which an edge makes as much of 255; the mean
 * is less, as few pixels are edges. */
static void check_like(const uint8_t *image, const uint8_t *other, double size)
{
    int largest = 0, sum = 0;
    for (int i = 0; i < PIXELS; i++) {
        const int difference = abs(image[i] - other[i]);
        largest = difference > largest ? difference : largest;
        sum += difference;
    }
    const double bound = 2 * 20 / size * 255;
    CU_ASSERT(largest <= bound);
    CU_ASSERT(sum <= bound / 4 * PIXELS);
    if (largest > bound) printf("\n    largest difference %d, mean %.2f\n", largest, (double)sum / PIXELS);
}

static void check_drawn_like_usual(const Drawing *drawing)
{
    uint8_t expected[PIXELS], image[PIXELS];
    fit_usual(expected);
    const Picture picture = draw(drawing);
    fit(&picture, image);
    check_like(image, expected, drawing->size < usual.size ? drawing->size : usual.size);
}

static void size_and_place_do_not_count(void)
{
    static const double sizes[] = {80, 110.5, 160, 333, 600};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        Drawing drawing = usual;
        drawing.width = drawing.height = MOST;
        drawing.size = sizes[i];
        drawing.left = drawing.top = 40;
        check_drawn_like_usual(&drawing);
        drawing.left = 600 - 0.6 * sizes[i] + 0.3;
        drawing.top = 641 - sizes[i];
        check_drawn_like_usual(&drawing);
    }
}

static void the_levels_of_pen_and_paper_do_not_count(void)
{
    static const int levels[][2] = {{0, 65535}, {65535, 0}, {10000, 20000}, {40000, 30000}, {30000, 34500}};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        Drawing drawing = usual;
        drawing.paper = levels[i][0];
        drawing.ink = levels[i][1];
        check_drawn_like_usual(&drawing);
    }
}

/* A deviation of a sixteenth of the ink; dust on a hundredth of the paper, up to its corners. */
static void noise_and_dust_do_not_count(void)
{
    uint8_t expected[PIXELS], image[PIXELS];
    fit_usual(expected);
    Picture picture = draw(&usual);
    add_noise(&picture, (usual.paper - usual.ink) / 16);
    fit(&picture, image);
    check_like(image, expected, usual.size);
    picture = draw(&usual);
    add_dust(&picture);
    fit(&picture, image);
    check_like(image, expected, usual.size);
}

static void paper_without_ink_is_told(void)
{
    Drawing drawing = usual;
    drawing.width = drawing.height = MOST;
    drawing.ink = drawing.paper;
    Picture picture = draw(&drawing);
    CU_ASSERT_FALSE(ink_find(&picture, ink));
    for (int width = 10; width < 20000; width *= 3) {
        picture = draw(&drawing);
        add_noise(&picture, width);
        CU_ASSERT_FALSE(ink_find(&picture, ink));
        coarsen(&picture);
        CU_ASSERT_FALSE(ink_find(&picture, ink));
    }
    picture = draw(&drawing);
    add_dust(&picture);
    CU_ASSERT_FALSE(ink_find(&picture, ink));
    memset(ink, 127, sizeof ink);
    uint8_t image[PIXELS];
    CU_ASSERT_FALSE(fit_image(ink, 20, 20, SIDE, SIDE, image));
    const Picture pixel = {1, 1, level};
    CU_ASSERT_FALSE(ink_find(&pixel, ink));
}

/* Where it lies, as rows and columns [first, last] that hold at least half ink. */
static void extent_of(const uint8_t *image, int rows, int columns, int extent[4])
{
    extent[0] = extent[2] = 1000;
    extent[1] = extent[3] = -1;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            if (image[i * columns + j] < 128) continue;
            extent[0] = i < extent[0] ? i : extent[0];
            extent[1] = i > extent[1] ? i : extent[1];
            extent[2] = j < extent[2] ? j : extent[2];
            extent[3] = j > extent[3] ? j : extent[3];
        }
}

/* Ink on rows [top, bottom) and columns [left, right) of the sheet of 100x100. */
static void fill(size_t top, size_t bottom, size_t left, size_t right)
{
    for (size_t y = top; y < bottom; y++)
        for (size_t x = left; x < right; x++) ink[y * 100 + x] = 255;
}

static void check_extent(int rows, int columns, int top, int bottom, int left, int right)
{
    uint8_t image[56 * 56];
    int extent[4];
    CU_ASSERT_FATAL(fit_image(ink, 100, 100, (size_t)rows, (size_t)columns, image));
    extent_of(image, rows, columns, extent);
    CU_ASSERT(extent[0] == top && extent[1] == bottom && extent[2] == left && extent[3] == right);
    if (extent[0] != top || extent[1] != bottom || extent[2] != left || extent[3] != right)
        printf("\n    rows %d to %d, columns %d to %d\n", extent[0], extent[1], extent[2], extent[3]);
}

/* The centre of mass of an even number of pixels lies between two: half a pixel past the middle one. */
static void the_box_is_20_of_28_and_proportions_are_kept(void)
{
    memset(ink, 0, sizeof ink);
    fill(10, 50, 70, 90);
    check_extent(28, 28, 5, 24, 10, 19);
    check_extent(56, 28, 9, 48, 5, 24);
    check_extent(28, 56, 5, 24, 24, 33);
    check_extent(1, 1, 0, 0, 0, 0);
    memset(ink, 0, sizeof ink);
    fill(99, 100, 0, 100);
    uint8_t image[PIXELS];
    CU_ASSERT(fit_image(ink, 100, 100, SIDE, SIDE, image));
    for (int j = 5; j < 25; j++) CU_ASSERT_EQUAL(image[14 * SIDE + j] + image[15 * SIDE + j], 2 * 255);
}

/* An L: its centre of mass lies 4.6 pixels below the middle and to the left, but there is room for 4. */
static void ink_is_never_moved_out_of_the_image(void)
{
    memset(ink, 0, sizeof ink);
    fill(0, 100, 0, 6);
    fill(94, 100, 0, 100);
    check_extent(28, 28, 0, 19, 8, 27);
}

static void the_centre_of_mass_is_the_middle(void)
{
    uint8_t image[PIXELS];
    double mass = 0, down = 0, right = 0;
    fit_usual(image);
    for (int i = 0; i < PIXELS; i++) {
        mass += image[i];
        down += image[i] * ((double)(i / SIDE) - 14);
        right += image[i] * (i % SIDE - 14);
    }
    CU_ASSERT(down / mass <= 0.5 && down / mass >= -0.5);
    CU_ASSERT(right / mass <= 0.5 && right / mass >= -0.5);
}

/* A pen as wide as a fortieth of a pixel of the image. */
static void a_thin_pen_is_drawn_as_dark(void)
{
    Drawing drawing = usual;
    drawing.width = drawing.height = MOST;
    drawing.size = 600;
    drawing.pen = 0.7 / 600;
    uint8_t image[PIXELS];
    const Picture picture = draw(&drawing);
    fit(&picture, image);
    int largest = 0, inked = 0;
    for (int i = 0; i < PIXELS; i++) {
        largest = image[i] > largest ? image[i] : largest;
        inked += image[i] > 100;
    }
    CU_ASSERT_EQUAL(largest, 255);
    CU_ASSERT(inked >= 20); /* its long stroke is 20 rows high */
}

/* An image of MNIST's form, given as a picture, comes back in it: its box is 20 pixels high, known to one. */
static void a_fitted_image_is_fitted_again_to_itself(void)
{
    uint8_t image[PIXELS], again[PIXELS];
    uint16_t levels[PIXELS];
    fit_usual(image);
    for (int i = 0; i < PIXELS; i++) levels[i] = (uint16_t)(257 * image[i]);
    const Picture picture = {SIDE, SIDE, levels};
    fit(&picture, again);
    int sum = 0;
    for (int i = 0; i < PIXELS; i++) sum += abs(image[i] - again[i]);
    CU_ASSERT(sum <= 255 / 20 * PIXELS);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(size_and_place_do_not_count),
        UNIT(the_levels_of_pen_and_paper_do_not_count),
        UNIT(noise_and_dust_do_not_count),
        UNIT(paper_without_ink_is_told),
        UNIT(the_box_is_20_of_28_and_proportions_are_kept),
        UNIT(ink_is_never_moved_out_of_the_image),
        UNIT(the_centre_of_mass_is_the_middle),
        UNIT(a_thin_pen_is_drawn_as_dark),
        UNIT(a_fitted_image_is_fitted_again_to_itself),
    };
    return UNIT_RUN("fit", tests);
}
