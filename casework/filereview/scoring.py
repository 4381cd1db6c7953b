"""The score sheet of a drawn case (评分): every item has its points, and a note where it loses some."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.errors import AccessRefused
from casework.filereview.errors import NotInSample, ScoresUnusable, TookPart
from casework.filereview.rounds import draw_of, find_review, record_review_change, refuse_ended
from casework.filereview.sheet_file import ScoreItem, items_of
from casework.secrecy import keeps_case_from
from casework.wording import optional_text, required_text
from integrity.canonical import canonical_json
from storage.catalog.casework import Case
from storage.catalog.file_review import FileReview, FileReviewScore, ScoreSheetRule
from storage.catalog.organisation import Person

SCORING = "score_file_reviews"


@dataclass(frozen=True)
class Points:
    """What an item has, and why it has no more."""

    points: int
    note: str = ""


def score_case(
    session: Session,
    by: Person,
    round_id: uuid.UUID,
    case_id: uuid.UUID,
    scores: Mapping[str, Points],
    now: datetime,
    reason: str | None = None,
) -> FileReviewScore:
    """The whole sheet of a case, at once. Scored before, it takes a reason, and both sheets stay.

    Raises NotInSample, TookPart, ScoresUnusable, TextUnusable, ReviewEnded, AccessRefused (secrecy), RoleNotAllowed,
    Unknown, OutsideUnit.
    """
    review, case = lock_drawn_case(session, by, round_id, case_id)
    whole = _whole(items_of(session.get_one(ScoreSheetRule, review.rule_id).rules), scores)
    key = func.hashtextextended(f"score of {review.id} {case.id}", 0)
    session.execute(select(func.pg_advisory_xact_lock(key)))
    before = FileReviewScore.round_id == review.id, FileReviewScore.case_id == case.id
    ordinal = 1 + (session.scalar(select(func.count()).select_from(FileReviewScore).where(*before)) or 0)
    private = {} if ordinal == 1 else {"reason": required_text("reason", reason or "")}
    row = FileReviewScore(
        id=uuid.uuid4(),
        unit_id=case.unit_id,
        round_id=review.id,
        case_id=case.id,
        ordinal=ordinal,
        scores=whole,
        total=sum(each["points"] for each in whole.values()),
        reason=private.get("reason"),
        scored_by=by.id,
        scored_at=now,
    )
    session.add(row)
    session.flush()
    data = {"score_id": str(row.id), "case_id": str(case.id), "ordinal": ordinal, "total": row.total}
    digest = {"scores_sha256": digest_scores(row.scores)}
    record_review_change(session, by, review.id, case.unit_id, "scored", {**data, **digest}, private)
    return row


def lock_drawn_case(session: Session, by: Person, round_id: uuid.UUID, case_id: uuid.UUID) -> tuple[FileReview, Case]:
    """A case that was drawn in a round that goes on, for a reviewer who took no part in it; nobody ends the round.

    Raises NotInSample, TookPart, ReviewEnded, AccessRefused (secrecy), RoleNotAllowed, Unknown, OutsideUnit.
    """
    review = find_review(session, by, round_id, SCORING)
    session.refresh(review, with_for_update={"read": True})
    refuse_ended(review)
    draw = draw_of(session, review.id)
    if draw is None or case_id not in draw.cases:
        raise NotInSample(review.id, case_id)
    refuse_takers_part(session, by, case_id)
    return review, session.get_one(Case, case_id)


def refuse_takers_part(session: Session, by: Person, case_id: uuid.UUID) -> None:
    """Raises TookPart, and AccessRefused where the case's class of secrecy keeps it from the person."""
    if session.scalar(select(func.takes_part_in(case_id, by.id))):
        raise TookPart(case_id)
    refuse_kept(session, by, case_id)


def refuse_kept(session: Session, by: Person, case_id: uuid.UUID) -> None:
    """Raises AccessRefused where the case's class of secrecy keeps it from the person."""
    if session.scalar(select(Case.id).where(Case.id == case_id, keeps_case_from(by, Case.id))) is not None:
        raise AccessRefused("secrecy", "case", case_id)


def digest_scores(scores: Mapping[str, Any]) -> str:
    """SHA-256 of the sheet's canonical form, in hexadecimal: as an entry states it."""
    return hashlib.sha256(canonical_json(scores, "scores")).hexdigest()


def _whole(items: tuple[ScoreItem, ...], scores: Mapping[str, Points]) -> dict[str, dict[str, Any]]:
    """As they are stored. Raises ScoresUnusable, TextUnusable."""
    for code in scores:
        if code not in {item.code for item in items}:
            raise ScoresUnusable(code, "unknown")
    return {item.code: _item(item, scores.get(item.code)) for item in items}


def _item(item: ScoreItem, given: Points | None) -> dict[str, Any]:
    if given is None:
        raise ScoresUnusable(item.code, "missing")
    if not 0 <= given.points <= item.points:
        raise ScoresUnusable(item.code, "out_of_range")
    note = optional_text("note", given.note)
    if note is None and given.points < item.points:
        raise ScoresUnusable(item.code, "no_note")
    return {"points": given.points, "note": note or ""}
