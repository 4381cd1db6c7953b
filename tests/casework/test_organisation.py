from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.errors import OwnAccount, RoleNotAllowed, Taken, TextUnusable, Unknown, WordUnknown
from casework.organisation import (
    change_role,
    create_person,
    create_unit,
    deactivate_person,
    find_person,
    list_people,
    names_of,
    set_password_hash,
)
from retention.errors import CursorInvalid, OutsideUnit
from retention.paging import Cursor
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")


def test_new_unit_and_person_are_entries_without_their_names(session: Session, archive: Any) -> None:
    unit = create_unit(session, OPERATOR, name="江北城管局", code="JB")
    person = create_person(
        session, OPERATOR, unit_id=unit.id, name="王晓明", sign_in_name="wangxm", role="officer", badge_number="310042"
    )
    created = archive.last_entry("person.created")
    assert created.subject_id == str(person.id)
    assert created.unit_id == unit.id
    assert created.data["role"] == "officer"
    assert set(created.data["commitments"]) == {"name", "sign_in_name", "badge_number"}
    for secret in ("王晓明", "wangxm", "310042", "江北"):
        assert secret not in archive.ledger_text()


def test_unit_code_is_used_once(session: Session, archive: Any) -> None:
    create_unit(session, OPERATOR, name="一大队", code="DD1")
    with pytest.raises(Taken, match="unit code DD1"):
        create_unit(session, OPERATOR, name="另一个一大队", code="DD1")
    assert create_unit(session, OPERATOR, name="二大队", code="DD2").code == "DD2"
    assert len(archive.entries("unit.created")) == 2


def test_sign_in_name_is_used_once_in_all_units(session: Session, archive: Any) -> None:
    first = archive.person(archive.unit(), "officer")
    with pytest.raises(Taken, match="sign-in name"):
        create_person(
            session, OPERATOR, unit_id=archive.unit().id, name="x", sign_in_name=first.sign_in_name, role="officer"
        )


def test_badge_number_is_used_once_in_its_unit_and_again_in_another(session: Session, archive: Any) -> None:
    unit, other = archive.unit(), archive.unit()
    values = {"name": "李", "role": "officer", "badge_number": "007"}
    create_person(session, OPERATOR, unit_id=unit.id, sign_in_name="li1", **values)
    create_person(session, OPERATOR, unit_id=other.id, sign_in_name="li2", **values)
    with pytest.raises(Taken, match="badge number 007"):
        create_person(session, OPERATOR, unit_id=unit.id, sign_in_name="li3", **values)


def test_people_without_badge_number_do_not_clash(session: Session, archive: Any) -> None:
    unit = archive.unit()
    for name in ("p1", "p2"):
        create_person(
            session, OPERATOR, unit_id=unit.id, name=name, sign_in_name=name, role="auditor", badge_number=" "
        )
    assert find_person(session, "p2").badge_number is None


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("role", "chief", WordUnknown),
        ("name", "  ", TextUnusable),
        ("name", "王\x00明", TextUnusable),
        ("name", "王\u202e明", TextUnusable),
        ("name", "a\nb", TextUnusable),
        ("name", "王" * 201, TextUnusable),
        ("name", "\ud800", TextUnusable),
        ("sign_in_name", "", TextUnusable),
        ("unit_id", uuid.uuid4(), Unknown),
    ],
)
def test_unusable_person_is_refused(session: Session, archive: Any, field: str, value: Any, error: type) -> None:
    values = {"unit_id": archive.unit().id, "name": "王", "sign_in_name": "w", "role": "officer"}
    with pytest.raises(error):
        create_person(session, OPERATOR, **values | {field: value})
    assert find_person(session, "w") is None


def test_ideographic_space_belongs_to_a_name(session: Session, archive: Any) -> None:
    person = create_person(
        session, OPERATOR, unit_id=archive.unit().id, name="王\u3000明", sign_in_name="wm", role="officer"
    )
    assert person.name == "王\u3000明"


def test_administrator_acts_in_own_unit_and_below_but_not_above_or_beside(session: Session, archive: Any) -> None:
    bureau = archive.unit()
    detachment, beside = archive.unit(bureau), archive.unit(bureau)
    administrator = archive.person(detachment, "administrator")
    brigade = create_unit(session, administrator, name="街道中队", code="ZD1")
    assert brigade.parent_id == detachment.id
    deep = create_unit(session, administrator, name="班组", code="BZ1", parent_id=brigade.id)
    create_person(session, administrator, unit_id=deep.id, name="赵", sign_in_name="zhao", role="officer")
    for unit in (bureau, beside):
        with pytest.raises(OutsideUnit):
            create_person(session, administrator, unit_id=unit.id, name="钱", sign_in_name="qian", role="officer")
        with pytest.raises(OutsideUnit):
            create_unit(session, administrator, name="x", code="X1", parent_id=unit.id)


@pytest.mark.parametrize("role", ["officer", "supervisor", "legal_reviewer", "publisher", "auditor"])
def test_only_administrators_change_the_organisation(session: Session, archive: Any, role: str) -> None:
    unit = archive.unit()
    person, other = archive.person(unit, role), archive.person(unit, "officer")
    with pytest.raises(RoleNotAllowed):
        create_unit(session, person, name="x", code="X9")
    with pytest.raises(RoleNotAllowed):
        change_role(session, person, other.id, "supervisor")
    with pytest.raises(RoleNotAllowed):
        deactivate_person(session, person, other.id, "离职")
    with pytest.raises(RoleNotAllowed):
        set_password_hash(session, person, other.id, "$argon2id$…")
    assert (other.role, other.active, other.password_hash) == ("officer", True, None)


def test_role_changes_with_an_entry_of_both_roles(session: Session, archive: Any) -> None:
    unit = archive.unit()
    administrator, officer = archive.person(unit, "administrator"), archive.person(unit, "officer")
    change_role(session, administrator, officer.id, "supervisor")
    entry = archive.last_entry("person.role_changed")
    assert officer.role == "supervisor"
    assert (entry.data["from"], entry.data["to"], entry.actor_id) == ("officer", "supervisor", str(administrator.id))


def test_nobody_changes_own_role_or_deactivates_himself(session: Session, archive: Any) -> None:
    administrator = archive.person(archive.unit(), "administrator")
    with pytest.raises(OwnAccount):
        change_role(session, administrator, administrator.id, "supervisor")
    with pytest.raises(OwnAccount):
        deactivate_person(session, administrator, administrator.id, "离职")
    assert administrator.active


def test_deactivated_administrator_may_nothing(session: Session, archive: Any) -> None:
    unit = archive.unit()
    first, second = archive.person(unit, "administrator"), archive.person(unit, "administrator")
    deactivate_person(session, first, second.id, "调离")
    deactivate_person(session, first, second.id, "调离")
    assert len(archive.entries("person.deactivated")) == 1
    with pytest.raises(RoleNotAllowed, match="deactivated"):
        change_role(session, second, first.id, "officer")
    with pytest.raises(RoleNotAllowed):
        set_password_hash(session, second, second.id, "hash")


def test_password_hash_is_set_by_its_owner_and_never_written_to_the_ledger(session: Session, archive: Any) -> None:
    officer = archive.person(archive.unit(), "officer")
    set_password_hash(session, officer, officer.id, "$argon2id$secret")
    assert find_person(session, officer.sign_in_name).password_hash == "$argon2id$secret"
    assert archive.last_entry("person.password_set").subject_id == str(officer.id)
    assert "argon2id" not in archive.ledger_text()


def test_people_are_listed_in_pages_without_repeats_and_only_of_one_unit(session: Session, archive: Any) -> None:
    unit = archive.unit()
    expected = {archive.person(unit, "officer").id for _ in range(5)}
    archive.person(archive.unit(), "officer")
    seen, after = [], None
    while True:
        page = list_people(session, unit.id, after=after, limit=2)
        seen += [person.id for person in page.items]
        if page.next is None:
            break
        after = Cursor.parse(page.next.to_text())
    assert len(seen) == 5
    assert set(seen) == expected
    assert set(names_of(session, seen)) == expected


@pytest.mark.parametrize("text", ["", "x", "W10", "bnVsbA", "ÄÖ", "WyIyMDI2LTAxLTAxIiwgIngiXQ", "a" * 401])
def test_cursor_of_no_list_is_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        Cursor.parse(text)


def test_cursor_of_another_list_is_refused(session: Session, archive: Any) -> None:
    from datetime import UTC, datetime

    with pytest.raises(CursorInvalid):
        list_people(session, archive.unit().id, after=Cursor(datetime.now(UTC), "stage_entered:1"))
