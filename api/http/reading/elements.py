"""Questions, judgements and policies with names and words, for programs and pages alike."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.http.problems import problem_of
from api.http.reading.names import case_refs, people_named
from api.http.schema.base import CaseRef, PersonRef
from api.http.schema.elements import (
    ElementAnswerItem,
    ElementAnswersGiven,
    ElementItem,
    ElementQuestionItem,
    LeftOutItem,
    NearestItem,
    PolicyItem,
    PolicyRef,
    RecordingElements,
    ScoredReason,
    Words,
)
from api.i18n import Translate, translator
from api.words.elements import ELEMENT_PROBLEMS, basis_in_words, reason_in_words
from casework.elements.answers import Answered, list_answers
from casework.elements.candidates import Nearest, find_nearest
from casework.elements.clock_offsets import fetch_claimed_starts
from casework.elements.facts import gather_facts
from casework.elements.queue import other_fingerprints
from casework.register.holding import issued_to
from storage.catalog.elements import ELEMENTS, ElementPolicy, ElementQuestion, RecordingJudgement
from storage.catalog.recordings import Recording

BOTH: tuple[Translate, Translate] = (translator("zh"), translator("en"))


def element_question_items(session: Session, rows: Sequence[ElementQuestion]) -> list[ElementQuestionItem]:
    """With the nearest candidates of now."""
    nearest = nearest_of(session, [(row.recording_id, row.element) for row in rows])
    cases = case_refs(session, case_ids(each for some in nearest.values() for each in some))
    names = people_named(session, *(row.officer_id for row in rows))
    others = other_fingerprints(session, [(row.recording_id, row.element) for row in rows])
    ids = {row.recording_id for row in rows}
    named = select(Recording.id, Recording.original_name, Recording.received_at).where(Recording.id.in_(ids))
    files = {row.id: row for row in session.execute(named)}
    claimed = fetch_claimed_starts(session, ids)
    return [
        ElementQuestionItem(
            recording_id=row.recording_id,
            original_name=files[row.recording_id].original_name,
            element=row.element,
            codes=row.codes,
            words=problem_words(row.codes),
            fingerprint=row.fingerprint,
            other_fingerprint=others.get((row.recording_id, row.element)),
            asked_of=PersonRef.maybe(row.officer_id, names),
            device=row.device,
            claimed_start=claimed.get(row.recording_id),
            received_at=files[row.recording_id].received_at,
            day=row.day,
            asked_at=row.asked_at,
            group=" ".join((row.day.isoformat(), _made_by(row), row.element, *row.codes)),
            candidates=[nearest_item(each, cases) for each in nearest[row.recording_id, row.element]],
        )
        for row in rows
    ]


def _made_by(row: ElementQuestion) -> str:
    """Where its file names no device: where it came in, and off which card, as far as the station said."""
    return row.device or f"station:{row.station_id}" + (f"/{row.card}" if row.card else "")


def nearest_of(
    session: Session, asked: Sequence[tuple[uuid.UUID, str]]
) -> dict[tuple[uuid.UUID, str], tuple[Nearest, ...]]:
    """The candidates of each recording and element, the facts of all fetched at once."""
    facts = {each.recording.id: each for each in gather_facts(session, list(dict.fromkeys(each for each, _ in asked)))}
    found = {}
    for element in {element for _, element in asked}:
        ids = [recording_id for recording_id, named in asked if named == element]
        for recording_id, nearest in find_nearest(session, [facts[each] for each in ids], element).items():
            found[recording_id, element] = nearest
    return found


def case_ids(nearest: Any) -> set[uuid.UUID]:
    return {uuid.UUID(each.value) for each in nearest if each.element == "case"}


def nearest_item(nearest: Nearest, cases: Mapping[uuid.UUID, CaseRef]) -> NearestItem:
    case = cases.get(uuid.UUID(nearest.value)) if nearest.element == "case" else None
    label = nearest.label if case is None else case.number
    return NearestItem(
        element=nearest.element,
        value=nearest.value,
        label=label or str(nearest.facts.get("zh") or nearest.value),
        basis=nearest.basis,
        words=in_both(lambda translate: basis_in_words(translate, nearest.basis, nearest.facts)),
        score=nearest.score,
        reasons=scored_reasons(nearest.reasons),
        case=case,
    )


def scored_reasons(reasons: Any) -> list[ScoredReason]:
    return [
        ScoredReason(
            code=str(each.get("code", "")),
            points=int(each.get("points", 0)),
            words=in_both(lambda translate, each=each: reason_in_words(translate, each)),
        )
        for each in reasons or ()
    ]


def problem_words(codes: Sequence[str]) -> Words:
    return in_both(
        lambda translate: translate("；").join(translate(ELEMENT_PROBLEMS.get(each, each)) for each in codes)
    )


def in_both(say: Any) -> Words:
    chinese, english = (say(translate) for translate in BOTH)
    return Words(zh=chinese, en=english)


def answers_given(answered: Answered) -> ElementAnswersGiven:
    left_out = []
    for recording_id, error in answered.left_out.items():
        sentences = problem_of(error, "zh")["sentences"]
        left_out.append(LeftOutItem(recording_id=recording_id, why=Words(zh=sentences["zh-CN"], en=sentences["en"])))
    return ElementAnswersGiven(answered=list(answered.done), left_out=left_out)


def describe_elements(session: Session, recording: Recording) -> RecordingElements:
    kept = session.get(RecordingJudgement, recording.id)
    policies = {} if kept is None else policies_named(session, kept.policies)
    answers = list_answers(session, recording.id)
    names = people_named(session, *(row.answered_by for row in answers))
    return RecordingElements(
        recording_id=recording.id,
        judged_at=None if kept is None else kept.judged_at,
        day=None if kept is None else kept.day,
        policies=[policy_ref(row) for row in policies.values()],
        elements=[] if kept is None else [ElementItem(element=name, **kept.elements[name]) for name in ELEMENTS],
        answers=[
            ElementAnswerItem(
                id=row.id,
                element=row.element,
                ordinal=row.ordinal,
                value=row.value,
                basis=row.basis,
                settles=row.settled_codes,
                reason=row.reason,
                answered_by=PersonRef.of(row.answered_by, names),
                answered_at=row.answered_at,
            )
            for row in answers
        ],
        holder=holder_then(session, recording),
    )


def holder_then(session: Session, recording: Recording) -> PersonRef | None:
    """Who had the device when it began, by the best estimate."""
    if recording.device is None or recording.started_at is None:
        return None
    found = issued_to(session, recording.unit_id, recording.device, recording.started_at)
    return None if found.person_id is None else PersonRef(id=found.person_id, name=found.name)


def policies_named(session: Session, ids: Sequence[str]) -> dict[str, ElementPolicy]:
    wanted = [uuid.UUID(each) for each in ids]
    rows = session.scalars(
        select(ElementPolicy).where(ElementPolicy.id.in_(wanted)).order_by(ElementPolicy.jurisdiction)
    )
    return {str(row.id): row for row in rows}


def policy_ref(row: ElementPolicy) -> PolicyRef:
    title = Words(zh=row.title_zh, en=row.title_en)
    return PolicyRef(id=row.id, jurisdiction=row.jurisdiction, version=row.version, title=title)


def policy_item(row: ElementPolicy) -> PolicyItem:
    return PolicyItem(
        **dict(policy_ref(row)),
        unit_id=row.unit_id,
        valid_from=row.valid_from,
        last_day=row.last_day,
        loaded_at=row.loaded_at,
        in_force_at=row.in_force_at,
        source_sha256=row.source_sha256.hex(),
        rules=row.rules,
        source=row.source,
    )
