/* A digit is drawn as a hand would: choose a style, move its points a little, follow the splines with the pen, deform
 * the plane (stretch, shear, rotation and a smooth random field), scale the result to MNIST's box, centre it by its
 * mass, and let the ink run out to the pen's radius with a soft edge.
 *
 * Each random number is drawn in a statement of its own: C leaves the order within an expression open. */
#include "data/synth.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/philox.h"
#include "data/strokes.h"

enum {
    PIECES = 4, /* straight pieces a spline span is divided into */
    MAX_VERTICES = STROKES_PER_STYLE * STROKES_MAX_POINTS * PIECES,
    GRID = 5, /* control points a side of the elastic field */
    CELLS = GRID - 3
};

/* How far a hand varies: the factor of a bell, so the largest change, its deviation being 0.29 of that. Lengths are in
 * units of the digit's height, unless they are pixels. */
static const double POINT_JITTER = 0.075, STROKE_JITTER = 0.08;
static const double STRETCH = 0.50;            /* of the width, a share */
static const double LEAN = 0.08, SHEAR = 0.66; /* to the right: the mean, and the change on top of it */
static const double ROTATION = 0.26;           /* tangent of half the angle */
static const double ELASTIC[2] = {0.58, 0.34}; /* across, down */
static const double SHIFT = 3.0;               /* pixels */
static const double PRESSURE = 0.35;           /* of the pen's radius, a share */

/* What varies uniformly between two ends. */
static const double BOX_LEAST = 17.5, BOX_MOST = 20.5;       /* pixels, ink included */
static const double RADIUS_LEAST = 0.75, RADIUS_MOST = 1.75; /* pixels */
static const double INK_LEAST = 0.80, INK_MOST = 1.20;       /* of full ink, which it cannot exceed */

static const double SOFT = 1.3; /* pixels over which the ink fades at its edge */

typedef struct {
    double x, y, radius;
    bool joined; /* by a straight piece to the vertex before */
} Vertex;

typedef struct {
    Vertex vertex[MAX_VERTICES];
    int count;
} Path;

/* Bell-shaped in [-1, 1] with deviation 0.29: the sum of a number's four bytes. */
static double bell(Stream *stream)
{
    const uint32_t n = stream_next(stream);
    const uint32_t sum = (n & 255) + (n >> 8 & 255) + (n >> 16 & 255) + (n >> 24);
    return ((double)sum - 510) / 510;
}

static const Style *choose_style(Stream *stream, unsigned label)
{
    int count;
    const Style *style = strokes_of(label, &count);
    uint32_t total = 0;
    for (int i = 0; i < count; i++) total += style[i].weight;
    uint32_t left = stream_below(stream, total);
    for (; left >= style->weight; style++) left -= style->weight;
    return style;
}

/* The Catmull-Rom spline's span from b to c at t in [0, 1]. */
static double span(double a, double b, double c, double d, double t)
{
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

static void add_vertex(Path *path, double x, double y, double radius, bool joined)
{
    assert(path->count < MAX_VERTICES);
    path->vertex[path->count++] = (Vertex){x, y, radius, joined};
}

static bool same_point(const Stroke *stroke, int i, int j)
{
    return stroke->point[i].x == stroke->point[j].x && stroke->point[i].y == stroke->point[j].y;
}

/* Follows one stroke, its points moved a little, the pressure changing from its start to its end. */
static void trace_stroke(Stream *stream, const Stroke *stroke, double radius, Path *path)
{
    const int n = stroke->count;
    assert(n >= 2 && n <= STROKES_MAX_POINTS);
    const double dx = STROKE_JITTER * bell(stream);
    const double dy = STROKE_JITTER * bell(stream);
    const double first = radius * (1 + PRESSURE * bell(stream));
    const double last = radius * (1 + PRESSURE * bell(stream));
    double x[STROKES_MAX_POINTS], y[STROKES_MAX_POINTS];
    for (int i = 0; i < n; i++) {
        const bool corner = i > 0 && same_point(stroke, i, i - 1);
        x[i] = corner ? x[i - 1] : stroke->point[i].x * 0.01 + dx + POINT_JITTER * bell(stream);
        y[i] = corner ? y[i - 1] : stroke->point[i].y * 0.01 + dy + POINT_JITTER * bell(stream);
    }
    add_vertex(path, x[0], y[0], first, false);
    for (int i = 0; i + 1 < n; i++) {
        if (same_point(stroke, i, i + 1)) continue;
        const int before = i > 0 ? i - 1 : 0, after = i + 2 < n ? i + 2 : n - 1;
        for (int piece = 1; piece <= PIECES; piece++) {
            const double t = (double)piece / PIECES, pressure = (i + t) / (n - 1);
            add_vertex(path, span(x[before], x[i], x[i + 1], x[after], t), span(y[before], y[i], y[i + 1], y[after], t),
                       first + (last - first) * pressure, true);
        }
    }
}

/* Stretch, shear and rotation. The rotation by twice the arc whose tangent is h has the cosine (1-hh)/(1+hh) and the
 * sine 2h/(1+hh). */
static void deform_affine(Stream *stream, Path *path)
{
    const double stretch = 1 + STRETCH * bell(stream);
    const double shear = LEAN + SHEAR * bell(stream);
    const double h = ROTATION * bell(stream);
    const double cosine = (1 - h * h) / (1 + h * h), sine = 2 * h / (1 + h * h);
    for (int i = 0; i < path->count; i++) {
        Vertex *v = &path->vertex[i];
        const double x = (v->x - 0.32) * stretch - shear * (v->y - 0.5), y = v->y - 0.5;
        v->x = cosine * x - sine * y;
        v->y = sine * x + cosine * y;
    }
}

/* The cell of a uniform cubic B-spline in which z in [-0.6, 0.6] lies, and its four weights there. */
static int spline_weights(double z, double weight[4])
{
    double u = (z + 0.6) / 1.2;
    u = u < 0 ? 0 : u > 1 ? 1 : u;
    const int cell = u * CELLS < CELLS - 1 ? (int)(u * CELLS) : CELLS - 1;
    const double t = u * CELLS - cell, s = 1 - t;
    weight[0] = s * s * s / 6;
    weight[1] = (4 - 6 * t * t + 3 * t * t * t) / 6;
    weight[2] = (4 - 6 * s * s + 3 * s * s * s) / 6;
    weight[3] = t * t * t / 6;
    return cell;
}

/* A smooth random displacement: a cubic B-spline over GRID * GRID random vectors. */
static void deform_elastic(Stream *stream, Path *path)
{
    double field[GRID][GRID][2];
    for (int i = 0; i < GRID; i++)
        for (int j = 0; j < GRID; j++)
            for (int k = 0; k < 2; k++) field[i][j][k] = ELASTIC[k] * bell(stream);
    for (int n = 0; n < path->count; n++) {
        Vertex *v = &path->vertex[n];
        double wx[4], wy[4], dx = 0, dy = 0;
        const int column = spline_weights(v->x, wx), row = spline_weights(v->y, wy);
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 4; j++) {
                dx += wy[i] * wx[j] * field[row + i][column + j][0];
                dy += wy[i] * wx[j] * field[row + i][column + j][1];
            }
        v->x += dx;
        v->y += dy;
    }
}

/* The offset, changed by as much as it takes to keep [low, high] off the image's outermost pixels. */
static double within_image(double low, double high, double offset)
{
    if (low + offset < 1) return 1 - low;
    if (high + offset > SYNTH_SIDE - 1) return SYNTH_SIDE - 1 - high;
    return offset;
}

/* The middle of the ink, a piece counting by its length. */
static void centre_of_mass(const Path *path, double *x, double *y)
{
    double mass = 0, mx = 0, my = 0;
    for (int i = 1; i < path->count; i++) {
        const Vertex *a = &path->vertex[i - 1], *b = &path->vertex[i];
        if (!b->joined) continue;
        const double dx = b->x - a->x, dy = b->y - a->y, length = __builtin_sqrt(dx * dx + dy * dy);
        mass += length;
        mx += length * (a->x + b->x) / 2;
        my += length * (a->y + b->y) / 2;
    }
    *x = mx / mass;
    *y = my / mass;
}

/* Scales the digit to its box, as MNIST's makers did, and puts its middle near the image's. */
static void fit_to_image(Stream *stream, double radius, Path *path)
{
    double left = 9, right = -9, top = 9, bottom = -9;
    for (int i = 0; i < path->count; i++) {
        const Vertex *v = &path->vertex[i];
        left = v->x < left ? v->x : left;
        right = v->x > right ? v->x : right;
        top = v->y < top ? v->y : top;
        bottom = v->y > bottom ? v->y : bottom;
    }
    const double longest = right - left > bottom - top ? right - left : bottom - top;
    assert(longest > 0);
    const double scale = (BOX_LEAST + (BOX_MOST - BOX_LEAST) * stream_uniform(stream) - 2 * radius) / longest;
    const double edge = radius * (1 + PRESSURE) + SOFT / 2;
    double x, y;
    centre_of_mass(path, &x, &y);
    const double to_x = SYNTH_SIDE / 2.0 - x * scale + SHIFT * bell(stream);
    const double to_y = SYNTH_SIDE / 2.0 - y * scale + SHIFT * bell(stream);
    const double dx = within_image(left * scale - edge, right * scale + edge, to_x);
    const double dy = within_image(top * scale - edge, bottom * scale + edge, to_y);
    for (int i = 0; i < path->count; i++) {
        path->vertex[i].x = path->vertex[i].x * scale + dx;
        path->vertex[i].y = path->vertex[i].y * scale + dy;
    }
}

/* The pixel that z lies in, at most one past the last. */
static int pixel_index(double z)
{
    return z <= 0 ? 0 : z >= SYNTH_SIDE ? SYNTH_SIDE : (int)z;
}

/* Inks the pixels whose middles lie within the pen's radius of the piece from a to b; over SOFT pixels the ink fades.
 */
static void ink_piece(const Vertex *a, const Vertex *b, double ink, uint8_t *pixel)
{
    const double reach = (a->radius > b->radius ? a->radius : b->radius) + SOFT / 2;
    const double dx = b->x - a->x, dy = b->y - a->y, squared = dx * dx + dy * dy;
    const int left = pixel_index((dx < 0 ? b->x : a->x) - reach),
              right = pixel_index((dx < 0 ? a->x : b->x) + reach + 1);
    const int top = pixel_index((dy < 0 ? b->y : a->y) - reach),
              bottom = pixel_index((dy < 0 ? a->y : b->y) + reach + 1);
    for (int row = top; row < bottom; row++)
        for (int column = left; column < right; column++) {
            const double px = column + 0.5 - a->x, py = row + 0.5 - a->y;
            double t = squared > 0 ? (px * dx + py * dy) / squared : 0;
            t = t < 0 ? 0 : t > 1 ? 1 : t;
            const double ex = px - t * dx, ey = py - t * dy, distance = ex * ex + ey * ey;
            if (distance >= reach * reach) continue;
            const double radius = a->radius + t * (b->radius - a->radius);
            const double cover = (radius - __builtin_sqrt(distance)) / SOFT + 0.5;
            const int value = cover <= 0 ? 0 : (int)(ink * (cover < 1 ? cover : 1) + 0.5);
            uint8_t *here = &pixel[row * SYNTH_SIDE + column];
            if (value > *here) *here = (uint8_t)value;
        }
}

uint8_t synth_draw(uint64_t seed, uint32_t part, uint32_t index, uint8_t pixel[SYNTH_SIDE * SYNTH_SIDE])
{
    Stream stream;
    stream_init(&stream, seed, PURPOSE_SYNTHESIS, part, index);
    const unsigned label = stream_below(&stream, SYNTH_CLASSES);
    const Style *style = choose_style(&stream, label);
    const double radius = RADIUS_LEAST + (RADIUS_MOST - RADIUS_LEAST) * stream_uniform(&stream);
    const double ink = INK_LEAST + (INK_MOST - INK_LEAST) * stream_uniform(&stream);
    Path path;
    path.count = 0;
    for (int i = 0; i < STROKES_PER_STYLE && style->stroke[i].count; i++)
        trace_stroke(&stream, &style->stroke[i], radius, &path);
    deform_affine(&stream, &path);
    deform_elastic(&stream, &path);
    fit_to_image(&stream, radius, &path);
    memset(pixel, 0, SYNTH_SIDE * SYNTH_SIDE);
    for (int i = 1; i < path.count; i++)
        if (path.vertex[i].joined) ink_piece(&path.vertex[i - 1], &path.vertex[i], 255 * (ink < 1 ? ink : 1), pixel);
    return (uint8_t)label;
}
