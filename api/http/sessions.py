"""Who is asking: a browser that brings its session's cookie, or a program with its bearer token."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from api.archive import Archive
from api.credentials import SESSION_LIFETIME, Viewer, find_viewer_of_cookie, find_viewer_of_token
from api.http.errors import CsrfRefused, SignInNeeded
from api.i18n import choose_language

SESSION_COOKIE = "liuhen_session"
LANGUAGE_COOKIE = "liuhen_lang"
CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
ANSWERED = "liuhen.answered"
"""Where a request's scope has its `Answered`."""

StillHolds = Callable[[Viewer], None]
"""Raises where the viewer, found anew, may have the answer no more; enters that as any other refusal."""
HoldsSoon = Callable[[], Awaitable[bool]]
"""Asked on the event loop. True: the viewer is signed in, who he was, and all conditions hold. False says nothing."""


@dataclass
class Answered:
    """To whom an answer goes, and what else has to hold as long as it leaves: for api/http/asking_again.py."""

    viewer: tuple[uuid.UUID, uuid.UUID, str] | None = None
    conditions: list[StillHolds] = field(default_factory=list)
    soon: HoldsSoon | None = None


def archive_of(request: Request) -> Archive:
    archive: Archive = request.app.state.archive
    return archive


def language_of(request: Request) -> str:
    return choose_language(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language"))


async def give_archive(request: Request) -> Archive:
    """As a dependency; a coroutine, so that it costs no thread."""
    return archive_of(request)


def find_viewer(request: Request, form_token: str | None = None) -> Viewer | None:
    """Who is asking, or None. Checks the forgery token of whatever changes something by cookie: raises CsrfRefused.

    `form_token` is the field `csrf_token` of a plain form, which can send no header.
    """
    if "authorization" not in request.headers and SESSION_COOKIE not in request.cookies:
        return None
    with archive_of(request).database.reading() as session:
        return _find_viewer(session, request, form_token)


def require_viewer(request: Request) -> Viewer:
    """Raises SignInNeeded for whoever is not signed in. Such refusals are counted, not entered in the ledger."""
    return _or_refuse(request, find_viewer(request))


def require_viewer_in(session: Session, request: Request) -> Viewer:
    """As `require_viewer`, in a session that goes on to be used; what becomes of that does not touch the viewer."""
    viewer = _or_refuse(request, _find_viewer(session, request, None))
    session.expunge(viewer.person)
    return viewer


def answer_leaves_to(request: Request, who: tuple[uuid.UUID, uuid.UUID, str]) -> None:
    """Somebody whom the database itself knows by what he shows: person, unit and role."""
    request.scope[ANSWERED].viewer = who


def hold_while_it_leaves(request: Request, still_holds: StillHolds, soon: HoldsSoon | None = None) -> None:
    """That he is signed in is asked again of whoever was found to be; this is what a route needs besides: a grant."""
    answered: Answered = request.scope[ANSWERED]
    answered.conditions.append(still_holds)
    answered.soon = soon


def require_same_viewer(request: Request, answered: Answered) -> Viewer:
    """Whom the answer began to go to, found anew. Raises SignInNeeded where he has gone, or is in another role now."""
    with archive_of(request).database.reading() as session:
        viewer = _viewer_of_secret(session, request)
        if viewer is None or _who(viewer) != answered.viewer:
            raise SignInNeeded
        session.expunge(viewer.person)
    return viewer


def _or_refuse(request: Request, viewer: Viewer | None) -> Viewer:
    if viewer is None:
        request.app.state.metrics.anonymous_refusals.inc()
        raise SignInNeeded
    return viewer


def _find_viewer(session: Session, request: Request, form_token: str | None) -> Viewer | None:
    viewer = _viewer_of_secret(session, request)
    if viewer is not None and not viewer.is_program and request.method not in SAFE_METHODS:
        stated = request.headers.get(CSRF_HEADER) or form_token or ""
        if not hmac.compare_digest(stated.encode(), (viewer.csrf_token or "").encode()):
            raise CsrfRefused
    if viewer is not None:
        request.scope[ANSWERED].viewer = _who(viewer)
    return viewer


def _viewer_of_secret(session: Session, request: Request) -> Viewer | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if token and scheme.lower() == "bearer":
        return find_viewer_of_token(session, token.strip())
    cookie = request.cookies.get(SESSION_COOKIE)
    return find_viewer_of_cookie(session, cookie) if cookie else None


def _who(viewer: Viewer) -> tuple[uuid.UUID, uuid.UUID, str]:
    return viewer.person.id, viewer.person.unit_id, viewer.person.role


SignedIn = Annotated[Viewer, Depends(require_viewer)]
TheArchive = Annotated[Archive, Depends(give_archive)]


def refuse_cross_site(request: Request) -> None:
    """Raises CsrfRefused for what another site made a browser send: for signing in, where there is no token yet."""
    if request.headers.get("sec-fetch-site", "same-origin") == "cross-site":
        raise CsrfRefused
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise CsrfRefused


def set_session_cookie(request: Request, response: Response, cookie: str) -> None:
    """Hand the cookie out: kept from scripts, from other sites, and from plain connections where there is TLS."""
    response.set_cookie(
        SESSION_COOKIE,
        cookie,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def clear_session_cookie(response: Response) -> None:
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="lax")
