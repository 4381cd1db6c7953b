"""What one recording has and lacks, on its page: the judgement, by which policies, and every answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from api.http.reading.elements import policies_named
from casework.elements.answers import list_answers
from casework.organisation import names_of
from storage.catalog.elements import ELEMENTS, RecordingJudgement
from storage.catalog.recordings import Recording


def elements_of(session: Session, recording: Recording) -> Mapping[str, Any]:
    judgement = session.get(RecordingJudgement, recording.id)
    answers = list_answers(session, recording.id)
    return {
        "judgement": judgement,
        "element_names": ELEMENTS,
        "policies": () if judgement is None else tuple(policies_named(session, judgement.policies).values()),
        "answers": answers,
        "answer_names": names_of(session, {row.answered_by for row in answers}),
    }
