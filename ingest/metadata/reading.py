"""What a file's own bytes say of it: run inside the sandbox, over one file, by ingest/media/inside.py.

Pure functions over bounded bytes. What they give is JSON, because another process turns it into claims. Readers are
imported for the files that are worth it alone: sealing ten thousand small files waits for every import.
"""

from __future__ import annotations

from ingest.containers import SEQUENCE_BRANDS, STILL_BRANDS

TYPE_CHECKING = False  # typing takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any, BinaryIO, Final

    from ingest.metadata.claims import Claims
    from ingest.metadata.mp4 import Budget
    from ingest.metadata.points import Point

# What exifread looks for in a photograph, by its first bytes: JPEG, TIFF, PNG, and boxes of a HEIC or AVIF.
_PHOTOGRAPHS = (b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"\x89PNG", b"RIFF")
_PHOTOGRAPH_BRANDS = tuple(brand.encode() for brand in (*STILL_BRANDS, *SEQUENCE_BRANDS))
# Before what in a file of the first kind exifread believes that there is EXIF. A file that holds none of these
# anywhere has none, and costs no start of it; where the letters are there by chance it is for exifread to say.
_EXIF_MARKS = {b"\xff\xd8\xff": (b"Exif", b"Ducky", b"Adobe"), b"\x89PNG": (b"eXIf",), b"RIFF": (b"EXIF",)}
_START_BYTES: Final = 4096
# A JPEG's EXIF lies in its first segments, a HEIC's anywhere; a photograph is smaller than this.
MOST_PHOTOGRAPH_BYTES: Final = 64 << 20
MOST_TEXT_BYTES: Final = 48 << 20
MOST_TRACKS: Final = 8
ENDED_EARLY: Final = "not_read_to_the_end"
UNFINISHED: Final = "unfinished"
NOT_UNDERSTOOD: Final = "not_understood"


def read_file_facts(path: str | Path) -> dict[str, Any]:
    """`exif`: claims of a photograph; `orientation`: which side of it is up, 1 to 8 (TIFF 6.0, tag 274); `tracks`:
    positions, as docs/formats/positions.md has them; `runs`: of an MPEG stream whose clock jumps, the pieces between
    (stream_clock.py), and in `stream_seconds` how long it is by its clock; `film`: of an MP4 or Matroska whose
    pictures' times jump, whose edit list hides some, or which has less than it declares, what was found (film_clock.py,
    matroska_clock.py); `unfinished`: names of those that would have cost too much; `not_understood`: of those whose
    reader broke. Each is there only where the file has something of it.

    Raises OSError when the file cannot be read, and nothing for what it holds."""
    with open(path, "rb") as handle:  # noqa: PTH123 - a Path takes longer to import than a picture to be read
        start = handle.read(_START_BYTES)
        parts = [read_photograph(handle)] if is_photograph(start[:64]) else []
        # A brand is a word of four letters: behind that of a photograph may stand a film's tracks.
        if not parts or start[4:8] == b"ftyp":
            size = handle.seek(0, 2)
            parts += [read(handle, start, size) for read in (read_tracks, read_stream_runs, read_film)]
        failures = {how: [name for part in parts for name in part.pop(how, ())] for how in (UNFINISHED, NOT_UNDERSTOOD)}
        said = {name: found for part in parts for name, found in part.items()} | failures
        return {name: found for name, found in said.items() if found}


def read_photograph(handle: BinaryIO) -> dict[str, Any]:
    handle.seek(0)
    content = handle.read(MOST_PHOTOGRAPH_BYTES)
    if has_no_exif(content):
        return {}
    from ingest.metadata.bounds import ReadingTooMuch
    from ingest.metadata.claims import claims_as_facts
    from ingest.metadata.exif import claims_of_tags, orientation_of_tags, read_exif

    try:
        tags = read_exif(content)
    except ReadingTooMuch:
        return {UNFINISHED: ["exif"]}
    return {"exif": claims_as_facts(claims_of_tags(tags)), "orientation": orientation_of_tags(tags)}


def has_no_exif(content: bytes) -> bool:
    """False where it may have some."""
    marks = next((marks for kind, marks in _EXIF_MARKS.items() if content.startswith(kind)), ())
    return bool(marks) and not any(mark in content for mark in marks)


def is_photograph(start: bytes) -> bool:
    if start[4:8] == b"ftyp":
        return any(brand in start for brand in _PHOTOGRAPH_BRANDS)
    return start.startswith(_PHOTOGRAPHS) and (start[:4] != b"RIFF" or start[8:12] == b"WEBP")


def read_tracks(handle: BinaryIO, start: bytes, size: int) -> dict[str, Any]:
    """`tracks`. One that the budget ended says so itself; where there was none by then, that they are UNFINISHED. What
    a reader meets that it was not written for costs the positions, and nothing else: NOT_UNDERSTOOD."""
    from ingest.metadata.mp4 import Budget

    budget = Budget()
    try:
        points = find_points(handle, start, size, budget)
        found = [pair for _, pair in zip(range(MOST_TRACKS), points, strict=False) if pair[1]]
        if not found:
            return {UNFINISHED: ["tracks"]} if budget.spent else {}
        from ingest.metadata.positions import judge_track, track_as_facts

        tracks = [track_as_facts(judge_track(source, points)) for source, points in found]
        for track in tracks if budget.spent else ():
            track["left_out"][ENDED_EARLY] = 0  # how many points more there were nobody knows
        return {"tracks": tracks}
    except OSError:
        raise
    except Exception:
        return {NOT_UNDERSTOOD: ["tracks"]}


def read_stream_runs(handle: BinaryIO, start: bytes, size: int) -> dict[str, Any]:
    """`runs` and `stream_seconds`, or that they are UNFINISHED. What a reader meets that it was not written for costs
    this alone."""
    if not start.startswith(b"\0\0\x01\xba") and start[:1] != b"\x47" and start[4:5] != b"\x47":
        return {}
    from ingest.metadata.bounds import ReadingTooMuch
    from ingest.metadata.stream_clock import read_clock
    from ingest.metadata.transport_stream import find_layout

    try:
        clock = read_clock(handle, start, size, find_layout(start))
        return {} if clock is None else {"runs": clock.runs(), "stream_seconds": clock.seconds}
    except ReadingTooMuch:
        return {UNFINISHED: ["runs"]}
    except OSError:
        raise
    except Exception:
        return {}


def read_film(handle: BinaryIO, start: bytes, size: int) -> dict[str, Any]:
    """`film`, or that it is UNFINISHED or NOT_UNDERSTOOD."""
    from ingest.metadata.mp4 import is_mp4

    is_boxes = is_mp4(start)
    if not is_boxes and not start.startswith(b"\x1a\x45\xdf\xa3"):
        return {}
    from ingest.metadata.bounds import ReadingTooMuch
    from ingest.metadata.stream_clock import own_budget

    try:
        if is_boxes:
            from ingest.metadata.film_clock import read_film as read_boxes

            said = {"of": "mov", **read_boxes(handle, size, own_budget())}
        else:
            from ingest.metadata.matroska_clock import read_matroska

            said = {"of": "matroska", **read_matroska(handle, size, own_budget())}
        return {"film": said} if said.keys() & {"seconds", "declared_seconds"} or said.get("runs") else {}
    except ReadingTooMuch:
        return {UNFINISHED: ["film"]}
    except OSError:
        raise
    except Exception:
        return {NOT_UNDERSTOOD: ["film"]}


def find_points(handle: BinaryIO, start: bytes, size: int, budget: Budget) -> Iterator[tuple[str, list[Point]]]:
    """By what the file is, never by its name."""
    from dataclasses import replace

    from ingest.metadata.mp4 import is_mp4, may_have_positions

    if is_mp4(start):
        if may_have_positions(handle, size, replace(budget)):
            from ingest.metadata.mp4_positions import read_mp4

            yield from read_mp4(handle, size, budget)
        return
    if start[:1] == b"\x47" or start[4:5] == b"\x47":  # $GPRMC has one there, too
        from ingest.metadata.transport_stream import find_layout, read_transport_stream

        layout = find_layout(start)
        if layout is not None:
            yield from read_transport_stream(handle, layout, budget)
            return
    if size <= MOST_TEXT_BYTES and "\0" not in text_of(start):
        handle.seek(0)
        yield from read_text(handle.read(MOST_TEXT_BYTES))


def read_text(content: bytes) -> Iterator[tuple[str, list[Point]]]:
    """A sidecar: a log that lies beside the recording it belongs to."""
    text = text_of(content)
    if text[:_START_BYTES].lstrip().startswith("<") and "<gpx" in text:
        from ingest.metadata.gpx import points_of_gpx

        yield "gpx", points_of_gpx(text)
    elif " --> " in text[:_START_BYTES]:
        from ingest.metadata.subtitle_positions import points_of_srt

        yield "srt", list(points_of_srt(text))
    elif "RMC," in text:
        from ingest.metadata.nmea import points_of_nmea

        yield "nmea", list(points_of_nmea(text))


def text_of(content: bytes) -> str:
    """In UTF-16 where its first bytes are a byte order mark's, or a sign of ASCII as UTF-16 has it; else in UTF-8,
    whatever it declares: places and times are ASCII in every other encoding that loggers write."""
    first = content[:2]
    if first in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    if len(first) == 2 and 0 in first and any(0x20 <= each < 0x7F for each in first):
        return content.decode("utf-16-le" if first[1] == 0 else "utf-16-be", "replace")
    return content.decode("utf-8-sig", "replace")


def exif_claims(contents: dict[str, Any] | Any) -> Claims:
    """The photograph's claims out of what read_file_facts gave in another process."""
    from ingest.metadata.claims import Claims, claims_from_facts

    said = contents.get("exif")
    return claims_from_facts(said) if isinstance(said, dict) else Claims()
