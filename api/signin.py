"""Proving who one is: passwords, the throttle against guessing them, and the first administrator's one-time code.

An attempt is counted before its password is looked at, so that a hundred guesses at once are no more than five; what
was counted is forgotten when the attempt succeeds. Hashing holds neither transaction nor connection.
"""

from __future__ import annotations

import ipaddress
import secrets
import threading
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from api.credentials import open_session
from api.http.errors import CodeRefused, PasswordUnusable, SignInFailed, SignInThrottled
from casework.organisation import create_person, create_unit, find_person
from storage.catalog.organisation import Person, Unit
from storage.catalog.signin import OneTimeCode, SignInFailure, SignInSession
from storage.database import Database
from storage.ledger.append import Actor, Change, record_change
from storage.one_time_code import hash_code, make_code

THROTTLE = timedelta(minutes=15)
FAILURES_OF_NAME = 5
FAILURES_OF_ADDRESS = 20
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 200
FIRST_ADMINISTRATOR = "first_administrator"
CODE_LIFETIME = timedelta(hours=24)
SETTING_UP = Actor.system("first_administrator")

_HASHING_SECONDS = 10
# Each argon2 takes 64 MiB: a crowd at the door must not take the archive's memory.
_hashing = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class SignedInPerson:
    """`cookie` is the session's secret, to be set and then forgotten."""

    person: Person
    cookie: str


def hash_password(password: str) -> str:
    """argon2id, for `person.password_hash`. Raises PasswordUnusable for one that is too short or too long."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise PasswordUnusable(SHORTEST_PASSWORD, LONGEST_PASSWORD)
    with _hashing:
        return PasswordHash.recommended().hash(password)


def sign_in(database: Database, sign_in_name: str, password: str, address: str, now: datetime) -> SignedInPerson:
    """A new session for whoever knows the password of that name. Raises SignInFailed, SignInThrottled.

    What is wrong (name, password, a deactivated account) is told to nobody, neither in words nor by the time it takes.
    """
    person = prove(database, sign_in_name, password, address, now)
    with database.transaction() as session:
        return _open(session, person, now)


def prove(database: Database, sign_in_name: str, password: str, address: str, now: datetime) -> Person:
    """The active person of that name, if this is the password. Raises SignInFailed, SignInThrottled."""
    name, network = sign_in_name.strip(), network_of(address)
    with database.transaction() as session:
        count_attempt(session, name, network, now)
    with database.reading() as session:
        person = find_person(session, name)
    matches = _verify(password, None if person is None else person.password_hash)
    if person is None:
        raise SignInFailed
    with database.transaction() as session:
        if matches and person.active:
            forget_attempts(session, name, network, now)
            return person
        _record_refusal(session, person, "password" if person.active else "inactive")
    raise SignInFailed


def end_sessions(session: Session, person_id: uuid.UUID, now: datetime, keep: uuid.UUID | None = None) -> None:
    """Whoever got in with a former password is out; `keep` is the session in which it was changed."""
    statement = update(SignInSession).where(SignInSession.person_id == person_id, SignInSession.ended_at.is_(None))
    if keep is not None:
        statement = statement.where(SignInSession.id != keep)
    session.execute(statement.values(ended_at=now).execution_options(synchronize_session=False))


def count_attempt(session: Session, name: str, network: str, now: datetime) -> None:
    """Count one more attempt, or raise SignInThrottled. Attempts under one name, or from one network, queue here."""
    # Names before networks, everywhere: two attempts can then wait for each other, but never both.
    for key in (f"sign-in name {name}", f"sign-in network {network}"):
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
    limits: tuple[tuple[InstrumentedAttribute[str], str, int], ...] = (
        (SignInFailure.sign_in_name, name, FAILURES_OF_NAME),
        (SignInFailure.address, network, FAILURES_OF_ADDRESS),
    )
    for column, value, limit in limits:
        oldest = _nth_latest_failure(session, column == value, limit, now)
        if oldest is not None:
            raise SignInThrottled(max(1, int((oldest + THROTTLE - now).total_seconds()) + 1))
    session.add(SignInFailure(sign_in_name=name, address=network, failed_at=now))


def network_of(address: str) -> str:
    """What is counted as one place: an IPv4 address, the /64 of an IPv6 one, anything else as it is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:100]
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)


def issue_first_administrator_code(session: Session, now: datetime) -> str:
    """The code with which an empty archive's first administrator signs up; earlier ones are void from now on."""
    for row in session.scalars(_unused_codes().with_for_update()):
        row.used_at = now
    code = make_code()
    row = OneTimeCode(
        id=uuid.uuid4(),
        code_hash=hash_code(code),
        purpose=FIRST_ADMINISTRATOR,
        created_at=now,
        expires_at=now + CODE_LIFETIME,
    )
    session.add(row)
    record_change(
        session, SETTING_UP, Change("code.issued", "one_time_code", str(row.id), None, {"purpose": row.purpose})
    )
    return code


def needs_first_administrator(session: Session) -> bool:
    """Whether no administrator can sign in: then, and only then, a one-time code makes one."""
    who = select(Person.id).where(Person.role == "administrator", Person.active, Person.password_hash.is_not(None))
    return session.scalar(who.limit(1)) is None


def use_first_administrator_code(
    database: Database, code: str, *, sign_in_name: str, name: str, password: str, unit_name: str, now: datetime
) -> SignedInPerson:
    """The top unit and its administrator, signed in. Raises CodeRefused, PasswordUnusable, TextUnusable, Taken.

    A top unit that is there already (the operator may have made one) is taken as it is. Whatever is refused, the code
    stays good; once it has worked it never works again.
    """
    with database.reading() as session:
        _live_code(session, code, now, lock=False)
    password_hash = hash_password(password)
    with database.transaction() as session:
        row = _live_code(session, code, now, lock=True)
        row.used_at = now
        top = session.scalars(select(Unit).where(Unit.parent_id.is_(None)).order_by(Unit.created_at, Unit.id)).first()
        unit = top or create_unit(session, SETTING_UP, name=unit_name, code=f"U-{secrets.token_hex(4)}")
        person = create_person(
            session,
            SETTING_UP,
            unit_id=unit.id,
            name=name,
            sign_in_name=sign_in_name,
            role="administrator",
            password_hash=password_hash,
        )
        record_change(session, SETTING_UP, Change("code.used", "one_time_code", str(row.id), unit.id))
        return _open(session, person, now)


def _unused_codes() -> Select[OneTimeCode]:
    return select(OneTimeCode).where(OneTimeCode.purpose == FIRST_ADMINISTRATOR, OneTimeCode.used_at.is_(None))


def _live_code(session: Session, code: str, now: datetime, *, lock: bool) -> OneTimeCode:
    statement = _unused_codes().where(OneTimeCode.code_hash == hash_code(code), OneTimeCode.expires_at > now)
    row = session.scalars(statement.with_for_update() if lock else statement).first()
    if row is None or not needs_first_administrator(session):
        raise CodeRefused
    return row


def forget_attempts(session: Session, name: str, network: str, now: datetime) -> None:
    session.execute(delete(SignInFailure).where(SignInFailure.sign_in_name == name, SignInFailure.address == network))
    session.execute(delete(SignInFailure).where(SignInFailure.failed_at < now - THROTTLE))


def lift_throttle(session: Session, name: str) -> None:
    """Somebody who may do so gave the name a new password: guesses at the former one count no more."""
    session.execute(delete(SignInFailure).where(SignInFailure.sign_in_name == name))


def _nth_latest_failure(session: Session, whose: ColumnElement[bool], n: int, now: datetime) -> datetime | None:
    recent = select(SignInFailure.failed_at).where(whose, SignInFailure.failed_at > now - THROTTLE)
    return session.scalars(recent.order_by(SignInFailure.failed_at.desc()).offset(n - 1).limit(1)).first()


def _open(session: Session, person: Person, now: datetime) -> SignedInPerson:
    cookie = open_session(session, person, now)
    record_change(
        session, Actor.person(person.id), Change("person.signed_in", "person", str(person.id), person.unit_id)
    )
    return SignedInPerson(person, cookie)


def _record_refusal(session: Session, person: Person, reason: str) -> None:
    change = Change("sign_in.refused", "person", str(person.id), person.unit_id, {"reason": reason})
    record_change(session, Actor.system("sign_in"), change)


def _verify(password: str, password_hash: str | None) -> bool:
    """As long for a name that nobody has as for a wrong password."""
    if not _hashing.acquire(timeout=_HASHING_SECONDS):
        raise SignInThrottled(_HASHING_SECONDS)
    try:
        matches = PasswordHash.recommended().verify(password[: LONGEST_PASSWORD + 1], password_hash or _nobodys_hash())
    except PwdlibError:
        matches = False
    finally:
        _hashing.release()
    return matches and password_hash is not None


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return PasswordHash.recommended().hash(secrets.token_hex(16))
