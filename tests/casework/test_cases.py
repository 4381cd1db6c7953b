from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.case_procedures import state_procedure
from casework.cases import (
    assign,
    assignments_of,
    find_case,
    find_case_by_number,
    list_cases,
    open_case,
)
from casework.closing import close_case
from casework.errors import (
    CaseClosed,
    NobodyAssigned,
    PlaceUnusable,
    RoleNotAllowed,
    SpanUnusable,
    Taken,
    TextUnusable,
    WordUnknown,
)
from casework.stages import enter_stage, stages_of
from retention.errors import OutsideUnit, UnknownSubject

START = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_case_opens_in_its_first_stage_with_an_entry_that_hides_number_and_title(
    session: Session, archive: Any
) -> None:
    officer = archive.person(archive.unit(), "officer")
    case = open_case(
        session, officer, number=" 江城罚〔2026〕7号 ", title="占道经营", kind="penalty", procedure="ordinary_penalty"
    )
    assert (case.number, case.stage, case.closed_at) == ("江城罚〔2026〕7号", "initiation", None)
    assert [stage.stage for stage in stages_of(session, case.id)] == ["initiation"]
    assert archive.last_entry("case.opened").subject_id == str(case.id)
    assert "占道经营" not in archive.ledger_text()
    assert find_case_by_number(session, officer.unit_id, "江城罚〔2026〕7号").id == case.id


def test_a_case_may_be_opened_with_its_kind_and_its_procedure_stated_later(session: Session, archive: Any) -> None:
    officer = archive.person(archive.unit(), "officer")
    case = open_case(session, officer, number="8", title="t", kind="penalty")
    assert (case.kind, case.procedure) == ("penalty", "unstated")
    assert archive.last_entry("case.opened").data["procedure"] == "unstated"
    assert state_procedure(session, officer, case.id, "simple_penalty").procedure == "simple_penalty"
    with pytest.raises(WordUnknown, match="procedure"):
        open_case(session, officer, number="9", title="t")


def test_case_number_is_used_once_in_its_unit(session: Session, archive: Any) -> None:
    officer, elsewhere = archive.person(archive.unit(), "officer"), archive.person(archive.unit(), "officer")
    open_case(session, officer, number="7", title="a", kind="penalty", procedure="ordinary_penalty")
    open_case(session, elsewhere, number="7", title="a", kind="penalty", procedure="ordinary_penalty")
    with pytest.raises(Taken, match="case number 7 is taken"):
        open_case(session, officer, number="7", title="b", kind="penalty", procedure="simple_penalty")


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"kind": "murder"}, WordUnknown),
        ({"procedure": "murder"}, WordUnknown),
        ({"kind": "inspection"}, WordUnknown),
        ({"number": ""}, TextUnusable),
        ({"title": "\t"}, TextUnusable),
    ],
)
def test_unusable_case_is_refused(session: Session, archive: Any, values: dict[str, str], error: type) -> None:
    officer = archive.person(archive.unit(), "officer")
    with pytest.raises(error):
        open_case(
            session,
            officer,
            **{"number": "1", "title": "t", "kind": "penalty", "procedure": "ordinary_penalty"} | values,
        )
    assert list_cases(session, officer.unit_id).items == ()


@pytest.mark.parametrize("role", ["legal_reviewer", "publisher", "auditor", "administrator"])
def test_others_than_officers_and_supervisors_open_no_case(session: Session, archive: Any, role: str) -> None:
    with pytest.raises(RoleNotAllowed, match="officer, supervisor"):
        open_case(
            session,
            archive.person(archive.unit(), role),
            number="1",
            title="t",
            kind="penalty",
            procedure="ordinary_penalty",
        )


def test_closing_early_takes_a_supervisor_and_a_reason(session: Session, archive: Any) -> None:
    unit = archive.unit()
    officer, supervisor = archive.person(unit, "officer"), archive.person(unit, "supervisor")
    case = archive.case(officer)
    with pytest.raises(RoleNotAllowed):
        close_case(session, officer, case.id, "不予处罚")
    with pytest.raises(TextUnusable):
        close_case(session, supervisor, case.id)
    assert close_case(session, supervisor, case.id, "不予处罚").closed_at is not None
    assert "不予处罚" not in archive.ledger_text()


def test_closed_case_takes_no_more_changes(session: Session, archive: Any) -> None:
    unit = archive.unit()
    officer, supervisor = archive.person(unit, "officer"), archive.person(unit, "supervisor")
    case = archive.case(officer)
    archive.handlers(case, officer)
    for stage in ("investigation", "decision"):
        enter_stage(session, supervisor, case.id, stage)
    archive.decide(case, supervisor)
    enter_stage(session, supervisor, case.id, "execution")
    close_case(session, officer, case.id)
    with pytest.raises(CaseClosed):
        close_case(session, officer, case.id)
    with pytest.raises(CaseClosed):
        enter_stage(session, officer, case.id, "execution")
    with pytest.raises(CaseClosed):
        assign(session, officer, case.id, device="AB00001", starts_at=START, ends_at=START + HOUR)
    assert len(archive.entries("case.closed")) == 1


def test_case_of_another_unit_is_neither_found_nor_changed(session: Session, archive: Any) -> None:
    case, stranger = (
        archive.case(archive.person(archive.unit(), "officer")),
        archive.person(archive.unit(), "supervisor"),
    )
    for deed in (
        lambda: find_case(session, stranger, case.id),
        lambda: enter_stage(session, stranger, case.id, "investigation"),
        lambda: close_case(session, stranger, case.id, "x"),
        lambda: assign(session, stranger, case.id, device="d", starts_at=START, ends_at=START + HOUR),
    ):
        with pytest.raises(OutsideUnit):
            deed()
    assert case.id not in {row.id for row in list_cases(session, stranger.unit_id).items}


def test_unknown_case_is_named(session: Session, archive: Any) -> None:
    missing = uuid.uuid4()
    with pytest.raises(UnknownSubject, match=str(missing)):
        find_case(session, archive.person(archive.unit(), "officer"), missing)


def test_assignment_keeps_who_and_when_and_hides_them_in_the_ledger(session: Session, archive: Any) -> None:
    officer = archive.person(archive.unit(), "officer")
    case = archive.case(officer)
    assign(session, officer, case.id, officer="310042", device="AB00001", starts_at=START, ends_at=START + HOUR)
    (row,) = assignments_of(session, case.id)
    session.refresh(row)
    assert (row.officer, row.device, row.stage) == ("310042", "AB00001", "initiation")
    assert (row.span.lower, row.span.upper, row.span.bounds) == (START, START + HOUR, "[)")
    assert archive.last_entry("case.assigned").data["starts_at"] == "2026-03-09T08:00:00.000000Z"
    assert "AB00001" not in archive.ledger_text()


def test_assignment_of_nobody_or_for_no_time_is_refused(session: Session, archive: Any) -> None:
    officer = archive.person(archive.unit(), "officer")
    case = archive.case(officer)
    with pytest.raises(NobodyAssigned):
        assign(session, officer, case.id, officer=" ", starts_at=START, ends_at=START + HOUR)
    naive = START.replace(tzinfo=None)
    for starts_at, ends_at in (
        (START, START),
        (START + HOUR, START),
        (naive, naive + HOUR),
        (START.replace(year=1), START),
    ):
        with pytest.raises(SpanUnusable):
            assign(session, officer, case.id, device="d", starts_at=starts_at, ends_at=ends_at)
    with pytest.raises(WordUnknown):
        assign(session, officer, case.id, device="d", starts_at=START, ends_at=START + HOUR, stage="later")
    assert assignments_of(session, case.id) == ()


def test_cases_are_listed_in_pages(session: Session, archive: Any) -> None:
    unit = archive.unit()
    supervisor = archive.person(unit, "supervisor")
    cases = [archive.case(supervisor) for _ in range(5)]
    close_case(session, supervisor, cases[0].id, "撤销")
    first = list_cases(session, unit.id, limit=3)
    second = list_cases(session, unit.id, limit=3, after=first.next)
    assert (len(first.items), len(second.items), second.next) == (3, 2, None)
    assert {row.id for row in first.items + second.items} == {case.id for case in cases}
    assert {row.id for row in list_cases(session, unit.id, open_only=True).items} == {case.id for case in cases[1:]}


def test_an_assignment_keeps_its_scene_and_its_entry_states_it(archive: Any, session: Session) -> None:
    officer = archive.person(archive.unit(), "officer")
    span = {"starts_at": START, "ends_at": START + HOUR}
    row = assign(
        session, officer, archive.case(officer).id, officer="000123", latitude=32.06120049, longitude=118.7632, **span
    )
    assert (row.latitude, row.longitude) == (32.0612, 118.7632)
    data = archive.last_entry("case.assigned").data
    assert (data["latitude"], data["longitude"]) == (32.0612, 118.7632)
    assign(session, officer, archive.case(officer).id, officer="000123", **span)
    assert "latitude" not in archive.last_entry("case.assigned").data


@pytest.mark.parametrize(
    ("latitude", "longitude", "problem"),
    [
        (32.0, None, "half_a_place"),
        (None, 118.7, "half_a_place"),
        (118.7, 32.0, "exchanged"),
        (91.0, 181.0, "off_the_earth"),
        (float("nan"), 118.7, "off_the_earth"),
    ],
)
def test_a_scene_that_is_nowhere_is_refused_with_what_is_meant(
    archive: Any, session: Session, latitude: Any, longitude: Any, problem: str
) -> None:
    officer = archive.person(archive.unit(), "officer")
    span = {"starts_at": START, "ends_at": START + HOUR}
    case = archive.case(officer)
    with pytest.raises(PlaceUnusable, match="WGS 84") as refused:
        assign(session, officer, case.id, officer="000123", latitude=latitude, longitude=longitude, **span)
    assert refused.value.problem == problem
