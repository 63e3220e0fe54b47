"""PNG files (ISO/IEC 15948) out of chunks, for tests."""
import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, RGBA = 0, 2, 3, 6


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(width, height, depth, kind, interlaced=False):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced))


def png(width, height, depth, kind, rows, before=b""):
    """rows: bytes each; before: chunks between header and pixels."""
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return SIGNATURE + header(width, height, depth, kind) + before + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
