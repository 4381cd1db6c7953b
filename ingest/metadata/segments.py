"""Recordings of one act, kept as `recording_segment`: a step that may run at any time, and gives the same again.

A recorder that cuts its files is known by the station's word, or by a name whose device the register has. What a name
alone calls its device may be what every recorder of the make writes there, and one that names its make alone could be
any of its kind: their files stay apart, unless one station says that they came off one card, put in once. Originals are
never joined. A late file finds its place, and moves others.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement, Row, and_, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ingest.metadata.claims import Claims, claims_of_row
from ingest.metadata.contiguity import ALONE, Piece, Place, changed, piece_of, place_pieces
from ingest.metadata.registered import Named, registered_devices
from integrity.canonical import canonical_json
from storage.catalog.recordings import Recording, RecordingSegment
from storage.ledger.append import Actor, Change, record_change
from storage.measures import shifted
from storage.set_aside import GROUPING, is_set_aside

log = structlog.get_logger()

ONE_AT_A_TIME: Final = 0x5E9  # a lock of PostgreSQL's, for the length of a transaction
NEAR: Final = timedelta(days=1)
"""How far from a new recording its neighbours are looked for, by the best estimate of when they began."""
PLACED: Final = "recording.segments_placed"
HOUSEKEEPING: Final = Actor.system("housekeeping")
DOCKED_NEARBY: Final = timedelta(hours=2)
ONE_DOCKING: Final = timedelta(days=3)
"""A station's group is believed of what came within that of each other, and of nothing that came twice that apart: an
outage may last, and some stations say the same group of every recorder in one place."""
MOST_DOCKED: Final = 1000
"""Neighbours whose estimates are years apart, for one alone had satellites, come to the station together."""

Found = Row[Any]
Regrouped = Callable[[Collection[uuid.UUID]], None]
Device = tuple[uuid.UUID, str | None, str | None, uuid.UUID | None]
"""Unit and device; and where nobody vouches for the device, the group that the station gave what came off a card, and
the station: a group is a station's own word, and two that are set up alike may use one for different recorders.
"""


def group_segments(
    session: Session,
    most_gap_seconds: float,
    batch: int,
    regrouped: Regrouped | None = None,
    sealed_after: datetime | None = None,
) -> int:
    """Look at recordings nobody has looked at yet, and how many they were. 0 too while another process does it."""
    new = take_new(session, batch, sealed_after)
    group_new(session, new, most_gap_seconds, regrouped)
    return len(new)


def take_new(session: Session, batch: int, sealed_after: datetime | None = None) -> Sequence[Found]:
    """Recordings nobody has looked at yet, but those that were set aside. Nothing while another process has some.

    Only those sealed after `sealed_after`: to find them among all that was ever sealed means to go through all of that.
    """
    new = select(*COLUMNS).where(~looked_at(), ~is_set_aside(GROUPING, Recording.id))
    if sealed_after is not None:
        new = new.where(Recording.sealed_at > sealed_after)
    return session.execute(new.order_by(Recording.sealed_at).limit(batch)).all() if _is_mine(session) else ()


def take_new_still(session: Session, recording_id: uuid.UUID) -> Sequence[Found] | None:
    """This one, set aside or not; nothing where it was looked at. None while another process has some."""
    new = select(*COLUMNS).where(~looked_at(), Recording.id == recording_id)
    return session.execute(new).all() if _is_mine(session) else None


def _is_mine(session: Session) -> bool:
    """Until the transaction ends."""
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(ONE_AT_A_TIME))))


def group_new(
    session: Session, new: Sequence[Found], most_gap_seconds: float, regrouped: Regrouped | None = None
) -> None:
    """`regrouped` is told, once and last, of those that are in another act than before, or among others in it."""
    registered = named_in_register(session, new)
    found = by_device((row for row in new if as_piece(row) is not None), registered)
    moved: set[uuid.UUID] = set()
    grouped = [
        rows for key, rows in found.items() if group_device(session, key, rows, most_gap_seconds, moved, registered)
    ]
    placed = {row.id for rows in grouped for row in rows}
    for unit_id in {row.unit_id for row in new}:
        others = [str(row.id) for row in new if row.unit_id == unit_id and row.id not in placed]
        write_places(session, unit_id, [Place(one, one, 1, 1, None, ALONE) for one in others])
    if moved and regrouped is not None:
        regrouped(moved)


def group_device(
    session: Session,
    key: Device,
    rows: Sequence[Found],
    most_gap_seconds: float,
    moved: set[uuid.UUID],
    registered: Collection[Named],
) -> bool:
    """Place one device's recordings, and add to `moved` what has another place than before.

    False where its claims cannot be worked with: its new ones stay alone, and no other device waits for them. What the
    database refuses is no fault of the claims, and is raised.
    """
    try:
        with session.begin_nested():
            recorders = find_neighbours(session, key, rows, registered)
            pieces = [
                [piece for row in one if (piece := as_piece(row, arrival_span(row, registered))) is not None]
                for one in recorders
            ]
            places = [place for one in pieces for place in place_pieces(one, most_gap_seconds)]
            placed = write_places(session, key[0], places)
    except SQLAlchemyError:
        raise
    except Exception as error:
        log.exception("segments.device_failed", recordings=len(rows), error=type(error).__name__)
        return False
    moved.update(placed)
    return True


COLUMNS: Final = (
    Recording.id,
    Recording.unit_id,
    Recording.station_id,
    Recording.device,
    Recording.claims,
    Recording.findings["kind"].astext.label("kind"),
    Recording.duration_seconds,
    Recording.started_at,
    Recording.received_at,
)


def is_film() -> ColumnElement[bool]:
    kind: ColumnElement[str] = Recording.findings["kind"].astext
    return kind.in_(("video", "audio"))


def looked_at() -> ColumnElement[bool]:
    return select(RecordingSegment.recording_id).where(RecordingSegment.recording_id == Recording.id).exists()


def by_device(rows: Iterable[Found], registered: Collection[Named]) -> dict[Device, list[Found]]:
    """Never across units or devices."""
    found: dict[Device, list[Found]] = {}
    for row in rows:
        key = key_of(row, registered)
        if key is not None:
            found.setdefault(key, []).append(row)
    return found


def key_of(row: Found, registered: Collection[Named]) -> Device | None:
    """Whose the recording is; None where nothing tells two recorders apart.

    The station's word, a number that the maker wrote into the file and the register vouch for a device. A name alone
    does not: there other stations and groups are other recorders. A make and model without a number are no device of
    their own: there the station's group says which files are one's, for as long as one is docked (ONE_DOCKING).
    """
    claims = claims_of_row(row.claims)
    best, said = claims.best("device"), claims.best("group")
    group = None if said is None else str(said.value)
    if best is not None and (best.source == "station" or (row.unit_id, row.device) in registered):
        return row.unit_id, row.device, None, None
    if best is not None and best.source.startswith("name:"):
        return row.unit_id, row.device, group, row.station_id
    if best is not None and "#" in str(best.value):
        return row.unit_id, row.device, None, None
    return None if group is None else (row.unit_id, row.device, group, row.station_id)


def named_in_register(session: Session, rows: Iterable[Found]) -> Collection[Named]:
    """Those devices of these recordings that their units' register has."""
    return registered_devices(session, {(row.unit_id, row.device) for row in rows if row.device is not None})


def arrival_span(row: Found, registered: Collection[Named]) -> int:
    """The span of time it came in, where its group is all there is to go by (Piece.received_in)."""
    key = key_of(row, registered)
    by_group = key is not None and key[2] is not None
    return int(row.received_at.timestamp() // ONE_DOCKING.total_seconds()) if by_group else 0


def as_piece(row: Found, received_in: int = 0) -> Piece | None:
    """None for what has no length: photographs, sidecars, files that nobody could open."""
    if row.kind not in ("video", "audio") or not row.duration_seconds or row.duration_seconds <= 0:
        return None
    claims: Claims = claims_of_row(row.claims)
    return piece_of(str(row.id), claims, min(row.duration_seconds, NEAR.total_seconds() * 31), received_in)


def find_neighbours(
    session: Session, key: Device, rows: Sequence[Found], registered: Collection[Named]
) -> list[list[Found]]:
    """The new ones, those near to them by either clock, and the whole of every act that one of these stands in.

    An act of before may hold others that are no longer taken for this recorder's: each recorder's are a list.
    """
    unit_id, device, group, station_id = key
    # IS NOT DISTINCT FROM would not find by the index.
    same = and_(
        Recording.unit_id == unit_id, Recording.device.is_(None) if device is None else Recording.device == device
    )
    if station_id is not None:
        same = and_(same, Recording.station_id == station_id)
    arrived = [row.received_at for row in rows]
    if group is not None:
        same = and_(same, or_(*(Recording.received_at.between(*span) for span in windows(arrived, 2 * ONE_DOCKING))))
        said = [{"kind": "group", "source": "station", "value": group}]
        same = and_(same, Recording.claims.contains(said))  # last: it is read from elsewhere than the row
    times = [row.started_at for row in rows if row.started_at is not None]
    near = or_(*(Recording.started_at.between(begin, end) for begin, end in windows(times, NEAR)), text("false"))
    docked = or_(*(Recording.received_at.between(begin, end) for begin, end in windows(arrived, DOCKED_NEARBY)))
    around = set(session.scalars(select(Recording.id).where(near, same, is_film())))
    around |= set(
        session.scalars(select(Recording.id).where(docked, same, is_film()).order_by(Recording.id).limit(MOST_DOCKED))
    )
    around |= {row.id for row in rows}
    acts = select(RecordingSegment.first_recording_id).where(RecordingSegment.recording_id.in_(around))
    members = select(RecordingSegment.recording_id).where(RecordingSegment.first_recording_id.in_(acts))
    found = session.execute(
        select(*COLUMNS, RecordingSegment.first_recording_id)
        .outerjoin(RecordingSegment, RecordingSegment.recording_id == Recording.id)
        .where(or_(Recording.id.in_(around), Recording.id.in_(members)))
    ).all()
    own = [row for row in found if key_of(row, registered) == key]
    mixed = {row.first_recording_id for row in own if row.first_recording_id is not None}
    others = [row for row in found if row.first_recording_id in mixed and key_of(row, registered) != key]
    return [own, *by_recorder(others, registered)]


def by_recorder(rows: Iterable[Found], registered: Collection[Named]) -> list[list[Found]]:
    """What nobody can tell the recorder of is a list of its own."""
    rows = list(rows)
    untold = [[row] for row in rows if key_of(row, registered) is None]
    return [*by_device(rows, registered).values(), *untold]


def windows(times: Iterable[datetime], each_way: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Spans around each, joined where they touch."""
    begin = end = None
    for time in sorted(times):
        if begin is None or end is None or shifted(time, -each_way) > end:
            if begin is not None and end is not None:
                yield begin, end
            begin = shifted(time, -each_way)
        end = shifted(time, each_way)
    if begin is not None and end is not None:
        yield begin, end


def write_places(session: Session, unit_id: uuid.UUID, places: Sequence[Place]) -> set[uuid.UUID]:
    """Only what is new or other than it was, and which that was; with an entry of each act that this changes.

    `places` holds whole acts.
    """
    known = known_places(session, [place.id for place in places])
    wanted = changed(places, known)
    if not wanted:
        return set()
    enter_acts(session, unit_id, places, wanted, known)
    rows = [
        {
            "recording_id": uuid.UUID(place.id),
            "unit_id": unit_id,
            "first_recording_id": uuid.UUID(place.first),
            "ordinal": place.ordinal,
            "segment_count": place.count,
            "gap_seconds": place.gap_seconds,
            "basis": place.basis,
        }
        for place in wanted
    ]
    statement = insert(RecordingSegment).values(rows)
    names = ("first_recording_id", "ordinal", "segment_count", "gap_seconds", "basis")
    news = {name: statement.excluded[name] for name in names} | {"grouped_at": func.now()}
    session.execute(statement.on_conflict_do_update(index_elements=["recording_id"], set_=news))
    return {uuid.UUID(place.id) for place in wanted}


def enter_acts(
    session: Session, unit_id: uuid.UUID, places: Sequence[Place], wanted: Sequence[Place], known: Mapping[str, Place]
) -> None:
    """State each act that is new or other than it was. What is alone from the first is of none, and is not entered."""
    acts: dict[str, list[Place]] = {}
    for place in places:
        acts.setdefault(place.first, []).append(place)
    for first in sorted({place.first for place in wanted}):
        act = acts[first]
        if len(act) > 1 or first in known:
            data = {"count": len(act), "sha256": digest_act(act)}
            record_change(session, HOUSEKEEPING, Change(PLACED, "recording", first, unit_id, data))


def digest_act(places: Sequence[Place]) -> str:
    """SHA-256, in hex, over the whole of an act: each recording in order, with its gap and by what it was placed."""
    rows = [
        [place.id, place.first, place.ordinal, place.count, place.gap_seconds, place.basis]
        for place in sorted(places, key=lambda place: (place.ordinal, place.id))
    ]
    return hashlib.sha256(canonical_json(rows, "segments")).hexdigest()


def known_places(session: Session, ids: Sequence[str]) -> Mapping[str, Place]:
    rows = session.scalars(
        select(RecordingSegment).where(RecordingSegment.recording_id.in_([uuid.UUID(one) for one in ids]))
    )
    return {str(row.recording_id): place_of_row(row) for row in rows}


def place_of_row(row: RecordingSegment) -> Place:
    return Place(
        str(row.recording_id),
        str(row.first_recording_id),
        row.ordinal,
        row.segment_count,
        row.gap_seconds,
        row.basis,
    )
