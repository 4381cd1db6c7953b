"""Who is asking: a browser's session cookie or a program's bearer token. Only hashes of either are looked up."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.archive import Archive
from api.http.errors import CsrfRefused, SignInNeeded
from api.i18n import choose_language
from integrity.fields import format_instant
from storage.catalog.organisation import Person
from storage.catalog.signin import ApiToken, SignInSession
from storage.ledger.append import Actor, Change, record_change

SESSION_COOKIE = "liuhen_session"
LANGUAGE_COOKIE = "liuhen_lang"
CSRF_HEADER = "X-CSRF-Token"
SESSION_LIFETIME = timedelta(hours=12)
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
TOKEN_PREFIX = "lha1."  # noqa: S105  a mark of the format, no secret


@dataclass(frozen=True)
class Viewer:
    """A signed-in person or program. `person` is detached: its values, not its row."""

    person: Person
    csrf_token: str | None
    session_id: uuid.UUID | None

    @property
    def is_program(self) -> bool:
        return self.session_id is None


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


def _or_refuse(request: Request, viewer: Viewer | None) -> Viewer:
    if viewer is None:
        request.app.state.metrics.anonymous_refusals.inc()
        raise SignInNeeded
    return viewer


def _find_viewer(session: Session, request: Request, form_token: str | None) -> Viewer | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if token and scheme.lower() == "bearer":
        return _viewer_of_token(session, token.strip())
    cookie = request.cookies.get(SESSION_COOKIE)
    viewer = find_viewer_of_cookie(session, cookie) if cookie else None
    if viewer is not None and request.method not in SAFE_METHODS:
        stated = request.headers.get(CSRF_HEADER) or form_token or ""
        if not hmac.compare_digest(stated.encode(), (viewer.csrf_token or "").encode()):
            raise CsrfRefused
    return viewer


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


def hash_secret(secret: str) -> bytes:
    """What the catalog keeps of a random secret: one SHA-256 is enough for 256 bits of chance."""
    return hashlib.sha256(secret.encode()).digest()


def open_session(session: Session, person: Person, now: datetime) -> str:
    """A new session of a person who has proved who he is; returns the cookie's value."""
    cookie = secrets.token_urlsafe(32)
    session.add(
        SignInSession(
            unit_id=person.unit_id,
            person_id=person.id,
            token_hash=hash_secret(cookie),
            csrf_token=secrets.token_urlsafe(24),
            expires_at=now + SESSION_LIFETIME,
        )
    )
    return cookie


def end_session(session: Session, session_id: uuid.UUID, now: datetime) -> None:
    """The cookie is good for nothing any more. Again is no error, and no entry."""
    row = session.get(SignInSession, session_id, with_for_update={"key_share": True})
    if row is not None and row.ended_at is None:
        row.ended_at = now
        change = Change("person.signed_out", "person", str(row.person_id), row.unit_id)
        record_change(session, Actor.person(row.person_id), change)


def create_api_token(
    session: Session, person: Person, label: str, expires_at: datetime | None = None, by: Actor | None = None
) -> str:
    """A bearer token that acts as `person`; it is shown once, now. `by` is the operator unless somebody is named."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        id=uuid.uuid4(),
        unit_id=person.unit_id,
        person_id=person.id,
        token_hash=hash_secret(token),
        label=label,
        expires_at=expires_at,
    )
    session.add(row)
    data = {
        "token_id": str(row.id),
        "token_hash": row.token_hash.hex(),
        "expires_at": None if expires_at is None else format_instant(expires_at),
    }
    change = Change("token.created", "person", str(person.id), person.unit_id, data, {"label": label})
    record_change(session, by or Actor.system("admin"), change)
    return token


def find_viewer_of_cookie(session: Session, cookie: str) -> Viewer | None:
    """Whose session this cookie is, while it lasts."""
    found = session.execute(
        select(SignInSession, Person)
        .join(Person, Person.id == SignInSession.person_id)
        .where(SignInSession.token_hash == hash_secret(cookie), SignInSession.ended_at.is_(None))
        .where(SignInSession.expires_at > datetime.now(UTC), Person.active)
    ).first()
    return None if found is None else Viewer(found[1], found[0].csrf_token, found[0].id)


def _viewer_of_token(session: Session, token: str) -> Viewer | None:
    now = datetime.now(UTC)
    found = session.execute(
        select(Person, ApiToken.expires_at)
        .join(ApiToken, Person.id == ApiToken.person_id)
        .where(ApiToken.token_hash == hash_secret(token), ApiToken.revoked_at.is_(None), Person.active)
    ).first()
    if found is None or (found[1] is not None and found[1] <= now):
        return None
    return Viewer(found[0], None, None)
