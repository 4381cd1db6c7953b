"""Rounds as lists and as pages: what was drawn, scored and found, as far as the person's unit is concerned."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from casework.errors import Unknown
from casework.filereview.drawing import digest_eligible
from casework.filereview.sheet_file import ScoreItem, items_of
from casework.permission import require
from casework.secrecy import keeps_case_from
from casework.units import in_reach, line_of
from retention.errors import OutsideUnit
from retention.paging import Cursor, Page, newest_first, take_page
from storage.catalog.casework import Case
from storage.catalog.file_review import (
    FileReview,
    FileReviewAnswer,
    FileReviewDraw,
    FileReviewFinding,
    FileReviewScore,
    ScoreSheetRule,
)
from storage.catalog.organisation import Person

SEEING = "see_file_reviews"
STATES = ("announced", "drawn", "ended")


@dataclass(frozen=True)
class FindingShown:
    """A finding with its answers, the first one first. `overdue`: it goes on, and its day has passed."""

    row: FileReviewFinding
    answers: tuple[FileReviewAnswer, ...]
    overdue: bool


@dataclass(frozen=True)
class ReviewedCase:
    """A drawn case, its place in the draw counted from 1, its sheets (the last one counts) and its findings.

    `takes_part`: the person who looks took part in the case, and does not review it. `kept`: its class of secrecy keeps
    it from him; then there are no sheets and findings here, whatever there is of them, and no `title`.
    """

    place: int
    case: Case
    scores: tuple[FileReviewScore, ...]
    findings: tuple[FindingShown, ...]
    takes_part: bool
    kept: bool

    @property
    def title(self) -> str | None:
        return None if self.kept else self.case.title

    @property
    def score(self) -> FileReviewScore | None:
        return self.scores[-1] if self.scores else None


@dataclass(frozen=True)
class RoundShown:
    """`cases` are those of the person's own unit and of those below it; the draw names all.

    What is counted here is counted of the cases that no class of secrecy keeps from the person (`told`).
    """

    row: FileReview
    draw: FileReviewDraw | None
    rule: ScoreSheetRule
    cases: tuple[ReviewedCase, ...]

    @property
    def state(self) -> str:
        """A word of STATES."""
        return "ended" if self.row.ended_at is not None else "announced" if self.draw is None else "drawn"

    @property
    def items(self) -> tuple[ScoreItem, ...]:
        return items_of(self.rule.rules)

    @property
    def eligible_sha256(self) -> str:
        return digest_eligible(self.row.eligible)

    @property
    def told(self) -> tuple[ReviewedCase, ...]:
        return tuple(each for each in self.cases if not each.kept)

    @property
    def scored(self) -> int:
        return sum(each.score is not None for each in self.cases)

    @property
    def findings(self) -> tuple[FindingShown, ...]:
        return tuple(finding for each in self.cases for finding in each.findings)

    @property
    def going_on(self) -> int:
        return sum(each.row.ended_at is None for each in self.findings)

    @property
    def overdue(self) -> int:
        return sum(each.overdue for each in self.findings)


def list_rounds(
    session: Session, by: Person, today: date, *, after: Cursor | None = None, limit: int = 50
) -> Page[RoundShown]:
    """Of the person's unit, of those below it and of those above it, the latest first. Raises RoleNotAllowed."""
    require(by, SEEING)
    statement = newest_first(_visible(session, by), FileReview.announced_at, FileReview.id, after, limit)
    page = take_page(session.scalars(statement).all(), limit, lambda row: Cursor(row.announced_at, str(row.id)))
    return Page(_shown(session, by, page.items, today), page.next)


def show_round(session: Session, by: Person, round_id: uuid.UUID, today: date) -> RoundShown:
    """Raises Unknown, OutsideUnit, RoleNotAllowed."""
    require(by, SEEING)
    if session.get(FileReview, round_id) is None:
        raise Unknown("file_review", round_id)
    row = session.scalars(_visible(session, by).where(FileReview.id == round_id)).first()
    if row is None:
        raise OutsideUnit("file_review", round_id)
    return _shown(session, by, [row], today)[0]


def show_finding(session: Session, row: FileReviewFinding, today: date) -> FindingShown:
    return _findings(session, [row], today)[row.round_id, row.case_id][0]


def _visible(session: Session, by: Person) -> Select[FileReview]:
    above = FileReview.unit_id.in_(line_of(session, by.unit_id))
    return select(FileReview).where(or_(in_reach(by, FileReview.unit_id), above))


def _shown(session: Session, by: Person, rows: Sequence[FileReview], today: date) -> tuple[RoundShown, ...]:
    """In their order: as many queries for many as for one."""
    found = session.scalars(select(FileReviewDraw).where(FileReviewDraw.round_id.in_([row.id for row in rows])))
    draws = {draw.round_id: draw for draw in found}
    used = session.scalars(select(ScoreSheetRule).where(ScoreSheetRule.id.in_({row.rule_id for row in rows})))
    rules = {rule.id: rule for rule in used}
    cases = _cases(session, by, draws.values(), today)
    return tuple(RoundShown(row, draws.get(row.id), rules[row.rule_id], cases.get(row.id, ())) for row in rows)


def _cases(
    session: Session, by: Person, draws: Collection[FileReviewDraw], today: date
) -> dict[uuid.UUID, tuple[ReviewedCase, ...]]:
    """By round. What a class of secrecy keeps from the person keeps its place, and nothing that a review says of it."""
    if not draws:
        return {}
    columns = Case, func.takes_part_in(Case.id, by.id), keeps_case_from(by, Case.id)
    drawn = {case_id for draw in draws for case_id in draw.cases}
    own = select(*columns).where(Case.id.in_(drawn), in_reach(by, Case.unit_id))
    cases = {case.id: (case, takes_part, kept) for case, takes_part, kept in session.execute(own)}
    told = {case_id for case_id, (_, _, kept) in cases.items() if not kept}
    rounds = [draw.round_id for draw in draws]
    scores = defaultdict(list)
    score, finding = FileReviewScore, FileReviewFinding
    of_rounds = select(score).where(score.round_id.in_(rounds), score.case_id.in_(told))
    for row in session.scalars(of_rounds.order_by(score.ordinal)):
        scores[row.round_id, row.case_id].append(row)
    found = select(finding).where(finding.round_id.in_(rounds), finding.case_id.in_(told))
    findings = _findings(session, session.scalars(found.order_by(finding.found_at)).all(), today)
    return {
        draw.round_id: tuple(
            ReviewedCase(
                place,
                cases[each][0],
                tuple(scores[draw.round_id, each]),
                tuple(findings[draw.round_id, each]),
                *cases[each][1:],
            )
            for place, each in enumerate(draw.cases, 1)
            if each in cases
        )
        for draw in draws
    }


def _findings(
    session: Session, rows: Collection[FileReviewFinding], today: date
) -> defaultdict[tuple[uuid.UUID, uuid.UUID], list[FindingShown]]:
    """By round and case, in the order of the rows."""
    answers = defaultdict(list)
    given = select(FileReviewAnswer).where(FileReviewAnswer.finding_id.in_([row.id for row in rows]))
    for answer in session.scalars(given.order_by(FileReviewAnswer.ordinal)):
        answers[answer.finding_id].append(answer)
    found: defaultdict[tuple[uuid.UUID, uuid.UUID], list[FindingShown]] = defaultdict(list)
    for row in rows:
        overdue = row.ended_at is None and row.due_on < today
        found[row.round_id, row.case_id].append(FindingShown(row, tuple(answers[row.id]), overdue))
    return found
