"""What is missing now: in open cases of the unit, of a day, of one's own; and gone as soon as it is settled."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from casework.closing import close_case
from casework.procedure.acts import add_act
from casework.procedure.explanations import decide_explanation, explain_gap
from casework.procedure.gaps import list_gaps

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
START = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def kinds(session: Session, person: Any, **more: Any) -> list[str]:
    """Without those that lack no more than what officers owe: test_contacts.py."""
    found = list_gaps(session, person, NOW, **more).items
    return [gap.judged.act.said.kind for gap in found if gap.judged.waits]


def test_what_waits_is_listed_until_it_is_settled(session: Session, team: Any) -> None:
    act = team.act()
    team.act("other", officers=(team.officer.id,))
    assert kinds(session, team.supervisor) == ["seizure"]
    times = {"starts_at": START, "ends_at": START + 40 * MINUTE}
    row = explain_gap(session, team.officer, act.act.id, **times, reason="电池耗尽", now=NOW)
    (gap,) = list_gaps(session, team.supervisor, NOW).items
    assert [each.id for each in gap.judged.to_confirm] == [row.id]
    assert gap.case.id == team.case.id
    decide_explanation(session, team.supervisor, row.id, confirmed=True)
    assert kinds(session, team.supervisor) == []


def test_a_doubt_that_the_rule_lets_be_is_nobodys_work(session: Session, team: Any) -> None:
    team.act()
    facts = {"started_at": START, "duration_seconds": 2400, "uncertainty_seconds": 30}
    recording = team.archive.recording(team.unit, **facts)
    link = team.archive.link(recording, team.case, team.officer)
    assert kinds(session, team.officer) == []
    link.ended_at, link.ended_by, link.end_reason = NOW, team.officer.id, "归错"
    session.flush()
    assert kinds(session, team.officer) == ["seizure"]


def test_a_day_is_a_chinese_one_and_an_act_across_midnight_is_of_both(session: Session, team: Any) -> None:
    midnight = datetime(2026, 3, 8, 16, 0, tzinfo=UTC)
    team.act(starts_at=midnight - MINUTE, ends_at=midnight + MINUTE)
    days = [date(2026, 3, day) for day in (7, 8, 9, 10)]
    assert [kinds(session, team.officer, day=day) for day in days] == [[], ["seizure"], ["seizure"], []]
    team.act("on_site", minutes=None, starts_at=midnight + MINUTE)
    assert [len(kinds(session, team.officer, day=day)) for day in days] == [0, 1, 2, 1]


def test_ones_own_are_those_one_took_part_in_or_entered(session: Session, team: Any, archive: Any) -> None:
    team.act(officers=(team.second.id, team.supervisor.id))
    assert kinds(session, team.officer, mine=True) == ["seizure"]
    assert kinds(session, team.second, mine=True) == ["seizure"]
    assert kinds(session, team.other_supervisor, mine=True) == []
    assert kinds(session, archive.person(archive.unit(), "supervisor")) == []


def test_closed_cases_and_withdrawn_acts_are_nobodys_work_and_pages_go_on(session: Session, team: Any) -> None:
    others = [team.archive.case(team.officer) for _ in range(5)]
    for number, case in enumerate(others):
        times = {"starts_at": START + number * MINUTE, "ends_at": START + (number + 1) * MINUTE}
        add_act(session, team.officer, case.id, team.stated("service_left", **times), NOW)
    closed = team.archive.case(team.officer)
    add_act(session, team.officer, closed.id, team.stated("other", officers=(team.officer.id,)), NOW)
    close_case(session, team.supervisor, closed.id, "结案")
    seen, after = [], None
    while True:
        page = list_gaps(session, team.officer, NOW, after=after, limit=2)
        seen += [gap.case.id for gap in page.items]
        after = page.next
        if after is None:
            break
    assert seen == [case.id for case in reversed(others)]
