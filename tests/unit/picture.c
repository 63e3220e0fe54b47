/* src/data/picture: every kind of PNG and PGM that there is gives the levels that its samples mean; what is no picture,
 * or not all of one, is refused with its name. */
#include "data/picture.h"

#include <png.h>

#include "data/ink.h"

#include "scratch.h"
#include "unit.h"

enum { MOST_SIDE = 40, ROW = MOST_SIDE * 8, ROOM = 1 << 17, PALETTE = 256 };

/* A PNG's description, and its rows as they are in the file. */
typedef struct {
    int type, depth, interlace;
    unsigned width, height;
    bool transparent; /* with a tRNS chunk: palette entry i has alpha i / count, grey or colour 0 is transparent */
    uint8_t row[MOST_SIDE][ROW];
} Drawing;

typedef struct {
    uint8_t bytes[ROOM];
    size_t size;
} Bytes;

static uint8_t random_byte(void)
{
    static uint32_t state = 1;
    state = state * 1664525 + 1013904223;
    return (uint8_t)(state >> 24);
}

static void put_bytes(png_structp png, png_bytep data, size_t size)
{
    Bytes *file = png_get_io_ptr(png);
    if (file->size + size > ROOM) exit(2);
    memcpy(file->bytes + file->size, data, size);
    file->size += size;
}

static png_color palette_entry(int i)
{
    return (png_color){(uint8_t)(7 * i), (uint8_t)(255 - i), (uint8_t)(i ^ 0x5a)};
}

static uint8_t palette_alpha(int i)
{
    return (uint8_t)(255 - 3 * i);
}

static void put_palette(png_structp png, png_infop info, const Drawing *drawing)
{
    png_color palette[PALETTE];
    png_byte alpha[PALETTE];
    const int count = 1 << drawing->depth;
    for (int i = 0; i < count; i++) {
        palette[i] = palette_entry(i);
        alpha[i] = palette_alpha(i);
    }
    png_set_PLTE(png, info, palette, count);
    if (drawing->transparent) png_set_tRNS(png, info, alpha, count, NULL);
}

static void make_png(const Drawing *drawing, Bytes *file)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    const png_byte *rows[MOST_SIDE];
    for (int y = 0; y < MOST_SIDE; y++) rows[y] = drawing->row[y];
    file->size = 0;
    png_set_write_fn(png, file, put_bytes, NULL);
    png_set_IHDR(png, info, drawing->width, drawing->height, drawing->depth, drawing->type, drawing->interlace,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (drawing->type == PNG_COLOR_TYPE_PALETTE)
        put_palette(png, info, drawing);
    else if (drawing->transparent)
        png_set_tRNS(png, info, NULL, 0, &(png_color_16){0});
    png_write_info(png, info);
    png_write_image(png, (png_bytepp)(void *)rows);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
}

static int channels_of(int type)
{
    static const int channels[] = {1, 0, 3, 1, 2, 0, 4};
    return channels[type];
}

static unsigned stored(const Drawing *drawing, size_t x, size_t y, int channel)
{
    const size_t n = x * (size_t)channels_of(drawing->type) + (size_t)channel, depth = (size_t)drawing->depth;
    const uint8_t *row = drawing->row[y];
    if (depth == 16) return (unsigned)row[2 * n] << 8 | row[2 * n + 1];
    return row[n * depth / 8] >> (8 - depth - n * depth % 8) & ((1u << depth) - 1);
}

/* In [0, 1]: red, green, blue and alpha as the PNG specification has them (ISO/IEC 15948, 13.12 and 11.3.2.1). */
static void colour_of(const Drawing *drawing, size_t x, size_t y, double colour[4])
{
    const unsigned most = (1u << drawing->depth) - 1;
    const bool grey = !(drawing->type & PNG_COLOR_MASK_COLOR), alpha = drawing->type & PNG_COLOR_MASK_ALPHA;
    const int channels = channels_of(drawing->type);
    bool black = true;
    colour[3] = 1;
    if (drawing->type == PNG_COLOR_TYPE_PALETTE) {
        const int i = (int)stored(drawing, x, y, 0);
        const png_color entry = palette_entry(i);
        const double of[] = {entry.red / 255.0, entry.green / 255.0, entry.blue / 255.0,
                             drawing->transparent ? palette_alpha(i) / 255.0 : 1};
        memcpy(colour, of, sizeof of);
        return;
    }
    for (int c = 0; c < 3; c++) {
        const unsigned value = stored(drawing, x, y, grey ? 0 : c);
        colour[c] = (double)value / most;
        black &= value == 0;
    }
    if (alpha) colour[3] = (double)stored(drawing, x, y, channels - 1) / most;
    if (drawing->transparent && black) colour[3] = 0;
}

/* In [0, 1]. */
static double level_on(double ground, const Drawing *drawing, size_t x, size_t y)
{
    double c[4];
    colour_of(drawing, x, y, c);
    return (0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2]) * c[3] + ground * (1 - c[3]);
}

/* Black behind what stands out from that alone, else white. */
static double ground_of(const Drawing *drawing)
{
    double darkest = 1, lightest = 0;
    for (size_t y = 0; y < drawing->height; y++)
        for (size_t x = 0; x < drawing->width; x++) {
            const double on_white = level_on(1, drawing, x, y), on_black = level_on(0, drawing, x, y);
            darkest = on_white < darkest ? on_white : darkest;
            lightest = on_black > lightest ? on_black : lightest;
        }
    return darkest > 31.0 / 32 && lightest > 1.0 / 32 ? 0 : 1;
}

/* The luma's weights are rounded to 1/65536 each, which together moves a level by less than 2, and it is rounded twice.
 */
static void check_levels(const Drawing *drawing, const Picture *picture)
{
    CU_ASSERT_FATAL(picture->width == drawing->width && picture->height == drawing->height);
    int wrong = 0;
    const double ground = ground_of(drawing);
    for (size_t y = 0; y < picture->height; y++)
        for (size_t x = 0; x < picture->width; x++) {
            const double off = picture->level[y * picture->width + x] - 65535 * level_on(ground, drawing, x, y);
            wrong += off > 3 || off < -3;
        }
    CU_ASSERT_EQUAL(wrong, 0);
    if (wrong)
        printf("\n    type %d, depth %d, interlace %d, %ux%u%s: %d wrong\n", drawing->type, drawing->depth,
               drawing->interlace, drawing->width, drawing->height, drawing->transparent ? ", transparent" : "", wrong);
}

static void check_drawing(Drawing *drawing)
{
    static Bytes file;
    Picture picture;
    for (int y = 0; y < MOST_SIDE; y++)
        for (int i = 0; i < ROW; i++) drawing->row[y][i] = y == 0 ? 0 : random_byte(); /* black is there */
    make_png(drawing, &file);
    CU_ASSERT_EQUAL_FATAL(picture_decode("drawing", file.bytes, file.size, &picture), STATUS_OK);
    check_levels(drawing, &picture);
    picture_free(&picture);
}

static void every_kind_of_png_gives_its_levels(void)
{
    static const struct {
        int type, depth;
    } kinds[] = {{PNG_COLOR_TYPE_GRAY, 1},    {PNG_COLOR_TYPE_GRAY, 2},        {PNG_COLOR_TYPE_GRAY, 4},
                 {PNG_COLOR_TYPE_GRAY, 8},    {PNG_COLOR_TYPE_GRAY, 16},       {PNG_COLOR_TYPE_RGB, 8},
                 {PNG_COLOR_TYPE_RGB, 16},    {PNG_COLOR_TYPE_PALETTE, 1},     {PNG_COLOR_TYPE_PALETTE, 2},
                 {PNG_COLOR_TYPE_PALETTE, 4}, {PNG_COLOR_TYPE_PALETTE, 8},     {PNG_COLOR_TYPE_GRAY_ALPHA, 8},
                 {PNG_COLOR_TYPE_RGBA, 8},    {PNG_COLOR_TYPE_GRAY_ALPHA, 16}, {PNG_COLOR_TYPE_RGBA, 16}};
    static const unsigned sides[][2] = {{MOST_SIDE, 23}, {1, 1}, {5, 1}, {1, 6}, {3, 3}};
    static Drawing drawing;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t s = 0; s < sizeof sides / sizeof *sides; s++)
            for (int i = 0; i < 4; i++) {
                drawing.type = kinds[k].type;
                drawing.depth = kinds[k].depth;
                drawing.width = sides[s][0];
                drawing.height = sides[s][1];
                drawing.interlace = i % 2 ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE;
                drawing.transparent = i / 2 && !(drawing.type & PNG_COLOR_MASK_ALPHA);
                check_drawing(&drawing);
            }
}

/* Grey and alpha of a stroke with a soft edge, and of what is around it. */
typedef struct {
    uint8_t grey, edge, edge_alpha, ground, ground_alpha;
} Stroke;

static void find_stroke(const Stroke *stroke, uint8_t ink[MOST_SIDE * MOST_SIDE])
{
    static Drawing drawing = {.type = PNG_COLOR_TYPE_GRAY_ALPHA, .depth = 8, .width = MOST_SIDE, .height = MOST_SIDE};
    static Bytes file;
    Picture picture;
    for (int y = 0; y < MOST_SIDE; y++)
        for (int x = 0; x < MOST_SIDE; x++) {
            const bool inside = y >= 5 && y < 35 && x >= 18 && x < 22, edge = inside && x == 18;
            uint8_t *pixel = &drawing.row[y][2 * x];
            pixel[0] = edge ? stroke->edge : inside ? stroke->grey : stroke->ground;
            pixel[1] = edge ? stroke->edge_alpha : inside ? 255 : stroke->ground_alpha;
        }
    make_png(&drawing, &file);
    CU_ASSERT_EQUAL_FATAL(picture_decode("stroke", file.bytes, file.size, &picture), STATUS_OK);
    CU_ASSERT(ink_find(&picture, ink));
    picture_free(&picture);
}

/* Dark or white ink, on a ground that is there or is transparent, whatever grey that has in the file. */
static void ink_is_found_on_any_ground(void)
{
    static const Stroke opaque = {.edge = 127, .edge_alpha = 255, .ground = 255, .ground_alpha = 255};
    static const Stroke same[] = {{255, 128, 255, 0, 255}, {0, 0, 128, 255, 0},     {0, 0, 128, 0, 0},
                                  {255, 255, 128, 0, 0},   {255, 255, 128, 255, 0}, {250, 250, 128, 255, 0}};
    uint8_t expected[MOST_SIDE * MOST_SIDE], found[MOST_SIDE * MOST_SIDE];
    find_stroke(&opaque, expected);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        find_stroke(&same[i], found);
        CU_ASSERT_EQUAL(memcmp(found, expected, sizeof found), 0);
    }
}

/* White alone does not make a ground black: the ink of a white label is what is dark on it. */
static void a_white_label_on_a_transparent_ground_stays_white(void)
{
    static Drawing drawing = {.type = PNG_COLOR_TYPE_GRAY_ALPHA, .depth = 8, .width = MOST_SIDE, .height = MOST_SIDE};
    static Bytes file;
    Picture picture;
    for (int y = 10; y < 30; y++)
        for (int x = 10; x < 30; x++) {
            drawing.row[y][2 * x] = x == 20 ? 0 : 255;
            drawing.row[y][2 * x + 1] = 255;
        }
    make_png(&drawing, &file);
    CU_ASSERT_EQUAL_FATAL(picture_decode("label", file.bytes, file.size, &picture), STATUS_OK);
    int wrong = 0;
    for (size_t i = 0; i < MOST_SIDE * MOST_SIDE; i++) {
        const size_t x = i % MOST_SIDE, y = i / MOST_SIDE;
        wrong += picture.level[i] != (x == 20 && y >= 10 && y < 30 ? 0 : 65535);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    picture_free(&picture);
}

static void refused(const char *bytes, size_t size, const char *words)
{
    Picture picture;
    CU_ASSERT_EQUAL(picture_decode("hostile", bytes, size, &picture), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("\"hostile\"");
    CU_ASSERT_MESSAGE_HAS(words);
    if (!strstr(status_message(), words)) printf("\n    \"%s\", not \"%s\"\n", status_message(), words);
    CU_ASSERT_PTR_NULL(picture.level);
    status_clear();
}

static void a_png_that_is_cut_anywhere_is_refused(void)
{
    static Drawing drawing = {.type = PNG_COLOR_TYPE_RGB, .depth = 8, .interlace = PNG_INTERLACE_ADAM7};
    static Bytes file;
    drawing.width = drawing.height = MOST_SIDE;
    make_png(&drawing, &file);
    for (size_t size = 4; size < file.size; size++) refused((const char *)file.bytes, size, "truncated");
}

/* Every byte belongs to what is checked: the signature, a length, or what a CRC is over. */
static void a_png_with_a_changed_byte_is_refused(void)
{
    static Drawing drawing = {.type = PNG_COLOR_TYPE_GRAY, .depth = 8, .interlace = PNG_INTERLACE_NONE};
    static Bytes file;
    drawing.width = drawing.height = MOST_SIDE;
    for (int i = 0; i < MOST_SIDE * ROW; i++) drawing.row[i / ROW][i % ROW] = random_byte();
    make_png(&drawing, &file);
    for (size_t i = 0; i < file.size; i++) {
        file.bytes[i] ^= 0x10;
        refused((const char *)file.bytes, file.size, "hostile");
        file.bytes[i] ^= 0x10;
    }
}

static void check_pgm(const char *bytes, size_t size, size_t width, size_t height, const uint16_t *level)
{
    Picture picture;
    CU_ASSERT_EQUAL_FATAL(picture_decode("pgm", bytes, size, &picture), STATUS_OK);
    CU_ASSERT_FATAL(picture.width == width && picture.height == height);
    for (size_t i = 0; i < width * height; i++) CU_ASSERT_EQUAL(picture.level[i], level[i]);
    picture_free(&picture);
}

#define TEXT(text) text, sizeof(text) - 1

static void pgm_values_are_stretched_to_the_largest(void)
{
    check_pgm(TEXT("P2\n# made by hand\n3 2 255\n0 1 2\n# between\n128 254 255\n"), 3, 2,
              (const uint16_t[]){0, 257, 514, 32896, 65278, 65535});
    check_pgm(TEXT("P5 2 1 255\n\x0a\xff"), 2, 1, (const uint16_t[]){2570, 65535});
    check_pgm(TEXT("P5#wide\n2\t1\r\n65535\n\x01\x02\xff\xff"), 2, 1, (const uint16_t[]){258, 65535});
    check_pgm(TEXT("P5 3 1 1\n\0\1\0"), 3, 1, (const uint16_t[]){0, 65535, 0});
    check_pgm(TEXT("P5 1 1 255\n\xff\r\n"), 1, 1, (const uint16_t[]){65535});
    check_pgm(TEXT("P5 1 1 256\n\1\0"), 1, 1, (const uint16_t[]){65535});
    check_pgm(TEXT("P2 2 1 65535 65534 65535"), 2, 1, (const uint16_t[]){65534, 65535});
}

static void what_is_no_whole_pgm_is_refused(void)
{
    refused(TEXT(""), "neither");
    refused(TEXT("P"), "neither");
    refused(TEXT("P9 1 1 1\n0"), "neither");
    refused(TEXT("\xff\xd8\xff\xe0"), "neither");
    refused(TEXT("P6 1 1 255\nabc"), "P6");
    refused(TEXT("P5 "), "truncated");
    refused(TEXT("P5 2 2"), "truncated");
    refused(TEXT("P5 2 2 255"), "truncated");
    refused(TEXT("P5 2 2 255\nabc"), "truncated after 14 bytes");
    refused(TEXT("P5 2 2 256\nabcdefg"), "truncated");
    refused(TEXT("P5 2 2 255\nabcde"), "after its last value, at byte 15");
    refused(TEXT("P5 0 2 255\n"), "at byte 3 a width");
    refused(TEXT("P5 -1 2 255\na"), "at byte 3 a width");
    refused(TEXT("P5 2 x 255\na"), "at byte 5 a height");
    refused(TEXT("P5 1 1 0\na"), "largest value");
    refused(TEXT("P5 1 1 65536\nab"), "from 1 to 65535");
    refused(TEXT("P5 1 1 255xa"), "white space");
    refused(TEXT("P5 99999999999999999999 1 255\na"), "width");
    refused(TEXT("P5 67108864 67108864 255\na"), "truncated");
    refused(TEXT("P5 2 1 7\n\7\10"), "at byte 10 the grey value 8 ");
    refused(TEXT("P2 2 1 7 7 8"), "a grey value is needed, a whole number from 0 to 7");
    refused(TEXT("P2 2 1 255 1 1 1"), "after its last value");
    refused(TEXT("P2 2 2 255 1 1 1"), "truncated");
    refused(TEXT("P2 2 2 255 1 1 1 #9"), "truncated");
    refused(TEXT("P2 1 1 255 1 x"), "after its last value");
}

static void a_picture_of_too_many_pixels_takes_no_memory(void)
{
    const size_t size = (size_t)PICTURE_MOST_PIXELS + 1 + 64;
    char *bytes = calloc(size, 1);
    const int header = snprintf(bytes, 64, "P5 %d 1 255\n", PICTURE_MOST_PIXELS + 1);
    refused(bytes, (size_t)header + PICTURE_MOST_PIXELS + 1, "from 1 to 67108864");
    const int square = snprintf(bytes, 64, "P5 8192 8193 255\n");
    refused(bytes, (size_t)square + 8192 * 8193, "8192x8193 pixels; from 1 to 67108864 are read");
    free(bytes);
}

static void files_are_told_by_their_first_bytes(void)
{
    static const struct {
        const char *bytes;
        bool is;
    } files[] = {{"\x89PNG", true}, {"P5 1", true}, {"P2#a", true}, {"P6\n1", true},   {"P0 1", false},
                 {"P55 1", false},  {"P", false},   {"", false},    {"\x89HDF", false}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        scratch_write(scratch_path("file"), files[i].bytes, strlen(files[i].bytes));
        CU_ASSERT_EQUAL(picture_is(scratch_path("file")), files[i].is);
    }
    CU_ASSERT_FALSE(picture_is(scratch_path("nosuch")));
    CU_ASSERT_STRING_EQUAL(status_message(), "");
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(every_kind_of_png_gives_its_levels),
        UNIT(a_png_that_is_cut_anywhere_is_refused),
        UNIT(a_png_with_a_changed_byte_is_refused),
        UNIT(pgm_values_are_stretched_to_the_largest),
        UNIT(what_is_no_whole_pgm_is_refused),
        UNIT(a_picture_of_too_many_pixels_takes_no_memory),
        UNIT(files_are_told_by_their_first_bytes),
        UNIT(ink_is_found_on_any_ground),
        UNIT(a_white_label_on_a_transparent_ground_stays_white),
    };
    return UNIT_RUN("picture", tests);
}
