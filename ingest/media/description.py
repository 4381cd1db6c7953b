"""What ffprobe said of a file, as values: hostile texts bounded, numbers that are none left out."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from ingest.media.findings import Run, Stream

LONGEST_TAG: Final = 512
MOST_TAGS: Final = 200
MOST_RUNS: Final = 256
LONGEST_SECONDS: Final = 31 * 86400.0
_PICTURE_IDS: Final = range(0xE0, 0xF0)


def read_stream(stream: Mapping[str, Any]) -> Stream:
    disposition = stream.get("disposition")
    return Stream(
        index=whole(stream.get("index")) or 0,
        kind=text(stream.get("codec_type")) or "unknown",
        codec=text(stream.get("codec_name")),
        profile=text(stream.get("profile")),
        width=whole(stream.get("width")),
        height=whole(stream.get("height")),
        rotation=read_rotation(stream),
        fps=read_rate(stream.get("avg_frame_rate")),
        pix_fmt=text(stream.get("pix_fmt")),
        channels=whole(stream.get("channels")),
        sample_rate=whole(stream.get("sample_rate")),
        is_picture=isinstance(disposition, dict) and disposition.get("attached_pic") == 1,
        length_prefixed=stream.get("is_avc", "true") == "true",
        frames_declared=whole(stream.get("nb_frames")),
        tags=read_tags(stream.get("tags")),
    )


def is_misread(stream: Mapping[str, Any]) -> bool:
    """A program stream has its pictures under the ids 0xE0 to 0xEF (ISO/IEC 13818-1, table 2-22). Where no map says
    what they are coded in a demuxer guesses, and some H.264 looks to it like MPEG sound."""
    said = text(stream.get("id")) or ""
    try:
        number = int(said, 16)
    except ValueError:
        return False
    return stream.get("codec_type") == "audio" and number & 0xFF in _PICTURE_IDS and number >> 8 <= 1


def read_rotation(stream: Mapping[str, Any]) -> int:
    """Degrees counter-clockwise, as in the display matrix."""
    sides = listed(stream.get("side_data_list"))
    return next((whole(side["rotation"]) or 0 for side in sides if "rotation" in side), 0)


def read_rate(value: object) -> float | None:
    try:
        return round(float(Fraction(str(value))), 3) or None
    except (ValueError, ZeroDivisionError, OverflowError):
        return None


def read_tags(value: object) -> dict[str, str]:
    """Bounded: a hostile file may carry megabytes of them."""
    tags = value if isinstance(value, dict) else {}
    return {storable(str(name)): storable(str(tags[name])) for name in list(tags)[:MOST_TAGS]}


def storable(value: str) -> str:
    """Half a surrogate pair and NUL pass through JSON; no database takes them."""
    whole_pairs = value[:LONGEST_TAG].encode("utf-8", "replace").decode()
    return whole_pairs.replace("\0", "\N{REPLACEMENT CHARACTER}")


def film_of(container: str | None, said: object) -> Mapping[str, Any]:
    """What the reader found of a film (ingest/metadata/film_clock.py, matroska_clock.py)."""
    film = said if isinstance(said, dict) else {}
    return film if str(film.get("of", "-")) in (container or "").split(",") else {}


def read_runs(value: object) -> tuple[Run, ...]:
    """None of them where any is none that can be."""
    runs = []
    for said in listed(value)[:MOST_RUNS]:
        offset, seconds = decimal(said.get("offset_seconds")), decimal(said.get("seconds"))
        if offset is None or seconds is None or min(offset, seconds) < 0 or offset + seconds > LONGEST_SECONDS:
            return ()
        runs.append(Run(offset, seconds, said.get("by_clock") is True))
    return tuple(runs)


def listed(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def read_pairs(value: object) -> list[tuple[float, float]]:
    """Of two numbers each; none of them where any is none such."""
    pairs = []
    for said in value if isinstance(value, list) else ():
        numbers = [decimal(each) for each in said] if isinstance(said, list) else []
        if len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
            return []
        pairs.append((numbers[0], numbers[1]))
    return pairs


def text(value: object) -> str | None:
    return storable(value) if isinstance(value, str) else None


def whole(value: object) -> int | None:
    number = decimal(value)
    return None if number is None else int(number)


def decimal(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if number == number and abs(number) != float("inf") else None
