"""GPX 1.0 and 1.1: the track points, their heights, times and fixes. No entity is ever expanded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from xml.parsers import expat

from ingest.metadata.clock import moment_in
from ingest.metadata.points import Point
from ingest.metadata.positions import MOST_POINTS_READ

LONGEST_TEXT: Final = 64
FIXES: Final = {"none": 0, "2d": 2, "3d": 3, "dgps": 3, "pps": 3}


class Refused(Exception):
    """A document type, or more points than any recorder's. Never leaves this module."""


class Reader:
    """Collects trkpt elements. What is broken after the first points does not take those away."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self._place: tuple[float, float] | None = None
        self._said: dict[str, str] = {}
        self._text: list[str] | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "trkpt":
            self._place, self._said = place_of(attributes), {}
        self._text = [] if self._place is not None and local in ("ele", "time", "fix", "hdop", "speed") else None

    def text(self, piece: str) -> None:
        if self._text is not None and sum(map(len, self._text)) < LONGEST_TEXT:
            self._text.append(piece[:LONGEST_TEXT])

    def end(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if self._text is not None:
            self._said[local] = "".join(self._text).strip()
            self._text = None
        if local == "trkpt" and self._place is not None:
            self.points.append(self._point(*self._place))
            self._place = None
            if len(self.points) >= MOST_POINTS_READ:
                raise Refused

    def _point(self, latitude: float, longitude: float) -> Point:
        said = self._said
        return Point(
            None,
            latitude,
            longitude,
            number_of(said.get("ele")),
            number_of(said.get("speed")),
            FIXES.get(said.get("fix", "")),
            number_of(said.get("hdop")),
            moment_of(said.get("time", "")),
        )


def points_of_gpx(text: str) -> list[Point]:
    """Empty for what is no GPX. An encoding that it declares is not asked: expat knows but few, and it is text here."""
    reader, parser = Reader(), expat.ParserCreate("utf-8")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except (expat.ExpatError, Refused, ValueError, RecursionError):
        pass
    return reader.points


def refuse(*_: object) -> None:
    """No GPX needs a document type; entities that expand into gigabytes do."""
    raise Refused


def place_of(attributes: dict[str, str]) -> tuple[float, float] | None:
    latitude, longitude = number_of(attributes.get("lat")), number_of(attributes.get("lon"))
    return None if latitude is None or longitude is None else (latitude, longitude)


def number_of(text: str | None) -> float | None:
    try:
        return None if text is None or len(text) > LONGEST_TEXT else float(text)
    except ValueError:
        return None


def moment_of(text: str) -> datetime | None:
    """GPX times are UTC (1.1, "time"): one without a zone is, too."""
    moment = moment_in(text)
    try:
        return moment if moment is None else moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        return None
