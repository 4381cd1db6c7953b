"""Who finds what: of each class of secrecy, each role and each unit, never more than lists and pages show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.archiving.secrecy import state_secrecy
from casework.documents.drafts import save_document
from casework.documents.reading import READING, read_document
from casework.organisation import deactivate_person
from casework.procedure.acts import ActNow, add_act, correct_act, withdraw_act
from casework.procedure.stating import Stated
from casework.search.found import Asked, Found, search
from casework.search.words import Words
from storage.catalog.documents import DocumentNumber
from storage.catalog.organisation import ROLES, Person
from tests.casework.documents.conftest import INQUIRY, NOTICE, Office, make_office
from tests.casework.sample_archive import OPERATOR

NOW = datetime.now(UTC)
OF_CASES = ("documents", "places", "recordings")
# Who finds what stands in a case of each class, by hand: an officer "on the case" is one of its 承办人员.
FOUND_BY = {
    "ordinary": {"officer on the case", *ROLES},
    "privacy": {"officer on the case", "supervisor", "legal_reviewer", "auditor"},
    "business_secret": {"officer on the case", "supervisor", "legal_reviewer"},
    "state_secret": {"officer on the case", "supervisor"},
}
EVERYWHERE = "占道经营"


@pytest.fixture
def office(session: Session, archive: Any) -> Office:
    """A case with a document, an act and a recording, all of which have one word."""
    office = make_office(session, archive)
    asked = [{"question": "摊位是谁的？", "answer": "我的。"}]
    office.begin(fields={**INQUIRY, "place": f"{EVERYWHERE}的现场", "questions": asked})
    act(office)
    recording = archive.recording(office.unit, original_name=f"{EVERYWHERE}.MP4")
    archive.link(recording, office.case, office.officer)
    session.flush()
    return office


def stated(office: Office, place: str) -> Stated:
    begun = NOW - timedelta(hours=3)
    return Stated("on_site", begun, begun + timedelta(minutes=40), place, (office.officer.id, office.second.id))


def act(office: Office, place: str = f"{EVERYWHERE}之处 12 号") -> ActNow:
    return add_act(office.session, office.officer, office.case.id, stated(office, place), NOW)


def find(office: Office, person: Person, kind: str, words: str) -> tuple[Found, ...]:
    office.session.flush()
    return search(office.session, person, kind, Asked(Words.parse(words))).items


@pytest.mark.parametrize("secrecy_class", FOUND_BY)
def test_what_stands_in_a_case_is_found_by_whom_its_class_lets_in(office: Office, secrecy_class: str) -> None:
    state_secrecy(office.session, office.officer, office.case.id, secrecy_class, licensed=True)
    people = {role: office.archive.person(office.unit, role) for role in ROLES}
    people["officer on the case"] = office.officer
    for kind in OF_CASES:
        found = {who for who, person in people.items() if find(office, person, kind, EVERYWHERE)}
        assert found == FOUND_BY[secrecy_class], kind
    # The case's own name is in everybody's list of cases.
    assert all(find(office, person, "cases", EVERYWHERE) for person in people.values())


@pytest.mark.parametrize("role", ROLES)
def test_nothing_of_a_unit_is_found_beside_above_or_below_it(office: Office, role: str) -> None:
    units = office.archive.unit(), office.bureau, office.archive.unit(office.unit)
    for unit in units:
        stranger = office.archive.person(unit, role)
        assert [kind for kind in (*OF_CASES, "cases") if find(office, stranger, kind, EVERYWHERE)] == []


def test_a_recording_in_a_second_case_follows_the_stricter(office: Office) -> None:
    other = office.archive.case(office.supervisor)
    recording = office.archive.recording(office.unit, original_name="两案现场.MP4")
    for case in (office.case, other):
        office.archive.link(recording, case, office.officer)
    colleague = office.archive.person(office.unit, "officer")
    assert find(office, colleague, "recordings", "两案")
    state_secrecy(office.session, office.officer, other.id, "privacy", licensed=False)
    assert find(office, colleague, "recordings", "两案") == ()
    # Who handles one of the two is kept out by the other.
    assert find(office, office.officer, "recordings", "两案") == ()


@pytest.fixture
def crowd(office: Office) -> dict[str, Person]:
    """People of one surname: of each role in the unit, who left it, and in units below and beside it."""
    below, beside = office.archive.unit(office.unit), office.archive.unit(office.bureau)
    people = {role: office.archive.person(office.unit, role) for role in ROLES}
    people["who left"] = office.archive.person(office.unit, "officer")
    people["officer below"] = office.archive.person(below, "officer")
    people["publisher below"] = office.archive.person(below, "publisher")
    people["officer beside"] = office.archive.person(beside, "officer")
    deactivate_person(office.session, OPERATOR, people["who left"].id, "调离")
    for number, person in enumerate(people.values()):
        person.name = f"欧阳{number:02}"
    return people


@pytest.mark.parametrize("role", ROLES)
def test_people_are_found_by_whom_some_list_shows_them(office: Office, crowd: dict[str, Person], role: str) -> None:
    found = {each.id for each in find(office, crowd[role], "people", "欧阳")}
    workers = {"officer", "supervisor"}
    expected = {
        "supervisor": workers | {"officer below"},
        "auditor": set(crowd) - {"officer beside"},
        "administrator": set(crowd) - {"officer beside"},
    }.get(role, workers)
    assert {who for who, person in crowd.items() if person.id in found} == expected


def test_of_a_document_its_latest_text_is_found_at_any_depth_and_no_name_of_a_field(office: Office) -> None:
    draft = office.begin()
    (found,) = find(office, office.officer, "documents", "三月一日")
    assert found.id == draft.document.id
    assert find(office, office.officer, "documents", "question") == ()
    changed = {**INQUIRY, "questions": [{"question": "何时开始？", "answer": "从四月二日开始。"}]}
    save_document(office.session, office.officer, draft.document.id, changed, 1, NOW)
    assert find(office, office.officer, "documents", "三月一日") == ()
    assert [each.id for each in find(office, office.officer, "documents", "四月二日")] == [draft.document.id]


def test_a_line_of_a_document_is_shown_to_whoever_has_it_open_and_to_nobody_else(office: Office) -> None:
    draft = office.begin()

    def shown(person: Person) -> list[tuple[str, str | None]]:
        (found,) = find(office, person, "documents", "三月一日")
        return [(each.field, each.text) for each in found.matched]

    assert shown(office.officer) == shown(office.supervisor) == [("text", None)]
    now = datetime.now(UTC)
    read_document(office.session, office.officer, draft.document.id, now - READING + timedelta(minutes=1))
    assert shown(office.officer) == [("text", "是的，从三月一日开始。")]
    assert shown(office.supervisor) == [("text", None)]


def test_a_place_is_found_as_it_was_stated_last_and_while_the_act_stands(office: Office) -> None:
    made = act(office, "渝北四村 3 号")
    (found,) = find(office, office.officer, "places", "渝北 四村")
    assert (found.title, found.case) == ("渝北四村 3 号", office.case)
    corrected = stated(office, "大庆村 5 号")
    said = correct_act(office.session, office.supervisor, made.act.id, corrected, "写错", NOW).said
    assert find(office, office.officer, "places", "渝北") == ()
    assert [each.id for each in find(office, office.officer, "places", "大庆村")] == [said.id]
    withdraw_act(office.session, office.supervisor, made.act.id, "并未进行")
    assert find(office, office.officer, "places", "大庆村") == ()


def test_a_document_is_found_by_its_number(office: Office) -> None:
    office.finish("correction_notice", NOTICE)
    (number,) = office.session.scalars(select(DocumentNumber)).all()
    (found,) = find(office, office.officer, "documents", number.written)
    assert (found.id, found.title) == (number.document_id, number.written)
    assert [each.field for each in found.matched] == ["document_number"]
    stranger = office.archive.person(office.bureau, "auditor")
    assert find(office, stranger, "documents", number.written) == ()
