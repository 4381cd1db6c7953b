"""What one recording has and lacks, on its page: the judgement, by which policies, and every answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.http.reading.elements import policies_named
from api.pages.visit import Visit
from casework.elements.answers import list_answers
from casework.elements.queue import asked_about
from casework.organisation import names_of
from storage.catalog.elements import ELEMENTS, RecordingJudgement
from storage.catalog.recordings import Recording


def elements_of(visit: Visit, recording: Recording) -> Mapping[str, Any]:
    session = visit.session
    judgement = session.get(RecordingJudgement, recording.id)
    answers = list_answers(session, recording.id)
    asked = asked_about(session, visit.person, recording.id)
    return {
        "judgement": judgement,
        "element_names": ELEMENTS,
        "policies": () if judgement is None else tuple(policies_named(session, judgement.policies).values()),
        "asked": asked,
        "asked_names": sorted(names_of(session, asked.officers).values()),
        "answers": answers,
        "answer_names": names_of(session, {row.answered_by for row in answers}),
    }
