"""Units and the people in them. Administrators act in their own unit and in those below it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.elements.again import ask_for_another_judgement_of_officer
from casework.errors import OwnAccount, Taken, Unknown
from casework.rows import unique
from casework.units import Doer, actor_of, require_live, require_over
from casework.wording import known_word, optional_name, required_name, required_text
from retention.paging import Cursor, Page, newest_first, take_page
from storage.catalog.organisation import ROLES, Person, Unit
from storage.ledger.append import Change, record_change

DEED = "change_the_organisation"


def create_unit(session: Session, by: Doer, *, name: str, code: str, parent_id: uuid.UUID | None = None) -> Unit:
    """A new unit. A person makes it below his own unit; the operator anywhere, also at the top.

    Raises Taken for a code in use, Unknown, OutsideUnit or UnitEnded for the parent, RoleNotAllowed, TextUnusable.
    """
    if isinstance(by, Person) and parent_id is None:
        parent_id = by.unit_id
    if parent_id is not None:
        require_over(session, by, DEED, parent_id)
        require_live(session, parent_id)
    name, code = required_name("name", name), required_name("code", code)
    unit = Unit(id=uuid.uuid4(), name=name, code=code, parent_id=parent_id)
    with unique(session, {"uq_unit_code": Taken("unit code", code)}):
        session.add(unit)
    data = {"parent_id": None if parent_id is None else str(parent_id)}
    private = {"name": name, "code": code}
    record_change(session, actor_of(by), Change("unit.created", "unit", str(unit.id), unit.id, data, private))
    return unit


def create_person(
    session: Session,
    by: Doer,
    *,
    unit_id: uuid.UUID,
    name: str,
    sign_in_name: str,
    role: str,
    badge_number: str | None = None,
    password_hash: str | None = None,
) -> Person:
    """Somebody new, who can sign in once there is a password hash.

    Raises WordUnknown (role), Taken (sign-in name, badge number), UnitEnded, Unknown, OutsideUnit, RoleNotAllowed,
    TextUnusable.
    """
    require_over(session, by, DEED, unit_id)
    require_live(session, unit_id)
    person = Person(
        id=uuid.uuid4(),
        unit_id=unit_id,
        name=required_name("name", name),
        sign_in_name=required_name("sign-in name", sign_in_name),
        badge_number=optional_name("badge number", badge_number),
        role=known_word("role", role, ROLES),
        password_hash=password_hash,
    )
    clashes = {
        "uq_person_sign_in_name": Taken("sign-in name", person.sign_in_name),
        "uq_person_unit_id_badge_number": Taken("badge number", person.badge_number or ""),
    }
    with unique(session, clashes):
        session.add(person)
    session.refresh(person, ("carries",))
    private = {"name": person.name, "sign_in_name": person.sign_in_name}
    private |= {} if person.badge_number is None else {"badge_number": person.badge_number}
    _record(session, by, person, "person.created", {"role": role, "can_sign_in": password_hash is not None}, private)
    ask_for_another_judgement_of_officer(session, person)
    return person


def change_role(session: Session, by: Doer, person_id: uuid.UUID, role: str) -> Person:
    """Another role from now on. Raises OwnAccount, WordUnknown, Unknown, OutsideUnit, RoleNotAllowed."""
    known_word("role", role, ROLES)
    person = _lock_other(session, by, person_id)
    former, person.role = person.role, role
    session.flush()
    _record(session, by, person, "person.role_changed", {"from": former, "to": role})
    return person


def deactivate_person(session: Session, by: Doer, person_id: uuid.UUID, reason: str) -> Person:
    """No signing in and no deeds any more; the row stays, because entries name it. Again is no error, and no entry.

    Raises OwnAccount (so that the last administrator stays), Unknown, OutsideUnit, RoleNotAllowed, TextUnusable.
    """
    reason = required_text("reason", reason)
    person = _lock_other(session, by, person_id)
    if person.active:
        person.active = False
        session.flush()
        _record(session, by, person, "person.deactivated", private={"reason": reason})
        ask_for_another_judgement_of_officer(session, person)
    return person


def set_password_hash(session: Session, by: Doer, person_id: uuid.UUID, password_hash: str) -> Person:
    """A new password, of which only the hash comes here. Everybody sets his own, administrators also others'.

    Raises Unknown, OutsideUnit, RoleNotAllowed.
    """
    own = isinstance(by, Person) and by.id == person_id and by.active
    person = _lock_person(session, person_id) if own else _lock_below(session, by, person_id)
    person.password_hash = password_hash
    session.flush()
    _record(session, by, person, "person.password_set")
    return person


def find_person(session: Session, sign_in_name: str) -> Person | None:
    """Whoever signs in under that name, active or not."""
    return session.scalars(select(Person).where(Person.sign_in_name == sign_in_name.strip())).first()


def list_people(session: Session, unit_id: uuid.UUID, *, after: Cursor | None = None, limit: int = 50) -> Page[Person]:
    """A unit's people, the latest first, the deactivated among them."""
    statement = select(Person).where(Person.unit_id == unit_id)
    rows = session.scalars(newest_first(statement, Person.created_at, Person.id, after, limit)).all()
    return take_page(rows, limit, lambda person: Cursor(person.created_at, str(person.id)))


def names_of(session: Session, person_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Names for a page that shows ids."""
    wanted = set(person_ids)
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted))) if wanted else ()
    return {row.id: row.name for row in rows}


def _lock_person(session: Session, person_id: uuid.UUID) -> Person:
    statement = select(Person).where(Person.id == person_id).with_for_update(key_share=True)
    person = session.scalars(statement.execution_options(populate_existing=True)).first()
    if person is None:
        raise Unknown("person", person_id)
    return person


def _lock_below(session: Session, by: Doer, person_id: uuid.UUID) -> Person:
    person = _lock_person(session, person_id)
    require_over(session, by, DEED, person.unit_id)
    return person


def _lock_other(session: Session, by: Doer, person_id: uuid.UUID) -> Person:
    person = _lock_below(session, by, person_id)
    if isinstance(by, Person) and by.id == person_id:
        raise OwnAccount(person_id)
    return person


def _record(
    session: Session,
    by: Doer,
    person: Person,
    action: str,
    data: dict[str, str | bool] | None = None,
    private: dict[str, str] | None = None,
) -> None:
    change = Change(action, "person", str(person.id), person.unit_id, data or {}, private or {})
    record_change(session, actor_of(by), change)
