#!/usr/bin/env python3
"""Draws the digits 0 to 9 in three hands, as by a mouse: points along a path, each a little off, joined by straight lines
with a round pen whose width changes on the way. Dark on light, about 200x300 pixels.

usage: draw_digits.py DIRECTORY

Writes round-0.pgm ... round-9.pgm (P5), slanted-0.png ... (RGB, blue on cream) and hurried-0.png ... (16-bit grey, noisy
paper); the same bytes at every call. The shapes have nothing to do with those of src/data/strokes.c."""
import os
import random
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import png  # noqa: E402

# Unit: a hundredth of the height, y down. A space stands between points of a smooth line, / is a corner, | lifts the pen.
SHAPES = {
    "round": [
        "30,0 8,15 0,50 10,88 30,100 52,85 60,50 50,12 30,0",
        "12,20 32,0/32,0 32,50 32,100",
        "4,22 12,5 32,0 52,10 54,30 40,55 18,78 2,98/2,98 60,98",
        "6,10 28,0 50,10 50,32 26,46/26,46 50,54 58,76 44,95 20,100 2,88",
        "44,0 20,35 2,66/2,66 60,66|44,0 44,100",
        "54,2 14,2/14,2 8,44/8,44 30,38 52,48 56,72 42,96 18,100 2,90",
        "46,2 22,18 6,48 4,78 18,98 40,98 54,80 48,58 28,52 8,66",
        "2,4 58,4/58,4 40,36 26,68 20,100",
        "50,16 34,0 12,6 10,28 30,46 52,64 52,90 30,100 8,90 8,66 28,48 46,32 50,16",
        "52,18 34,0 10,8 4,30 18,48 40,44 52,22/52,22 52,60 44,100",
    ],
    "slanted": [
        "40,4 14,6 2,40 6,82 26,100 50,84 58,44 46,10 24,2",
        "2,40 36,0/36,0 30,100",
        "8,24 20,4 44,2 54,22 40,50 14,82 2,92 10,100 22,90 40,94 60,98",
        "6,2 52,2/52,2 26,40/26,40 50,46 58,70 42,96 16,100 2,90",
        "14,0 6,52/6,52 58,48|46,10 40,100",
        "16,4 12,42/12,42 36,40 54,58 48,88 24,100 4,92|16,4 56,0",
        "50,0 22,24 4,58 8,90 30,100 48,86 44,64 24,58 6,74",
        "4,10 8,2/8,2 54,4/54,4 22,100|14,50 52,46",
        "30,0 12,10 14,34 30,44 46,34 48,10 30,0|30,44 6,58 4,86 30,100 56,86 54,58 30,44",
        "50,24 40,4 16,4 6,24 18,42 40,40 50,24/50,24 46,58 36,88 12,100",
    ],
    "hurried": [
        "50,0 10,10 0,55 20,98 60,96 84,55 70,10 44,2",
        "30,0 26,100",
        "4,16 24,0 48,6 50,26 30,56 4,96/4,96 70,92",
        "10,14 30,2 44,14 38,34 22,42/22,42 56,48 66,74 46,98 10,96",
        "50,100 52,0/52,0 2,62/2,62 70,62",
        "58,2 22,4 12,40 40,42 58,64 44,94 6,98",
        "30,0 10,30 2,70 16,98 44,96 52,74 36,58 12,66",
        "2,2 60,2/60,2 34,100",
        "60,14 30,0 14,22 40,46 58,74 34,100 8,82 24,52 50,34 62,12",
        "46,14 20,4 6,26 24,46 46,34 48,12/48,12 40,100",
    ],
}

# Height and pen's radius in pixels, jitter of a point in pixels, slant (pixels to the right per pixel up), stretch across.
HANDS = {"round": (190, 9, 1.0, 0.0, 1.0), "slanted": (150, 5, 1.5, 0.25, 1.0), "hurried": (170, 7, 3.0, 0.1, 1.0)}
WIDTH, HEIGHT = 210, 300
POINTS = 8  # that the mouse reports between two of a shape's


def spline(before, start, end, after, t):
    """Catmull-Rom."""
    return 0.5 * (2 * start + (end - before) * t + (2 * before - 5 * start + 4 * end - after) * t * t
                  + (3 * start - before - 3 * end + after) * t * t * t)


def piece_points(piece):
    corners = [tuple(float(number) for number in point.split(",")) for point in piece.split(" ")]
    around = [corners[0]] + corners + [corners[-1]]
    for i in range(len(corners) - 1):
        for step in range(POINTS):
            yield tuple(spline(*(p[axis] for p in around[i:i + 4]), step / POINTS) for axis in (0, 1))
    yield corners[-1]


def stroke_path(stroke, hand, chance, place):
    """Points (x, y, radius) in pixels."""
    size, pen, jitter, slant, stretch = HANDS[hand]
    radius, path = pen, []
    for x, y in (point for piece in stroke.split("/") for point in piece_points(piece)):
        radius = min(1.3 * pen, max(0.7 * pen, radius + (chance.random() - 0.5) * 0.2 * pen))
        x, y = x * size / 100 * stretch + slant * size * (1 - y / 100), y * size / 100
        path.append((place[0] + x + (chance.random() * 2 - 1) * jitter,
                     place[1] + y + (chance.random() * 2 - 1) * jitter, radius))
    return path


def ink_line(cover, start, end):
    """The pixels within the pen's radius of the line, its edge one pixel soft."""
    reach = max(start[2], end[2]) + 1
    dx, dy = end[0] - start[0], end[1] - start[1]
    squared = dx * dx + dy * dy
    for row in range(max(0, int(min(start[1], end[1]) - reach)), min(HEIGHT, int(max(start[1], end[1]) + reach) + 1)):
        for column in range(max(0, int(min(start[0], end[0]) - reach)), min(WIDTH, int(max(start[0], end[0]) + reach) + 1)):
            px, py = column + 0.5 - start[0], row + 0.5 - start[1]
            t = min(1, max(0, (px * dx + py * dy) / squared)) if squared > 0 else 0
            distance = ((px - t * dx) ** 2 + (py - t * dy) ** 2) ** 0.5
            inked = min(1, max(0, start[2] + t * (end[2] - start[2]) - distance + 0.5))
            cover[row * WIDTH + column] = max(cover[row * WIDTH + column], inked)


def draw(hand, digit):
    """How much of each pixel is ink, 0 to 1, row by row; and the source of chance, for the paper."""
    chance = random.Random(f"{hand} {digit}")
    cover = [0.0] * (WIDTH * HEIGHT)
    place = (25 + chance.random() * 40, 30 + chance.random() * 60)
    for stroke in SHAPES[hand][digit].split("|"):
        path = stroke_path(stroke, hand, chance, place)
        for start, end in zip(path, path[1:]):
            ink_line(cover, start, end)
    return cover, chance


def rows_of(pixels, size):
    return [b"".join(pixels[row * WIDTH:(row + 1) * WIDTH]) for row in range(HEIGHT)]


def as_pgm(cover, _):
    return b"P5\n# by a mouse\n%d %d\n255\n" % (WIDTH, HEIGHT) + bytes(round(255 - 235 * c) for c in cover)


def as_blue_png(cover, _):
    paper, ink = (250, 245, 225), (30, 40, 150)
    pixels = [bytes(round(p + (i - p) * c) for p, i in zip(paper, ink)) for c in cover]
    return png.png(WIDTH, HEIGHT, 8, png.RGB, rows_of(pixels, 3))


def as_noisy_png(cover, chance):
    pixels = [struct.pack(">H", round(52000 - 35000 * c + (chance.random() * 2 - 1) * 3000)) for c in cover]
    return png.png(WIDTH, HEIGHT, 16, png.GREY, rows_of(pixels, 2))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for hand, make, kind in (("round", as_pgm, "pgm"), ("slanted", as_blue_png, "png"), ("hurried", as_noisy_png, "png")):
        for digit in range(10):
            with open(os.path.join(sys.argv[1], f"{hand}-{digit}.{kind}"), "wb") as file:
                file.write(make(*draw(hand, digit)))


if __name__ == "__main__":
    main()
