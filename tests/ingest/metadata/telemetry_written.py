"""Files as recorders write them, made byte for byte from the published layouts, with positions known beforehand."""

from __future__ import annotations

import struct


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full_box(kind: bytes, *content: bytes) -> bytes:
    return box(kind, b"\0\0\0\0", *content)


def meta_track(
    codec: bytes, handler: bytes, samples: list[bytes], offset: int, timescale: int = 1000, duration: int = 1000
) -> bytes:
    """A track whose samples lie one after another from `offset` on, all in one chunk."""
    sizes = b"".join(struct.pack(">I", len(sample)) for sample in samples)
    stbl = box(
        b"stbl",
        full_box(b"stsd", struct.pack(">I", 1), box(codec, b"\0" * 8)),
        full_box(b"stts", struct.pack(">III", 1, len(samples), duration)),
        full_box(b"stsz", struct.pack(">II", 0, len(samples)), sizes),
        full_box(b"stsc", struct.pack(">IIII", 1, 1, len(samples), 1)),
        full_box(b"stco", struct.pack(">II", 1, offset)),
    )
    mdhd = full_box(b"mdhd", struct.pack(">IIIIHH", 0, 0, timescale, 0, 0, 0))
    hdlr = full_box(b"hdlr", b"\0" * 4, handler, b"\0" * 13)
    return box(b"trak", box(b"mdia", mdhd, hdlr, box(b"minf", stbl)))


def fragmented_mp4(codec: bytes, handler: bytes, samples: list[bytes], duration: int = 1000, said: int = 0x38) -> bytes:
    """A fragment a sample, of track 7. `said`: flags of tfhd, whether it or the moov's trex has length and size."""
    empty = [full_box(kind, bytes(4)) for kind in (b"stts", b"stsc", b"stco")]
    stsd = full_box(b"stsd", struct.pack(">I", 1), box(codec, b"\0" * 8))
    stbl = box(b"stbl", stsd, *empty, full_box(b"stsz", bytes(8)))
    mdhd = full_box(b"mdhd", struct.pack(">IIIIHH", 0, 0, 1000, 0, 0, 0))
    hdlr = full_box(b"hdlr", b"\0" * 4, handler, b"\0" * 13)
    tkhd = full_box(b"tkhd", struct.pack(">III", 0, 0, 7), bytes(64))
    trex = full_box(b"trex", struct.pack(">IIIII", 7, 1, 0 if said & 8 else duration, 0, 0))
    trak = box(b"trak", tkhd, box(b"mdia", mdhd, hdlr, box(b"minf", stbl)))
    parts = [box(b"ftyp", b"iso5\0\0\0\0iso5"), box(b"moov", trak, box(b"mvex", trex))]
    for n, sample in enumerate(samples):
        parts.append(fragment(n, sample, duration, said) + box(b"mdat", sample))
    return b"".join(parts)


def fragment(n: int, sample: bytes, duration: int, said: int) -> bytes:
    values = [value for flag, value in ((0x8, duration), (0x10, len(sample)), (0x20, 0)) if said & flag]
    tfhd = box(b"tfhd", struct.pack(f">II{len(values)}I", 0x20000 | said, 7, *values))
    tfdt = box(b"tfdt", struct.pack(">IQ", 1 << 24, n * duration))
    sized = struct.pack(">I", len(sample)) if not said & 0x10 else b""
    run_bytes = 8 + 4 + 4 + 4 + len(sized)
    offset = 8 + 16 + 8 + len(tfhd) + len(tfdt) + run_bytes + 8
    trun = box(b"trun", struct.pack(">IIi", 0x1 | (0x200 if sized else 0), 1, offset), sized)
    return box(b"moof", full_box(b"mfhd", struct.pack(">I", n + 1)), box(b"traf", tfhd, tfdt, trun))


def mp4_with_track(codec: bytes, handler: bytes, samples: list[bytes]) -> bytes:
    """ftyp, mdat with the samples, moov."""
    start = box(b"ftyp", b"isom\0\0\0\0isom")
    return start + box(b"mdat", b"".join(samples)) + box(b"moov", meta_track(codec, handler, samples, len(start) + 8))


def klv(key: bytes, kind: str, sample_bytes: int, repeat: int, content: bytes) -> bytes:
    letter = b"\0" if kind == "" else kind.encode()
    return key + letter + struct.pack(">BH", sample_bytes, repeat) + content + b"\0" * (-len(content) % 4)


def nest(key: bytes, *items: bytes) -> bytes:
    body = b"".join(items)
    return klv(key, "", 1, len(body), body)


def gps5_payload(
    points: list[tuple[float, float, float, float, float]],
    fix: int = 3,
    precision: int = 150,
    clock: str = "260101013000.000",
) -> bytes:
    scale = (10_000_000, 10_000_000, 1000, 1000, 100)
    rows = b"".join(
        struct.pack(">5i", *(round(value * by) for value, by in zip(row, scale, strict=True))) for row in points
    )
    return nest(
        b"DEVC",
        nest(
            b"STRM",
            klv(b"GPSF", "L", 4, 1, struct.pack(">I", fix)),
            klv(b"GPSU", "U", 16, 1, clock.encode()),
            klv(b"GPSP", "S", 2, 1, struct.pack(">H", precision)),
            klv(b"SCAL", "l", 4, 5, struct.pack(">5i", *scale)),
            klv(b"GPS5", "l", 20, len(points), rows),
        ),
    )


def gps9_payload(latitude: float, longitude: float, days: int, seconds: float, dop: float, fix: int) -> bytes:
    scale = (10_000_000, 10_000_000, 1000, 1000, 100, 1, 1000, 100, 1)
    values = (latitude, longitude, 12.5, 1.5, 1.5, days, seconds, dop, fix)
    row = struct.pack(">7i2H", *(round(value * by) for value, by in zip(values, scale, strict=True)))
    return nest(
        b"DEVC",
        nest(
            b"STRM",
            klv(b"TYPE", "c", 1, 9, b"lllllllSS"),
            klv(b"SCAL", "l", 4, 9, struct.pack(">9i", *scale)),
            klv(b"GPS9", "?", 32, 1, row),
        ),
    )


def free_gps_block(
    latitude: float, longitude: float, second: int, knots: float = 10.0, fix: bytes = b"A", older: bool = True
) -> bytes:
    """Degrees as the chips write them, ddmm.mmmm; 256 bytes with the box's own header."""
    east = b"E"
    fields = struct.pack(
        "<IIIIIIcccxfff", 9, 30, second, 26, 1, 1, fix, b"N", east, minutes(latitude), minutes(longitude), knots
    )
    between = b"\0" * (36 if older else 4)
    return (struct.pack(">I", 256) + b"freeGPS " + between + fields).ljust(256, b"\0")


def minutes(degrees: float) -> float:
    whole = int(degrees)
    return whole * 100 + (degrees - whole) * 60


def mp4_with_blocks(blocks: list[bytes]) -> bytes:
    start = box(b"ftyp", b"isom\0\0\0\0isom")
    entries = b"".join(
        struct.pack(">II", len(start) + 8 + sum(map(len, blocks[:n])), len(block)) for n, block in enumerate(blocks)
    )
    return start + box(b"mdat", *blocks) + box(b"moov", box(b"gps ", struct.pack(">II", 1, len(blocks)), entries))


def nmea(body: str) -> str:
    total = 0
    for letter in body:
        total ^= ord(letter)
    return f"${body}*{total:02X}\r\n"


def rmc(latitude: float, longitude: float, second: int, status: str = "A", day: str = "010126", mode: str = "A") -> str:
    clock = f"0130{second:02}.00"
    return nmea(
        f"GPRMC,{clock},{status},{minutes(latitude):09.4f},N,{minutes(longitude):010.4f},E,19.4384,90.0,{day},,,{mode}"
    )


def gga(second: int, quality: int = 1, satellites: int = 8, height: float = 21.5) -> str:
    return nmea(f"GPGGA,0130{second:02}.00,3113.8240,N,12128.4220,E,{quality},{satellites:02},0.9,{height},M,8.0,M,,")


def pts(seconds: float) -> bytes:
    ticks = round(seconds * 90_000)
    return bytes((0x21 | ticks >> 29 & 0x0E, *struct.pack(">H", ticks >> 14 & 0xFFFE | 1))) + struct.pack(
        ">H", ticks << 1 & 0xFFFE | 1
    )


def elementary(stream_id: int, seconds: float, payload: bytes) -> bytes:
    header = b"\x80\x80\x05" + pts(seconds)
    return b"\x00\x00\x01" + bytes((stream_id,)) + struct.pack(">H", len(header) + len(payload)) + header + payload


def packets(pid: int, content: bytes, packet_bytes: int = 188) -> bytes:
    """Transport packets; the last is filled with an adaptation field, as muxers do. Of 192 bytes with a time code
    before each, of 204 with a checksum after it."""
    out, first = [], True
    while content:
        piece, content = content[:184], content[184:]
        head = bytes((0x47, (0x40 if first else 0) | pid >> 8, pid & 0xFF))
        if len(piece) == 184:
            packet = head + b"\x10" + piece
        else:
            room = 184 - len(piece) - 1
            packet = head + b"\x30" + bytes((room,)) + (b"\0" + b"\xff" * (room - 1) if room else b"") + piece
        out.append(packet + b"\x5a" * 16 if packet_bytes == 204 else b"\0" * (packet_bytes - 188) + packet)
        first = False
    return b"".join(out)
