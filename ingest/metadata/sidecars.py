"""Logs that lie beside a recording: `X.nmea`, `X.gps`, `X.gpx`, `X.srt` belong to `X.mp4`, and say where it was made.

Each is sealed as a recording of its own, whose manifest vouches for the track. Here the two are brought together, by a
step that may run at any time: same unit and station, same name but for the type, no other device or group, docked
within a day of one another, the same time, and one alone that fits. Where it is not clear, nothing is attached.

Anybody who may upload can write a log, and call it as he likes. So its time must agree with the recording's, and where
nothing says when either was made, a name alone brings no place.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session, aliased

from ingest.metadata.claims import claims_of_row
from ingest.metadata.times import moment_of
from storage.catalog.recordings import PositionTrack, Recording
from storage.ledger.append import Actor, Change, record_change

SOURCES: Final = ("nmea", "gpx", "srt")
COUNTS_FROM_THE_FIRST_FRAME: Final = "srt"
ATTACHED: Final = "recording.sidecar_attached"
HOUSEKEEPING: Final = Actor.system("housekeeping")
DOCKED_WITHIN: Final = timedelta(days=1)
ONE_AT_A_TIME: Final = 0x51DE
APART_SECONDS: Final = 60.0
"""Satellites in the recording and in the log that differ by more, and by its length, were not on one way."""
LONGEST_SECONDS: Final = 86_400.0
MOST_UNSURE_SECONDS: Final = 900.0
"""However far off a recording's clock may be: a log so far from what it says is not taken for its own."""

Found = Row[Any]


def attach_sidecars(session: Session, now: datetime, most: int) -> tuple[uuid.UUID, ...]:
    """Attach what came lately and is not attached yet; to which recordings. None too while another process does it."""
    if not session.scalar(select(func.pg_try_advisory_xact_lock(ONE_AT_A_TIME))):
        return ()
    waiting = find_waiting(session, now, most)
    if not waiting:
        return ()
    known = by_name(find_recordings(session, waiting))
    matched = [(log, fit) for log in waiting if (fit := the_one_that_fits(log, known)) is not None]
    for log, recording in matched:
        attach(session, log, recording)
    return tuple(recording.id for _, recording in matched)


COLUMNS: Final = (
    Recording.id,
    Recording.unit_id,
    Recording.station_id,
    Recording.device,
    Recording.original_name,
    Recording.received_at,
    Recording.duration_seconds,
    Recording.started_at,
    Recording.started_at_uncertainty_seconds,
    Recording.place_source,
    Recording.claims,
)


def find_waiting(session: Session, now: datetime, most: int) -> Sequence[Any]:
    """Logs of the last day, with their track, that belong to nothing yet. Later ones are found by the next run."""
    other = aliased(PositionTrack)
    attached = select(other.id).where(other.read_from == PositionTrack.read_from, other.recording_id != other.read_from)
    statement = (
        select(*COLUMNS, PositionTrack.source, PositionTrack.points, PositionTrack.id.label("track_id"))
        .join(PositionTrack, PositionTrack.recording_id == Recording.id)
        .where(
            PositionTrack.read_from == Recording.id,
            PositionTrack.source.in_(SOURCES),
            Recording.received_at > now - DOCKED_WITHIN,
            Recording.media_state == "unreadable",
            ~attached.exists(),
        )
        .order_by(Recording.received_at.desc())
        .limit(most)
    )
    return session.execute(statement).all()


def find_recordings(session: Session, waiting: Iterable[Found]) -> Sequence[Any]:
    """What came to the same stations around the same time, and can be seen or heard."""
    waiting = list(waiting)
    arrived = [log.received_at for log in waiting]
    statement = select(*COLUMNS).where(
        Recording.unit_id.in_({log.unit_id for log in waiting}),
        Recording.station_id.in_({log.station_id for log in waiting}),
        Recording.received_at.between(min(arrived) - DOCKED_WITHIN, max(arrived) + DOCKED_WITHIN),
        Recording.findings["kind"].astext.in_(("video", "audio", "still")),
    )
    return session.execute(statement).all()


def by_name(recordings: Iterable[Found]) -> Mapping[tuple[uuid.UUID, uuid.UUID, str], list[Found]]:
    """By unit, station and name: without the type, and with it, for `X.mp4.gpx`."""
    found: dict[tuple[uuid.UUID, uuid.UUID, str], list[Found]] = {}
    for row in recordings:
        for name in {stem_of(row.original_name), last_of(row.original_name)}:
            found.setdefault((row.unit_id, row.station_id, name), []).append(row)
    return found


def last_of(name: str) -> str:
    return re.split(r"[/\\]", name)[-1].casefold()


def stem_of(name: str) -> str:
    stem, dot, _ = last_of(name).rpartition(".")
    return stem if dot and stem else last_of(name)


def the_one_that_fits(log: Found, known: Mapping[tuple[uuid.UUID, uuid.UUID, str], list[Found]]) -> Found | None:
    """None as well where several do: a number on a card comes back."""
    fits = [
        row
        for row in known.get((log.unit_id, log.station_id, stem_of(log.original_name)), ())
        if abs(row.received_at - log.received_at) <= DOCKED_WITHIN
        and (row.device is None or log.device is None or row.device == log.device)
        and one_group(log, row)
    ]
    return fits[0] if len(fits) == 1 and agrees(log, fits[0]) else None


def one_group(log: Found, recording: Found) -> bool:
    """The station says of neither, or of both alike, whose files they are among."""
    said = [claims_of_row(row.claims).best("group") for row in (log, recording)]
    return len({claim.value for claim in said if claim is not None and isinstance(claim.value, str)}) <= 1


def agrees(log: Found, recording: Found) -> bool:
    """Whether the log began when the recording did, or while it went on.

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
    return its is not None and abs((theirs - its).total_seconds()) <= apart + length


def unsure_by(recording: Found) -> float:
    unsure = recording.started_at_uncertainty_seconds
    return float(unsure) if unsure is not None and unsure == unsure else 0.0


def log_seconds(log: Found) -> float:
    return max((row[0] for row in log.points if row[0] is not None), default=0) / 1000


def gps_start(row: Found) -> datetime | None:
    return next((moment_of(claim) for claim in claims_of_row(row.claims).of("gps_time")), None)


def attach(session: Session, log: Found, recording: Found) -> None:
    """The track, its entry, and the place of a recording that has none of its own. What it has, it keeps."""
    track = session.get_one(PositionTrack, log.track_id)
    session.add(
        PositionTrack(
            recording_id=recording.id,
            read_from=log.id,
            unit_id=recording.unit_id,
            source=track.source,
            point_count=track.point_count,
            points=track.points,
            sha256=track.sha256,
        )
    )
    data = {"sidecar": str(log.id), "source": track.source, "track_sha256": track.sha256.hex()}
    record_change(session, HOUSEKEEPING, Change(ATTACHED, "recording", str(recording.id), recording.unit_id, data))
    row = session.get_one(Recording, recording.id)
    if row.place_source is None:
        row.latitude, row.longitude = place_of(track.points[0])
        row.place_source = f"sidecar:{track.source}"
    session.flush()


def place_of(first: Sequence[Any]) -> tuple[float, float]:
    """Where a track begins, by its first row, as its own recording's manifest states it."""
    _, latitude, longitude, *_ = first
    return latitude / 1e7, longitude / 1e7
