"""Logs that lie beside a recording: `X.nmea`, `X.gps`, `X.gpx`, `X.srt` belong to `X.mp4`, and say where it was made.

Each is sealed as a recording of its own, whose manifest vouches for the track. Here the two are brought together, by a
step that may run at any time: same unit and station, same name but for the type, no other device or group, docked
within a day of one another, the same time, and one alone that fits. Where it is not clear, nothing is attached.

Of a track no more is read here than its first point and its last time: its points go from row to row within the
database.

Anybody who may upload can write a log, and call it as he likes. So its time must agree with the recording's, and where
nothing says when either was made, a name alone brings no place.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Uuid, func, insert, literal, select, tuple_
from sqlalchemy.orm import Session

from ingest.metadata.claims import claims_of_row
from ingest.metadata.places import CONTRADICTED_PLACE
from ingest.metadata.sidecar_looks import (
    COLUMNS,
    DOCKED_WITHIN,
    FILMS,
    Found,
    find_waiting,
    find_waiting_still,
    note_looks,
)
from ingest.metadata.times import moment_of
from storage.catalog.recordings import PositionTrack, Recording
from storage.ledger.append import Actor, Change, record_change

COUNTS_FROM_THE_FIRST_FRAME: Final = "srt"
ATTACHED: Final = "recording.sidecar_attached"
WITHHELD: Final = "withheld"
"""What the entry says of the place where the track came alone."""
HOUSEKEEPING: Final = Actor.system("housekeeping")
ONE_AT_A_TIME: Final = 0x51DE
APART_SECONDS: Final = 60.0
"""Satellites in the recording and in the log that differ by more, and by its length, were not on one way."""
LONGEST_SECONDS: Final = 86_400.0
MOST_UNSURE_SECONDS: Final = 900.0
"""However far off a recording's clock may be: a log so far from what it says is not taken for its own."""

MOST_OF_ONE_NAME: Final = 200
"""Films at one station within a day or two that are called alike: more than recorders that count alike can be docked at
one. Of more nobody can say which a log belongs to."""
OF_A_NAME: Final = (
    Recording.id,
    Recording.unit_id,
    Recording.station_id,
    Recording.original_name,
    Recording.received_at,
    Recording.device,
)

Called = tuple[uuid.UUID, uuid.UUID, str]
"""Unit, station, name."""


def attach_sidecars(session: Session, now: datetime, most: int) -> tuple[uuid.UUID, ...]:
    """Look at `most` logs that came lately and are not attached yet; to which recordings some were. None too while
    another process does it."""
    waiting = take_waiting(session, now, most)
    return attach_waiting(session, waiting, now) if waiting else ()


def take_waiting(session: Session, now: datetime, most: int) -> Sequence[Found]:
    """Nothing while another process has some."""
    return find_waiting(session, now, most) if _is_mine(session) else ()


def take_waiting_still(session: Session, now: datetime, log_id: uuid.UUID) -> Sequence[Found] | None:
    """This log, set aside or not; nothing where it waits no more. None while another process has some."""
    return find_waiting_still(session, now, log_id) if _is_mine(session) else None


def _is_mine(session: Session) -> bool:
    """Until the transaction ends."""
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(ONE_AT_A_TIME))))


def attach_waiting(session: Session, waiting: Sequence[Found], now: datetime) -> tuple[uuid.UUID, ...]:
    """To which recordings some of these logs were attached."""
    called = find_called_alike(session, waiting)
    attached = []
    for log in waiting:
        recording = the_one_that_fits(session, log, called[name_of(log)])
        if recording is not None:
            attach(session, log, recording)
            attached.append(recording.id)
    note_looks(session, waiting, now)
    return tuple(attached)


def find_called_alike(session: Session, waiting: Sequence[Found]) -> Mapping[Called, list[Found]]:
    """By the name of each log, the films that came to its station around the same time and are called so.

    Names are gone through some at a time: a station may have uploaded any number of films."""
    arrived = [log.received_at for log in waiting]
    stations = {(log.unit_id, log.station_id) for log in waiting}
    films = select(*OF_A_NAME).where(
        tuple_(Recording.unit_id, Recording.station_id).in_(stations),
        Recording.received_at.between(min(arrived) - DOCKED_WITHIN, max(arrived) + DOCKED_WITHIN),
        Recording.findings["kind"].astext.in_(FILMS),
    )
    called: dict[Called, list[Found]] = {name_of(log): [] for log in waiting}
    some_at_a_time: Iterator[Any] = iter(session.execute(films.execution_options(yield_per=1000)))
    for row in some_at_a_time:
        for name in {stem_of(row.original_name), last_of(row.original_name)}:  # X.mp4.gpx is of X.mp4, too
            alike = called.get((row.unit_id, row.station_id, name))
            if alike is not None and len(alike) <= MOST_OF_ONE_NAME:
                alike.append(row)
    return called


def name_of(log: Found) -> Called:
    return log.unit_id, log.station_id, stem_of(log.original_name)


def last_of(name: str) -> str:
    return re.split(r"[/\\]", name)[-1].casefold()


def stem_of(name: str) -> str:
    stem, dot, _ = last_of(name).rpartition(".")
    return stem if dot and stem else last_of(name)


def the_one_that_fits(session: Session, log: Found, alike: Sequence[Found]) -> Found | None:
    """None as well where several do: a number on a card comes back."""
    near = [
        film.id
        for film in alike
        if abs(film.received_at - log.received_at) <= DOCKED_WITHIN
        and (film.device is None or log.device is None or film.device == log.device)
    ]
    if not near or len(alike) > MOST_OF_ONE_NAME:
        return None
    films: Sequence[Any] = session.execute(select(*COLUMNS).where(Recording.id.in_(near))).all()
    fits = [film for film in films if one_group(log, film)]
    return fits[0] if len(fits) == 1 and agrees(log, fits[0]) else None


def one_group(log: Found, recording: Found) -> bool:
    """The station says of neither, or of both alike, whose files they are among."""
    said = [claims_of_row(row.claims).best("group") for row in (log, recording)]
    return len({claim.value for claim in said if claim is not None and isinstance(claim.value, str)}) <= 1


def agrees(log: Found, recording: Found) -> bool:
    """Whether the log began when the recording did, or while it went on: its first point is where that was made.

    By satellites in both; else by what is believed of the recording's start, as far as that may be off, and no farther
    than a quarter of an hour. A log of times that count from the first frame (subtitles) must not outlast the film.
    """
    theirs = gps_start(log)
    length = min(recording.duration_seconds or 0.0, LONGEST_SECONDS)
    if theirs is None:
        return log.source == COUNTS_FROM_THE_FIRST_FRAME and log_seconds(log) <= length + APART_SECONDS
    its, apart = gps_start(recording), APART_SECONDS
    if its is None:
        its, apart = recording.started_at, APART_SECONDS + min(unsure_by(recording), MOST_UNSURE_SECONDS)
    return its is not None and -apart <= (theirs - its).total_seconds() <= apart + length


def unsure_by(recording: Found) -> float:
    unsure = recording.started_at_uncertainty_seconds
    return float(unsure) if unsure is not None and unsure == unsure else 0.0


def log_seconds(log: Found) -> float:
    """Rows stand in the order of time: the last has the longest."""
    return (log.last_ms or 0) / 1000


def gps_start(row: Found) -> datetime | None:
    return next((moment_of(claim) for claim in claims_of_row(row.claims).of("gps_time")), None)


def attach(session: Session, log: Found, recording: Found) -> None:
    """The track, its entry, and the place of a recording that has none of its own. What it has, it keeps; where its own
    bytes name two places a log decides nothing, as anybody may write one: that is asked about
    (casework/elements/judging.py)."""
    its = (literal(recording.id, Uuid), PositionTrack.read_from, literal(recording.unit_id, Uuid))
    same = (PositionTrack.source, PositionTrack.point_count, PositionTrack.points, PositionTrack.sha256)
    copied = select(func.gen_random_uuid(), *its, *same).where(PositionTrack.id == log.track_id)
    names = ("id", "recording_id", "read_from", "unit_id", "source", "point_count", "points", "sha256")
    digest = session.execute(
        insert(PositionTrack).from_select(names, copied, include_defaults=False).returning(PositionTrack.sha256)
    ).scalar_one()
    row = session.get_one(Recording, recording.id)
    is_doubted = contradicts_itself(row.claims)
    data = {"sidecar": str(log.id), "source": log.source, "track_sha256": digest.hex()}
    data |= {"place": WITHHELD} if is_doubted else {}
    record_change(session, HOUSEKEEPING, Change(ATTACHED, "recording", str(recording.id), recording.unit_id, data))
    if row.place_source is None and not is_doubted:
        row.latitude, row.longitude = place_of(log.first)
        row.place_source = f"sidecar:{log.source}"
    session.flush()


def contradicts_itself(claims: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a recording's own bytes name two places."""
    withheld = (claim.value for claim in claims_of_row(claims).of("withheld"))
    return any(not isinstance(said, str) and said.get("reason") == CONTRADICTED_PLACE for said in withheld)


def place_of(first: Sequence[Any]) -> tuple[float, float]:
    """Where a track begins, by its first row, as its own recording's manifest states it."""
    _, latitude, longitude, *_ = first
    return latitude / 1e7, longitude / 1e7
