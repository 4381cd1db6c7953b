"""A party is told of a draft (处罚前告知): by a final notice that says what it says, or on the spot."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from casework.handling import handles
from casework.notices.errors import NoticeSettled, NoticeUnusable
from casework.open_cases import record_case_change
from casework.permission import require
from casework.review.decisions import lock_draft
from casework.rows import unique
from casework.wording import known_word, required_name
from integrity.fields import format_instant
from integrity.local_time import chinese_day
from retention.subjects import row_in_unit
from storage.catalog.casework import Case
from storage.catalog.decisions import DecisionVersion
from storage.catalog.documents import Document, DocumentText, FinalDocument
from storage.catalog.notices import NOTICE_KINDS, PartyNotice
from storage.catalog.organisation import Person

PAPERS: Final[Mapping[str, str]] = {"penalty": "penalty_notice", "hearing": "hearing_rights_notice"}
"""Of which kind the document is that gives a notice of a kind."""
ON_THE_SPOT: Final = "simple_penalty"


@dataclass(frozen=True)
class Spoken:
    """What an officer of the case told the party, when and where (处罚法 51, 52)."""

    told_by: uuid.UUID
    told_at: datetime
    place: str


def tell_by_document(
    session: Session, by: Person, decision_id: uuid.UUID, kind: str, document_id: uuid.UUID
) -> PartyNotice:
    """This final notice tells the party of what the draft says now. From when it counts, its service says.

    Raises NoticeUnusable, NoticeSettled, WordUnknown, DecisionSettled, CaseClosed, AccessRefused, RoleNotAllowed,
    UnknownSubject, OutsideUnit.
    """
    require(by, "work_on_cases")
    known_word("kind", kind, NOTICE_KINDS)
    version, case = _draft(session, by, decision_id)
    _refuse_other_paper(session, case, version, kind, document_id)
    row = _row(by, case, version, kind=kind, document_id=document_id)
    with unique(session, {"uq_party_notice_standing": NoticeSettled(document_id, "told")}):
        session.add(row)
    return _told(session, by, case, row)


def tell_on_the_spot(
    session: Session, by: Person, decision_id: uuid.UUID, spoken: Spoken, now: datetime
) -> PartyNotice:
    """The party was told of what the draft says now, today, by word of mouth: in the simple procedure alone.

    Raises NoticeUnusable, TextUnusable, DecisionSettled, CaseClosed, AccessRefused, RoleNotAllowed, UnknownSubject,
    OutsideUnit.
    """
    require(by, "work_on_cases")
    if spoken.told_at.tzinfo is None:
        raise NoticeUnusable("without_zone")
    if spoken.told_at > now or chinese_day(spoken.told_at) != chinese_day(now):
        raise NoticeUnusable("not_today")
    place = required_name("place", spoken.place)
    version, case = _draft(session, by, decision_id)
    if case.procedure != ON_THE_SPOT:
        raise NoticeUnusable("not_simple")
    teller = row_in_unit(session, by, Person, spoken.told_by)
    if not handles(session, teller, case.id):
        raise NoticeUnusable("not_officer")
    row = _row(by, case, version, kind="penalty", told_by=teller.id, told_at=spoken.told_at, place=place)
    session.add(row)
    return _told(session, by, case, row)


def is_same_text(one: str | None, other: str | None) -> bool:
    """As `bare_text` of the database compares: neither blanks nor widths count."""
    bare = ("".join(unicodedata.normalize("NFKC", each or "").split()) for each in (one, other))
    return next(bare) == next(bare)


def _draft(session: Session, by: Person, decision_id: uuid.UUID) -> tuple[DecisionVersion, Case]:
    decision, version = lock_draft(session, by, decision_id)
    if version.kind != "penalty":
        raise NoticeUnusable("not_penalty")
    return version, session.get_one(Case, decision.case_id)


def _refuse_other_paper(
    session: Session, case: Case, version: DecisionVersion, kind: str, document_id: uuid.UUID
) -> None:
    document = session.get(Document, document_id, populate_existing=True)
    if document is None or document.case_id != case.id:
        raise NoticeUnusable("not_here")
    if document.kind != PAPERS[kind]:
        raise NoticeUnusable("other_kind")
    final = FinalDocument.document_id == document_id, FinalDocument.text_id == DocumentText.id
    text = session.scalars(select(DocumentText).where(exists().where(*final))).first()
    if text is None or document.withdrawn_at is not None:
        raise NoticeUnusable("not_final")
    _refuse_other_words(text.fields, version, kind)


def _refuse_other_words(fields: Mapping[str, Any], version: DecisionVersion, kind: str) -> None:
    if not is_same_text(fields.get("party"), version.party):
        raise NoticeUnusable("other_party")
    if not is_same_text(fields.get("proposed"), version.content):
        raise NoticeUnusable("other_content")
    written = None if fields.get("amount") is None else int(Decimal(fields["amount"]) * 100)
    if kind == "penalty" and written != version.amount_fen:
        raise NoticeUnusable("other_amount")


def _row(by: Person, case: Case, version: DecisionVersion, **said: Any) -> PartyNotice:
    return PartyNotice(
        id=uuid.uuid4(),
        unit_id=case.unit_id,
        case_id=case.id,
        decision_id=version.decision_id,
        version_id=version.id,
        stated_by=by.id,
        stated_at=datetime.now(UTC),
        **said,
    )


def _told(session: Session, by: Person, case: Case, row: PartyNotice) -> PartyNotice:
    session.flush()
    # The days that the paper leaves are the database's own word, and it has said so.
    session.refresh(row)
    ids = ("decision_id", "version_id", "document_id", "told_by")
    data = {
        "notice_id": str(row.id),
        "kind": row.kind,
        "days": row.days,
        "told_at": None if row.told_at is None else format_instant(row.told_at),
        **{name: None if getattr(row, name) is None else str(getattr(row, name)) for name in ids},
    }
    private = {} if row.place is None else {"place": row.place}
    record_case_change(session, by, case, "case.party_told", data, private)
    return row
