"""Stages as machines: in order, by whom, what must be there, back with a reason; and the same of raw SQL."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from api.engines.roles import DatabaseAddresses
from casework.case_procedures import possible_procedures, state_procedure
from casework.cases import open_case
from casework.checklists.checklists import load_shipped_checklists
from casework.closing import close_case
from casework.errors import (
    CaseClosed,
    ProcedureSettled,
    RoleNotAllowed,
    StageNeeds,
    StageOutOfOrder,
    TextUnusable,
    WordUnknown,
)
from casework.procedure.acts import add_act, end_act
from casework.procedure.stating import Stated
from casework.stage_machines import MACHINES, find_step, optional_stages_in, stages_in
from casework.stages import enter_stage, next_stages, stages_of
from storage.catalog.casework import KIND_OF, PROCEDURES, STAGES, UNSTATED, Case
from storage.catalog.organisation import ROLES, Person
from storage.database import Database
from tests.casework.sample_archive import SampleArchive

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
ORDER = {
    "routine_check": ["initiation", "investigation", "decision", "execution"],
    "random_check": ["initiation", "investigation", "decision", "execution"],
    "coercive_measure": ["initiation", "investigation", "decision", "execution"],
    "simple_penalty": ["initiation", "investigation", "decision", "execution"],
    "ordinary_penalty": ["initiation", "investigation", "decision", "execution"],
    "hearing_penalty": ["initiation", "investigation", "hearing", "decision", "execution"],
}
_numbers = itertools.count(1)


@pytest.fixture
def people(archive: Any) -> dict[str, Person]:
    unit = archive.unit()
    return {role: archive.person(unit, role) for role in ROLES}


def opened(session: Session, by: Person, procedure: str) -> Case:
    """A case that two certified officers handle."""
    case = open_case(session, by, number=f"程{next(_numbers)}", title="占道经营", procedure=procedure)
    SampleArchive(session).handlers(case, by)
    return case


def said(archive: Any, action: str) -> dict[str, Any]:
    """What the last entry of it states; not what it only committed to."""
    return {name: value for name, value in archive.last_entry(action).data.items() if name != "commitments"}


def lead(session: Session, by: Person, case: Case, *stages: str) -> None:
    for stage in stages:
        enter_stage(session, by, case.id, stage)


def hold_hearing(session: Session, by: Person, case: Case, minutes: int | None = 30) -> Any:
    load_shipped_checklists(session, NOW)
    start = NOW - timedelta(days=1)
    end = None if minutes is None else start + timedelta(minutes=minutes)
    return add_act(session, by, case.id, Stated("hearing", start, end, None, (by.id,)), NOW)


@pytest.mark.parametrize("procedure", ORDER)
def test_each_procedure_goes_through_its_stages_and_keeps_who_led_it(
    session: Session, archive: Any, people: dict[str, Person], procedure: str
) -> None:
    supervisor = people["supervisor"]
    case = opened(session, supervisor, procedure)
    assert (case.kind, stages_in(procedure)) == (KIND_OF[procedure], tuple(ORDER[procedure]))
    for stage in ORDER[procedure][1:]:
        if case.stage == "hearing":
            hold_hearing(session, supervisor, case)
        if stage == "execution" and case.kind != "inspection":
            archive.decide(case, supervisor)
        enter_stage(session, supervisor, case.id, stage)
    found = [(row.ordinal, row.from_stage, row.stage) for row in stages_of(session, case.id)]
    assert found == [(n + 1, None if n == 0 else ORDER[procedure][n - 1], s) for n, s in enumerate(ORDER[procedure])]
    assert said(archive, "case.opened") == {"kind": case.kind, "procedure": procedure}
    last = said(archive, "case.stage_entered")
    assert last == {"from": "decision", "to": "execution", "ordinal": len(found)}
    with pytest.raises(StageOutOfOrder, match="there is none after it"):
        enter_stage(session, supervisor, case.id, "execution")


def test_every_procedure_belongs_to_one_kind_and_has_a_machine() -> None:
    assert set(MACHINES) == {UNSTATED, *KIND_OF}
    assert sorted(KIND_OF) == sorted(itertools.chain(*PROCEDURES.values()))
    assert optional_stages_in("simple_penalty") == {"investigation"}
    assert not any(optional_stages_in(each) for each in MACHINES if each != "simple_penalty")


@pytest.mark.parametrize("wanted", ["decision", "hearing", "execution"])
def test_wrong_order_is_refused_with_what_can_come_next(
    session: Session, people: dict[str, Person], wanted: str
) -> None:
    case = opened(session, people["officer"], "ordinary_penalty")
    with pytest.raises(StageOutOfOrder, match="the next one is investigation") as caught:
        enter_stage(session, people["officer"], case.id, wanted)
    assert (caught.value.current, caught.value.following) == ("initiation", ("investigation",))
    assert (case.stage, len(stages_of(session, case.id))) == ("initiation", 1)


def test_a_simple_penalty_needs_no_separate_investigation(
    session: Session, archive: Any, people: dict[str, Person]
) -> None:
    case = opened(session, people["officer"], "simple_penalty")
    assert next_stages(case) == ("decision", "investigation")
    lead(session, people["officer"], case, "decision")
    archive.decide(case, people["officer"])
    lead(session, people["officer"], case, "execution")
    assert [row.stage for row in stages_of(session, case.id)] == ["initiation", "decision", "execution"]


@pytest.mark.parametrize(
    ("procedure", "officer_may"),
    [
        ("routine_check", True),
        ("random_check", True),
        ("simple_penalty", True),
        ("ordinary_penalty", False),
        ("coercive_measure", False),
    ],
)
def test_what_the_head_decides_no_officer_leads_on(
    session: Session, archive: Any, people: dict[str, Person], procedure: str, officer_may: bool
) -> None:
    officer, supervisor = people["officer"], people["supervisor"]
    case = opened(session, officer, procedure)
    lead(session, officer, case, "investigation", "decision")
    if case.kind != "inspection":
        archive.decide(case, supervisor)
    if not officer_may:
        with pytest.raises(RoleNotAllowed, match="supervisor"):
            enter_stage(session, officer, case.id, "execution")
        assert case.stage == "decision"
    assert enter_stage(session, officer if officer_may else supervisor, case.id, "execution").stage == "execution"


@pytest.mark.parametrize("role", ["legal_reviewer", "publisher", "auditor", "administrator"])
def test_others_lead_no_case(session: Session, people: dict[str, Person], role: str) -> None:
    case = opened(session, people["officer"], "ordinary_penalty")
    with pytest.raises(RoleNotAllowed):
        enter_stage(session, people[role], case.id, "investigation")
    with pytest.raises(RoleNotAllowed):
        state_procedure(session, people[role], case.id, "hearing_penalty", "当事人要求听证")


def test_no_decision_follows_a_hearing_that_was_not_held(session: Session, people: dict[str, Person]) -> None:
    officer = people["officer"]
    case = opened(session, officer, "hearing_penalty")
    lead(session, officer, case, "investigation")
    with pytest.raises(StageOutOfOrder, match="the next one is hearing"):
        enter_stage(session, officer, case.id, "decision")
    lead(session, officer, case, "hearing")
    with pytest.raises(StageNeeds, match="enter the hearing as an act"):
        enter_stage(session, officer, case.id, "decision")
    under_way = hold_hearing(session, officer, case, None)
    with pytest.raises(StageNeeds):
        enter_stage(session, officer, case.id, "decision")
    end_act(session, officer, under_way.act.id, NOW, NOW)
    assert enter_stage(session, officer, case.id, "decision").from_stage == "hearing"


def test_a_supervisor_leads_a_case_back_with_a_reason(
    session: Session, archive: Any, people: dict[str, Person]
) -> None:
    officer, supervisor = people["officer"], people["supervisor"]
    case = opened(session, officer, "ordinary_penalty")
    lead(session, officer, case, "investigation", "decision")
    with pytest.raises(RoleNotAllowed):
        enter_stage(session, officer, case.id, "investigation", "证据不足")
    with pytest.raises(TextUnusable):
        enter_stage(session, supervisor, case.id, "investigation")
    back = enter_stage(session, supervisor, case.id, "investigation", " 证据不足 ")
    assert (back.ordinal, back.from_stage, back.reason, case.stage) == (4, "decision", "证据不足", "investigation")
    assert said(archive, "case.stage_returned") == {"from": "decision", "to": "investigation", "ordinal": 4}
    assert "证据不足" not in archive.ledger_text()
    lead(session, officer, case, "decision")
    assert [row.stage for row in stages_of(session, case.id)][-3:] == ["decision", "investigation", "decision"]


def test_a_case_is_led_back_to_no_stage_that_it_was_not_in(session: Session, people: dict[str, Person]) -> None:
    case = opened(session, people["supervisor"], "simple_penalty")
    lead(session, people["supervisor"], case, "decision")
    with pytest.raises(StageOutOfOrder, match="the next one is execution"):
        enter_stage(session, people["supervisor"], case.id, "investigation", "补充调查")


def test_a_case_of_before_states_its_procedure_once(session: Session, archive: Any, people: dict[str, Person]) -> None:
    officer = people["officer"]
    case = unstated(session, officer)
    SampleArchive(session).handlers(case, officer)
    lead(session, officer, case, "investigation")
    with pytest.raises(StageNeeds, match="state the procedure of the case first"):
        enter_stage(session, officer, case.id, "decision")
    with pytest.raises(WordUnknown):
        state_procedure(session, officer, case.id, "routine_check")
    state_procedure(session, officer, case.id, "ordinary_penalty")
    stated = said(archive, "case.procedure_stated")
    assert stated == {"from": "unstated", "to": "ordinary_penalty"}
    for again in ("ordinary_penalty", "simple_penalty"):
        with pytest.raises(ProcedureSettled, match="may become hearing_penalty"):
            state_procedure(session, officer, case.id, again, "x")
    assert enter_stage(session, officer, case.id, "decision").stage == "decision"


def test_a_procedure_turns_stricter_before_the_decision_with_a_reason(
    session: Session, archive: Any, people: dict[str, Person]
) -> None:
    officer = people["officer"]
    case = opened(session, officer, "simple_penalty")
    with pytest.raises(TextUnusable):
        state_procedure(session, officer, case.id, "ordinary_penalty")
    with pytest.raises(ProcedureSettled):
        state_procedure(session, officer, case.id, "hearing_penalty", "x")
    state_procedure(session, officer, case.id, "ordinary_penalty", "违法事实不清")
    state_procedure(session, officer, case.id, "hearing_penalty", "当事人要求听证")
    assert "当事人要求听证" not in archive.ledger_text()
    late = opened(session, officer, "ordinary_penalty")
    lead(session, officer, late, "investigation", "decision")
    with pytest.raises(ProcedureSettled, match="it stays as it is"):
        state_procedure(session, officer, late.id, "hearing_penalty", "x")
    assert possible_procedures(late) == ()


def test_a_closed_case_goes_nowhere(session: Session, people: dict[str, Person]) -> None:
    supervisor = people["supervisor"]
    case = opened(session, supervisor, "simple_penalty")
    close_case(session, supervisor, case.id, "不予处罚")
    assert (next_stages(case), possible_procedures(case)) == ((), ())
    with pytest.raises(CaseClosed):
        enter_stage(session, supervisor, case.id, "decision")
    with pytest.raises(CaseClosed):
        state_procedure(session, supervisor, case.id, "ordinary_penalty", "x")


def test_the_database_knows_the_same_machines(session: Session) -> None:
    asked = text("SELECT stage_step_roles(:procedure, :leads_from, :leads_to)")
    for procedure, leads_from, leads_to in itertools.product(MACHINES, STAGES, STAGES):
        step = find_step(procedure, leads_from, leads_to)
        found = session.scalar(asked, {"procedure": procedure, "leads_from": leads_from, "leads_to": leads_to})
        assert found == (None if step is None else list(step.by)), (procedure, leads_from, leads_to)


def unstated(session: Session, by: Person) -> Case:
    """As a case stands that was opened before anybody asked for its procedure: the database's default."""
    case = Case(id=uuid.uuid4(), unit_id=by.unit_id, number=f"旧{next(_numbers)}", title="旧案", kind="penalty")
    case.stage, case.opened_by = "initiation", by.id
    session.add(case)
    session.flush()
    session.execute(
        text(
            "INSERT INTO case_stage (id, unit_id, case_id, ordinal, stage, entered_by, entered_at) "
            "VALUES (gen_random_uuid(), :unit, :case, 1, 'initiation', :by, now())"
        ),
        {"unit": by.unit_id, "case": case.id, "by": by.id},
    )
    session.refresh(case)
    assert case.procedure == UNSTATED
    return case


STAGE = (
    "INSERT INTO case_stage (id, unit_id, case_id, ordinal, from_stage, stage, reason, entered_by, entered_at) "
    "VALUES (gen_random_uuid(), %(unit)s, %(case)s, %(ordinal)s, %(from)s, %(to)s, %(reason)s, %(by)s, now())"
)


@pytest.fixture
def raw(database: Database, addresses: DatabaseAddresses, archive_in: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The application's role on a case under investigation, and what its statements say unless told otherwise."""
    with database.transaction() as session:
        archive = archive_in(session)
        unit = archive.unit()
        officer, supervisor = archive.person(unit, "officer"), archive.person(unit, "supervisor")
        case = opened(session, officer, "hearing_penalty")
        lead(session, officer, case, "investigation")
        facts = {"unit": unit.id, "case": case.id, "by": officer.id, "supervisor": supervisor.id, "reason": None}
        facts["stranger"] = archive.person(archive.unit(), "supervisor").id
    with psycopg.connect(addresses.worker, autocommit=True) as connection:
        yield connection, {**facts, "ordinal": 3, "from": "investigation", "to": "hearing"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": "decision"},
        {"to": "execution"},
        {"to": "investigation"},
        {"from": "initiation", "to": "investigation"},
        {"ordinal": 4},
        {"to": "initiation", "reason": None},
        {"to": "initiation", "reason": "x"},
        {"to": "hearing", "by": "stranger"},
        {"to": "hearing", "reason": "x", "by": "supervisor"},
    ],
    ids=str,
)
def test_raw_sql_enters_no_stage_out_of_order(raw: Any, wrong: dict[str, Any]) -> None:
    connection, facts = raw
    said = {**facts, **wrong}
    said["by"] = facts.get(said["by"], said["by"]) if isinstance(said["by"], str) else said["by"]
    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(STAGE, said)


def test_raw_sql_moves_no_case_without_the_stage_it_entered(raw: Any) -> None:
    connection, facts = raw
    for change in ("stage = 'decision'", "stage = 'hearing'", "procedure = 'simple_penalty'", "procedure = 'unstated'"):
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(f'UPDATE "case" SET {change} WHERE id = %(case)s', facts)
    # A stage alone, and the case left where it was: refused when the transaction ends.
    with pytest.raises(psycopg.errors.CheckViolation, match="does not stand in the stage"):
        connection.execute(STAGE, facts)
    with pytest.raises(psycopg.errors.CheckViolation, match="begins with its initiation"):
        connection.execute(
            'INSERT INTO "case" (id, unit_id, number, title, kind, stage, opened_by) '
            "VALUES (gen_random_uuid(), %(unit)s, 'x', 'x', 'penalty', 'decision', %(by)s)",
            facts,
        )
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("UPDATE case_stage SET reason = 'x'")


def test_raw_sql_in_order_goes_as_far_as_the_hearing(raw: Any) -> None:
    connection, facts = raw
    with connection.transaction():
        connection.execute(STAGE, facts)
        connection.execute("UPDATE \"case\" SET stage = 'hearing' WHERE id = %(case)s", facts)
    with pytest.raises(psycopg.errors.CheckViolation, match="waits for its hearing"):
        connection.execute(STAGE, {**facts, "ordinal": 4, "from": "hearing", "to": "decision"})
    with connection.transaction():
        back = {
            **facts,
            "ordinal": 4,
            "from": "hearing",
            "to": "investigation",
            "reason": "补充",
            "by": facts["supervisor"],
        }
        connection.execute(STAGE, back)
        connection.execute("UPDATE \"case\" SET stage = 'investigation' WHERE id = %(case)s", facts)


def test_of_two_who_lead_a_case_on_at_once_one_is_told_where_it_stands(raw: Any, database: Database) -> None:
    _, facts = raw
    outcomes: list[object] = []
    start = threading.Barrier(2)

    def enter() -> None:
        with database.transaction() as session:
            by = session.get_one(Person, facts["supervisor"])
            start.wait()
            try:
                outcomes.append(enter_stage(session, by, facts["case"], "hearing").ordinal)
            except StageOutOfOrder as error:
                outcomes.append(error.current)

    threads = [threading.Thread(target=enter) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) in (["3", "hearing"],)
