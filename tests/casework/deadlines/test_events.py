"""Events of a case and the terms that run from them: entered, kept, withdrawn, fulfilled; and what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import Any

import psycopg
import pytest

from api.engines.roles import DatabaseAddresses
from casework.closing import close_case
from casework.deadlines.errors import DoneDayUnusable, EventDayUnusable, EventEntered, EventWithdrawn, TermFulfilled
from casework.deadlines.events import EVENT_KINDS, enter_event, fulfil_term, withdraw_event
from casework.deadlines.kinds import KINDS, terms_from
from casework.errors import CaseClosed, CaseworkError, RoleNotAllowed, WordUnknown
from casework.organisation import deactivate_person
from casework.service.errors import NotServed
from casework.service.manners import POSTING
from retention.errors import OutsideUnit
from storage.catalog.deadlines import TermRule
from storage.database import Database

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
TODAY = date(2026, 3, 10)


def test_every_kind_of_term_runs_from_an_event() -> None:
    assert sorted(term for kind in EVENT_KINDS for term in terms_from(kind)) == sorted({*KINDS} - {POSTING})


def test_the_due_day_is_kept_with_the_version_of_the_events_day(desk: Any) -> None:
    event = desk.enter("penalty_decided", date(2026, 3, 9))
    assert {kind: desk.answers(event, kind)[0].due_on for kind in desk.terms(event)} == {
        "service": date(2026, 3, 18),
        "publish_penalty": date(2026, 3, 18),
    }
    (answer,) = desk.answers(event, "publish_penalty")
    rule = desk.session.get_one(TermRule, answer.rule_id)
    assert (rule.jurisdiction, rule.version, answer.because, answer.ordinal) == ("CN-CQ-jiangbei", 1, "entered", 1)
    entered = desk.archive.last_entry("case.event_entered")
    assert entered.data == {"event_id": str(event.id), "kind": "penalty_decided", "day": "2026-03-09"}
    started = {entry.data["kind"]: entry.data for entry in desk.archive.entries("case.term_started")}
    assert started["publish_penalty"]["rule_id"] == str(rule.id)
    assert started["service"]["due_on"] == "2026-03-18"


def test_an_old_day_is_ruled_by_the_law_of_that_day_and_its_entry_has_its_own_time(desk: Any) -> None:
    event = desk.enter("evidence_registered", date(2021, 5, 1))
    (answer,) = desk.answers(event, "preservation")
    # Seven calendar days end on the Saturday 2021-05-08, on which people worked.
    assert answer.due_on == date(2021, 5, 8)
    entered = desk.archive.last_entry("case.event_entered")
    assert (entered.data["day"], entered.occurred_at.year) == ("2021-05-01", datetime.now(UTC).year)


def test_before_there_was_a_term_none_is_made_up(desk: Any) -> None:
    event = desk.enter("case_filed", date(2020, 3, 2))
    (answer,) = desk.answers(event, "decision")
    assert (answer.due_on, answer.estimate, answer.rule_id) == (None, None, None)


def test_a_hearing_may_lie_ahead_and_its_notice_is_due_before_it(desk: Any) -> None:
    event = desk.enter("hearing_held", date(2026, 3, 27))
    assert desk.answers(event, "hearing_notice")[0].due_on == date(2026, 3, 18)
    late = datetime(2026, 4, 1, tzinfo=UTC)
    with pytest.raises(DoneDayUnusable, match="after the hearing"):
        fulfil_term(desk.session, desk.officer, desk.terms(event)["hearing_notice"].id, date(2026, 3, 28), late)
    done = fulfil_term(desk.session, desk.officer, desk.terms(event)["hearing_notice"].id, TODAY, NOW)
    assert (done.done_on, done.done_by) == (TODAY, desk.officer.id)


@pytest.mark.parametrize(
    ("kind", "day", "error"),
    [
        ("penalty_decided", date(2026, 3, 11), EventDayUnusable),
        ("penalty_decided", date(1989, 12, 31), EventDayUnusable),
        ("hearing_held", date(2201, 1, 1), EventDayUnusable),
        ("dancing", TODAY, WordUnknown),
    ],
)
def test_what_cannot_have_been_is_refused(desk: Any, kind: str, day: date, error: type[CaseworkError]) -> None:
    with pytest.raises(error):
        desk.enter(kind, day)
    assert desk.archive.entries("case.event_entered") == []


def test_the_chinese_day_decides_what_lies_ahead(desk: Any) -> None:
    # 17:00 in UTC is 01:00 of the next day in China.
    assert desk.enter("penalty_decided", date(2026, 3, 11), NOW.replace(hour=17)).day == date(2026, 3, 11)


def test_one_event_is_entered_once_unless_it_was_withdrawn(desk: Any) -> None:
    event = desk.enter("penalty_decided", TODAY)
    with pytest.raises(EventEntered):
        desk.enter("penalty_decided", TODAY)
    with pytest.raises(RoleNotAllowed):
        withdraw_event(desk.session, desk.officer, event.id, "日期抄错")
    withdraw_event(desk.session, desk.supervisor, event.id, "日期抄错")
    assert desk.archive.last_entry("case.event_withdrawn").data["event_id"] == str(event.id)
    with pytest.raises(EventWithdrawn):
        withdraw_event(desk.session, desk.supervisor, event.id, "再撤一次")
    with pytest.raises(EventWithdrawn):
        fulfil_term(desk.session, desk.officer, desk.terms(event)["service"].id, TODAY, NOW)
    assert desk.enter("penalty_decided", TODAY).id != event.id


def test_what_is_done_ends_a_term_once(desk: Any) -> None:
    event = desk.enter("penalty_decided", date(2026, 3, 9))
    term = desk.terms(event)["service"]
    for day, problem in ((date(2026, 3, 8), "before_the_event"), (date(2026, 3, 11), "in_the_future")):
        with pytest.raises(DoneDayUnusable) as refused:
            fulfil_term(desk.session, desk.officer, term.id, day, NOW)
        assert refused.value.problem == problem
    with pytest.raises(NotServed, match="enter how first"):
        fulfil_term(desk.session, desk.supervisor, term.id, TODAY, NOW)
    desk.serve(TODAY, NOW)
    assert term.done_on is None
    fulfil_term(desk.session, desk.supervisor, term.id, TODAY, NOW)
    assert desk.archive.last_entry("case.term_fulfilled").data == {"term_id": str(term.id), "done_on": "2026-03-10"}
    with pytest.raises(TermFulfilled):
        fulfil_term(desk.session, desk.officer, term.id, TODAY, NOW)
    assert desk.terms(event)["publish_penalty"].done_on is None


def test_a_closed_case_takes_a_revoked_decision_and_what_was_still_due(desk: Any) -> None:
    event = desk.enter("penalty_decided", date(2026, 3, 9))
    close_case(desk.session, desk.supervisor, desk.case.id, "已执行完毕")
    with pytest.raises(CaseClosed):
        desk.enter("hearing_offered", TODAY)
    revoked = desk.enter("decision_revoked", TODAY)
    assert desk.answers(revoked, "withdraw")[0].due_on == date(2026, 3, 13)
    assert fulfil_term(desk.session, desk.officer, desk.terms(event)["publish_penalty"].id, TODAY, NOW).done_on == TODAY


def test_nobody_else_enters_anything(desk: Any) -> None:
    with pytest.raises(RoleNotAllowed):
        desk.enter("penalty_decided", TODAY, by=desk.archive.person(desk.unit, "auditor"))
    with pytest.raises(OutsideUnit):
        desk.enter("penalty_decided", TODAY, by=desk.archive.person(desk.archive.unit(), "officer"))
    administrator = desk.archive.person(desk.unit, "administrator")
    deactivate_person(desk.session, administrator, desk.officer.id, "调离")
    with pytest.raises(RoleNotAllowed):
        desk.enter("penalty_decided", TODAY)


def test_of_two_at_once_one_is_told(database: Database, desk_in: Any, archive_in: Any) -> None:
    with database.transaction() as session:
        desk = desk_in(session, archive_in(session))
        officer, case_id = desk.officer, desk.case.id
        term_id = desk.terms(desk.enter("hearing_offered", TODAY))["hearing_request"].id
        session.expunge_all()
    gate = Barrier(2)

    def at_once(what: Any) -> str:
        try:
            with database.transaction() as session:
                gate.wait(10)
                what(session)
        except CaseworkError as error:
            return type(error).__name__
        return "done"

    def both(what: Any) -> list[str]:
        with ThreadPoolExecutor(2) as pool:
            return sorted(pool.map(at_once, [what, what]))

    assert both(lambda session: enter_event(session, officer, case_id, "penalty_decided", TODAY, NOW)) == [
        "EventEntered",
        "done",
    ]
    assert both(lambda session: fulfil_term(session, officer, term_id, TODAY, NOW)) == ["TermFulfilled", "done"]


def test_the_database_keeps_what_was_said(
    database: Database, desk_in: Any, archive_in: Any, addresses: DatabaseAddresses
) -> None:
    with database.transaction() as session:
        desk = desk_in(session, archive_in(session))
        event = desk.enter("penalty_decided", TODAY - timedelta(days=1))
        desk.serve(TODAY)
        fulfil_term(session, desk.officer, desk.terms(event)["service"].id, TODAY, NOW)
        close_case(session, desk.supervisor, desk.case.id, "已执行完毕")
    with psycopg.connect(addresses.worker, autocommit=True) as connection:
        for statement in (
            "UPDATE case_event SET day = day - 1",
            "UPDATE term_answer SET due_on = due_on + 1",
            "UPDATE case_term SET kind = 'decision'",
            "DELETE FROM term_answer",
            "DELETE FROM case_event",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        for statement in (
            "UPDATE case_term SET done_on = done_on - 1, done_at = now() WHERE done_on IS NOT NULL",
            "UPDATE case_term SET done_on = done_on - 1 WHERE done_on IS NOT NULL",
            "INSERT INTO case_event SELECT gen_random_uuid(), unit_id, case_id, 'case_filed', day, entered_by,"
            " entered_at, NULL, NULL, NULL FROM case_event",
            "INSERT INTO term_answer SELECT gen_random_uuid(), unit_id, gen_random_uuid(), term_id, 2, due_on,"
            " estimate, unannounced, rule_id, 'rules', computed_at FROM term_answer",
        ):
            with pytest.raises(psycopg.errors.CheckViolation):
                connection.execute(statement)
