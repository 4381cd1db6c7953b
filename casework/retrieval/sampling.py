"""随机复核: of a month's viewings some are drawn by chance, and an auditor says of each whether it was proper.

Nobody chooses which: the rank of a viewing is a hash over the root of the first checkpoint that covers an entry of
after the month, and by then it is settled which viewings there were (docs/retrieval.md).
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final, Protocol, TypeVar

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from casework.errors import Unknown
from casework.permission import require
from casework.retrieval.errors import MonthNotOver, OwnViewing, ViewingReviewed
from casework.retrieval.oversight import Seen, first_played
from casework.rows import unique
from casework.units import line_of
from casework.wording import known_word, required_text
from integrity.local_time import CHINA
from retention.errors import OutsideUnit
from storage.catalog.access import VIEWING_OUTCOMES, PlaybackWindow, ViewingReview
from storage.catalog.ledger import LedgerCheckpoint, LedgerEntryRow, LedgerSequence
from storage.catalog.organisation import Person
from storage.ledger.append import Actor, Change, record_change
from storage.ledger.checkpoints import first_checkpoint_over

LEAST: Final = 5
ONE_OF: Final = 20
"""So many of a month at least, and one of so many where there are more."""


class Viewed(Protocol):
    """One recording, shown under one grant."""

    @property
    def grant_id(self) -> uuid.UUID: ...
    @property
    def recording_id(self) -> uuid.UUID: ...


_Viewed = TypeVar("_Viewed", bound=Viewed)


@dataclass(frozen=True)
class Drawn:
    """The sample of a month, by rank. `reviews`: by grant and recording, what was said of them so far."""

    month: date
    size: int
    root: bytes
    eligible: int
    sample: tuple[Seen, ...]
    reviews: Mapping[tuple[uuid.UUID, uuid.UUID], ViewingReview]


def draw_viewings(session: Session, by: Person, month: date, now: datetime) -> Drawn:
    """Of films that people of the auditor's unit and those below it were shown first in that month.

    Raises MonthNotOver until a checkpoint covers an entry of after it, RoleNotAllowed.
    """
    require(by, "oversee_retrieval")
    since, until = start_of(month), start_of(next_month(month))
    checkpoint = seed_after(session, until) if until <= now else None
    if checkpoint is None:
        raise MonthNotOver(month.isoformat()[:7])
    eligible = first_played(session, by, since, until)
    sample = sample_of(checkpoint.root, eligible)
    return Drawn(month, checkpoint.size, checkpoint.root, len(eligible), sample, _reviews(session, sample))


def sample_of(root: bytes, eligible: Collection[_Viewed]) -> tuple[_Viewed, ...]:
    """Those of the least ranks, the least first: of a month's viewings whatever is drawn by that root."""
    ranked = sorted(eligible, key=lambda each: rank_of(root, each.grant_id, each.recording_id))
    return tuple(ranked[: max(LEAST, -(-len(ranked) // ONE_OF))])


def rank_of(root: bytes, grant_id: uuid.UUID, recording_id: uuid.UUID) -> bytes:
    """SHA-256 over the root in hexadecimal, the grant's id and the recording's, with slashes between."""
    return hashlib.sha256(f"{root.hex()}/{grant_id}/{recording_id}".encode("ascii")).digest()


def review_viewing(
    session: Session, by: Person, grant_id: uuid.UUID, recording_id: uuid.UUID, outcome: str, note: str
) -> ViewingReview:
    """An auditor says of a viewing, drawn or not, that it was proper or is questioned, and why; once.

    Raises OwnViewing, ViewingReviewed, WordUnknown, TextUnusable, Unknown, OutsideUnit, RoleNotAllowed.
    """
    require(by, "oversee_retrieval")
    window = PlaybackWindow
    shown = select(window).where(window.grant_id == grant_id, window.recording_id == recording_id)
    found = session.scalars(shown.order_by(window.opened_at).limit(1)).first()
    if found is None:
        raise Unknown("playback_window", grant_id)
    if by.unit_id not in line_of(session, found.unit_id):
        raise OutsideUnit("playback_window", grant_id)
    if found.person_id == by.id:
        raise OwnViewing(grant_id)
    row = ViewingReview(
        id=uuid.uuid4(),
        unit_id=found.unit_id,
        grant_id=grant_id,
        recording_id=recording_id,
        outcome=known_word("outcome", outcome, VIEWING_OUTCOMES),
        note=required_text("note", note),
        reviewed_by=by.id,
        reviewed_at=datetime.now(UTC),
    )
    with unique(session, {"uq_viewing_review_grant_id_recording_id": ViewingReviewed(grant_id)}):
        session.add(row)
    data = {"review_id": str(row.id), "recording_id": str(recording_id), "outcome": row.outcome}
    change = Change("viewing.reviewed", "access_grant", str(grant_id), row.unit_id, data, {"note": row.note})
    record_change(session, Actor.person(by.id), change)
    return row


def start_of(month: date) -> datetime:
    """Its first moment in China."""
    return datetime.combine(month.replace(day=1), time(), CHINA)


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def seed_after(session: Session, moment: datetime) -> LedgerCheckpoint | None:
    """The first checkpoint that covers an entry of that moment or later. By the entries' own times, which are signed
    with them; and the least index there is cannot change any more. None while there is none."""
    entry, sequence = LedgerEntryRow, LedgerSequence
    later = select(func.min(sequence.index)).join(entry, entry.id == sequence.entry_id)
    return first_checkpoint_over(session, later.where(entry.occurred_at >= moment).scalar_subquery())


def _reviews(session: Session, sample: Sequence[Seen]) -> dict[tuple[uuid.UUID, uuid.UUID], ViewingReview]:
    row, drawn = ViewingReview, [(each.grant_id, each.recording_id) for each in sample]
    found = session.scalars(select(row).where(tuple_(row.grant_id, row.recording_id).in_(drawn))) if drawn else ()
    return {(each.grant_id, each.recording_id): each for each in found}
