"""Reviews of case files as the API shows them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.orm import Session

from api.http.schema.base import PersonRef
from api.http.schema.file_reviews import (
    AnswerItem,
    DrawItem,
    FileReviewItem,
    FindingItem,
    ItemScored,
    ReviewedCaseItem,
    ReviewedCaseRef,
    ScoreItemShown,
    SheetItem,
)
from casework.filereview.listing import FindingShown, ReviewedCase, RoundShown
from casework.organisation import names_of
from storage.catalog.file_review import FileReviewDraw, FileReviewScore

Names = Mapping[uuid.UUID, str]


def round_items(session: Session, shown: Sequence[RoundShown]) -> list[FileReviewItem]:
    names = names_of(session, {person for each in shown for person in people_of(each)})
    return [_round(each, names) for each in shown]


def describe_finding(session: Session, shown: FindingShown) -> FindingItem:
    return _finding(shown, names_of(session, set(_of_finding(shown))))


def describe_score(session: Session, row: FileReviewScore) -> ScoreItemShown:
    return _score(row, names_of(session, {row.scored_by}))


def people_of(shown: RoundShown) -> Iterable[uuid.UUID]:
    """Whoever did anything in a round."""
    yield shown.row.announced_by
    if shown.row.ended_by is not None:
        yield shown.row.ended_by
    if shown.draw is not None:
        yield shown.draw.drawn_by
    for case in shown.cases:
        yield from (score.scored_by for score in case.scores)
        for finding in case.findings:
            yield from _of_finding(finding)


def _of_finding(shown: FindingShown) -> Iterable[uuid.UUID]:
    yield shown.row.found_by
    if shown.row.ended_by is not None:
        yield shown.row.ended_by
    yield from (each.answered_by for each in shown.answers)


def _round(shown: RoundShown, names: Names) -> FileReviewItem:
    row = shown.row
    return FileReviewItem(
        id=row.id,
        unit_id=row.unit_id,
        title=row.title,
        state=shown.state,
        first_day=row.first_day,
        last_day=row.last_day,
        sample_size=row.sample_size,
        eligible_count=len(row.eligible),
        eligible_sha256=shown.eligible_sha256,
        entry_id=row.entry_id,
        sheet=[SheetItem.model_validate(each) for each in shown.items],
        announced_by=PersonRef.of(row.announced_by, names),
        announced_at=row.announced_at,
        draw=None if shown.draw is None else _draw(shown.draw, names),
        cases=[_case(each, names) for each in shown.cases],
        ended_at=row.ended_at,
    )


def _draw(row: FileReviewDraw, names: Names) -> DrawItem:
    return DrawItem(
        checkpoint_size=row.checkpoint_size,
        root=row.root.hex(),
        drawn=list(row.cases),
        drawn_by=PersonRef.of(row.drawn_by, names),
        drawn_at=row.drawn_at,
    )


def _case(shown: ReviewedCase, names: Names) -> ReviewedCaseItem:
    return ReviewedCaseItem(
        place=shown.place,
        case=ReviewedCaseRef(id=shown.case.id, number=shown.case.number, title=shown.title),
        kept=shown.kept,
        scores=[_score(each, names) for each in shown.scores],
        findings=[_finding(each, names) for each in shown.findings],
    )


def _score(row: FileReviewScore, names: Names) -> ScoreItemShown:
    return ScoreItemShown(
        id=row.id,
        case_id=row.case_id,
        ordinal=row.ordinal,
        scores={code: ItemScored(**each) for code, each in row.scores.items()},
        total=row.total,
        reason=row.reason,
        scored_by=PersonRef.of(row.scored_by, names),
        scored_at=row.scored_at,
    )


def _finding(shown: FindingShown, names: Names) -> FindingItem:
    row = shown.row
    return FindingItem(
        id=row.id,
        case_id=row.case_id,
        item=row.item,
        problem=row.problem,
        due_on=row.due_on,
        overdue=shown.overdue,
        found_by=PersonRef.of(row.found_by, names),
        found_at=row.found_at,
        answers=[
            AnswerItem(
                id=each.id,
                ordinal=each.ordinal,
                answer=each.answer,
                answered_by=PersonRef.of(each.answered_by, names),
                answered_at=each.answered_at,
            )
            for each in shown.answers
        ],
        outcome=row.outcome,
        ended_by=PersonRef.maybe(row.ended_by, names),
        ended_at=row.ended_at,
        end_note=row.end_note,
    )
