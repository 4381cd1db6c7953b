"""Proving who one is: passwords, the throttle against guessing them, and the first administrator's one-time code.

An attempt is counted before its password is looked at, so that a hundred guesses at once are no more than five; what
was counted is forgotten when the attempt succeeds. Hashing holds neither transaction nor connection.
"""

from __future__ import annotations

import base64
import ipaddress
import secrets
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from argon2 import extract_parameters
from argon2.low_level import hash_secret
from pwdlib import PasswordHash
from sqlalchemy import ColumnClause, ColumnElement, Select, column, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from api.credentials import open_session
from api.http.errors import CodeRefused, PasswordUnusable, SignInFailed, SignInThrottled
from casework.organisation import create_person, create_unit
from storage.catalog.organisation import Person, Unit
from storage.catalog.signin import OneTimeCode, SignInFailure, SignInSession
from storage.database import Database
from storage.entering import enter_by_code, enter_by_password
from storage.ledger.append import Actor, Change, record_change
from storage.one_time_code import hash_code, letters_of, make_code

THROTTLE = timedelta(minutes=15)
FAILURES_OF_NAME = 5
FAILURES_OF_ADDRESS = 20
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 200
FIRST_ADMINISTRATOR = "first_administrator"
CODE_LIFETIME = timedelta(hours=24)
SETTING_UP = Actor.system("first_administrator")

_ASKED: Final[tuple[ColumnClause[Any], ...]] = tuple(
    column(name) for name in ("person_id", "unit_id", "active", "hashed_with")
)
_HASHING_SECONDS = 10
_HASH_LETTERS = 43  # 32 bytes in base64
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
    with _proving(database, sign_in_name, password, address, now) as (session, person):
        return _open(session, person, now)


def prove(database: Database, sign_in_name: str, password: str, address: str, now: datetime) -> Person:
    """The active person of that name, if this is the password. Raises SignInFailed, SignInThrottled."""
    with _proving(database, sign_in_name, password, address, now) as (_, person):
        return person


@contextmanager
def _proving(
    database: Database, sign_in_name: str, password: str, address: str, now: datetime
) -> Iterator[tuple[Session, Person]]:
    """A transaction of whoever knows the password of that name: the database compares what was made of it."""
    name, network = sign_in_name.strip(), network_of(address)
    with database.transaction() as session:
        count_attempt(session, name, network, now)
    with database.reading() as session:
        asked = session.execute(select(func.password_asked(name).table_valued(*_ASKED))).first()
    proof = _proof(password, None if asked is None else asked.hashed_with)
    if asked is None:
        raise SignInFailed
    with database.transaction() as session:
        person_id = enter_by_password(session, name, proof)
        if person_id is not None:
            forget_attempts(session, name, network, now)
            yield session, session.get_one(Person, person_id)
            return
        _record_refusal(session, asked.person_id, asked.unit_id, "password" if asked.active else "inactive")
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
    for counted, value, limit in limits:
        oldest = _nth_latest_failure(session, counted == value, limit, now)
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
    return not session.scalar(select(func.has_administrator()))


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
        if not enter_by_code(session, letters_of(code)):
            raise CodeRefused
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


def _record_refusal(session: Session, person_id: uuid.UUID, unit_id: uuid.UUID, reason: str) -> None:
    change = Change("sign_in.refused", "person", str(person_id), unit_id, {"reason": reason})
    record_change(session, Actor.system("sign_in"), change)


def _proof(password: str, hashed_with: str | None) -> str:
    """The hash of a password made as the stored one was; as long for a name that nobody has as for a wrong password.

    `hashed_with`: `$argon2id$v=19$m=…,t=…,p=…$salt$`, the stored hash but for its end, which only the database knows.
    """
    if not _hashing.acquire(timeout=_HASHING_SECONDS):
        raise SignInThrottled(_HASHING_SECONDS)
    try:
        return rehash_password(password[: LONGEST_PASSWORD + 1], hashed_with or _nobodys())
    finally:
        _hashing.release()


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return PasswordHash.recommended().hash(secrets.token_hex(16)).rpartition("$")[0] + "$"


def rehash_password(password: str, hashed_with: str) -> str:
    """The whole hash (PHC string) of a password, by another's function, costs and salt."""
    asked = extract_parameters(hashed_with + "A" * _HASH_LETTERS)
    salt = hashed_with.rstrip("$").rpartition("$")[2]
    return hash_secret(
        password.encode("utf-8", "surrogateescape"),
        base64.b64decode(salt + "=" * (-len(salt) % 4)),
        time_cost=asked.time_cost,
        memory_cost=asked.memory_cost,
        parallelism=asked.parallelism,
        hash_len=asked.hash_len,
        type=asked.type,
        version=asked.version,
    ).decode("ascii")
