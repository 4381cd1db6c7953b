"""Required elements: what is asked of whom, answers for many at once, and the policies they are judged by."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Query

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.paging import Wanted, listed
from api.http.reading.elements import answers_given, describe_elements, element_question_items, policy_item
from api.http.reading.recordings import find_recording
from api.http.schema.base import Listed, ShortText
from api.http.schema.elements import (
    ElementAnswersGiven,
    ElementQuestionItem,
    NewElementAnswer,
    PolicyItem,
    RecordingElements,
)
from api.http.sessions import SignedIn, TheArchive
from casework.elements.answers import Choice, answer_questions
from casework.elements.clock_offsets import ClockOffset
from casework.elements.policies import list_policies
from casework.elements.queue import list_questions

router = api_router(tags=["elements"])


@router.get("/element-questions", summary="待补正要素 / What recordings lack or contradict")
def show_element_questions(
    viewer: SignedIn,
    archive: TheArchive,
    page: Wanted,
    mine: Annotated[bool, Query(description="仅本人的记录 / only of one's own recordings")] = False,
    element: Annotated[ShortText | None, Query(description="unit, officer, device, time, place, act, case")] = None,
    recording: Annotated[uuid.UUID | None, Query(description="仅此记录 / of this recording alone")] = None,
) -> Listed[ElementQuestionItem]:
    """An officer's own recordings, a supervisor's unit; the latest sealed first, each with the nearest candidates."""
    with looking(archive, viewer) as session:
        questions = list_questions(
            session,
            viewer.person,
            mine=mine,
            element=element,
            recording_id=recording,
            after=page.after,
            limit=page.limit,
        )
        return listed(questions, lambda rows: element_question_items(session, rows))


@router.post("/element-answers", summary="补正要素 / Answer for one recording or many")
def give_element_answers(form: NewElementAnswer, viewer: SignedIn, archive: TheArchive) -> ElementAnswersGiven:
    """Refused with 409 when every question was answered or has changed; else those are named in `left_out`."""
    questions = {each.recording_id: each.fingerprint for each in form.questions}
    others = {each.recording_id: each.other_fingerprint for each in form.questions if each.other_fingerprint}
    choice = Choice(form.element or form.asked, form.value, form.basis, form.reason, _offset_of(form))
    with doing(archive, viewer) as session:
        now = datetime.now(UTC)
        return answers_given(
            answer_questions(session, viewer.person, form.asked, questions, choice, now, others=others)
        )


def _offset_of(form: NewElementAnswer) -> ClockOffset | None:
    if form.clock_ahead_seconds is None and form.newest_began_at is None:
        return None
    ahead = None if form.clock_ahead_seconds is None else timedelta(seconds=form.clock_ahead_seconds)
    return ClockOffset(ahead, form.newest_began_at)


@router.get("/recordings/{recording_id}/elements", summary="一条记录的要素 / What one recording has and lacks")
def show_elements(recording_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> RecordingElements:
    with looking(archive, viewer) as session:
        return describe_elements(session, find_recording(session, viewer.person, recording_id))


@router.get("/element-policies", summary="必备要素规则 / The policies, every version")
def show_policies(viewer: SignedIn, archive: TheArchive) -> Listed[PolicyItem]:
    with looking(archive, viewer) as session:
        return Listed(items=[policy_item(row) for row in list_policies(session)])
