"""Recordings of one unit: the list with its filters, and everything about one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, defer

from api.http.paging import listed
from api.http.reading.damage import missing_of
from api.http.reading.links import link_items
from api.http.reading.names import case_refs, people_named
from api.http.reading.positions import clock_items
from api.http.reading.segments import segment_items
from api.http.schema.base import CaseRef, Listed, PersonRef
from api.http.schema.recordings import (
    AgainItem,
    DecodingItem,
    HoldItem,
    MediaJobItem,
    ReceiptItem,
    RecordingDetail,
    RecordingItem,
    RenditionItem,
    ViewingItem,
)
from casework.access import may_see_poster, refuse_kept_secret
from casework.errors import AccessRefused, Unknown
from casework.playback import who_saw
from casework.recordings.said_again import fetch_said_again
from casework.recordings.states import is_in_state
from casework.secrecy import keeps_nothing_from
from casework.units import unit_of
from ingest.media.recovered import Recovered
from retention.holds import holds_on
from retention.own_units import Units, is_own, of_own, own_units
from retention.paging import Cursor, newest_first, take_page
from storage.catalog.casework import CaseLink
from storage.catalog.ledger import LedgerSequence
from storage.catalog.organisation import Person
from storage.catalog.recordings import MediaJob, Receipt, Recording, Rendition, WholeDecoding
from storage.catalog.retention import Hold

POSTER = "poster"


@dataclass(frozen=True)
class RecordingFilter:
    """What a list is narrowed to; None does not narrow. Times are of the recording's own claim, else of its arrival."""

    sha256: bytes | None = None
    device: str | None = None
    officer: str | None = None
    case_id: uuid.UUID | None = None
    media_state: str | None = None
    made_from: datetime | None = None
    made_before: datetime | None = None
    unlinked: bool = False


def list_recordings(
    session: Session, person: Person, wanted: RecordingFilter, after: Cursor | None, limit: int, now: datetime
) -> Listed[RecordingItem]:
    """Those of the person's unit, the latest sealed first."""
    slim = defer(Recording.manifest), defer(Recording.token), defer(Recording.findings), defer(Recording.claims)
    seen = of_own(person, Recording.unit_id), keeps_nothing_from(person)
    statement = narrow(select(Recording).where(*seen), wanted, own_units(person)).options(*slim)
    rows = session.scalars(newest_first(statement, Recording.sealed_at, Recording.id, after, limit)).all()
    page = take_page(rows, limit, lambda row: Cursor(row.sealed_at, str(row.id)))
    return listed(page, lambda rows: recording_items(session, person, rows, now))


def narrow(statement: Select[Recording], wanted: RecordingFilter, units: Units) -> Select[Recording]:
    live_link = select(CaseLink.id).where(CaseLink.recording_id == Recording.id, CaseLink.ended_at.is_(None))
    equal = {
        Recording.sha256: wanted.sha256,
        Recording.device: wanted.device,
        Recording.officer: wanted.officer,
    }
    statement = statement.where(*(column == value for column, value in equal.items() if value is not None))
    if wanted.media_state is not None:
        statement = statement.where(is_in_state(wanted.media_state, units))
    if wanted.case_id is not None:
        statement = statement.where(live_link.where(CaseLink.case_id == wanted.case_id).exists())
    if wanted.made_from is not None:
        statement = statement.where(Recording.made_at >= wanted.made_from)
    if wanted.made_before is not None:
        statement = statement.where(Recording.made_at < wanted.made_before)
    return statement.where(~live_link.exists()) if wanted.unlinked else statement


def recording_items(session: Session, person: Person, rows: Sequence[Recording], now: datetime) -> list[RecordingItem]:
    """The rows as a list shows them; what belongs to all of them is asked for at once."""
    ids = [row.id for row in rows]
    visible = may_see_poster(session, person, ids, now)
    cases, renditions = _cases_of(session, ids), _rendition_names(session, ids)
    return [_item(row, cases.get(row.id, []), renditions.get(row.id, []), may_view=row.id in visible) for row in rows]


def find_recording(session: Session, person: Person, recording_id: uuid.UUID) -> Recording:
    """A recording of the person's unit that no class of secrecy keeps from him. Raises Unknown, or AccessRefused, which
    the caller enters."""
    row = session.get(Recording, recording_id)
    if row is None and unit_of(session, "recording", recording_id) is None:
        raise Unknown("recording", recording_id)
    if row is None or not is_own(person, row.unit_id):
        raise AccessRefused("other_unit", "recording", recording_id)
    refuse_kept_secret(session, person, recording_id)
    return row


def describe_recording(session: Session, person: Person, row: Recording, now: datetime) -> RecordingDetail:
    """Everything about one recording."""
    (item,) = recording_items(session, person, [row], now)
    links = select(CaseLink).where(CaseLink.recording_id == row.id).order_by(CaseLink.created_at)
    index = select(LedgerSequence.index).where(LedgerSequence.entry_id == row.sealed_entry_id)
    return RecordingDetail(
        **dict(item),
        unit_id=row.unit_id,
        station_id=row.station_id,
        sm3=row.sm3.hex(),
        chunk_root=row.chunk_root.hex(),
        ciphertext_sha256=row.ciphertext_sha256.hex(),
        ciphertext_size_bytes=row.ciphertext_size_bytes,
        manifest_sha256=row.manifest_sha256.hex(),
        token_time=row.token_time,
        ledger_index=session.scalar(index),
        started_at_source=row.started_at_source,
        started_at_uncertainty_seconds=row.started_at_uncertainty_seconds,
        clocks=clock_items(row),
        latitude=row.latitude,
        longitude=row.longitude,
        place_source=row.place_source,
        segments=segment_items(session, row),
        claims=row.claims,
        findings=row.findings,
        missing=missing_of(row.findings),
        sealed_as=row.media_state,
        decoding=decoding_of(session, row.id),
        media_jobs=_media_jobs(session, row.id),
        copies=_copies(session, row.id),
        links=link_items(session, session.scalars(links).all()),
        holds=hold_items(session, holds_on(session, row.id)),
        receipts=_receipts(session, row.id),
        received_again=[AgainItem.model_validate(each) for each in fetch_said_again(session, [row.id]).get(row.id, ())],
    )


def decoding_of(session: Session, recording_id: uuid.UUID) -> DecodingItem | None:
    """The one that could say something; else the last that could not."""
    mine = select(WholeDecoding).where(WholeDecoding.recording_id == recording_id)
    latest = mine.order_by(WholeDecoding.state == "not_decoded", WholeDecoding.decoded_at.desc())
    found = session.scalars(latest.limit(1)).first()
    return None if found is None else DecodingItem.model_validate(found)


def list_viewings(session: Session, recording_id: uuid.UUID, after: Cursor | None, limit: int) -> Listed[ViewingItem]:
    """Who was shown it, the latest first."""
    page = who_saw(session, recording_id, after=after, limit=limit)
    return listed(
        page,
        lambda rows: [
            ViewingItem(
                person=PersonRef(id=row.person_id, name=row.person_name),
                grant_id=row.grant_id,
                purpose=row.purpose,
                first_opened_at=row.first_opened_at,
                last_opened_at=row.last_opened_at,
                window_count=row.window_count,
                sent_bytes=row.sent_bytes,
            )
            for row in rows
        ],
    )


def hold_items(session: Session, rows: Sequence[Hold]) -> list[HoldItem]:
    names = people_named(session, *(row.placed_by for row in rows), *(row.released_by for row in rows))
    return [
        HoldItem(
            id=row.id,
            recording_id=row.recording_id,
            case_id=row.case_id,
            reason=row.reason,
            placed_by=PersonRef.of(row.placed_by, names),
            placed_at=row.placed_at,
            released_by=PersonRef.maybe(row.released_by, names),
            released_at=row.released_at,
            release_reason=row.release_reason,
        )
        for row in rows
    ]


def _item(row: Recording, cases: list[CaseRef], renditions: list[str], *, may_view: bool) -> RecordingItem:
    has_poster = may_view and POSTER in renditions
    return RecordingItem(
        id=row.id,
        original_name=row.original_name,
        size_bytes=row.size_bytes,
        sha256=row.sha256.hex(),
        media_state=row.state_now,
        device=row.device,
        officer=row.officer,
        started_at=row.started_at,
        duration_seconds=row.duration_seconds,
        received_at=row.received_at,
        sealed_at=row.sealed_at,
        retention_class=row.retention_class,
        retain_until=row.retain_until,
        cases=cases,
        renditions=renditions,
        may_view=may_view,
        poster=f"/api/v1/recordings/{row.id}/renditions/{POSTER}" if has_poster else None,
    )


def _cases_of(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[CaseRef]]:
    pairs = select(CaseLink.recording_id, CaseLink.case_id).where(
        CaseLink.recording_id.in_(ids), CaseLink.ended_at.is_(None)
    )
    rows = session.execute(pairs.order_by(CaseLink.created_at, CaseLink.id)).all()
    refs = case_refs(session, (row.case_id for row in rows))
    cases: dict[uuid.UUID, list[CaseRef]] = {}
    for row in rows:
        cases.setdefault(row.recording_id, []).append(refs[row.case_id])
    return cases


def _rendition_names(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    names: dict[uuid.UUID, list[str]] = {}
    found = select(Rendition.recording_id, Rendition.name).where(Rendition.recording_id.in_(ids))
    for row in session.execute(found.order_by(Rendition.name)):
        names.setdefault(row.recording_id, []).append(row.name)
    return names


def _media_jobs(session: Session, recording_id: uuid.UUID) -> list[MediaJobItem]:
    jobs = session.scalars(select(MediaJob).where(MediaJob.recording_id == recording_id).order_by(MediaJob.kind))
    return [MediaJobItem.model_validate(job) for job in jobs]


def _copies(session: Session, recording_id: uuid.UUID) -> list[RenditionItem]:
    rows = session.scalars(select(Rendition).where(Rendition.recording_id == recording_id).order_by(Rendition.name))
    return [
        RenditionItem(
            name=row.name,
            media_type=row.media_type,
            size_bytes=row.size_bytes,
            sha256=row.sha256.hex(),
            tool=row.tool,
            tool_version=row.tool_version,
            created_at=row.created_at,
            cut_short_at=Recovered.of(row.settings).cut_short_at if row.name == "recovery" else None,
            facts=row.facts,
        )
        for row in rows
    ]


def _receipts(session: Session, recording_id: uuid.UUID) -> list[ReceiptItem]:
    rows = select(Receipt).where(Receipt.recording_id == recording_id).order_by(Receipt.issued_at)
    return [ReceiptItem.model_validate(row) for row in session.scalars(rows)]
