"""Which recordings follow one another without a gap worth the name: a recorder cuts one act into files of minutes.

GA/T 947.2 allows 0.04 s between two; clocks are written in whole seconds, so what is measured is a second off. Two
files are compared on one and the same clock, right or wrong: a clock that is years off still counts seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ingest.metadata.claims import Claims
from ingest.metadata.times import AT_THE_END, moment_of
from storage.measures import shifted

BASES: Final = ("device", "name", "gps", "station", "number")
"""By what two files are said to follow one another, the first that says so; `number`: chapters without a clock."""
ALONE: Final = "alone"
GPS_SLACK_SECONDS: Final = 5.0
"""Satellites contradict another clock only by more than they are off themselves."""


@dataclass(frozen=True)
class Piece:
    """A recording as it is compared: its first frame by each clock, and the group and number of its name.

    `received_in` numbers the spans of time in which it may have come, where the station's word alone says that it is of
    the same recorder as others: then only those of one span, or of two beside one another, are compared.
    """

    id: str
    length: timedelta
    starts: Mapping[str, datetime] = field(default_factory=dict)
    chapter: tuple[str, int] | None = None
    received_in: int = 0

    @property
    def spans(self) -> tuple[int, int, int]:
        """In which those came that it is compared with."""
        return self.received_in - 1, self.received_in, self.received_in + 1


@dataclass(frozen=True)
class Joint:
    """That `after` follows `before`: by which clock, and how many seconds lie between; negative where they overlap."""

    before: str
    after: str
    basis: str
    gap_seconds: float | None


@dataclass(frozen=True)
class Place:
    """Where a recording stands in its act. `gap_seconds`: to the one before; None for the first, and where unknown."""

    id: str
    first: str
    ordinal: int
    count: int
    gap_seconds: float | None
    basis: str


def piece_of(recording_id: str, claims: Claims, duration_seconds: float, received_in: int = 0) -> Piece:
    """What each clock says, as it was written: whether a Z was local time changes nothing between two of them."""
    length = timedelta(seconds=duration_seconds)
    starts: dict[str, datetime] = {}
    for claim in claims.stated:
        basis, time = basis_of(claim.kind, claim.source), moment_of(claim)
        if basis is not None and time is not None and basis not in starts:
            starts[basis] = shifted(time, -length) if AT_THE_END in claim.notes else time
    return Piece(recording_id, length, starts, chapter_of(claims), received_in)


def basis_of(kind: str, source: str) -> str | None:
    if kind == "gps_time":
        return "gps"
    if kind == "started_at":
        return "station" if source == "station" else "name"
    return "device" if kind == "clock" and source != "exif:gps" else None


def chapter_of(claims: Claims) -> tuple[str, int] | None:
    for claim in claims.of("sequence"):
        value = claim.value
        if not isinstance(value, str) and isinstance(value.get("group"), str) and isinstance(value.get("number"), int):
            return str(value["group"]), int(value["number"])
    return None


def place_pieces(pieces: Sequence[Piece], most_gap_seconds: float) -> list[Place]:
    """Every piece once. The same pieces give the same places, in whatever order they come."""
    pieces = sorted(pieces, key=lambda piece: piece.id)
    after: dict[str, Joint] = {}
    before: dict[str, Joint] = {}
    heads = {piece.id: piece.id for piece in pieces}
    by_id = {piece.id: piece for piece in pieces}
    for basis in BASES:
        for joint in find_joints(pieces, basis, most_gap_seconds):
            free = joint.before not in after and joint.after not in before
            if free and head_of(heads, joint.before) != joint.after and not refuted(joint, by_id, most_gap_seconds):
                after[joint.before] = before[joint.after] = joint
                heads[joint.after] = joint.before
    return [place for piece in pieces if piece.id not in before for place in walk(piece.id, after)]


def head_of(heads: dict[str, str], piece: str) -> str:
    """The first of the act that a piece stands in; on the way, the way is made shorter."""
    at = piece
    while heads[at] != at:
        heads[at] = heads[heads[at]]
        at = heads[at]
    return at


def walk(first: str, after: Mapping[str, Joint]) -> list[Place]:
    joints = []
    at = first
    while at in after:
        joints.append(after[at])
        at = after[at].after
    count = len(joints) + 1
    places = [Place(first, first, 1, count, None, joints[0].basis if joints else ALONE)]
    for ordinal, joint in enumerate(joints, 2):
        places.append(Place(joint.after, first, ordinal, count, joint.gap_seconds, joint.basis))
    return places


def find_joints(pieces: Sequence[Piece], basis: str, most_gap_seconds: float) -> Iterator[Joint]:
    yield from by_number(pieces) if basis == "number" else by_clock(pieces, basis, most_gap_seconds)


def by_clock(pieces: Sequence[Piece], basis: str, most_gap_seconds: float) -> Iterator[Joint]:
    """In the order of one clock, each with the next. One recorder makes one recording at a time: where two lie over one
    another, this clock was set between them, or they are two cameras, and it says nothing of either."""
    timed = sorted((piece.starts[basis], piece.id, piece) for piece in pieces if basis in piece.starts)
    in_order = [piece for _, _, piece in timed]
    unclear = overlapping(in_order, basis, most_gap_seconds)
    for place, one in enumerate(in_order):
        other = None if one.id in unclear else next_one(in_order, place, basis, most_gap_seconds)
        if other is not None and other.id not in unclear:
            yield Joint(one.id, other.id, basis, gap_between(one, other, basis))


def next_one(in_order: Sequence[Piece], place: int, basis: str, most_gap_seconds: float) -> Piece | None:
    """What follows the one at `place`, of those that it is compared with; None where that is too far away."""
    one = in_order[place]
    for other in (in_order[later] for later in range(place + 1, len(in_order))):
        if gap_between(one, other, basis) > most_gap_seconds:
            return None
        if other.received_in in one.spans:
            return other
    return None


def overlapping(in_order: Sequence[Piece], basis: str, most_gap_seconds: float) -> set[str]:
    """Those that lie over another, of all that are compared with one another."""
    found: set[str] = set()
    longest: dict[int, Piece] = {}
    for piece in in_order:
        for before in (longest[span] for span in piece.spans if span in longest):
            if gap_between(before, piece, basis) < -most_gap_seconds:
                found |= {before.id, piece.id}
        own = longest.get(piece.received_in)
        # Lengths of time are compared, not moments: a start at the end of the calendar has no end.
        if own is None or piece.starts[basis] - own.starts[basis] + piece.length >= own.length:
            longest[piece.received_in] = piece
    return found


def by_number(pieces: Sequence[Piece]) -> Iterator[Joint]:
    """Chapters of one number that follow one another; where a number is there twice, nothing is said."""
    found: dict[tuple[str, int, int], list[Piece]] = {}
    for piece in pieces:
        if piece.chapter is not None:
            found.setdefault((*piece.chapter, piece.received_in), []).append(piece)
    for group, number, span in sorted(found):
        pair = only_pair(found, group, number, span)
        # Seen from the second as well: beside it may be another first that the first has nothing to do with.
        if pair is not None and only_pair(found, group, number, pair[1].received_in) == pair:
            yield Joint(pair[0].id, pair[1].id, "number", None)


def only_pair(
    found: Mapping[tuple[str, int, int], Sequence[Piece]], group: str, number: int, span: int
) -> tuple[Piece, Piece] | None:
    """The chapter of a number and the one after it, of those that came in a span or in one beside it."""
    spans = (span - 1, span, span + 1)
    ones, others = (
        [piece for each in spans for piece in found.get((group, one, each), ())] for one in (number, number + 1)
    )
    return (ones[0], others[0]) if len(ones) == len(others) == 1 else None


def gap_between(one: Piece, other: Piece, basis: str) -> float:
    return round((other.starts[basis] - one.starts[basis] - one.length).total_seconds(), 3)


def refuted(joint: Joint, by_id: Mapping[str, Piece], most_gap_seconds: float) -> bool:
    """Satellites saw both, and saw them further apart."""
    one, other = by_id[joint.before], by_id[joint.after]
    if "gps" not in one.starts or "gps" not in other.starts:
        return False
    return abs(gap_between(one, other, "gps")) > most_gap_seconds + GPS_SLACK_SECONDS


def changed(places: Iterable[Place], known: Mapping[str, Place]) -> list[Place]:
    return [place for place in places if known.get(place.id) != place]
