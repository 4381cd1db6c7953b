"""What a pulled battery, a torn card and somebody who wants to break in do to files, with an eye for their formats.

Bytes in, bytes out, by a generator of random numbers that is handed in: the same seed makes the same file.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from typing import Final

Mutation = Callable[[bytearray, random.Random], bytearray]

CONTAINERS: Final = frozenset(
    {
        b"moov",
        b"trak",
        b"mdia",
        b"minf",
        b"stbl",
        b"udta",
        b"meta",
        b"moof",
        b"traf",
        b"edts",
        b"mvex",
        b"ilst",
        b"dinf",
    }
)
KINDS: Final = (
    *sorted(CONTAINERS),
    b"mdat",
    b"free",
    b"gps ",
    b"stsz",
    b"stts",
    b"stsc",
    b"stco",
    b"co64",
    b"uuid",
    b"hdlr",
)
EXTREMES: Final = (0, 1, 7, 8, 15, 16, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF)
MOST_BYTES: Final = 4 << 20
MOST_BOXES: Final = 400


# Any file.


def cut(content: bytearray, rng: random.Random) -> bytearray:
    return content[: rng.randrange(len(content) + 1)]


def cut_front(content: bytearray, rng: random.Random) -> bytearray:
    return content[rng.randrange(min(len(content), 4096) + 1) :]


def flip_bits(content: bytearray, rng: random.Random) -> bytearray:
    for _ in range(rng.choice((1, 4, 32, 256))):
        at = rng.randrange(len(content))
        content[at] ^= 1 << rng.randrange(8)
    return content


def write_extreme(content: bytearray, rng: random.Random) -> bytearray:
    """A number of 16, 32 or 64 bits, of the most or the least that it can be, near the front mostly."""
    at = rng.randrange(min(len(content), rng.choice((64, 2048, len(content)))))
    width = rng.choice((2, 4, 8))
    value = rng.choice(EXTREMES) & (256**width - 1)
    content[at : at + width] = value.to_bytes(width, rng.choice(("big", "little")))
    return content


def blank(content: bytearray, rng: random.Random) -> bytearray:
    begin, size = span(content, rng)
    content[begin : begin + size] = bytes([rng.choice((0, 0xFF, 0x47))]) * size
    return content


def repeat(content: bytearray, rng: random.Random) -> bytearray:
    begin, size = span(content, rng)
    return content[:begin] + content[begin : begin + size] * rng.choice((2, 3, 40)) + content[begin + size :]


def remove(content: bytearray, rng: random.Random) -> bytearray:
    begin, size = span(content, rng)
    return content[:begin] + content[begin + size :]


def exchange(content: bytearray, rng: random.Random) -> bytearray:
    (one, size), (other, _) = span(content, rng), span(content, rng)
    first, second = content[one : one + size], content[other : other + size]
    content[one : one + len(second)], content[other : other + len(first)] = second, first
    return content


def span(content: bytearray, rng: random.Random) -> tuple[int, int]:
    begin = rng.randrange(len(content))
    return begin, min(rng.choice((1, 4, 16, 188, 512, 8192)), len(content) - begin)


# Boxes: ISO/IEC 14496-12.


def boxes_of(content: bytearray) -> list[tuple[int, int, bytes]]:
    """Where each begins, its size and its type: those of containers among them."""
    found: list[tuple[int, int, bytes]] = []
    waiting = [(0, len(content))]
    while waiting and len(found) < MOST_BOXES:
        at, end = waiting.pop()
        while at + 8 <= end and len(found) < MOST_BOXES:
            size, kind = struct.unpack_from(">I4s", content, at)
            if size < 8 or at + size > end:
                break
            found.append((at, size, kind))
            if kind in CONTAINERS:
                waiting.append((at + (12 if kind == b"meta" else 8), at + size))
            at += size
    return found


def a_box(content: bytearray, rng: random.Random) -> tuple[int, int, bytes]:
    boxes = boxes_of(content)
    return rng.choice(boxes) if boxes else (0, min(8, len(content)), b"    ")


def resize_box(content: bytearray, rng: random.Random) -> bytearray:
    at, size, _ = a_box(content, rng)
    value = rng.choice((*EXTREMES, size + 1, size - 1, size + 8, size * 2, size // 2))
    content[at : at + 4] = struct.pack(">I", value & 0xFFFFFFFF)
    return content


def widen_box(content: bytearray, rng: random.Random) -> bytearray:
    """A 64-bit size, true or not."""
    at, size, kind = a_box(content, rng)
    value = rng.choice((size + 8, 0, 1, 15, 1 << 63, (1 << 64) - 1, 1 << 40))
    return content[:at] + struct.pack(">I4sQ", 1, kind, value) + content[at + 8 :]


def rename_box(content: bytearray, rng: random.Random) -> bytearray:
    at, _, _ = a_box(content, rng)
    content[at + 4 : at + 8] = rng.choice(KINDS)
    return content


def copy_box(content: bytearray, rng: random.Random) -> bytearray:
    """Once more beside itself, or within another."""
    at, size, _ = a_box(content, rng)
    size = min(size, 65536)
    into, _, _ = a_box(content, rng)
    to = rng.choice((at, into, into + 8))
    return content[:to] + content[at : at + size] * rng.choice((1, 2, 30)) + content[to:]


def drop_box(content: bytearray, rng: random.Random) -> bytearray:
    at, size, _ = a_box(content, rng)
    return content[:at] + content[at + size :]


def bury_box(content: bytearray, rng: random.Random) -> bytearray:
    """Deep within containers of its own kind."""
    at, size, _ = a_box(content, rng)
    inner = bytes(content[at : at + min(size, 65536)])
    for _ in range(rng.choice((3, 60, 2000))):
        inner = struct.pack(">I4s", len(inner) + 8, rng.choice((b"moov", b"trak", b"udta", b"meta"))) + inner
    return content[:at] + inner + content[at + size :]


def spoil_table(content: bytearray, rng: random.Random) -> bytearray:
    """Counts, offsets and sizes within a box that holds no others."""
    leaves = [box for box in boxes_of(content) if box[2] not in CONTAINERS and box[1] > 16]
    if not leaves:
        return write_extreme(content, rng)
    at, size, _ = rng.choice(leaves)
    for _ in range(rng.choice((1, 3))):
        where = at + 8 + 4 * rng.randrange(max(1, min(size - 8, 64) // 4))
        content[where : where + 4] = struct.pack(">I", rng.choice(EXTREMES))
    return content


# JPEG and the TIFF within: ITU-T T.81, annex B; EXIF 2.32.


def segments_of(content: bytearray) -> list[tuple[int, int]]:
    """Where each marker stands and how long it is with its segment."""
    found, at = [], 2
    while at + 4 <= len(content) and content[at] == 0xFF and content[at + 1] not in (0xDA, 0xD9):
        size = 2 + int.from_bytes(content[at + 2 : at + 4])
        found.append((at, size))
        at += size
    return found


def resize_segment(content: bytearray, rng: random.Random) -> bytearray:
    segments = segments_of(content)
    if segments:
        at, size = rng.choice(segments)
        content[at + 2 : at + 4] = (rng.choice((0, 1, 2, size, size - 3, size * 2, 0xFFFF)) & 0xFFFF).to_bytes(2)
    return content


def copy_segment(content: bytearray, rng: random.Random) -> bytearray:
    segments = segments_of(content)
    if not segments:
        return repeat(content, rng)
    at, size = rng.choice(segments)
    to, _ = rng.choice(segments)
    return content[:to] + content[at : at + size] * rng.choice((1, 2, 30)) + content[to:]


def drop_segment(content: bytearray, rng: random.Random) -> bytearray:
    segments = segments_of(content)
    if not segments:
        return remove(content, rng)
    at, size = rng.choice(segments)
    return content[:at] + content[at + size :]


def spoil_tiff(content: bytearray, rng: random.Random) -> bytearray:
    """An entry's type, count or offset; how many there are; where the next directory is; the order of bytes."""
    start = content.find(b"Exif\0\0") + 6
    if start < 6 or start + 20 > len(content):
        return write_extreme(content, rng)
    order = "little" if content[start : start + 2] == b"II" else "big"
    if rng.random() < 0.1:
        content[start : start + 2] = b"MM" if order == "little" else b"II"
        return content
    for _ in range(rng.choice((1, 2, 6))):
        directory = start + int.from_bytes(content[start + 4 : start + 8], order)
        entry = rng.choice((start + 4, directory, directory + 2 + 12 * rng.randrange(16) + rng.choice((0, 2, 4, 8))))
        width = 2 if rng.random() < 0.4 else 4
        near = rng.choice((*EXTREMES, 8, 12, 13, entry - start, rng.randrange(1, 65536)))
        if 0 <= entry < len(content):
            content[entry : entry + width] = (near & (256**width - 1)).to_bytes(width, order)
    return content


# MPEG-TS: ISO/IEC 13818-1.


def packets_of(content: bytearray) -> Iterator[int]:
    yield from range(0, len(content) - 187, 188)


def a_packet(content: bytearray, rng: random.Random) -> int:
    return 188 * rng.randrange(max(1, min(len(content) // 188, rng.choice((8, 100, 1 << 20)))))


def lose_sync(content: bytearray, rng: random.Random) -> bytearray:
    for _ in range(rng.choice((1, 5, 50))):
        at = a_packet(content, rng)
        content[at : at + 1] = bytes([rng.randrange(256)])
    return content


def shift_packets(content: bytearray, rng: random.Random) -> bytearray:
    at = a_packet(content, rng) + rng.randrange(188)
    few = rng.choice((1, 3, 4, 187))
    return content[:at] + content[at + few :] if rng.random() < 0.5 else content[:at] + b"\x47" * few + content[at:]


def spoil_header(content: bytearray, rng: random.Random) -> bytearray:
    """Stream number, flags, length of the adaptation field, and the first bytes of what it carries."""
    for _ in range(rng.choice((1, 10, 100))):
        at = a_packet(content, rng) + rng.choice((1, 2, 3, 4, 5, 6, 7, 8, 9, 12))
        content[at : at + 1] = bytes([rng.choice((0, 1, 0x1F, 0x47, 0x40, 0x7F, 0xB7, 0xFF, rng.randrange(256)))])
    return content


def shuffle_packets(content: bytearray, rng: random.Random) -> bytearray:
    one, other = a_packet(content, rng), a_packet(content, rng)
    first, second = content[one : one + 188], content[other : other + 188]
    content[one : one + 188], content[other : other + 188] = second, first
    return content


def repeat_packets(content: bytearray, rng: random.Random) -> bytearray:
    at = a_packet(content, rng)
    piece = content[at : at + 188 * rng.choice((1, 7, 100))]
    return content[:at] + piece * rng.choice((2, 3, 20)) + content[at:]


def stamp_packets(content: bytearray, rng: random.Random) -> bytearray:
    """As M2TS has them, four bytes before each; or only from some packet on."""
    begin = rng.choice((0, a_packet(content, rng)))
    packets = (bytes(content[at : at + 188]) for at in range(begin, min(len(content), begin + 188 * 4000), 188))
    return content[:begin] + b"".join(b"\0\0\0\1" + packet for packet in packets)


def make_private(content: bytearray, rng: random.Random) -> bytearray:
    """A picture's stream that says it is a private one: positions are looked for in it."""
    for _ in range(rng.choice((1, 20))):
        at = content.find(b"\0\0\1\xe0", rng.randrange(len(content)))
        if at >= 0:
            content[at + 3] = rng.choice((0xBD, 0xBF, 0xFC))
            content[at + 14 : at + 22] = rng.choice((b"freeGPS ", b"$GPRMC,0", bytes(8)))
    return content


ANY: Final[tuple[Mutation, ...]] = (cut, cut_front, flip_bits, write_extreme, blank, repeat, remove, exchange)
BOXES: Final[tuple[Mutation, ...]] = (
    resize_box,
    widen_box,
    rename_box,
    copy_box,
    drop_box,
    bury_box,
    spoil_table,
    spoil_table,
)
JPEG: Final[tuple[Mutation, ...]] = (resize_segment, copy_segment, drop_segment, spoil_tiff, spoil_tiff, spoil_tiff)
TS: Final[tuple[Mutation, ...]] = (
    lose_sync,
    shift_packets,
    spoil_header,
    shuffle_packets,
    repeat_packets,
    stamp_packets,
    make_private,
)
OF_FORMAT: Final = {"jpeg": JPEG, "mp4": BOXES, "ts": TS}


def mutate(content: bytes, form: str, other: bytes, rng: random.Random) -> tuple[bytes, tuple[str, ...]]:
    """One to five changes, two thirds of them of the format; now and then a splice with `other`. And what was done."""
    changed, done = bytearray(content), []
    if rng.random() < 0.1:
        changed = changed[: rng.randrange(len(changed))] + other[rng.randrange(len(other)) :]
        done.append("splice")
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        if not changed:
            break
        mutation = rng.choice(OF_FORMAT[form] if rng.random() < 0.67 else ANY)
        changed = mutation(changed, rng)[:MOST_BYTES]
        done.append(mutation.__name__)
    return bytes(changed), tuple(done)
