"""What a signed-in person or program holds: a session's cookie or a bearer token. Only hashes of either are kept.

Knows nothing of HTTP: a command that makes a token would pay for the whole web framework at its start.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from integrity.fields import format_instant
from storage.catalog.organisation import Person
from storage.catalog.signin import ApiToken, SignInSession
from storage.ledger.append import Actor, Change, record_change

SESSION_LIFETIME = timedelta(hours=12)
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


def find_viewer_of_token(session: Session, token: str) -> Viewer | None:
    """Whose token this is, while it is good."""
    now = datetime.now(UTC)
    found = session.execute(
        select(Person, ApiToken.expires_at)
        .join(ApiToken, Person.id == ApiToken.person_id)
        .where(ApiToken.token_hash == hash_secret(token), ApiToken.revoked_at.is_(None), Person.active)
    ).first()
    if found is None or (found[1] is not None and found[1] <= now):
        return None
    return Viewer(found[0], None, None)
