"""Who is asking: a browser's session cookie or a program's bearer token. Only hashes of either are looked up."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.archive import Archive
from api.http.errors import CsrfRefused, RoleRefused, SignInNeeded
from api.i18n import choose_language
from storage.catalog.organisation import Person
from storage.catalog.signin import ApiToken, SignInSession

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


def find_viewer(request: Request) -> Viewer | None:
    """Who is asking, or None. Checks the forgery token of whatever changes something by cookie: raises CsrfRefused."""
    archive = archive_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if token and scheme.lower() == "bearer":
        with archive.database.reading() as session:
            return _viewer_of_token(session, token.strip())
    cookie = request.cookies.get(SESSION_COOKIE)
    if not cookie:
        return None
    with archive.database.reading() as session:
        viewer = _viewer_of_cookie(session, cookie)
    if viewer is not None and request.method not in SAFE_METHODS:
        stated = request.headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(stated.encode(), (viewer.csrf_token or "").encode()):
            raise CsrfRefused
    return viewer


def require_viewer(request: Request) -> Viewer:
    """Raises SignInNeeded for whoever is not signed in. Such refusals are counted, not entered in the ledger."""
    viewer = find_viewer(request)
    if viewer is None:
        request.app.state.anonymous_refusals.inc()
        raise SignInNeeded
    return viewer


SignedIn = Annotated[Viewer, Depends(require_viewer)]
TheArchive = Annotated[Archive, Depends(archive_of)]


def require_role(viewer: Viewer, *roles: str) -> None:
    """Raises RoleRefused for any other role."""
    if viewer.person.role not in roles:
        raise RoleRefused(viewer.person.role, roles)


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
    row = session.get(SignInSession, session_id)
    if row is not None and row.ended_at is None:
        row.ended_at = now


def create_api_token(session: Session, person: Person, label: str, expires_at: datetime | None = None) -> str:
    """A bearer token that acts as `person`; it is shown once, now."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    session.add(
        ApiToken(
            unit_id=person.unit_id,
            person_id=person.id,
            token_hash=hash_secret(token),
            label=label,
            expires_at=expires_at,
        )
    )
    return token


def _viewer_of_cookie(session: Session, cookie: str) -> Viewer | None:
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
