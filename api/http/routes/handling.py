"""Who handles a case, and who showed his certificate."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.reading.names import people_named
from api.http.schema.base import PersonRef, Reason
from api.http.schema.handling import (
    HandlerItem,
    Handling,
    IdentityItem,
    NewHandler,
    NewIdentityShown,
    NewNotice,
    NoticeItem,
)
from api.http.sessions import SignedIn, TheArchive
from casework.cases import find_case
from casework.handling import (
    handlers_of,
    identity_shown_in,
    name_officer,
    officers_needed,
    release_officer,
    state_identity_shown,
)
from casework.procedure.contacts import notices_in, state_notice_given
from casework.secrecy import may_see_case
from integrity.local_time import chinese_day
from storage.catalog.casework import Case
from storage.catalog.organisation import Person

router = api_router(tags=["cases"])


@router.get("/cases/{case_id}/officers", summary="承办人员 / Who handles the case")
def show_officers(case_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> Handling:
    with looking(archive, viewer) as session:
        return _handling(session, viewer.person, find_case(session, viewer.person, case_id))


@router.post("/cases/{case_id}/officers", summary="指定承办人员 / Name an officer of the case", status_code=201)
def make_officer(case_id: uuid.UUID, form: NewHandler, viewer: SignedIn, archive: TheArchive) -> Handling:
    with doing(archive, viewer) as session:
        name_officer(session, viewer.person, case_id, form.person_id)
        return _handling(session, viewer.person, find_case(session, viewer.person, case_id))


@router.post("/case-officers/{case_officer_id}/release", summary="解除承办人员 / Release an officer of the case")
def end_officer(case_officer_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> Handling:
    with doing(archive, viewer) as session:
        row = release_officer(session, viewer.person, case_officer_id, form.reason)
        return _handling(session, viewer.person, find_case(session, viewer.person, row.case_id))


@router.post(
    "/cases/{case_id}/identity", summary="登记出示执法证件 / Say that a certificate was shown", status_code=201
)
def make_identity_shown(case_id: uuid.UUID, form: NewIdentityShown, viewer: SignedIn, archive: TheArchive) -> Handling:
    with doing(archive, viewer) as session:
        state_identity_shown(
            session,
            viewer.person,
            case_id,
            person_id=form.person_id,
            shown_at=form.shown_at,
            now=datetime.now(UTC),
            act_id=form.act_id,
        )
        return _handling(session, viewer.person, find_case(session, viewer.person, case_id))


@router.post("/cases/{case_id}/notices", summary="登记告知 / Say that notice was given", status_code=201)
def make_notice(case_id: uuid.UUID, form: NewNotice, viewer: SignedIn, archive: TheArchive) -> Handling:
    """Of the reasons, the legal grounds, and the rights and duties (事由、依据、权利义务)."""
    with doing(archive, viewer) as session:
        state_notice_given(
            session,
            viewer.person,
            case_id,
            person_id=form.person_id,
            given_at=form.given_at,
            now=datetime.now(UTC),
            act_id=form.act_id,
            document_number=form.document_number,
        )
        return _handling(session, viewer.person, find_case(session, viewer.person, case_id))


def _handling(session: Session, person: Person, case: Case) -> Handling:
    """Who handles a case everybody of its unit sees, or nobody would know whom to ask; contacts are written of it."""
    handlers, sees = handlers_of(session, case, chinese_day(datetime.now(UTC))), may_see_case(session, person, case)
    shown = identity_shown_in(session, case.id) if sees else ()
    notices = notices_in(session, case.id) if sees else ()
    told = [*(row.person_id for row in shown), *(row.person_id for row in notices)]
    names = people_named(session, *told, *(each.person.id for each in handlers))
    return Handling(
        needed=officers_needed(case.procedure),
        officers=[
            HandlerItem(
                id=each.row.id,
                person=PersonRef.of(each.person.id, names),
                named_at=each.row.named_at,
                problem=each.problem,
            )
            for each in handlers
        ],
        identity_shown=[
            IdentityItem(id=row.id, person=PersonRef.of(row.person_id, names), shown_at=row.shown_at, act_id=row.act_id)
            for row in shown
        ],
        notices=[
            NoticeItem(
                id=row.id,
                person=PersonRef.of(row.person_id, names),
                given_at=row.given_at,
                act_id=row.act_id,
                document_number=row.document_number,
            )
            for row in notices
        ],
    )
