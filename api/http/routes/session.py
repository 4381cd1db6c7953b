"""Signing in and out, and who one is."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import Request, Response
from sqlalchemy.orm import Session

from api.credentials import Viewer, end_session, find_viewer_of_cookie
from api.http.api_router import api_router
from api.http.schema.session import FirstAdministrator, SignIn, UnitOfViewer, Viewing
from api.http.sessions import (
    SESSION_COOKIE,
    SignedIn,
    TheArchive,
    clear_session_cookie,
    refuse_cross_site,
    set_session_cookie,
)
from api.signin import SignedInPerson, sign_in, use_first_administrator_code
from storage.catalog.organisation import Unit
from storage.entering import enter

router = api_router(tags=["session"])


@router.post("/session", summary="登录 / Sign in")
def open_session(form: SignIn, request: Request, response: Response, archive: TheArchive) -> Viewing:
    """Sets the cookie `liuhen_session`. A session that the browser had before is ended."""
    refuse_cross_site(request)
    signed_in = sign_in(archive.database, form.sign_in_name, form.password, address_of(request), datetime.now(UTC))
    return _hand_over(request, response, archive, signed_in)


@router.get("/session", summary="当前身份 / Who am I")
def show_session(viewer: SignedIn, archive: TheArchive) -> Viewing:
    with archive.database.reading() as session:
        return describe_viewer(session, viewer)


@router.delete("/session", summary="退出登录 / Sign out", status_code=204)
def close_session(response: Response, viewer: SignedIn, archive: TheArchive) -> None:
    if viewer.session_id is not None:
        with archive.database.transaction() as session:
            end_session(session, viewer.session_id, datetime.now(UTC))
    clear_session_cookie(response)


@router.post("/first-administrator", summary="设立首位管理员 / Make the first administrator", status_code=201)
def make_first_administrator(
    form: FirstAdministrator, request: Request, response: Response, archive: TheArchive
) -> Viewing:
    """With the one-time code that an empty archive prints when it starts. Signs in."""
    refuse_cross_site(request)
    signed_in = use_first_administrator_code(
        archive.database,
        form.code,
        sign_in_name=form.sign_in_name,
        name=form.name,
        password=form.password,
        unit_name=form.unit_name,
        now=datetime.now(UTC),
    )
    return _hand_over(request, response, archive, signed_in)


def describe_viewer(session: Session, viewer: Viewer) -> Viewing:
    person, unit = viewer.person, session.get_one(Unit, viewer.person.unit_id)
    return Viewing(
        id=person.id,
        name=person.name,
        sign_in_name=person.sign_in_name,
        role=person.role,
        unit=UnitOfViewer(id=unit.id, name=unit.name),
        via="token" if viewer.is_program else "session",
        csrf_token=viewer.csrf_token,
    )


def address_of(request: Request) -> str:
    """Where a request comes from, as the socket says; on a unix socket nowhere."""
    return "" if request.client is None else request.client.host


def replace_session(request: Request, response: Response, archive: TheArchive, signed_in: SignedInPerson) -> None:
    """The new cookie, and the end of the session that came with the request: no two from one browser."""
    former = request.cookies.get(SESSION_COOKIE)
    if former:
        with archive.database.transaction() as session:
            viewer = find_viewer_of_cookie(session, former)
            if viewer is not None and viewer.session_id is not None:
                end_session(session, viewer.session_id, datetime.now(UTC))
    set_session_cookie(request, response, signed_in.cookie)


def _hand_over(request: Request, response: Response, archive: TheArchive, signed_in: SignedInPerson) -> Viewing:
    replace_session(request, response, archive, signed_in)
    response.headers["Cache-Control"] = "no-store"
    with archive.database.reading() as session:
        enter(session, signed_in.cookie)
        viewer = find_viewer_of_cookie(session, signed_in.cookie)
        assert viewer is not None
        return describe_viewer(session, viewer)
