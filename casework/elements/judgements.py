"""Judging what is due, and keeping what came of it: the judgement, and a row for each open question."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from casework.elements.facts import gather_facts
from casework.elements.judging import Judgement, judge_recording
from integrity.local_time import chinese_day
from storage.catalog.elements import ElementQuestion, JudgementDue, RecordingJudgement

_KEY = func.hashtextextended("judging elements", 0)


def judge_due_recordings(session: Session, limit: int = 100) -> int:
    """The step after linking: judge what up to `limit` notes are about; how many notes there were.

    One at a time: who finds another at it leaves it to that one. 0 too then.
    """
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_KEY))):
        return 0
    notes = session.execute(select(JudgementDue.id, JudgementDue.recording_id).order_by(JudgementDue.id).limit(limit))
    found = notes.all()
    judge(session, list(dict.fromkeys(note.recording_id for note in found)))
    session.execute(delete(JudgementDue).where(JudgementDue.id.in_([note.id for note in found])))
    return len(found)


def judge_at_once(session: Session, recording_ids: Sequence[uuid.UUID]) -> list[Judgement]:
    """Judge these now, in the transaction of a person's deed. Call it last: it waits for whoever judges."""
    session.execute(select(func.pg_advisory_xact_lock(_KEY)))
    return judge(session, recording_ids)


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
