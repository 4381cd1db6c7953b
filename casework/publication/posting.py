"""Channels (公示渠道): where a publication was posted, what shows it, and that it left there again (撤下)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.papers import PaperUnfit, media_type_of
from casework.publication.collecting import lock_publication
from casework.publication.duties import require_duty
from casework.publication.errors import EvidenceUnusable, PostingUnusable, StepRefused
from casework.publication.publicity import publicity_on
from casework.publication.stepping import ask_gate, meet_withdrawal
from casework.review.gate import at_the_gate
from casework.rows import unique
from casework.wording import required_name, required_text
from integrity.epoch_keys import EpochKey
from integrity.local_time import chinese_day
from retention.subjects import row_in_unit
from storage.catalog.organisation import Person
from storage.catalog.publication import PostingEvidence, PublicationPosting
from storage.ledger.append import Actor, Change, record_change

MOST_FILES: Final = 5


def post(
    session: Session,
    by: Person,
    publication_id: uuid.UUID,
    *,
    channel: str,
    place: str,
    posted_on: date,
    keys: Sequence[EpochKey],
    now: datetime,
) -> PublicationPosting:
    """What is published now was posted on a channel, on that (Chinese) day. `place`: its address there, or which board.

    Raises GateShut, PassForged, StepRefused, PostingUnusable, DutyLacking, TextUnusable, UnknownSubject, OutsideUnit.
    """
    require_duty(session, by, "publish")
    place, row = required_text("place", place), lock_publication(session, by, publication_id)
    if channel not in {each.code for each in publicity_on(session, row.unit_id, chinese_day(now)).channels}:
        raise PostingUnusable(channel, "channel")
    if row.shown_version_id is None or row.shown_at is None:
        raise StepRefused(row.id, "not_shown")
    if posted_on > chinese_day(now):
        raise PostingUnusable(posted_on.isoformat(), "in_the_future")
    if posted_on < chinese_day(row.shown_at):
        raise PostingUnusable(posted_on.isoformat(), "before_published")
    ask_gate(session, row, keys)
    posting = PublicationPosting(
        id=uuid.uuid4(),
        unit_id=row.unit_id,
        case_id=row.case_id,
        publication_id=row.id,
        version_id=row.shown_version_id,
        channel=channel,
        place=place,
        posted_on=posted_on,
        posted_by=by.id,
        posted_at=datetime.now(UTC),
    )
    posted_before = {"uq_publication_posting_live": StepRefused(row.id, "posted")}
    with at_the_gate(session, row.case_id), unique(session, posted_before):
        session.add(posting)
    data = {
        "case_id": str(row.case_id),
        "posting_id": str(posting.id),
        "version_id": str(posting.version_id),
        "channel": channel,
        "posted_on": posted_on.isoformat(),
    }
    _record(session, by, posting, "posted", data, {"place": place})
    return posting


def remove(session: Session, by: Person, posting_id: uuid.UUID, removal: str, now: datetime) -> PublicationPosting:
    """It stands on that channel no more; `removal`: how that is known. The row stays.

    Raises StepRefused, DutyLacking, TextUnusable, UnknownSubject, OutsideUnit.
    """
    require_duty(session, by, "publish")
    removal = required_text("removal", removal)
    row = lock_publication(session, by, row_in_unit(session, by, PublicationPosting, posting_id).publication_id)
    posting = row_in_unit(session, by, PublicationPosting, posting_id, lock=True)
    if posting.removed_at is not None:
        raise StepRefused(row.id, "removed")
    posting.removed_at, posting.removed_by, posting.removal = datetime.now(UTC), by.id, removal
    session.flush()
    _record(session, by, posting, "removed", {"posting_id": str(posting.id)}, {"removal": removal})
    meet_withdrawal(session, by, row, now)
    return posting


def file_evidence(session: Session, by: Person, posting_id: uuid.UUID, name: str, content: bytes) -> PostingEvidence:
    """A picture or a PDF that shows that it was posted, or that it left; its digest is in the entry.

    Raises EvidenceUnusable, DutyLacking, TextUnusable, UnknownSubject, OutsideUnit.
    """
    require_duty(session, by, "publish")
    name = required_name("name", name)
    posting = row_in_unit(session, by, PublicationPosting, posting_id, lock=True)
    try:
        media_type = media_type_of(content)
    except PaperUnfit as error:
        raise EvidenceUnusable(name, error.problem) from error
    filed = select(func.count()).select_from(PostingEvidence).where(PostingEvidence.posting_id == posting.id)
    if (session.scalar(filed) or 0) >= MOST_FILES:
        raise EvidenceUnusable(name, "too_many")
    row = PostingEvidence(
        id=uuid.uuid4(),
        unit_id=posting.unit_id,
        case_id=posting.case_id,
        posting_id=posting.id,
        name=name,
        media_type=media_type,
        content=content,
        sha256=hashlib.sha256(content).digest(),
        filed_by=by.id,
        filed_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    data = {
        "case_id": str(row.case_id),
        "posting_id": str(posting.id),
        "evidence_id": str(row.id),
        "media_type": media_type,
        "sha256": row.sha256.hex(),
    }
    _record(session, by, posting, "evidence_filed", data, {"name": name})
    return row


def _record(
    session: Session,
    by: Person,
    posting: PublicationPosting,
    deed: str,
    data: dict[str, str],
    private: dict[str, str],
) -> None:
    subject = str(posting.publication_id)
    change = Change(f"publication.{deed}", "publication", subject, posting.unit_id, data, private)
    record_change(session, Actor.person(by.id), change)
