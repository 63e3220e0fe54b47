#!/usr/bin/env python3
"""Writes pictures that are damaged or made to do harm into a directory.

usage: make_pictures.py DIRECTORY

Prints a line for each: the file's name, and words of the message that predict ends with, separated by |."""
import os
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from png import GREY, PALETTE, RGB, SIGNATURE, chunk, header, png  # noqa: E402

SIDE = 30
DAMAGED = "damaged PNG file|libpng"


def bar():
    """A digit 1, so that a file is refused for its damage alone."""
    return [bytes(0 if 10 <= x < 15 and 5 <= y < 25 else 255 for x in range(SIDE)) for y in range(SIDE)]


def with_pixels(data, kind=GREY, before=b"", width=SIDE, height=SIDE, depth=8):
    return SIGNATURE + header(width, height, depth, kind) + before + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def zeros(count):
    """So many zero bytes, compressed a thousandfold."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(count >> 20)) + packer.compress(
        bytes(count & (1 << 20) - 1)) + packer.flush()


def pngs():
    good = png(SIDE, SIDE, 8, GREY, bar())
    rows = zlib.compress(b"".join(b"\0" + row for row in bar()))
    yield "cut", good[:len(good) // 2], f"{DAMAGED}|truncated"
    yield "signature-alone", SIGNATURE, f"{DAMAGED}|truncated"
    yield "as-text", good.replace(b"\r\n", b"\n", 1), f"{DAMAGED}|ASCII conversion"
    yield "crc", good[:-16] + bytes([good[-16] ^ 1]) + good[-15:], f"{DAMAGED}|CRC error"
    yield "no-pixels", SIGNATURE + header(SIDE, SIDE, 8, GREY) + chunk(b"IEND", b""), DAMAGED
    yield "stream", with_pixels(rows[:20] + bytes(20) + rows[40:]), DAMAGED
    yield "checksum", with_pixels(rows[:-1] + bytes([rows[-1] ^ 1])), DAMAGED
    yield "few-rows", with_pixels(zlib.compress(b"\0" + bytes(SIDE))), f"{DAMAGED}|Not enough image data"
    yield "many-rows", with_pixels(zlib.compress(bytes(2 * SIDE * (SIDE + 1)))), f"{DAMAGED}|Too much image data"
    yield "filter", with_pixels(zlib.compress((b"\x09" + bytes(SIDE)) * SIDE)), f"{DAMAGED}|bad adaptive filter"
    yield "no-palette", with_pixels(rows, PALETTE), f"{DAMAGED}|Missing PLTE"
    # libpng takes what is beyond the palette for black.
    yield "palette-index", with_pixels(rows, PALETTE, chunk(b"PLTE", bytes(6))), "shows no ink"
    yield "critical", with_pixels(rows, before=chunk(b"HARM", b"")), f"{DAMAGED}|HARM"
    yield "colours", with_pixels(rows, 5), f"{DAMAGED}|Invalid IHDR data"
    yield "no-width", with_pixels(rows, width=0), f"{DAMAGED}|Invalid IHDR data"
    yield "wide", with_pixels(rows, width=1 << 27, height=1), f"{DAMAGED}|Invalid IHDR data"
    yield "promises", with_pixels(rows, RGB, width=8000, height=8000, depth=16), "cannot hold 8000x8000 pixels"
    yield "too-many", with_pixels(zeros(8193 * 1025), width=8192, height=8193, depth=1), "8192x8193 pixels; from 1 to 67108864"
    yield "long-row", with_pixels(zeros((1 << 21) + 1), width=1 << 21, height=1), "shows no ink"
    # As large as a picture may be, out of a few kilobytes, and a text that would unpack to 100 MB.
    yield "bomb", with_pixels(zeros(8192 * 1025), width=8192, height=8192, depth=1), "shows no ink"
    text = chunk(b"zTXt", b"Comment\0\0" + zeros(100 << 20)) + chunk(b"iCCP", b"profile\0\0" + zeros(100 << 20))
    yield "bomb-beside", png(SIDE, SIDE, 8, GREY, [b"\xff" * SIDE] * SIDE, text), "shows no ink"


def pgms():
    rows = b"".join(bar())
    header_of = b"P5 %d %d 255\n" % (SIDE, SIDE)
    yield "short", header_of + rows[:-1], "truncated"
    yield "long", header_of + rows + b"7", "after its last value"
    yield "no-values", header_of, "truncated"
    yield "promises-raw", b"P5 8000 8000 65535\n" + rows, "truncated"
    yield "promises-plain", b"P2 8000 8000 255\n" + rows, "truncated"
    yield "overflows", b"P5 4294967297 4294967297 255\n" + rows, "at byte 3 a width is needed"
    yield "over-largest", b"P5 %d %d 200\n" % (SIDE, SIDE) + rows, "the grey value 255 is over the largest"
    yield "largest", b"P5 1 1 65536\n\0\0", "a largest value is needed"
    yield "minus", b"P2 2 1 255\n-1 1", "a grey value is needed"
    yield "junk", b"P2 2 1 255\n1 a", "a grey value is needed"
    yield "comment", b"P2 # never ends", "truncated"
    yield "plain-short", b"P2 2 2 255\n10 20 30\n", "truncated"
    yield "colour", b"P6 1 1 255\nabc", "is a P6 file|convert it"
    yield "blank", header_of + bytes(SIDE * SIDE), "shows no ink|--as-is"
    yield "pixel", b"P5 1 1 255\n\0", "shows no ink"


def others():
    yield "photo.jpg", b"\xff\xd8\xff\xe0" + bytes(100), "not an HDF5 file|PNG and PGM pictures are read"
    yield "empty.png", b"", "is empty|PNG and PGM pictures are read"
    yield "terminal.pgm", b"P5\x1b[2J 1 1 255\n\0", "not an HDF5 file"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    files = [(f"{name}.png", *rest) for name, *rest in pngs()]
    files += [(f"{name}.pgm", *rest) for name, *rest in pgms()]
    for name, content, words in files + list(others()):
        with open(os.path.join(sys.argv[1], name), "wb") as file:
            file.write(content)
        print(name, words)


if __name__ == "__main__":
    main()
