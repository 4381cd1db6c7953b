"""Open terms are worked out anew when their rules or their calendar change; and what is due next."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from casework.closing import close_case
from casework.deadlines import calendar as days_off
from casework.deadlines.calendar import Calendar, YearFile
from casework.deadlines.events import fulfil_term, withdraw_event
from casework.deadlines.listing import count_overdue, deadlines_of_case, list_deadlines, working_days_until
from casework.deadlines.loading import load_shipped_terms, load_terms, load_year
from casework.deadlines.running import compute_anew
from casework.organisation import deactivate_person
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")
NOW = datetime(2026, 12, 28, 8, 0, tzinfo=UTC)
TODAY = date(2026, 12, 28)
YEAR = "year: 2027\nsource: 样例\ndays_off: [2027-01-01]\nmakeup_days: [2027-01-02]\n"
OWN = """
jurisdiction: CN-own
version: {version}
rank: 40
title: {{zh: 试行, en: trial}}
valid_from: {valid_from}
terms:
  service: {{days: {days}, counted: working_days, law: [试行办法 第一条]}}
"""


def said(answer: Any) -> tuple[Any, ...]:
    return answer.because, answer.due_on, answer.estimate, answer.unannounced


def test_a_year_that_is_not_announced_gives_an_estimate_and_later_a_due_day(desk: Any) -> None:
    event = desk.enter("penalty_decided", date(2026, 12, 25), NOW)
    assert [said(each) for each in desk.answers(event, "service")] == [("entered", None, date(2027, 1, 6), [2027])]
    load_year(desk.session, OPERATOR, YEAR.encode())
    before, after = desk.answers(event, "service")
    assert said(before) == ("entered", None, date(2027, 1, 6), [2027])
    assert said(after) == ("calendar", date(2027, 1, 5), None, [])
    assert before.rule_id == after.rule_id
    entry = desk.archive.last_entry("case.term_recomputed")
    assert (entry.actor_id, entry.data["because"], entry.data["ordinal"]) == ("admin", "calendar", 2)
    assert compute_anew(desk.session, OPERATOR) == 0


def test_a_notice_that_changes_a_running_year_changes_running_terms_alone(desk: Any) -> None:
    open_event = desk.enter("penalty_decided", date(2026, 12, 21), NOW)
    done_event = desk.enter("penalty_decided", date(2026, 12, 22), NOW)
    fulfil_term(desk.session, desk.officer, desk.terms(done_event)["publish_penalty"].id, TODAY, NOW)
    load_year(desk.session, OPERATOR, YEAR.replace("[2027-01-01]", "[2026-12-29, 2026-12-30, 2027-01-01]").encode())
    assert [each.day for each in desk.answers(open_event, "service")] == [date(2026, 12, 30), date(2027, 1, 2)]
    assert len(desk.answers(done_event, "publish_penalty")) == 1


def test_a_version_that_holds_on_the_events_day_rules_open_terms_anew(desk: Any) -> None:
    event = desk.enter("penalty_decided", date(2026, 12, 21), NOW)
    load_terms(desk.session, OPERATOR, OWN.format(version=1, valid_from="2026-12-22", days=1).encode(), NOW)
    assert len(desk.answers(event, "service")) == 1
    hearing = desk.enter("hearing_held", date(2026, 12, 31), NOW)
    own = OWN.format(version=2, valid_from="2026-12-01", days=2).replace("version: 2", "version: 2")
    load_terms(
        desk.session,
        OPERATOR,
        own.replace("valid_from: 2026-12-01", "valid_from: 2026-12-01\nvalid_until: 2026-12-21").encode(),
        NOW,
    )
    first, second = desk.answers(event, "service")
    assert (first.due_on, second.due_on, second.because) == (date(2026, 12, 30), date(2026, 12, 23), "rules")
    assert first.rule_id != second.rule_id
    assert len(desk.answers(hearing, "hearing_notice")) == 1


def test_a_term_that_the_law_did_not_know_is_found_when_a_version_comes(desk: Any) -> None:
    event = desk.enter("case_filed", date(2020, 3, 2), NOW)
    text = OWN.format(version=1, valid_from="2020-01-01", days=30).replace("service", "decision")
    load_terms(
        desk.session,
        OPERATOR,
        text.replace("valid_from: 2020-01-01", "valid_from: 2020-01-01\nvalid_until: 2020-12-31").encode(),
        NOW,
    )
    before, after = desk.answers(event, "decision")
    assert (before.day, after.due_on, after.because) == (None, date(2020, 4, 14), "rules")


def test_a_release_whose_library_knows_a_year_more_answers_at_its_first_start(desk: Any, monkeypatch: Any) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(days_off, "library_years", lambda: (2004, 2025))
        event = desk.enter("penalty_decided", date(2026, 3, 9), NOW)
    assert desk.answers(event, "service")[0].due_on is None
    assert load_shipped_terms(desk.session, NOW) == 0
    assert said(desk.answers(event, "service")[-1]) == ("calendar", date(2026, 3, 18), None, [])


def test_what_is_due_first_is_first_and_what_is_overdue_is_said(desk: Any) -> None:
    desk.enter("penalty_decided", date(2026, 12, 9), NOW)
    desk.enter("evidence_registered", date(2026, 12, 22), NOW)
    desk.enter("hearing_offered", date(2026, 12, 21), NOW)
    desk.enter("case_filed", date(2026, 12, 1), NOW)
    gone = desk.enter("evidence_registered", date(2026, 12, 1), NOW)
    withdraw_event(desk.session, desk.supervisor, gone.id, "非本案")
    desk.enter("case_filed", date(2020, 12, 1), NOW)
    found = list_deadlines(desk.session, desk.officer, TODAY).items
    assert [(each.term.kind, each.state, each.days_left) for each in found if each.term.kind != "publish_penalty"] == [
        ("service", "overdue", -6),
        ("hearing_request", "due_today", 0),
        ("preservation", "soon", 3),
        ("decision", "estimate", 44),
    ]
    assert count_overdue(desk.session, desk.unit.id, TODAY) == 2
    late = list_deadlines(desk.session, desk.officer, TODAY, overdue=True).items
    assert {each.term.kind for each in late} == {"service", "publish_penalty"}
    assert late[0].ruled is not None
    assert late[0].ruled.days == 7


def test_what_the_party_did_not_ask_for_in_time_is_over_and_nobodys_default(desk: Any) -> None:
    event = desk.enter("hearing_offered", date(2026, 12, 18), NOW)
    (found,) = deadlines_of_case(desk.session, desk.case, TODAY)
    assert (found.deadlines[0].answer.due_on, found.deadlines[0].state) == (date(2026, 12, 25), "lapsed")
    assert list_deadlines(desk.session, desk.officer, TODAY).items == ()
    assert count_overdue(desk.session, desk.unit.id, TODAY) == 0
    (before,) = list_deadlines(desk.session, desk.officer, date(2026, 12, 25)).items
    assert (before.event.id, before.state) == (event.id, "due_today")


def test_the_list_goes_on_where_a_page_ended(desk: Any) -> None:
    for day in range(1, 8):
        desk.enter("penalty_decided", date(2026, 12, day), NOW)
    whole = [each.term.id for each in list_deadlines(desk.session, desk.officer, TODAY).items]
    seen, after = [], None
    while True:
        page = list_deadlines(desk.session, desk.officer, TODAY, after=after, limit=3)
        seen += [each.term.id for each in page.items]
        after = page.next
        if after is None:
            break
    assert (len(whole), seen) == (14, whole)


def test_ones_own_are_those_one_entered_or_of_cases_one_opened(desk: Any) -> None:
    other = desk.archive.person(desk.unit, "officer")
    desk.enter("hearing_offered", date(2026, 12, 21), NOW, by=other)

    def kinds(person: Any) -> list[str]:
        return [each.term.kind for each in list_deadlines(desk.session, person, TODAY, mine=True).items]

    assert (kinds(desk.officer), kinds(other), kinds(desk.supervisor)) == (["hearing_request"], ["hearing_request"], [])
    stranger = desk.archive.person(desk.archive.unit(), "supervisor")
    assert list_deadlines(desk.session, stranger, TODAY).items == ()


def test_who_left_and_a_case_that_was_closed_leave_what_is_due(desk: Any) -> None:
    desk.enter("penalty_decided", date(2026, 12, 21), NOW)
    deactivate_person(desk.session, desk.archive.person(desk.unit, "administrator"), desk.officer.id, "调离")
    close_case(desk.session, desk.supervisor, desk.case.id, "已执行完毕")
    assert len(list_deadlines(desk.session, desk.supervisor, TODAY).items) == 2


def test_a_case_shows_every_event_and_every_answer(desk: Any) -> None:
    event = desk.enter("penalty_decided", date(2026, 12, 25), NOW)
    gone = desk.enter("hearing_offered", date(2026, 12, 1), NOW)
    withdraw_event(desk.session, desk.supervisor, gone.id, "非本案")
    fulfil_term(desk.session, desk.officer, desk.terms(event)["publish_penalty"].id, TODAY, NOW)
    load_year(desk.session, OPERATOR, YEAR.encode())
    first, second = deadlines_of_case(desk.session, desk.case, date(2027, 1, 7))
    assert (first.event.id, second.event.id) == (gone.id, event.id)
    by_kind = {each.term.kind: each for each in second.deadlines}
    assert (by_kind["publish_penalty"].state, by_kind["service"].state) == ("done", "overdue")
    assert [len(second.history[by_kind[kind].term.id]) for kind in ("publish_penalty", "service")] == [1, 2]


def test_done_after_the_due_day_is_said_to_be_late(desk: Any) -> None:
    event = desk.enter("penalty_decided", date(2026, 9, 1), NOW)
    desk.serve(date(2026, 9, 10), NOW)
    fulfil_term(desk.session, desk.officer, desk.terms(event)["service"].id, date(2026, 9, 10), NOW)
    fulfil_term(desk.session, desk.officer, desk.terms(event)["publish_penalty"].id, date(2026, 9, 11), NOW)
    (found,) = deadlines_of_case(desk.session, desk.case, TODAY)
    assert {each.term.kind: each.state for each in found.deadlines} == {
        "service": "done",
        "publish_penalty": "done_late",
    }


def test_working_days_are_counted_with_days_off_in_exchange() -> None:
    calendar = Calendar()
    # 2026-10-10 is a Saturday on which people work; 1 to 7 October are off.
    assert working_days_until(calendar, date(2026, 9, 30), date(2026, 10, 10)) == 3
    assert working_days_until(calendar, date(2026, 10, 10), date(2026, 9, 30)) == -3
    assert working_days_until(calendar, date(2026, 10, 3), date(2026, 10, 3)) == 0


def test_working_days_between_two_days_are_those_that_a_walk_from_day_to_day_finds() -> None:
    """Over years, announced and not, and over a file that changes the December before its year."""
    year, thursday, saturday = 2031, date(2030, 12, 26), date(2030, 12, 28)
    assert (thursday.weekday(), saturday.weekday()) == (3, 5)
    later = Calendar({year: YearFile(year, frozenset({thursday}), frozenset({saturday}), "a notice")})
    for calendar in (Calendar(), later):
        for first, last in (
            (date(2018, 12, 30), date(2027, 2, 1)),
            (date(2030, 12, 20), date(2031, 1, 10)),
            (thursday, saturday),
            (date(2026, 10, 1), date(2026, 10, 7)),
            (date(2026, 10, 8), date(2026, 10, 7)),
        ):
            days = (first + timedelta(days=place) for place in range((last - first).days + 1))
            walked = sum(calendar.is_working_day(day) for day in days)
            assert calendar.count_working_days(first, last) == walked, (first, last)
    assert later.count_working_days(thursday, saturday) == Calendar().count_working_days(thursday, saturday)
    assert later.count_working_days(thursday, thursday) == 0
