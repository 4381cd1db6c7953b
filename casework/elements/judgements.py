"""Judging what is due, and keeping what came of it: the judgement, and a row for each open question."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from casework.elements.facts import gather_facts
from casework.elements.judging import Judgement, judge_recording
from integrity.local_time import chinese_day
from storage.catalog.elements import ElementQuestion, JudgementDue, RecordingJudgement
from storage.set_aside import JUDGING, is_set_aside

log = structlog.get_logger()
_KEY = func.hashtextextended("judging elements", 0)


@dataclass(frozen=True)
class Noted:
    """A recording that is due to be judged, with the notes that were there when it was taken."""

    id: uuid.UUID
    unit_id: uuid.UUID
    notes: list[int]


def find_due(session: Session, limit: int) -> list[Noted]:
    """What the first `limit` notes are about, but what was set aside.

    One at a time: who finds another at it leaves it to that one, and gets nothing.
    """
    return _noted(session, ~is_set_aside(JUDGING, JudgementDue.recording_id), limit) or []


def find_due_still(session: Session, recording_id: uuid.UUID) -> list[Noted] | None:
    """This one, set aside or not; nothing where no note is about it any more. None while another is judging."""
    return _noted(session, JudgementDue.recording_id == recording_id)


def _noted(session: Session, wanted: ColumnElement[bool], limit: int | None = None) -> list[Noted] | None:
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_KEY))):
        return None
    notes = select(JudgementDue.id, JudgementDue.recording_id, JudgementDue.unit_id).where(wanted)
    found: dict[uuid.UUID, Noted] = {}
    for note_id, recording_id, unit_id in session.execute(notes.order_by(JudgementDue.id).limit(limit)):
        found.setdefault(recording_id, Noted(recording_id, unit_id, [])).notes.append(note_id)
    return list(found.values())


def judge_noted(session: Session, noted: Sequence[Noted]) -> None:
    """The facts are read after the notes: a change is either read, or its own note is still there."""
    judge(session, [each.id for each in noted])
    notes = [note_id for each in noted for note_id in each.notes]
    session.execute(delete(JudgementDue).where(JudgementDue.id.in_(notes)))


def judge_at_once(session: Session, recording_ids: Sequence[uuid.UUID]) -> list[Judgement]:
    """Judge these now, in the transaction of a person's deed. Call it last: it waits for whoever judges."""
    session.execute(select(func.pg_advisory_xact_lock(_KEY)))
    return judge(session, recording_ids)


def judge_if_it_can_be(session: Session, recording_ids: Sequence[uuid.UUID]) -> None:
    """`judge_at_once` after a deed that has to be done whether or not its recordings can be judged: of those that
    cannot, the note stays, and whoever judges what is due sets them aside."""
    try:
        with session.begin_nested():
            judge_at_once(session, recording_ids)
    except Exception:
        log.exception("elements.not_judged_at_once", recordings=[str(each) for each in recording_ids])


def judge(session: Session, recording_ids: Sequence[uuid.UUID]) -> list[Judgement]:
    """Judge these by the facts of now, and keep it. The caller keeps others from judging meanwhile."""
    judgements = [judge_recording(facts) for facts in gather_facts(session, recording_ids)]
    _keep(session, judgements)
    return judgements


def _keep(session: Session, judgements: Sequence[Judgement]) -> None:
    if not judgements:
        return
    statement = insert(RecordingJudgement).values([judgement_row(each) for each in judgements])
    names = ("day", "policies", "elements", "officer_id", "device_id", "judged_at")
    changed = {name: statement.excluded[name] for name in names}
    session.execute(statement.on_conflict_do_update(index_elements=["recording_id"], set_=changed))
    ids = [each.facts.recording.id for each in judgements]
    session.execute(delete(ElementQuestion).where(ElementQuestion.recording_id.in_(ids)))
    questions = [row for each in judgements for row in question_rows(each)]
    if questions:
        session.execute(insert(ElementQuestion).values(questions))


def judgement_row(judgement: Judgement) -> dict[str, Any]:
    """As it is kept, of now."""
    facts = judgement.facts
    device = facts.device or facts.elsewhere
    return {
        "recording_id": facts.recording.id,
        "unit_id": facts.recording.unit_id,
        "day": facts.day,
        "policies": [str(policy.id) for policy in facts.demands.policies],
        "elements": {name: element.as_json() for name, element in judgement.elements.items()},
        "officer_id": None if judgement.asked is None else judgement.asked.id,
        "device_id": None if device is None else device.id,
        "judged_at": datetime.now(UTC),
    }


def question_rows(judgement: Judgement) -> list[dict[str, Any]]:
    """What it leaves open, as that is kept: in everything of the facts, in nothing of when it was judged."""
    facts = judgement.facts
    return [
        {
            "recording_id": facts.recording.id,
            "element": element.name,
            "unit_id": facts.recording.unit_id,
            "officer_id": None if judgement.asked is None else judgement.asked.id,
            "device": facts.recording.device,
            "station_id": None if facts.recording.device else facts.recording.station_id,
            "card": None if facts.recording.device else facts.card,
            # Without a device they have nothing in common but that they came in together.
            "day": facts.day if facts.recording.device else chinese_day(facts.recording.received_at),
            "codes": list(element.codes),
            "fingerprint": element.fingerprint,
            "asked_at": facts.recording.sealed_at,
        }
        for element in judgement.questions
    ]
