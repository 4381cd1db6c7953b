"""Whether what is kept of required elements is what the facts give: derived anew, a hundred recordings at a time.

Judgements and the questions that follow from them have no entries, because they can be made again at any time; so they
are made again here, and held against what is kept. Whoever empties an officer's queue in the database shows by it.

What is noted as due is left out, and what the linker has yet to look at: housekeeping judges it before long anyway.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from api.verification.audit import Audit
from casework.elements.facts import gather_facts
from casework.elements.judgements import judgement_row, question_rows
from casework.elements.judging import Judgement, judge_recording
from casework.linking.looks import AGAIN
from storage.catalog.casework import LinkingDone
from storage.catalog.elements import ElementQuestion, JudgementDue, RecordingJudgement
from storage.catalog.recordings import Recording

JUDGED = ("unit_id", "day", "policies", "elements", "officer_id", "device_id")
ASKED = ("unit_id", "officer_id", "device", "station_id", "day", "codes", "fingerprint", "asked_at")

Difference: TypeAlias = tuple[str, object, object]
Row: TypeAlias = Mapping[str, Any]


def audit_judgements(audit: Audit) -> int:
    """Derive the judgement of every recording; how many recordings there were."""
    count = 0
    ids_alone = select(Recording).options(load_only(Recording.id))
    for rows, differences in audit.pages(ids_alone, Recording.id, _compare_with_facts):
        for difference in differences:
            audit.findings.add("judgement_differs", *difference)
        count += len(rows)
        audit.progress("judgements", count, 0)
    return count


def _compare_with_facts(session: Session, rows: Sequence[Recording]) -> list[Difference]:
    ids = _settled(session, [row.id for row in rows])
    derived, underivable = _derive(session, ids)
    kept = _kept(session, ids)
    found = list(underivable)
    for judgement in derived:
        recording_id = judgement.facts.recording.id
        expected = {f"recording_judgement {recording_id}": {name: judgement_row(judgement)[name] for name in JUDGED}}
        for question in question_rows(judgement):
            subject = f"element_question {recording_id} about {question['element']}"
            expected[subject] = {name: question[name] for name in ASKED}
        found += _differences(expected, kept.get(recording_id, {}))
    return found


def _settled(session: Session, ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Those about which nothing is due: every change of a fact is committed with a note of whom it touches."""
    notes = select(JudgementDue.recording_id).where(JudgementDue.recording_id.in_(ids))
    looks = select(LinkingDone.recording_id, LinkingDone.outcome).where(LinkingDone.recording_id.in_(ids))
    judged = select(RecordingJudgement.recording_id).where(RecordingJudgement.recording_id.in_(ids))
    asked = select(ElementQuestion.recording_id).where(ElementQuestion.recording_id.in_(ids))
    outcomes = dict(session.execute(looks).all())
    begun = outcomes.keys() | set(session.scalars(judged.union(asked)))
    due = set(session.scalars(notes)) | {each for each, outcome in outcomes.items() if outcome == AGAIN}
    return [each for each in ids if each in begun - due]


def _derive(session: Session, ids: Sequence[uuid.UUID]) -> tuple[list[Judgement], list[Difference]]:
    """One by one where the whole batch cannot be derived: rows that were tampered with may say what is no fact."""
    if not ids:
        return [], []
    try:
        return [judge_recording(facts) for facts in gather_facts(session, ids)], []
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        if len(ids) == 1:
            return [], [(f"recording_judgement {ids[0]}", "what can be judged", f"{type(error).__name__}: {error}")]
    judgements, underivable = [], []
    for each in ids:
        derived, not_derived = _derive(session, [each])
        judgements += derived
        underivable += not_derived
    return judgements, underivable


def _kept(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, Row]]:
    kept: dict[uuid.UUID, dict[str, Row]] = {each: {} for each in ids}
    for row in session.scalars(select(RecordingJudgement).where(RecordingJudgement.recording_id.in_(ids))):
        subject = f"recording_judgement {row.recording_id}"
        kept[row.recording_id][subject] = {name: getattr(row, name) for name in JUDGED}
    for asked in session.scalars(select(ElementQuestion).where(ElementQuestion.recording_id.in_(ids))):
        subject = f"element_question {asked.recording_id} about {asked.element}"
        kept[asked.recording_id][subject] = {name: getattr(asked, name) for name in ASKED}
    return kept


def _differences(expected: Mapping[str, Row], kept: Mapping[str, Row]) -> Iterator[Difference]:
    for subject in sorted(expected.keys() | kept.keys()):
        if subject not in kept:
            yield subject, "a row, say the facts", "none"
        elif subject not in expected:
            yield subject, "none, say the facts", "a row"
        else:
            for name, value in expected[subject].items():
                if kept[subject][name] != value:
                    yield f"{subject}: {name}", value, kept[subject][name]
