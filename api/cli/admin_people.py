"""What `liuhen admin` does about units, people and their tokens. The operator at the machine is bound by no role."""

from __future__ import annotations

import secrets
import string
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from api.cli.admin_archive import remark
from api.cli.ids import id_in
from api.credentials import create_api_token, hash_secret
from api.errors import UsageRefused
from api.signin import (
    CODE_LIFETIME,
    end_sessions,
    hash_password,
    issue_first_administrator_code,
    lift_throttle,
    needs_first_administrator,
)
from casework.organisation import create_person, create_unit, find_person, set_password_hash
from casework.wording import required_name
from integrity.fields import format_instant
from integrity.local_time import show_written
from storage.catalog.organisation import Person, Unit
from storage.catalog.signin import ApiToken
from storage.ledger.append import Actor, Change, record_change

OPERATOR = Actor.system("admin")
FIRST_UNIT_NAME, FIRST_UNIT_CODE = "本单位", "root"
ROW_LIMIT = 10_000

Facts = dict[str, object]


def add_unit(session: Session, name: str, code: str, parent_code: str | None) -> Facts:
    parent_id = None if parent_code is None else find_unit(session, parent_code).id
    return _unit_facts(create_unit(session, OPERATOR, name=name, code=code, parent_id=parent_id), parent_code)


def list_units(session: Session) -> list[Facts]:
    codes = {row.id: row.code for row in session.execute(select(Unit.id, Unit.code))}
    rows = session.scalars(select(Unit).order_by(Unit.created_at, Unit.code).limit(ROW_LIMIT))
    return [
        {**_unit_facts(row, codes.get(row.parent_id) if row.parent_id else None), **_end(row, codes)} for row in rows
    ]


def find_unit(session: Session, code: str) -> Unit:
    """Raises UsageRefused when there is none."""
    unit = session.scalars(select(Unit).where(Unit.code == code.strip())).first()
    if unit is None:
        raise UsageRefused(
            f"没有代码为 {code} 的单位；请用 liuhen admin unit list 查看",
            f"there is no unit with the code {code}: see liuhen admin unit list",
        )
    return unit


def unit_or_only(session: Session, code: str | None) -> Unit:
    """The unit with that code; without one the only unit there is, and the first one is made when there is none."""
    if code is not None:
        return find_unit(session, code)
    units = session.scalars(select(Unit).where(Unit.ended_on.is_(None)).limit(2)).all()
    if not units:
        remark(
            f"尚无单位，已新建“{FIRST_UNIT_NAME}”（代码 {FIRST_UNIT_CODE}） / "
            f"there was no unit yet: made one with the code {FIRST_UNIT_CODE}"
        )
        return create_unit(session, OPERATOR, name=FIRST_UNIT_NAME, code=FIRST_UNIT_CODE)
    if len(units) > 1:
        raise UsageRefused(
            "有多个单位，请用 --unit 指定其一", "there are several units: say which one with --unit CODE"
        )
    return units[0]


def _random_password() -> str:
    """More than 120 bits. Never with "-" in front, which a command would take for an option."""
    return secrets.choice(string.ascii_letters + string.digits) + secrets.token_urlsafe(15)


def add_person(
    session: Session, *, unit: Unit, role: str, name: str, sign_in_name: str, badge: str | None, password: str | None
) -> Facts:
    """A person who can sign in; without a password a random one, which the facts show this once."""
    chosen = password or _random_password()
    person = create_person(
        session,
        OPERATOR,
        unit_id=unit.id,
        name=name,
        sign_in_name=sign_in_name,
        role=role,
        badge_number=badge,
        password_hash=hash_password(chosen),
    )
    return {**_person_facts(person, unit.code), **({} if password else {"password": chosen})}


def reset_password(session: Session, sign_in_name: str, password: str | None) -> Facts:
    """A new password for somebody active, whose sessions end; without one a random one, shown this once.

    For the day when every administrator has forgotten theirs. Raises UsageRefused, PasswordUnusable.
    """
    person = find_person(session, sign_in_name)
    if person is None or not person.active:
        raise _nobody(sign_in_name)
    chosen = password or _random_password()
    set_password_hash(session, OPERATOR, person.id, hash_password(chosen))
    end_sessions(session, person.id, datetime.now(UTC))
    lift_throttle(session, person.sign_in_name)
    facts: Facts = {"person_id": str(person.id), "sign_in_name": person.sign_in_name, "role": person.role}
    return {**facts, **({} if password else {"password": chosen})}


def list_persons(session: Session, unit_code: str | None) -> list[Facts]:
    statement = select(Person, Unit.code).join(Unit, Unit.id == Person.unit_id)
    if unit_code is not None:
        statement = statement.where(Unit.id == find_unit(session, unit_code).id)
    rows = session.execute(statement.order_by(Person.created_at, Person.sign_in_name).limit(ROW_LIMIT))
    return [_person_facts(person, code) for person, code in rows]


def add_token(session: Session, person: Person, label: str, expires_hours: float | None) -> Facts:
    """A bearer token. The token itself is shown this once: the catalog keeps its SHA-256."""
    expires_at = None if expires_hours is None else datetime.now(UTC) + timedelta(hours=expires_hours)
    token = create_api_token(session, person, required_name("label", label), expires_at)
    session.flush()
    row = session.scalars(select(ApiToken).where(ApiToken.token_hash == hash_secret(token))).one()
    return {
        "token": token,
        "token_id": str(row.id),
        "person_id": str(person.id),
        "role": person.role,
        "name": person.name,
        "expires_at": _instant(expires_at),
    }


def token_holder(session: Session, role: str | None, name: str | None, unit: str | None, sign_in: str | None) -> Person:
    """Whom a new token acts as: somebody there is, or a person of its own, so that two tokens are two people."""
    if sign_in is None:
        if role is None:
            raise UsageRefused("请用 --role 或 --person 指明身份", "say with --role or --person whom it acts as")
        own_name = f"api-{secrets.token_hex(6)}"
        return create_person(
            session,
            OPERATOR,
            unit_id=unit_or_only(session, unit).id,
            name=name or f"程序 {own_name}",
            sign_in_name=own_name,
            role=role,
        )
    person = find_person(session, sign_in)
    if person is None or not person.active:
        raise _nobody(sign_in)
    if role not in (None, person.role):
        raise UsageRefused(f"{sign_in} 的角色是 {person.role}，不是 {role}", f"{sign_in} is {person.role}, not {role}")
    return person


def list_tokens(session: Session) -> list[Facts]:
    statement = select(ApiToken, Person).join(Person, Person.id == ApiToken.person_id)
    rows = session.execute(statement.order_by(ApiToken.created_at, ApiToken.id).limit(ROW_LIMIT))
    return [
        {
            "token_id": str(token.id),
            "person_id": str(person.id),
            "sign_in_name": person.sign_in_name,
            "role": person.role,
            "label": token.label,
            "expires_at": _instant(token.expires_at),
            "revoked_at": _instant(token.revoked_at),
        }
        for token, person in rows
    ]


def revoke_token(session: Session, named: str) -> Facts:
    """End a token, named by its id or by itself. Again is no error, and no entry."""
    row = session.scalars(_token_by_name(named).with_for_update()).first()
    if row is None:
        raise UsageRefused("没有该令牌；请用 liuhen admin token list 查看", "there is no such token: see token list")
    if row.revoked_at is None:
        end_token(session, row, datetime.now(UTC))
    return {"token_id": str(row.id), "person_id": str(row.person_id), "revoked_at": _instant(row.revoked_at)}


def end_token(session: Session, row: ApiToken, now: datetime) -> None:
    """With its entry; of a live one."""
    row.revoked_at = now
    session.flush()
    data = {"token_id": str(row.id)}
    _record(session, Change("token.revoked", "person", str(row.person_id), row.unit_id, data))


def spaced_line(facts: Facts) -> str:
    """One item of a list in a line for a person: times in Chinese time, a dash for what is not there."""
    shown = (show_written(value) if name.endswith("_at") else value for name, value in facts.items())
    return "  ".join("—" if each is None else str(each) for each in shown)


def issue_first_code(session: Session) -> Facts:
    """A code that lets the first administrator in, once. Raises UsageRefused when there is one who can sign in."""
    if not needs_first_administrator(session):
        raise UsageRefused(
            "已有可登录的管理员；请由其新建账号，或用 liuhen admin person create",
            "there is an administrator who can sign in: let that one add people, or use liuhen admin person create",
        )
    now = datetime.now(UTC)
    return {
        "code": issue_first_administrator_code(session, now),
        "expires_at": format_instant(now + CODE_LIFETIME),
    }


def _nobody(sign_in_name: str) -> UsageRefused:
    return UsageRefused(f"没有用户名为 {sign_in_name} 的在用账号", f"nobody active signs in as {sign_in_name}")


def _token_by_name(named: str) -> Select[ApiToken]:
    token_id = id_in(named)
    is_named = ApiToken.token_hash == hash_secret(named) if token_id is None else ApiToken.id == token_id
    return select(ApiToken).where(is_named)


def _record(session: Session, change: Change) -> None:
    record_change(session, OPERATOR, change)


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else format_instant(moment)


def _unit_facts(unit: Unit, parent_code: str | None) -> Facts:
    return {"unit_id": str(unit.id), "name": unit.name, "code": unit.code, "parent": parent_code}


def _end(unit: Unit, codes: Mapping[uuid.UUID, str]) -> Facts:
    ended_on, into = unit.ended_on, unit.ended_into
    return {
        "ended_on": None if ended_on is None else ended_on.isoformat(),
        "ended_into": None if into is None else codes[into],
    }


def _person_facts(person: Person, unit_code: str) -> Facts:
    return {
        "person_id": str(person.id),
        "name": person.name,
        "sign_in_name": person.sign_in_name,
        "badge": person.badge_number,
        "role": person.role,
        "unit": unit_code,
        "active": person.active,
        "can_sign_in": person.can_sign_in,
    }
