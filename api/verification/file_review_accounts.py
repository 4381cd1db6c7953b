"""What the ledger says of reviews of case files (案卷评查): each row; and each draw, recomputed from its seed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api.verification.audit import Audit
from api.verification.steps import Facts, Step, Subject, as_stated, ended, made_at, pledged, unit_of
from casework.filereview.drawing import digest_eligible, draw_cases
from casework.filereview.rounds import seed_of
from casework.units import unit_tree
from integrity.ledger_entry import LedgerEntry
from integrity.local_time import chinese_day
from storage.catalog.archiving import CaseArchive
from storage.catalog.casework import Case
from storage.catalog.file_review import (
    FileReview,
    FileReviewAnswer,
    FileReviewDraw,
    FileReviewFinding,
    FileReviewScore,
)


def _announced(entry: LedgerEntry) -> Facts:
    stated = as_stated(entry, "first_day", "last_day", "sample_size", "rule_id", "eligible_count", "eligible_sha256")
    by: Facts = {"unit_id": unit_of(entry), "announced_by": entry.actor_id, "entry_id": str(entry.id)}
    going_on: Facts = {"ended": None, "ended_by": None}
    return {**going_on, **stated, **pledged(entry, "title"), **by, **made_at(entry, "announced_at")}


def _drawn(entry: LedgerEntry) -> Facts:
    stated = as_stated(entry, "checkpoint_size", "root", "drawn")
    by: Facts = {"unit_id": unit_of(entry), "round_id": entry.subject_id, "drawn_by": entry.actor_id}
    return {**stated, **by, **made_at(entry, "drawn_at")}


def _scored(entry: LedgerEntry) -> Facts:
    stated = as_stated(entry, "case_id", "ordinal", "total", "scores_sha256")
    by: Facts = {"unit_id": unit_of(entry), "round_id": entry.subject_id, "scored_by": entry.actor_id}
    return {"reason": None, **stated, **pledged(entry, "reason"), **by, **made_at(entry, "scored_at")}


def _found(entry: LedgerEntry) -> Facts:
    stated = {**as_stated(entry, "case_id", "item", "due_on"), **pledged(entry, "problem")}
    by: Facts = {"unit_id": unit_of(entry), "round_id": entry.subject_id, "found_by": entry.actor_id}
    going_on: Facts = {"ended": None, "ended_by": None, "end_note": None, "outcome": None}
    return {**going_on, **stated, **by, **made_at(entry, "found_at")}


def _finding_ended(entry: LedgerEntry) -> Facts:
    return {**ended("ended", "ended_by")(entry), **as_stated(entry, "outcome"), **pledged(entry, end_note="note")}


def _answered(entry: LedgerEntry) -> Facts:
    stated = {**as_stated(entry, "finding_id", "ordinal"), **pledged(entry, "answer")}
    by: Facts = {"unit_id": unit_of(entry), "answered_by": entry.actor_id}
    return {**stated, **by, **made_at(entry, "answered_at")}


FILE_REVIEW_SUBJECTS: Sequence[Subject] = (
    Subject(
        FileReview,
        (
            Step("file_review.announced", _announced, makes=True),
            Step("file_review.ended", ended("ended", "ended_by")),
        ),
    ),
    Subject(FileReviewDraw, (Step("file_review.drawn", _drawn, "draw_id", makes=True),)),
    Subject(FileReviewScore, (Step("file_review.scored", _scored, "score_id", makes=True),)),
    Subject(
        FileReviewFinding,
        (
            Step("file_review.found", _found, "finding_id", makes=True),
            Step("file_review.finding_ended", _finding_ended, "finding_id"),
        ),
    ),
    Subject(FileReviewAnswer, (Step("file_review.answered", _answered, "answer_id", makes=True),)),
)


def check_draws(audit: Audit) -> None:
    """The cases of each round are all there were, and those drawn are the ones that its checkpoint draws.

    An entry can say that others were drawn: whoever wrote the row wrote the entry. What a seed draws nobody chooses.
    """
    with audit.archive.database.reading(snapshot=True) as session:
        for review in session.scalars(select(FileReview).order_by(FileReview.id)):
            expected = digest_eligible([str(each) for each in _eligible(session, review)])
            found = digest_eligible(review.eligible)
            if found != expected:
                audit.findings.add("sample_differs", f"file_review {review.id}: eligible", expected, found)
        drawn = select(FileReview, FileReviewDraw).join(FileReviewDraw, FileReviewDraw.round_id == FileReview.id)
        for review, draw in session.execute(drawn.order_by(FileReview.id)).all():
            _check_draw(audit, session, review, draw)


def _check_draw(audit: Audit, session: Session, review: FileReview, draw: FileReviewDraw) -> None:
    seed, subject = seed_of(session, review), f"file_review_draw {draw.id}"
    if seed is None or (seed.size, seed.root) != (draw.checkpoint_size, draw.root):
        expected = None if seed is None else f"checkpoint {seed.size}"
        audit.findings.add("sample_differs", f"{subject}: seed", expected, f"checkpoint {draw.checkpoint_size}")
    if seed is not None:
        sample = draw_cases(seed.root, review.id, map(uuid.UUID, review.eligible), review.sample_size)
        if [str(each) for each in sample] != draw.drawn:
            expected, found = " ".join(map(str, sample)), " ".join(map(str, draw.drawn))
            audit.findings.add("sample_differs", f"{subject}: cases", expected, found)


def _eligible(session: Session, review: FileReview) -> list[uuid.UUID]:
    """As the database found them, found without its function."""
    tree, columns = (
        unit_tree(review.unit_id, at=review.announced_at),
        (Case.id, Case.closed_at, CaseArchive.archived_at),
    )
    statement = select(*columns).outerjoin(CaseArchive, CaseArchive.case_id == Case.id)
    settled = or_(Case.closed_at.is_not(None), CaseArchive.archived_at.is_not(None))
    rows = session.execute(statement.where(Case.unit_id.in_(select(tree.c.id)), settled))
    return [
        case_id
        for case_id, *moments in rows
        if any(each is not None and review.first_day <= chinese_day(each) <= review.last_day for each in moments)
    ]
