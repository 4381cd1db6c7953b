"""移送司法: a suspicion of crime makes a task; it ends with a package of the case handed over, or with why not."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.permission import require
from casework.review.errors import ReviewSettled, TransferUnusable
from casework.units import in_reach
from casework.wording import required_name, required_text
from retention.paging import Cursor, Page, page_rows, take_page
from retention.subjects import row_in_unit
from storage.catalog.access import Export
from storage.catalog.casework import Case
from storage.catalog.organisation import Person
from storage.catalog.review import CrimeTransfer, DecisionReview
from storage.ledger.append import Actor, Change, record_change


def open_transfer(session: Session, by: Person, review: DecisionReview) -> CrimeTransfer | None:
    """A task for the unit of the case, unless one is open: until it ends nothing is decided there."""
    standing = select(CrimeTransfer).where(CrimeTransfer.case_id == review.case_id, CrimeTransfer.ended_at.is_(None))
    if session.scalars(standing).first() is not None:
        return None
    row = CrimeTransfer(
        id=uuid.uuid4(),
        unit_id=review.unit_id,
        case_id=review.case_id,
        review_id=review.id,
        opened_by=by.id,
        opened_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    _record(session, by, row, "transfer_opened", {"review_id": str(review.id)}, {})
    return row


def hand_over(
    session: Session, by: Person, transfer_id: uuid.UUID, *, export_id: uuid.UUID, receiver: str, note: str
) -> CrimeTransfer:
    """The case was handed over to `receiver`, an organ, with the package `export_id` (casework/export.py), begun and
    finished since the suspicion was stated; `note` is the number of the receipt. Raises TransferUnusable,
    ReviewSettled, TextUnusable, RoleNotAllowed, UnknownSubject, OutsideUnit."""
    row = _open(session, by, transfer_id)
    export = row_in_unit(session, by, Export, export_id)
    if export.case_id != row.case_id:
        raise TransferUnusable("other_package")
    if export.finished_at is None:
        raise TransferUnusable("unfinished_package")
    if export.started_at < row.opened_at:
        raise TransferUnusable("older_package")
    row.outcome, row.export_id = "transferred", export.id
    row.receiver, row.note = required_name("receiver", receiver), required_text("note", note)
    return _end(session, by, row, {"export_id": str(export.id)}, {"receiver": row.receiver, "note": row.note})


def find_no_crime(session: Session, by: Person, transfer_id: uuid.UUID, reason: str) -> CrimeTransfer:
    """It is no crime, or the judiciary said so: why. Raises ReviewSettled, TextUnusable, RoleNotAllowed,
    UnknownSubject, OutsideUnit."""
    row = _open(session, by, transfer_id)
    row.outcome, row.note = "no_crime", required_text("reason", reason)
    return _end(session, by, row, {}, {"note": row.note})


def open_transfers(
    session: Session, by: Person, *, after: Cursor | None = None, limit: int = 50
) -> Page[tuple[CrimeTransfer, Case]]:
    """The tasks of the person's unit and those below it, the longest first. Raises RoleNotAllowed, CursorInvalid."""
    require(by, "see_transfers")
    row = CrimeTransfer
    statement = select(row, Case).join(Case, Case.id == row.case_id).where(in_reach(by, row.unit_id))
    statement = statement.where(row.ended_at.is_(None)).order_by(row.opened_at, row.id)
    if after is not None:
        statement = statement.where((row.opened_at > after.at) | ((row.opened_at == after.at) & (row.id > after.id)))
    found = [(each[0], each[1]) for each in session.execute(statement.limit(page_rows(limit) + 1))]
    return take_page(found, limit, lambda each: Cursor(each[0].opened_at, str(each[0].id)))


def packages_to_hand_over(session: Session, transfer_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, tuple[Export, ...]]:
    """By task, the packages of its case that may be handed over, the latest first: what is in one is settled when it is
    begun, and one that was begun before the suspicion was stated lacks it."""
    row = CrimeTransfer
    made = select(row.id, Export).join(Export, Export.case_id == row.case_id)
    made = made.where(row.id.in_(transfer_ids), Export.finished_at.is_not(None), Export.started_at >= row.opened_at)
    found: dict[uuid.UUID, tuple[Export, ...]] = {}
    for transfer_id, each in session.execute(made.order_by(Export.finished_at.desc(), Export.id)):
        found[transfer_id] = (*found.get(transfer_id, ()), each)
    return found


def _open(session: Session, by: Person, transfer_id: uuid.UUID) -> CrimeTransfer:
    require(by, "end_transfers")
    row = row_in_unit(session, by, CrimeTransfer, transfer_id, lock=True)
    if row.ended_at is not None:
        raise ReviewSettled(row.id, "transfer_ended")
    return row


def _end(
    session: Session, by: Person, row: CrimeTransfer, data: dict[str, str], private: dict[str, str]
) -> CrimeTransfer:
    row.ended_by, row.ended_at = by.id, datetime.now(UTC)
    session.flush()
    _record(session, by, row, "transfer_ended", {"outcome": row.outcome or "", **data}, private)
    return row


def _record(
    session: Session, by: Person, row: CrimeTransfer, deed: str, data: dict[str, str], private: dict[str, str]
) -> None:
    stated = {"transfer_id": str(row.id), **data}
    record_change(
        session, Actor.person(by.id), Change(f"case.{deed}", "case", str(row.case_id), row.unit_id, stated, private)
    )
