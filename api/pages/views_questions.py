"""The queue of recordings whose case somebody has to name: what speaks for which, nothing guessed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from api.pages.outcomes_said import say_outcomes
from api.pages.views_recording import open_cases
from api.pages.views_recordings import Card, make_cards
from api.pages.views_requests import cases_by_id
from api.pages.visit import Visit
from casework.linking.unlinked import list_questions, list_unlinked
from casework.permission import MAY
from retention.own_units import own_units
from storage.catalog.casework import STAGES, Case, CaseAssignment, LinkQuestion
from storage.catalog.recordings import Recording

ROWS = 20
UNPLACED_AFTER = "unplaced_after"


@dataclass(frozen=True)
class Choice:
    """One case that is possible, with what speaks for it."""

    case: Case
    stage: str
    matched: tuple[str, ...]
    assignments: tuple[CaseAssignment, ...]
    score: int = 0
    reasons: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Question:
    question: LinkQuestion
    card: Card
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Unplaced:
    """A recording in no case, and in words what the linker made of it; None where it has not looked yet."""

    card: Card
    outcome: str | None


def build_questions(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["link_recordings"])
    only = visit.asked_id("recording")
    page = list_questions(visit.session, own_units(visit.person), recording_id=only, after=visit.after, limit=ROWS)
    return {
        "only": only,
        "questions": show_questions(visit, page.items),
        "next": visit.next_page(page.next),
        **({"unplaced": (), "next_unplaced": None} if only else show_unplaced(visit)),
        "cases": open_cases(visit),
        "stages": STAGES,
    }


def show_unplaced(visit: Visit) -> Mapping[str, Any]:
    unlinked = list_unlinked(visit.session, own_units(visit.person), after=visit.cursor(UNPLACED_AFTER), limit=ROWS)
    rest = [row for row in unlinked.items if row.question_id is None]
    cards = make_cards(visit, [row.recording for row in rest])
    said = say_outcomes(visit.session, visit.translate, [(row.recording, row.outcome) for row in rest])
    return {
        "unplaced": [Unplaced(card, outcome) for card, outcome in zip(cards, said, strict=True)],
        "next_unplaced": visit.next_page(unlinked.next, UNPLACED_AFTER),
    }


def show_questions(visit: Visit, questions: Sequence[LinkQuestion]) -> tuple[Question, ...]:
    ids = [question.recording_id for question in questions]
    recordings = {row.id: row for row in visit.session.scalars(select(Recording).where(Recording.id.in_(ids)))}
    cards = make_cards(visit, [recordings[recording_id] for recording_id in ids])
    candidates = [candidate for question in questions for candidate in question.candidates]
    cases = cases_by_id(visit, (uuid.UUID(candidate["case_id"]) for candidate in candidates))
    assignments = assignments_by_id(visit, candidates)
    return tuple(
        Question(question, card, tuple(make_choice(candidate, cases, assignments) for candidate in question.candidates))
        for question, card in zip(questions, cards, strict=True)
    )


def make_choice(
    candidate: Mapping[str, Any], cases: Mapping[uuid.UUID, Case], assignments: Mapping[str, CaseAssignment]
) -> Choice:
    return Choice(
        case=cases[uuid.UUID(candidate["case_id"])],
        stage=str(candidate["stage"]),
        matched=tuple(candidate.get("matched", ())),
        assignments=tuple(assignments[name] for name in candidate.get("assignments", ()) if name in assignments),
        score=int(candidate.get("score", 0)),
        reasons=tuple(candidate.get("reasons", ())),
    )


def assignments_by_id(visit: Visit, candidates: Sequence[Mapping[str, Any]]) -> dict[str, CaseAssignment]:
    ids = {uuid.UUID(name) for candidate in candidates for name in candidate.get("assignments", ())}
    # One that was withdrawn just now speaks for nothing; the linker is about to ask anew.
    standing = select(CaseAssignment).where(CaseAssignment.id.in_(ids), CaseAssignment.withdrawn_at.is_(None))
    rows = visit.session.scalars(standing)
    return {str(row.id): row for row in rows}
