"""When and where a recording was made, as its page shows it: the estimate, every clock, the place, the way."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from api.http.reading.positions import clocks_of, tracks_of
from api.http.reading.segments import segments_of
from api.i18n import Translate
from storage.catalog.recordings import PositionTrack, Recording

WIDE, HIGH, MARGIN = 320.0, 200.0, 12.0
MOST_CORNERS = 400
METRES_A_DEGREE = 111_195.0


@dataclass(frozen=True)
class ClockShown:
    """`apart` is the distance in seconds from the best estimate, None where there is none or it is that itself."""

    role: str
    time: datetime
    source: str
    apart: float | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class TrackDrawn:
    """A track as a line in a box of 320 by 200, north up; `metres` is the longer side of what it covers."""

    source: str
    own: bool
    read_from: str
    point_count: int
    line: str
    start: tuple[float, float]
    end: tuple[float, float]
    metres: float


def made_of(session: Session, recording: Recording, translate: Translate) -> dict[str, Any]:
    segments = segments_of(session, recording)
    return {
        "segments": segments,
        "segment_gap": "" if segments is None else gap_words(segments.own.gap_seconds, translate),
        "clocks": show_clocks(recording),
        "refused_devices": refused(recording, "device"),
        "refused_officers": refused(recording, "officer"),
        "refused_places": refused(recording, "location"),
        "refused_times": tuple(
            each for kind in ("gps_time", "clock", "started_at") for each in refused(recording, kind)
        ),
        "tracks": tuple(draw_track(track) for track in tracks_of(session, recording)),
        "left_out": left_out(recording),
    }


def gap_words(seconds: float | None, translate: Translate) -> str:
    """What lies between a segment and the one before. Clocks are written in whole seconds: one is nothing."""
    if seconds is None:
        return translate("间隔未知")
    shown = f"{abs(seconds):.2f}".rstrip("0").rstrip(".")
    if abs(seconds) <= 1:
        return translate("紧接上一段（相差 {seconds} 秒）").format(seconds=shown)
    sentence = translate("与上一段相隔 {seconds} 秒") if seconds > 0 else translate("与上一段重叠 {seconds} 秒")
    return sentence.format(seconds=shown)


def show_clocks(recording: Recording) -> tuple[ClockShown, ...]:
    best = recording.started_at
    shown = []
    for word in clocks_of(recording):
        apart = None if best is None else word.offset_from(best)
        shown.append(ClockShown(word.role, word.time, word.source, apart or None, word.notes))
    return tuple(shown)


def refused(recording: Recording, kind: str) -> tuple[tuple[str, str, str], ...]:
    """What was there and not believed: its words, its source, the reason."""
    values = (
        (claim.get("value"), claim.get("source")) for claim in recording.claims if claim.get("kind") == "withheld"
    )
    return tuple(
        (str(value.get("raw", "")), str(source), str(value.get("reason", "")))
        for value, source in values
        if isinstance(value, Mapping) and value.get("kind") == kind
    )


def left_out(recording: Recording) -> tuple[tuple[str, str], ...]:
    """Points of its tracks that were not believed: the reason, and how many."""
    notes = (note for claim in recording.claims if claim.get("kind") == "track" for note in claim.get("notes") or ())
    return tuple((reason, count) for reason, _, count in (str(note).partition(":") for note in notes))


def draw_track(track: PositionTrack) -> TrackDrawn:
    points = thinned([(row[2] / 1e7, row[1] / 1e7) for row in track.points])
    middle = points[len(points) // 2]
    squeeze = max(0.01, math.cos(math.radians(middle[1])))
    flat = [((along_the_globe(east - middle[0])) * squeeze, middle[1] - north) for east, north in points]
    left, top = min(x for x, _ in flat), min(y for _, y in flat)
    width, height = max(x for x, _ in flat) - left, max(y for _, y in flat) - top
    # A recorder that stood still: half a metre of noise must not fill the box.
    scale = min((WIDE - 2 * MARGIN) / max(width, 1e-4), (HIGH - 2 * MARGIN) / max(height, 1e-4))
    across, down = (WIDE - width * scale) / 2, (HIGH - height * scale) / 2
    placed = [(round(across + (x - left) * scale, 1), round(down + (y - top) * scale, 1)) for x, y in flat]
    return TrackDrawn(
        source=track.source,
        own=track.read_from == track.recording_id,
        read_from=str(track.read_from),
        point_count=track.point_count,
        line=" ".join(f"{x},{y}" for x, y in placed),
        start=placed[0],
        end=placed[-1],
        metres=max(width, height) * METRES_A_DEGREE,
    )


def thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    if len(points) <= MOST_CORNERS:
        return list(points)
    step = (len(points) - 1) / (MOST_CORNERS - 1)
    return [points[round(n * step)] for n in range(MOST_CORNERS)]


def along_the_globe(degrees: float) -> float:
    """The short way round, for a track over the antimeridian."""
    return (degrees + 180) % 360 - 180
