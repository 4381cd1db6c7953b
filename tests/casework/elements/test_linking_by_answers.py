"""The linker goes by what people answered: it links, asks, and asks again about what it had linked by wrong claims."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from casework.cases import assign
from casework.elements.answers import Choice, answer_questions
from casework.linking.by_hand import answer_question, link_by_hand
from casework.linking.rows import find_open_question, live_links
from ingest.metadata.claims import Claim
from storage.catalog.casework import LinkingDone
from storage.catalog.elements import ElementQuestion
from storage.catalog.recordings import Recording
from tests.casework.elements.team import FILMED, Team
from tests.casework.elements.test_answers import LATER, answer
from tests.casework.linking.due import link_due_recordings

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def at_work(team: Team, about: Any = FILMED, **who: Any) -> Any:
    """A case that somebody works on for an hour before and after."""
    case = team.archive.case(team.officer)
    assign(team.session, team.officer, case.id, starts_at=about - HOUR, ends_at=about + HOUR, **who)
    return case


def own_case(team: Team, **more: Any) -> Any:
    return at_work(team, device="AB00001", officer=team.officer.badge_number, **more)


def linked_to(team: Team, recording: Recording) -> list[Any]:
    team.judge()
    return [link.case_id for link in live_links(team.session, recording.id)]


def offered(team: Team, recording: Recording) -> list[str]:
    """The cases that the linker asks about, none where it asks nothing."""
    team.judge()
    question = find_open_question(team.session, recording.id)
    return [] if question is None else [each["case_id"] for each in question.candidates]


@pytest.fixture
def supervisor(team: Any) -> Any:
    return team.archive.person(team.unit, "supervisor")


def test_a_nameless_recording_is_linked_once_its_device_and_officer_are_answered(team: Any, supervisor: Any) -> None:
    case = own_case(team)
    recording = team.recording(officer=None, device=None)
    assert linked_to(team, recording) == []
    answer(team, supervisor, recording, "device", Choice("device", str(team.device.id), reason="看编号"))
    answer(team, supervisor, recording, "officer", Choice("officer", str(team.officer.id), reason="本人"))
    assert linked_to(team, recording) == [case.id]
    (link,) = live_links(team.session, recording.id)
    assert [each["code"] for each in link.reasons or ()] == ["holder_and_device", "time_claimed"]
    assert (recording.officer, recording.device) == (None, None)


def test_a_recording_without_a_time_is_linked_by_the_time_that_is_answered(team: Any) -> None:
    case = own_case(team)
    recording = team.recording(started_at=None)
    assert linked_to(team, recording) == []
    answer(team, team.officer, recording, "time", Choice("time", FILMED.isoformat(), reason="据值班记录"))
    assert linked_to(team, recording) == [case.id]
    (link,) = live_links(team.session, recording.id)
    assert "time_answered" in [each["code"] for each in link.reasons or ()]


def test_a_place_that_is_answered_speaks_where_the_file_has_none(team: Any) -> None:
    scene = {"latitude": 32.0612, "longitude": 118.7632}
    here, there = own_case(team, **scene), own_case(team, latitude=32.2, longitude=118.9)
    recording = team.recording()
    assert set(offered(team, recording)) == {str(here.id), str(there.id)}
    answer(team, team.officer, recording, "place", Choice("place", "32.0612,118.7632", reason="市场北门"))
    assert linked_to(team, recording) == [here.id]
    assert offered(team, recording) == []


def test_what_was_linked_by_claims_that_were_wrong_is_asked_about_and_stays_until_a_person_speaks(team: Any) -> None:
    third = team.archive.person(team.unit, "officer")
    device = team.new_device("AB00077")
    team.give(device, third)
    case, recording = own_case(team), team.recording()
    assert linked_to(team, recording) == [case.id]
    answer(team, team.officer, recording, "device", Choice("device", str(device.id), reason="实为该机"))
    answer(team, team.officer, recording, "officer", Choice("officer", str(third.id), reason="实为该员"))
    assert offered(team, recording) == [str(case.id)]
    assert linked_to(team, recording) == [case.id]
    judged = team.element(recording, "case")
    assert (judged["state"], judged["codes"], judged["open"]) == ("contradictory", ["weak_case"], True)
    question = find_open_question(team.session, recording.id)
    answer_question(team.session, third, question.id, None, reason="不是本案")
    assert linked_to(team, recording) == []
    assert team.element(recording, "case")["state"] == "explained"


def test_a_time_that_is_answered_far_away_speaks_against_the_link_and_for_the_case_of_that_time(team: Any) -> None:
    case, recording = own_case(team), team.recording()
    assert linked_to(team, recording) == [case.id]
    then = FILMED - timedelta(days=2)
    answer(team, team.officer, recording, "time", Choice("time", then.isoformat(), reason="钟错"))
    assert offered(team, recording) == [str(case.id)]
    # A case that is entered afterwards touches it where it was made by the answer, and no more where it claims to be.
    other = at_work(team, then, device="AB00001", officer=team.officer.badge_number)
    assert set(offered(team, recording)) == {str(case.id), str(other.id)}
    assert linked_to(team, recording) == [case.id]


def test_an_answer_that_is_taken_back_takes_the_question_back(team: Any) -> None:
    case, recording = own_case(team), team.recording()
    for days, offers in ((2, [str(case.id)]), (0, [])):
        then = FILMED - timedelta(days=days)
        answer(team, team.officer, recording, "time", Choice("time", then.isoformat(), reason="核对"))
        assert offered(team, recording) == offers
    assert linked_to(team, recording) == [case.id]


def test_who_is_answered_to_have_recorded_against_the_register_is_a_choice_and_links_nothing(
    team: Any, supervisor: Any
) -> None:
    """Nothing but the register's word links by itself; and it speaks for nobody where a person says otherwise."""
    mine, others = own_case(team), at_work(team, officer=team.other.badge_number)
    recording = team.recording(officer=team.other.badge_number, started_at=FILMED + 5 * MINUTE)
    assert linked_to(team, recording) == [mine.id]
    answer(team, supervisor, recording, "officer", Choice("officer", str(team.other.id), reason="当日借用"))
    assert set(offered(team, recording)) == {str(mine.id), str(others.id)}
    assert linked_to(team, recording) == [mine.id]


def test_that_an_element_cannot_be_had_leaves_the_claim_to_the_linker(team: Any) -> None:
    case, recording = own_case(team), team.recording()
    answer(team, team.officer, recording, "time", Choice("time", reason="无法核实"))
    assert linked_to(team, recording) == [case.id]
    assert offered(team, recording) == []


@pytest.mark.parametrize("timed", [True, False])
def test_new_facts_find_what_is_of_a_device_or_time_by_an_answer_alone(team: Any, supervisor: Any, timed: bool) -> None:
    late = team.new_device("AB00088")
    recording = team.recording(officer=None, device=None, started_at=FILMED if timed else None)
    team.judge()
    answer(team, supervisor, recording, "device", Choice("device", str(late.id), reason="看编号"))
    if not timed:
        answer(team, supervisor, recording, "time", Choice("time", FILMED.isoformat(), reason="据值班记录"))
    assert linked_to(team, recording) == []
    # The roster learns afterwards what was done, and the register who had it.
    case = at_work(team, device="AB00088")
    assert offered(team, recording) == [str(case.id)]
    team.give(late, team.other)
    assert linked_to(team, recording) == [case.id]


def test_a_clocks_doubt_reaches_what_is_of_its_device_by_an_answer(team: Any, supervisor: Any) -> None:
    """Known by the satellites: the recorder was three hours ahead. The nameless file's name has that clock's time."""

    def clip(minutes: int, device: str | None, true_start: Any = None) -> Recording:
        shown = FILMED + 3 * HOUR + minutes * MINUTE
        claims = [Claim("started_at", {"time": shown.isoformat()}, "name:ga/t-947", "assumed")]
        if true_start is not None:
            claims.append(Claim("gps_time", {"time": true_start.isoformat()}, "track:nmea", "stated"))
        return team.recording(started_at=true_start or shown, claims=claims, device=device)

    case = own_case(team)
    clip(10, "AB00001", FILMED + 10 * MINUTE)
    nameless = clip(0, None)
    assert linked_to(team, nameless) == []
    answer(team, supervisor, nameless, "device", Choice("device", str(team.device.id), reason="看编号"))
    assert linked_to(team, nameless) == [case.id]
    # And the other way round: what the satellites timed teaches the clock of the device that it is answered to be of.
    other = team.new_device("AB00099")
    team.give(other, team.officer)
    teacher, pupil = clip(12, None, FILMED + 12 * MINUTE), clip(2, "AB00099")
    assert linked_to(team, pupil) == []
    answer(team, supervisor, teacher, "device", Choice("device", str(other.id), reason="看编号"))
    assert linked_to(team, pupil) == [case.id]


@pytest.mark.parametrize("of_the_nameless", [True, False])
def test_what_a_person_says_is_news_of_the_shift_of_the_device_that_was_answered(
    team: Any, supervisor: Any, of_the_nameless: bool
) -> None:
    nameless, claimed, _of_another_device = (
        team.recording(device=device, started_at=FILMED + n * 5 * MINUTE)
        for n, device in enumerate((None, "AB00001", "AB00002"))
    )
    team.judge()
    answer(team, supervisor, nameless, "device", Choice("device", str(team.device.id), reason="看编号"))
    team.judge()
    case = team.archive.case(team.officer)
    spoken_of, touched = (nameless, claimed) if of_the_nameless else (claimed, nameless)
    values = {"case_id": case.id, "stage": case.stage, "reason": "看过画面"}
    link_by_hand(team.session, team.officer, recording_id=spoken_of.id, **values)
    due = select(LinkingDone.recording_id).where(LinkingDone.outcome == "again")
    assert set(team.session.scalars(due)) == {touched.id}


def test_answers_cost_the_linker_no_query_for_each_recording(team: Any, supervisor: Any) -> None:
    def looked_at(count: int, since: Any) -> int:
        rows = [team.recording(officer=None, device=None, started_at=since + n * MINUTE) for n in range(count)]
        team.judge()
        ids = [row.id for row in rows]
        asked = select(ElementQuestion.recording_id, ElementQuestion.fingerprint).where(
            ElementQuestion.element == "device", ElementQuestion.recording_id.in_(ids)
        )
        seen = dict(team.session.execute(asked).all())
        assert len(seen) == count
        choice = Choice("device", str(team.device.id), reason="看编号")
        answer_questions(team.session, supervisor, "device", seen, choice, LATER)
        due = select(LinkingDone.recording_id).where(LinkingDone.outcome == "again")
        assert set(ids) <= set(team.session.scalars(due))
        statements: list[str] = []
        connection = team.session.connection()
        event.listen(connection, "before_cursor_execute", note := lambda *call: statements.append(call[2]))
        link_due_recordings(team.session)
        event.remove(connection, "before_cursor_execute", note)
        return len(statements)

    few, many = looked_at(2, FILMED - timedelta(days=40)), looked_at(20, FILMED - timedelta(days=20))
    assert many == few
