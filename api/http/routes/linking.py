"""What waits to be put into a case: open questions, and recordings in none."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.paging import Wanted, listed
from api.http.reading.cases import question_items, unlinked_items
from api.http.reading.links import link_items
from api.http.schema.base import Listed
from api.http.schema.cases import LinkAnswer, QuestionItem, UnlinkedItem
from api.http.schema.recordings import LinkItem
from api.http.sessions import SignedIn, TheArchive
from casework.elements.judgements import judge_if_it_can_be
from casework.linking.by_hand import answer_question
from casework.linking.unlinked import list_questions, list_unlinked
from retention.own_units import own_units
from storage.catalog.casework import LinkQuestion

router = api_router(tags=["cases"])


@router.get("/link-questions", summary="待确认关联 / Recordings whose case somebody has to name")
def show_questions(viewer: SignedIn, archive: TheArchive, page: Wanted) -> Listed[QuestionItem]:
    with looking(archive, viewer) as session:
        questions = list_questions(session, own_units(viewer.person), after=page.after, limit=page.limit)
        return listed(questions, lambda rows: question_items(session, viewer.person, rows, datetime.now(UTC)))


@router.post("/link-questions/{question_id}/answer", summary="确认关联案件 / Say which case it is")
def answer(question_id: uuid.UUID, form: LinkAnswer, viewer: SignedIn, archive: TheArchive) -> LinkItem | None:
    """The link that now stands; null when the recording belongs to no case."""
    with doing(archive, viewer) as session:
        link = answer_question(session, viewer.person, question_id, form.case_id, form.stage, form.reason)
        judge_if_it_can_be(session, [session.get_one(LinkQuestion, question_id).recording_id])
        if link is None:
            return None
        session.flush()
        session.refresh(link)
        return link_items(session, [link])[0]


@router.get("/unlinked", summary="未关联案件的记录 / Recordings in no case")
def show_unlinked(viewer: SignedIn, archive: TheArchive, page: Wanted) -> Listed[UnlinkedItem]:
    with looking(archive, viewer) as session:
        unlinked = list_unlinked(session, own_units(viewer.person), after=page.after, limit=page.limit)
        return listed(unlinked, lambda rows: unlinked_items(session, viewer.person, rows, datetime.now(UTC)))
