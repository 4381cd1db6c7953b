"""Answers: beside the claims, each with its entry, for many at once; and what is refused."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from casework.cases import assign
from casework.elements.again import ask_for_another_judgement
from casework.elements.answers import Answered, Choice, answer_questions, list_answers
from casework.elements.candidates import Nearest, find_nearest
from casework.elements.errors import (
    CandidateGone,
    NotYourRecording,
    QuestionChanged,
    ReasonNeeded,
    ValueUnusable,
)
from casework.elements.facts import gather_facts
from casework.errors import RoleNotAllowed
from casework.linking.by_hand import link_by_hand
from casework.register.devices import retire_device
from casework.register.issues import return_device, void_issue
from ingest.metadata.claims import Claim
from integrity.local_time import chinese_day
from retention.errors import OutsideUnit, UnknownSubject
from storage.catalog.casework import CaseLink
from storage.catalog.elements import ElementAnswer, ElementQuestion, RecordingJudgement
from storage.catalog.recordings import Recording
from storage.database import Database
from tests.casework.elements.team import FILMED, NOW, OPERATOR, Team
from tests.casework.test_merging import merge

LATER = datetime.now(UTC)


def fingerprint(team: Any, recording: Recording, element: str) -> str:
    return str(team.element(recording, element)["fingerprint"])


def answer(team: Any, by: Any, recordings: Any, asked: str, choice: Choice) -> Answered:
    some = recordings if isinstance(recordings, list) else [recordings]
    questions = {each.id: fingerprint(team, each, asked) for each in some}
    others = {each.id: fingerprint(team, each, choice.element) for each in some} if choice.element != asked else None
    return answer_questions(team.session, by, asked, questions, choice, LATER, others=others)


def nearest(team: Any, recording: Recording, element: str) -> list[Nearest]:
    team.judge()
    facts = gather_facts(team.session, [recording.id])
    return list(find_nearest(team.session, facts, element)[recording.id])


def test_the_officer_the_register_names_is_chosen_and_the_claim_stays(team: Any) -> None:
    recording = team.recording(officer=team.other.badge_number)
    found = nearest(team, recording, "officer")
    assert [(each.basis, each.value) for each in found] == [
        ("register_holder", str(team.officer.id)),
        ("claim", str(team.other.id)),
    ]
    done = answer(team, team.other, recording, "officer", Choice("officer", found[0].value, found[0].basis))
    assert done.done == (recording.id,)
    assert team.open(recording) == {}
    assert recording.officer == team.other.badge_number
    assert team.element(recording, "officer")["source"] == "answer"
    entry = team.archive.last_entry("recording.element_answered")
    assert (entry.actor_id, entry.subject_id) == (str(team.other.id), str(recording.id))
    assert entry.data["basis"] == "register_holder"
    assert entry.data["settles"] == []
    assert team.officer.badge_number not in team.archive.ledger_text()
    # From now on it is the other officer's recording.
    assert team.session.get_one(RecordingJudgement, recording.id).officer_id == team.officer.id


def test_a_contradiction_may_be_the_devices_and_what_was_lent_is_said_so(team: Any) -> None:
    mine = team.new_device("AB00005")
    team.give(mine, team.other)
    recording = team.recording(officer=team.other.badge_number)
    device = next(each for each in nearest(team, recording, "officer") if each.element == "device")
    assert (device.value, device.basis) == (str(mine.id), "issued_device")
    answer(team, team.other, recording, "officer", Choice("device", device.value, device.basis))
    assert team.open(recording) == {}
    lent = team.recording(officer=team.other.badge_number)
    answer(team, team.other, lent, "officer", Choice("officer", str(team.other.id), "claim"))
    assert team.open(lent) == {}
    assert team.archive.last_entry("recording.element_answered").data["settles"] == ["device_with_another"]
    # That it is handed back in the end is nothing new.
    return_device(team.session, OPERATOR, team.issue.id, now=NOW, returned_at=NOW - timedelta(minutes=1))
    assert team.open(lent) == {}
    # What comes to light later is asked about again.
    void_issue(team.session, OPERATOR, team.issue.id, "录错", NOW)
    assert team.open(lent) == {"officer": ["device_with_nobody"]}


def test_one_answer_serves_many_and_each_has_its_entry(team: Any) -> None:
    recordings = [team.recording(claims=[], started_at=FILMED + timedelta(minutes=n)) for n in range(12)]
    done = answer(team, team.officer, recordings, "act", Choice("act", "on_site"))
    assert len(done.done) == 12
    assert done.left_out == {}
    assert len(team.archive.entries("recording.element_answered")) == 12
    # The act they now have demands a place.
    assert all(team.open(each) == {"place": ["missing"]} for each in recordings)
    place = Choice("place", "32.0612, 118.7632", reason="市场北门")
    answer(team, team.officer, recordings, "place", place)
    assert all(team.open(each) == {} for each in recordings)
    assert team.element(recordings[0], "place")["value"] == "32.061200,118.763200"


def test_a_value_serves_each_by_whatever_basis_it_is_a_candidate(team: Any) -> None:
    case = team.archive.case(team.officer)
    linked, alone = team.recording(claims=[]), team.recording(claims=[], started_at=FILMED + timedelta(minutes=20))
    link_by_hand(team.session, team.officer, recording_id=linked.id, case_id=case.id, stage=case.stage, reason="同一事")
    of_stage = next(each for each in nearest(team, linked, "act") if each.basis == "act_of_stage")
    assert [each.basis for each in nearest(team, alone, "act") if each.value == of_stage.value] == ["act"]
    done = answer(team, team.officer, [linked, alone], "act", Choice("act", of_stage.value, "act_of_stage"))
    assert (set(done.done), done.left_out) == ({linked.id, alone.id}, {})
    bases = {each.id: list_answers(team.session, each.id)[0].basis for each in (linked, alone)}
    assert bases == {linked.id: "act_of_stage", alone.id: "act"}


def test_each_recording_may_take_its_own_candidate_of_one_kind(team: Any) -> None:
    act = Claim("act", "questioning", "station", "stated")

    def filmed(minutes: int) -> Recording:
        told = FILMED + timedelta(minutes=minutes)
        clock = Claim("gps_time", {"time": told.isoformat()}, "gpmf", "stated")
        wrong = Claim("started_at", {"time": (told + timedelta(hours=3)).isoformat()}, "station", "stated")
        return team.recording(claims=[act, clock, wrong], started_at=told, uncertainty_seconds=2.0)

    recordings = [filmed(0), filmed(20)]
    answer(team, team.officer, recordings, "time", Choice("time", basis="clock_gps_time"))
    assert [list_answers(team.session, each.id)[0].value for each in recordings] == [
        FILMED.isoformat(),
        (FILMED + timedelta(minutes=20)).isoformat(),
    ]


def test_what_cannot_be_had_is_explained_and_an_answer_corrected_by_a_later_one(team: Any) -> None:
    recording = team.recording(claims=[])
    with pytest.raises(ReasonNeeded):
        answer(team, team.officer, recording, "act", Choice("act"))
    answer(team, team.officer, recording, "act", Choice("act", reason="试机，未执法"))
    assert team.element(recording, "act")["state"] == "explained"
    answer(team, team.officer, recording, "act", Choice("act", "questioning"))
    first, second = list_answers(team.session, recording.id)
    assert (first.ordinal, first.value, second.ordinal, second.value) == (1, None, 2, "questioning")
    assert team.element(recording, "act")["value"] == "questioning"


def test_what_is_asked_and_what_is_written_are_one_element_or_officer_and_device(team: Any) -> None:
    recording = team.recording(claims=[])
    seen = {recording.id: fingerprint(team, recording, "act")}
    for element, value in (("officer", str(team.other.id)), ("place", "32.06,118.76"), ("case", None)):
        choice = Choice(element, value, reason="如此")
        with pytest.raises(ValueUnusable) as refused:
            answer_questions(team.session, team.officer, "act", seen, choice, LATER, others=seen)
        assert refused.value.problem == "not_asked"
    assert list_answers(team.session, recording.id) == ()


def test_what_is_written_has_to_be_as_it_was_seen_too(team: Any) -> None:
    supervisor, mine = team.archive.person(team.unit, "supervisor"), team.new_device("AB00005")
    team.give(mine, team.other)
    recording = team.recording(officer=team.other.badge_number)
    officer, device = (fingerprint(team, recording, name) for name in ("officer", "device"))
    asked = {recording.id: officer}
    choice = Choice("device", str(mine.id), "issued_device")
    with pytest.raises(QuestionChanged) as refused:
        answer_questions(team.session, supervisor, "officer", asked, choice, LATER)
    assert refused.value.element == "device"
    # The device is answered meanwhile; what is asked about the officer stays as it was.
    answer(team, supervisor, recording, "device", Choice("device", str(team.device.id), reason="看编号"))
    assert fingerprint(team, recording, "officer") == officer
    with pytest.raises(QuestionChanged):
        answer_questions(team.session, supervisor, "officer", asked, choice, LATER, others={recording.id: device})
    (kept,) = list_answers(team.session, recording.id)
    assert kept.value == str(team.device.id)


def test_an_answer_that_cures_nothing_is_asked_about_and_may_be_confirmed(team: Any) -> None:
    third = team.archive.person(team.unit, "officer")
    recording = team.recording(officer=team.other.badge_number)
    answer(team, team.other, recording, "officer", Choice("officer", str(third.id), reason="记错"))
    assert team.open(recording) == {"officer": ["device_with_another"]}
    found = {each.basis: each.value for each in nearest(team, recording, "officer")}
    assert found == {"register_holder": str(team.officer.id), "answered": str(third.id)}
    answer(team, third, recording, "officer", Choice("officer", str(third.id), "answered"))
    assert team.open(recording) == {}


def test_what_was_settled_of_one_device_is_not_settled_of_another(team: Any) -> None:
    third, other = team.archive.person(team.unit, "officer"), team.new_device("AB00009")
    team.give(other, third)
    recording = team.recording(officer=team.other.badge_number)
    answer(team, team.other, recording, "officer", Choice("officer", str(team.other.id), "claim"))
    seen = fingerprint(team, recording, "officer")
    assert team.open(recording) == {}
    answer(team, team.other, recording, "device", Choice("device", str(other.id), reason="看编号"))
    assert team.open(recording) == {"officer": ["device_with_another"]}
    assert fingerprint(team, recording, "officer") != seen


def test_what_an_earlier_release_settled_by_a_code_alone_is_asked_about(team: Any) -> None:
    recording = team.recording(officer=team.other.badge_number)
    team.judge()
    team.session.add(
        ElementAnswer(
            id=uuid.uuid4(),
            unit_id=recording.unit_id,
            recording_id=recording.id,
            element="officer",
            ordinal=1,
            value=str(team.other.id),
            basis="claim",
            settles=["device_with_another"],
            answered_by=team.other.id,
            answered_at=LATER,
        )
    )
    team.session.flush()
    ask_for_another_judgement(team.session, [recording])
    assert team.open(recording) == {"officer": ["device_with_another"]}


def test_an_answered_time_is_judged_as_any_other(team: Any) -> None:
    words = [
        Claim("act", "questioning", "station", "stated"),
        Claim("gps_time", {"time": FILMED.isoformat()}, "gpmf", "stated"),
    ]
    recording = team.recording(claims=words, uncertainty_seconds=2.0)
    late = recording.received_at + timedelta(hours=1)
    with pytest.raises(ValueUnusable) as refused:
        answer(team, team.officer, recording, "time", Choice("time", late.isoformat(), reason="如此"))
    assert refused.value.problem == "after_receipt"
    hour_off = FILMED - timedelta(hours=1)
    answer(team, team.officer, recording, "time", Choice("time", hour_off.isoformat(), reason="钟慢"))
    assert team.open(recording) == {"time": ["time_contradicts"]}
    answer(team, team.officer, recording, "time", Choice("time", basis="answered"))
    assert team.open(recording) == {}
    answer(team, team.officer, recording, "time", Choice("time", basis="clock_gps_time"))
    assert team.open(recording) == {}


def test_a_day_without_rules_frees_nothing_whoever_says_it(team: Any) -> None:
    reset = team.recording(claims=[], officer=None, device=None, started_at=datetime(2015, 1, 1, tzinfo=UTC))
    assert team.open(reset) == {
        "officer": ["missing"],
        "device": ["missing"],
        "time": ["no_rules_then"],
        "act": ["missing"],
    }
    kept = team.session.get_one(RecordingJudgement, reset.id)
    assert (kept.day, len(kept.policies)) == (chinese_day(reset.received_at), 2)
    recording, supervisor = team.recording(claims=[]), team.archive.person(team.unit, "supervisor")
    answer(team, supervisor, recording, "time", Choice("time", "1995-01-01T00:00:00+08:00", reason="机器时间"))
    assert team.open(recording).items() >= {"time": ["no_rules_then"], "act": ["missing"]}.items()
    answer(team, supervisor, recording, "time", Choice("time", basis="answered"))
    # That it is so was said twice. The rules stay.
    assert "time" not in team.open(recording)
    assert team.open(recording)["act"] == ["missing"]


def test_a_question_answered_meanwhile_is_refused_and_among_many_left_out(team: Any) -> None:
    one, two = team.recording(claims=[]), team.recording(claims=[], started_at=FILMED + timedelta(hours=1))
    seen = {each.id: fingerprint(team, each, "act") for each in (one, two)}
    answer(team, team.officer, one, "act", Choice("act", "hearing"))
    with pytest.raises(QuestionChanged):
        answer_questions(team.session, team.officer, "act", {one.id: seen[one.id]}, Choice("act", "other"), LATER)
    done = answer_questions(team.session, team.officer, "act", seen, Choice("act", "other"), LATER)
    assert done.done == (two.id,)
    assert isinstance(done.left_out[one.id], QuestionChanged)


def test_a_candidate_that_is_gone_is_refused(team: Any) -> None:
    recording = team.recording(officer=team.other.badge_number)
    seen = fingerprint(team, recording, "officer")
    choice = Choice("officer", str(team.archive.person(team.unit, "officer").id), "register_holder")
    with pytest.raises(CandidateGone):
        answer_questions(team.session, team.other, "officer", {recording.id: seen}, choice, LATER)
    assert team.archive.entries("recording.element_answered") == []


def test_officers_answer_for_themselves_supervisors_for_the_unit_and_nobody_for_another(team: Any) -> None:
    recording = team.recording(claims=[])
    choice = Choice("act", "hearing")
    with pytest.raises(NotYourRecording):
        answer(team, team.other, recording, "act", choice)
    for stranger in (team.archive.person(team.bureau, "supervisor"), team.archive.person(team.bureau, "officer")):
        with pytest.raises(OutsideUnit):
            answer(team, stranger, recording, "act", choice)
    gone = team.archive.person(team.unit, "supervisor")
    gone.active = False
    for nobody in (gone, team.archive.person(team.unit, "auditor")):
        with pytest.raises(RoleNotAllowed):
            answer(team, nobody, recording, "act", choice)
    with pytest.raises(UnknownSubject):
        answer_questions(team.session, team.officer, "act", {team.unit.id: "x"}, choice, LATER)
    assert answer(team, team.archive.person(team.unit, "supervisor"), recording, "act", choice).done == (recording.id,)


@pytest.mark.parametrize(
    ("element", "value", "problem"),
    [
        ("officer", "nobody", "no_such_officer"),
        ("device", "AB00001", "no_such_device"),
        ("act", "dancing", "no_such_act"),
        ("place", "118.76", "no_place"),
        ("place", "118.7632,32.0612", "no_place"),
        ("place", "nan,nan", "no_place"),
        ("time", "2026-03-09 09:00", "no_time_given"),
        ("time", "2126-03-09T09:00:00+08:00", "no_time_given"),
        ("unit", "00000000-0000-0000-0000-000000000000", "only_own"),
        ("case", "00000000-0000-0000-0000-000000000000", "no_such_case"),
    ],
)
def test_what_names_nothing_is_refused(team: Any, element: str, value: str, problem: str) -> None:
    recording = team.recording()
    with pytest.raises(ValueUnusable) as refused:
        answer(team, team.officer, recording, element, Choice(element, value, reason="如此"))
    assert refused.value.problem == problem


def test_a_case_is_answered_by_a_link_with_the_linkers_question_settled(team: Any) -> None:
    recording, cases = team.recording(), [team.archive.case(team.officer) for _ in range(2)]
    span = {"starts_at": FILMED - timedelta(hours=1), "ends_at": FILMED + timedelta(hours=1)}
    for case in cases:
        assign(team.session, team.officer, case.id, device="AB00001", **span)
    found = nearest(team, recording, "case")
    assert {each.value for each in found} == {str(case.id) for case in cases}
    assert found[0].score is not None
    assert found[0].reasons
    answer(team, team.officer, recording, "case", Choice("case", found[0].value, "linker"))
    assert team.element(recording, "case")["state"] == "present"
    alone = team.recording(started_at=FILMED + timedelta(days=-9))
    answer(team, team.officer, alone, "case", Choice("case", str(cases[0].id), reason="同一当事人"))
    links = select(CaseLink).where(CaseLink.recording_id == alone.id)
    assert team.session.scalars(links).one().reason == "同一当事人"
    none = team.recording(started_at=FILMED + timedelta(days=-19))
    answer(team, team.officer, none, "case", Choice("case", reason="巡逻，未立案"))
    assert team.element(none, "case")["state"] == "explained"


def test_places_come_from_the_scene_and_from_what_was_filmed_nearby(team: Any) -> None:
    seizure = [Claim("act", "seizure", "station", "stated")]
    recording = team.recording(claims=seizure)
    near = {"latitude": 32.0612, "longitude": 118.7632, "place_source": "gpmf"}
    team.recording(started_at=FILMED + timedelta(minutes=7), **near)
    (found,) = nearest(team, recording, "place")
    assert (found.basis, found.value, found.facts) == ("neighbour", "32.061200,118.763200", {"minutes": 7})


def test_two_who_answer_at_once_leave_one_answer_and_one_refusal(database: Database, archive_in: Any) -> None:
    with database.transaction() as session:
        team = Team(session, archive_in(session))
        recording = team.recording(claims=[])
        seen = fingerprint(team, recording, "act")
        officer = team.officer
    outcomes: list[str] = []

    def run(act: str) -> None:
        try:
            with database.transaction() as session:
                answer_questions(session, officer, "act", {recording.id: seen}, Choice("act", act), LATER)
            outcomes.append("answered")
        except QuestionChanged:
            outcomes.append("refused")

    threads = [threading.Thread(target=run, args=(act,)) for act in ("hearing", "other")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["answered", "refused"]
    with database.reading() as session:
        assert len(list_answers(session, recording.id)) == 1
        assert session.scalars(select(ElementQuestion).where(ElementQuestion.element == "act")).all() == []


def test_questions_of_a_merged_unit_are_answered_by_the_successors_people(team: Any) -> None:
    successor = team.archive.unit(team.bureau)
    theirs = team.archive.person(successor, "supervisor")
    retired = team.new_device("AB00009")
    retire_device(team.session, OPERATOR, retired.id, "损坏", LATER)
    mine, nobodys, old = (team.recording(**facts) for facts in ({"claims": []}, {"officer": None}, {"device": None}))
    merge(team.session, team.unit, successor)
    for person in (team.officer, theirs):
        team.session.refresh(person)
    assert answer(team, team.officer, mine, "act", Choice("act", "hearing")).done == (mine.id,)
    holder = Choice("officer", str(team.officer.id), reason="本人拍摄")
    assert answer(team, theirs, nobodys, "officer", holder).done == (nobodys.id,)
    worn = Choice("device", str(retired.id), reason="当时使用")
    assert answer(team, theirs, old, "device", worn).done == (old.id,)
    (row,) = list_answers(team.session, old.id)
    assert (row.unit_id, row.answered_by) == (team.unit.id, theirs.id)


def test_a_recording_is_answered_to_be_of_no_unit_but_its_own(team: Any) -> None:
    successor = team.archive.unit(team.bureau)
    theirs = team.archive.person(successor, "supervisor")
    recording = team.recording()
    merge(team.session, team.unit, successor)
    team.session.refresh(theirs)
    with pytest.raises(ValueUnusable) as refused:
        answer(team, theirs, recording, "unit", Choice("unit", str(successor.id), reason="已撤并"))
    assert refused.value.problem == "only_own"
    own = Choice("unit", str(team.unit.id), reason="原单位")
    assert answer(team, theirs, recording, "unit", own).done == (recording.id,)


def test_a_file_without_a_name_is_offered_the_device_that_others_of_its_card_name(team: Any) -> None:
    """One card put in once: some names have the recorder, and some say nothing."""

    def came(card: str, minutes: int = 0, **said: Any) -> Any:
        group = [Claim("group", card, "station", "stated")]
        at = NOW - timedelta(hours=6) + timedelta(minutes=minutes)
        times = {"received_at": at, "sealed_at": at + timedelta(minutes=1)}
        return team.recording(claims=group, officer=None, **times, **said)

    card, other = "a" * 32, "b" * 32
    came(card)
    came(card, 2)
    came(other, 1, device="AB00009")
    nameless, days_later = came(card, 3, device=None), came(card, 5 * 60, device=None)
    (found,) = nearest(team, nameless, "device")
    assert (found.basis, found.label) == ("same_card", "AB00001")
    assert not nearest(team, days_later, "device"), "a card is of one docking"
    supervisor = team.archive.person(team.unit, "supervisor")
    answer(team, supervisor, nameless, "device", Choice("device", found.value, found.basis))
    assert "device" not in team.open(nameless)
    assert team.element(nameless, "officer")["source"] == "register", "who had it is known then"
