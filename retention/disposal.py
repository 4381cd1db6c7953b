"""What has been kept long enough to be appraised (鉴定). Nothing here deletes a recording.

Nothing held, permanent or in an open case is ever listed. Nor is what may yet turn out to be in one: a recording whose
place somebody has been asked about and has not answered yet.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from sqlalchemy import ColumnElement, Date, and_, cast, delete, exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from retention.own_units import Units, of_units
from retention.paging import Cursor, Page, newest_first, take_page
from storage.catalog.casework import Case, CaseLink, LinkQuestion
from storage.catalog.recordings import Recording
from storage.catalog.retention import DisposalDue, Hold, RetentionClass
from storage.ledger.append import Actor, Change, record_change

HOUSEKEEPING = Actor.system("housekeeping")
IDS_IN_ONE_ENTRY = 1000
"""39 bytes each, and an entry holds 65,535."""


def disposal_month(retain_until: date | None) -> str:
    """The key store's word for when keys may be destroyed: "2027-05", or "permanent"."""
    return "permanent" if retain_until is None else f"{retain_until.year:04d}-{retain_until.month:02d}"


def list_due(session: Session, today: date) -> tuple[DisposalDue, ...]:
    """Bring the list up to date, in all units: add what has become due, take off what no longer is; returns it whole.

    Idempotent, and safe to run twice at once. Each addition and removal is in an entry of its unit.
    """
    due = _is_due(today)
    added = session.execute(
        insert(DisposalDue)
        .from_select(
            ["recording_id", "unit_id", "due_since"],
            select(Recording.id, Recording.unit_id, cast(Recording.retain_until + 1, Date)).where(due),
        )
        .on_conflict_do_nothing()
        .returning(DisposalDue.unit_id, DisposalDue.recording_id)
    ).all()
    removed = session.execute(
        delete(DisposalDue)
        .where(DisposalDue.recording_id.not_in(select(Recording.id).where(due)))
        .returning(DisposalDue.unit_id, DisposalDue.recording_id)
        .execution_options(synchronize_session=False)
    ).all()
    _record(session, "disposal.listed", today, ((row.unit_id, row.recording_id) for row in added))
    _record(session, "disposal.unlisted", today, ((row.unit_id, row.recording_id) for row in removed))
    listed = select(DisposalDue).order_by(DisposalDue.due_since, DisposalDue.recording_id)
    return tuple(session.scalars(listed.execution_options(populate_existing=True)))


def due_in_unit(
    session: Session, units: Units, today: date, *, after: Cursor | None = None, limit: int = 50
) -> Page[DisposalDue]:
    """The list of a unit or of several, the latest listed first, without what was held or lengthened since it was last
    made."""
    statement = (
        select(DisposalDue)
        .join(Recording, Recording.id == DisposalDue.recording_id)
        .where(of_units(DisposalDue.unit_id, units), _is_due(today))
    )
    rows = session.scalars(newest_first(statement, DisposalDue.listed_at, DisposalDue.recording_id, after, limit)).all()
    return take_page(rows, limit, lambda row: Cursor(row.listed_at, str(row.recording_id)))


def _is_due(today: date) -> ColumnElement[bool]:
    """Of a row of `recording`: its last day of keeping has passed, and nothing keeps it longer."""
    permanent = exists().where(RetentionClass.code == Recording.retention_class, RetentionClass.keep_months.is_(None))
    live_link = and_(CaseLink.recording_id == Recording.id, CaseLink.ended_at.is_(None))
    held = exists().where(Hold.recording_id == Recording.id, Hold.released_at.is_(None))
    case_held = exists().where(live_link, Hold.case_id == CaseLink.case_id, Hold.released_at.is_(None))
    in_open_case = exists().where(live_link, Case.id == CaseLink.case_id, Case.closed_at.is_(None))
    asked_about = exists().where(LinkQuestion.recording_id == Recording.id, LinkQuestion.answered_at.is_(None))
    return and_(Recording.retain_until < today, ~or_(permanent, held, case_held, in_open_case, asked_about))


def _record(session: Session, action: str, today: date, changed: Iterable[tuple[uuid.UUID, uuid.UUID]]) -> None:
    by_unit: dict[uuid.UUID, list[str]] = defaultdict(list)
    for unit_id, recording_id in changed:
        by_unit[unit_id].append(str(recording_id))
    for unit_id, recordings in by_unit.items():
        for start in range(0, len(recordings), IDS_IN_ONE_ENTRY):
            data = {"day": today.isoformat(), "recordings": recordings[start : start + IDS_IN_ONE_ENTRY]}
            record_change(session, HOUSEKEEPING, Change(action, "unit", str(unit_id), unit_id, data))
