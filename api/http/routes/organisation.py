"""Units and people: what administrators look after, and auditors may look at."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.errors import SignInFailed
from api.http.paging import Wanted, listed_each
from api.http.reading.scope import require_in_tree
from api.http.routes.session import address_of
from api.http.schema.base import Listed
from api.http.schema.organisation import (
    Deactivation,
    NewPassword,
    NewPerson,
    NewRole,
    NewUnit,
    PersonItem,
    UnitItem,
)
from api.http.sessions import SignedIn, TheArchive
from api.signin import end_sessions, hash_password, lift_throttle, prove
from casework.organisation import (
    change_role,
    create_person,
    create_unit,
    deactivate_person,
    list_people,
    set_password_hash,
)
from casework.permission import require
from casework.units import unit_tree
from retention.paging import Cursor, newest_first, take_page
from storage.catalog.organisation import Person, Unit

router = api_router(tags=["organisation"])


@router.post("/units", summary="设立单位 / Create a unit", status_code=201)
def make_unit(form: NewUnit, viewer: SignedIn, archive: TheArchive) -> UnitItem:
    with doing(archive, viewer) as session:
        unit = create_unit(session, viewer.person, name=form.name, code=form.code, parent_id=form.parent_id)
        session.refresh(unit)
        return UnitItem.model_validate(unit)


@router.get("/units", summary="单位列表 / List units")
def show_units(viewer: SignedIn, archive: TheArchive, page: Wanted) -> Listed[UnitItem]:
    """One's own unit and, for administrators and auditors, those below it."""
    with looking(archive, viewer) as session:
        statement = select(Unit).where(Unit.id == viewer.person.unit_id)
        if viewer.person.role in ("administrator", "auditor"):
            tree = unit_tree(viewer.person.unit_id)
            statement = select(Unit).where(Unit.id.in_(select(tree.c.id)))
        rows = session.scalars(newest_first(statement, Unit.created_at, Unit.id, page.after, page.limit)).all()
        units = take_page(rows, page.limit, lambda unit: Cursor(unit.created_at, str(unit.id)))
        return listed_each(units, UnitItem.model_validate)


@router.post("/people", summary="登记人员 / Create a person", status_code=201)
def make_person(form: NewPerson, viewer: SignedIn, archive: TheArchive) -> PersonItem:
    require(viewer.person, "change_the_organisation")
    password_hash = None if form.password is None else hash_password(form.password)
    with doing(archive, viewer) as session:
        person = create_person(
            session,
            viewer.person,
            unit_id=form.unit_id or viewer.person.unit_id,
            name=form.name,
            sign_in_name=form.sign_in_name,
            role=form.role,
            badge_number=form.badge_number,
            password_hash=password_hash,
        )
        return _item(session, person)


@router.get("/people", summary="人员列表 / List people")
def show_people(
    viewer: SignedIn,
    archive: TheArchive,
    page: Wanted,
    unit: Annotated[uuid.UUID | None, Query(description="默认本单位 / one's own when it is not named")] = None,
) -> Listed[PersonItem]:
    require(viewer.person, "list_people")
    with looking(archive, viewer) as session:
        unit_id = unit or viewer.person.unit_id
        require_in_tree(session, viewer.person, unit_id)
        people = list_people(session, unit_id, after=page.after, limit=page.limit)
        return listed_each(people, _item_of)


@router.post("/people/{person_id}/role", summary="变更角色 / Change a role")
def set_role(person_id: uuid.UUID, form: NewRole, viewer: SignedIn, archive: TheArchive) -> PersonItem:
    with doing(archive, viewer) as session:
        return _item(session, change_role(session, viewer.person, person_id, form.role))


@router.post("/people/{person_id}/deactivate", summary="停用账号 / Deactivate")
def deactivate(person_id: uuid.UUID, form: Deactivation, viewer: SignedIn, archive: TheArchive) -> PersonItem:
    """Signs the person out everywhere, from the next request on. The row stays: entries name it."""
    with doing(archive, viewer) as session:
        return _item(session, deactivate_person(session, viewer.person, person_id, form.reason))


@router.post("/people/{person_id}/password", summary="设置密码 / Set a password", status_code=204)
def set_password(
    person_id: uuid.UUID, form: NewPassword, request: Request, viewer: SignedIn, archive: TheArchive
) -> None:
    """One's own with the former one; an administrator sets others'. Ends the person's other sessions."""
    now, person = datetime.now(UTC), viewer.person
    if person_id == person.id:
        if form.former_password is None:
            raise SignInFailed
        prove(archive.database, person.sign_in_name, form.former_password, address_of(request), now)
    else:
        require(viewer.person, "change_the_organisation")
    password_hash = hash_password(form.password)
    with doing(archive, viewer) as session:
        owner = set_password_hash(session, person, person_id, password_hash)
        if owner.id != person.id:
            lift_throttle(session, owner.sign_in_name)
        end_sessions(session, person_id, now, keep=viewer.session_id)


def _item(session: Session, person: Person) -> PersonItem:
    session.flush()
    session.refresh(person, ("role", "active", "can_sign_in", "created_at"))
    return _item_of(person)


def _item_of(person: Person) -> PersonItem:
    return PersonItem(
        id=person.id,
        unit_id=person.unit_id,
        name=person.name,
        sign_in_name=person.sign_in_name,
        badge_number=person.badge_number,
        role=person.role,
        active=person.active,
        can_sign_in=person.active and person.can_sign_in,
        created_at=person.created_at,
    )
