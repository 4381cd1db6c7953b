"""送达: what was left with somebody who refused it is served by its picture, or not at all (S6); other manners by
theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.closing import close_case
from casework.deadlines.errors import TermFulfilled
from casework.deadlines.events import fulfil_term
from casework.errors import RoleNotAllowed, TextUnusable, WordUnknown
from casework.linking.by_hand import unlink
from casework.procedure.errors import CaseIncomplete
from casework.procedure.explanations import decide_explanation, explain_gap
from casework.procedure.judgement import judge_case
from casework.service.errors import (
    NotServed,
    PostingUncounted,
    ServedUnusable,
    ServiceCounts,
    ServiceRepeated,
    ServiceTimeUnusable,
    ServiceUnproven,
    ServiceWithdrawn,
)
from casework.service.papers import proofs_near
from casework.service.proof import proven_services
from casework.service.serving import Served, services_of, state_service, withdraw_service
from casework.stages import enter_stage
from casework.today.closing import list_ending
from retention.errors import OutsideUnit
from storage.catalog.deadlines import TermRule
from storage.catalog.elements import ElementAnswer
from tests.casework.service.conftest import DAY, MINUTE, NOW, PLACE, SECRETS, START, Round


def test_a_refusal_without_its_picture_is_never_served(session: Session, round_: Round) -> None:
    """Whatever else is written: the term does not end, and the case does not close."""
    team, term, act = round_.team, round_.term(), round_.team.act("service_left")
    with pytest.raises(NotServed):
        fulfil_term(session, team.officer, term.id, DAY, NOW)
    with pytest.raises(CaseIncomplete):
        close_case(session, team.supervisor, team.case.id, "结案")
    recording = round_.photograph()
    assert round_.forbids() == "unserved"
    with pytest.raises(CaseIncomplete, match="nothing proves the service by leaving"):
        close_case(session, team.supervisor, team.case.id, "结案")
    with pytest.raises(NotServed):
        fulfil_term(session, team.officer, term.id, DAY, NOW)
    row = round_.serve(round_.left(act, recording))
    assert (row.counts_on, round_.forbids()) == (DAY, None)
    fulfil_term(session, team.officer, term.id, DAY, NOW)
    entry = team.archive.last_entry("case.service_stated")
    assert (entry.data["method"], entry.data["recording_id"]) == ("left", str(recording.id))
    assert not [secret for secret in SECRETS if secret in team.archive.ledger_text()]
    assert services_of(session, team.case.id) == (row,)
    close_case(session, team.supervisor, team.case.id, "结案")


def test_what_lacks_its_proof_is_listed_among_what_cannot_be_closed(session: Session, round_: Round) -> None:
    team, act = round_.team, round_.team.act("service_left")
    recording = round_.photograph()
    team.archive.handlers(team.case, team.officer)
    for stage in ("investigation", "decision", "execution"):
        enter_stage(session, team.supervisor, team.case.id, stage)
    (ending,) = list_ending(session, team.supervisor, NOW).items
    assert [each.forbids_closing for each in ending.forbidding] == ["unserved"]
    round_.serve(round_.left(act, recording))
    (ending,) = list_ending(session, team.supervisor, NOW).items
    assert ending.forbidding == ()


def test_a_written_reason_for_a_missing_recording_proves_no_service(session: Session, round_: Round) -> None:
    """Of the recording a confirmed explanation may be enough; of the service it never is."""
    team, act = round_.team, round_.team.act("service_left")
    times = {"starts_at": START, "ends_at": START + 40 * MINUTE}
    row = explain_gap(session, team.officer, act.act.id, **times, reason="手机无电", now=NOW)
    decide_explanation(session, team.supervisor, row.id, confirmed=True)
    (judged,) = judge_case(session, team.case.id, NOW)
    assert (judged.verdict, judged.forbids_closing) == ("complete_with_explanations", "unserved")
    with pytest.raises(CaseIncomplete):
        close_case(session, team.supervisor, team.case.id, "结案")


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"act_id": None}, "no_act"),
        ({"recording_id": None}, "no_recording"),
        ({"ground": None}, "no_ground"),
        ({"ground": "  "}, "no_ground"),
        ({"place": None}, "no_place"),
        ({"served_at": START - MINUTE}, "other_time"),
        ({"served_at": START + 40 * MINUTE}, "other_time"),
    ],
)
def test_what_is_missing_of_a_refusal_is_named(round_: Round, changed: Mapping[str, Any], problem: str) -> None:
    served = round_.left(round_.team.act("service_left"), round_.photograph(), **changed)
    assert refused(round_, served) == problem
    assert services_of(round_.session, round_.team.case.id) == ()


@pytest.mark.parametrize(
    ("picture", "problem"),
    [
        ({"started_at": None, "uncertainty_seconds": None}, "no_time"),
        ({"latitude": None, "longitude": None, "place_source": None}, "no_recorded_place"),
        ({"started_at": START + 90 * MINUTE}, "recorded_elsewhen"),
        ({"started_at": START - 90 * MINUTE}, "recorded_elsewhen"),
        ({"kind": None}, "no_picture"),
    ],
)
def test_a_picture_has_its_time_and_its_place(round_: Round, picture: Mapping[str, Any], problem: str) -> None:
    assert refused(round_, round_.left(round_.team.act("service_left"), round_.photograph(**picture))) == problem


def test_pictures_of_other_cases_and_acts_of_other_kinds_prove_nothing(round_: Round) -> None:
    team, act = round_.team, round_.team.act("service_left")
    stray = team.archive.recording(team.unit, started_at=START, kind="still", **PLACE)
    assert refused(round_, round_.left(act, stray)) == "not_in_case"
    assert refused(round_, round_.left(team.act("seizure"), round_.photograph())) == "other_act"


def refused(round_: Round, served: Served) -> str:
    with pytest.raises(ServiceUnproven) as caught:
        round_.serve(served)
    return caught.value.problem


def test_a_picture_that_leaves_the_case_takes_the_service_with_it(session: Session, round_: Round) -> None:
    team, act = round_.team, round_.team.act("service_left")
    recording = team.archive.recording(team.unit, started_at=START + MINUTE, kind="still", **PLACE)
    link = team.archive.link(recording, team.case, team.officer)
    round_.serve(round_.left(act, recording))
    unlink(session, team.officer, link.id, "归错")
    assert proven_services(session, [team.case.id]) == {}
    assert round_.forbids() in ("missing", "unserved")
    with pytest.raises(NotServed):
        fulfil_term(session, team.officer, round_.term().id, DAY, NOW)


def test_a_picture_that_turns_out_to_be_of_another_time_proves_nothing_any_more(
    session: Session, round_: Round
) -> None:
    team, act = round_.team, round_.team.act("service_left")
    recording = round_.photograph()
    round_.serve(round_.left(act, recording))
    assert round_.forbids() is None
    answer = {"recording_id": recording.id, "unit_id": team.unit.id, "element": "time", "ordinal": 1}
    later = (START + timedelta(days=2)).isoformat()
    by = {"answered_by": team.officer.id, "answered_at": NOW, "basis": "own_word", "settles": []}
    session.add(ElementAnswer(**answer, value=later, reason="时钟有误", **by))
    session.flush()
    assert proven_services(session, [team.case.id]) == {}


def test_who_could_not_be_served_by_leaving_is_served_otherwise(session: Session, round_: Round) -> None:
    round_.team.act("service_left")
    round_.photograph()
    assert round_.forbids() == "unserved"
    row = round_.serve(round_.in_person(START + 60 * MINUTE))
    assert (round_.forbids(), row.act_id) == (None, None)


@pytest.mark.parametrize(
    ("served", "problem"),
    [
        (Served("in_person", START, "张某", document_number="7", receiver="本人"), "no_proof"),
        (Served("in_person", START, "张某", document_number="7"), "no_receiver"),
        (Served("mailed", START, "张某", document_number="7"), "no_carrier"),
        (Served("mailed", START, "张某", document_number="7", carrier="EMS 1"), "no_proof"),
        (Served("entrusted", START, "张某", document_number="7"), "no_carrier"),
        (Served("electronic", START, "张某", document_number="7", carrier="a@b.cn"), "no_ground"),
        (Served("electronic", START, "张某", document_number="7", carrier="a@b.cn", ground="确认书"), "no_proof"),
        (Served("posted", START, "张某", document_number="7", ground="下落不明"), "no_carrier"),
        (Served("posted", START, "张某", document_number="7", carrier="公告栏"), "no_ground"),
    ],
)
def test_each_manner_needs_its_own(round_: Round, served: Served, problem: str) -> None:
    assert refused(round_, served) == problem


@pytest.mark.parametrize("method", ["mailed", "entrusted", "electronic"])
def test_each_manner_is_taken_with_what_it_needs(round_: Round, method: str) -> None:
    row = round_.serve(replace(round_.in_person(), method=method, carrier="EMS 1", ground="确认书"))
    assert (row.method, row.counts_on, row.rule_id) == (method, DAY, None)


def test_a_public_notice_counts_after_its_days_by_the_version_of_its_day(session: Session, round_: Round) -> None:
    row = round_.serve(round_.posted())
    assert row.counts_on == date(2026, 4, 8)
    assert session.get_one(TermRule, row.rule_id).version == 2
    before = round_.serve(round_.posted(START.replace(year=2021)))
    assert before.counts_on == date(2021, 5, 8)
    assert session.get_one(TermRule, before.rule_id).version == 1
    fulfil_term(session, round_.team.officer, round_.term().id, DAY, NOW)
    with pytest.raises(PostingUncounted, match="posted_service"):
        round_.serve(round_.posted(START.replace(year=1995)))


def test_what_a_term_ended_by_is_not_taken_away_under_it(session: Session, round_: Round) -> None:
    team, free = round_.team, round_.serve(round_.in_person())
    with pytest.raises(RoleNotAllowed):
        withdraw_service(session, team.officer, free.id, "误登")
    withdraw_service(session, team.supervisor, free.id, "误登")
    with pytest.raises(ServiceWithdrawn):
        withdraw_service(session, team.supervisor, free.id, "再次")
    term, counts = round_.term(), round_.serve(round_.in_person(START + MINUTE))
    fulfil_term(session, team.officer, term.id, DAY, NOW)
    with pytest.raises(TermFulfilled):
        fulfil_term(session, team.officer, term.id, DAY, NOW)
    with pytest.raises(ServiceCounts), session.begin_nested():
        withdraw_service(session, team.supervisor, counts.id, "误登")
    round_.serve(round_.in_person(START + 2 * MINUTE))
    withdraw_service(session, team.supervisor, counts.id, "误登")
    assert team.archive.last_entry("case.service_withdrawn").data["service_id"] == str(counts.id)


def test_what_cannot_have_been_is_refused(session: Session, round_: Round) -> None:
    team, served = round_.team, round_.in_person()
    for changed, error in (
        ({"method": "carrier_pigeon"}, WordUnknown),
        ({"served_at": NOW + MINUTE}, ServiceTimeUnusable),
        ({"served_at": START.replace(tzinfo=None)}, ServiceTimeUnusable),
        ({"served_at": START.replace(year=1980)}, ServiceTimeUnusable),
        ({"document_number": " "}, ServedUnusable),
        ({"addressee": ""}, TextUnusable),
    ):
        with pytest.raises(error):
            round_.serve(replace(served, **changed))
    stranger = team.archive.person(team.archive.unit(), "officer")
    with pytest.raises(OutsideUnit):
        state_service(session, stranger, team.case.id, served, (), NOW)
    assert services_of(session, team.case.id) == ()
    round_.serve(served)
    with pytest.raises(ServiceRepeated):
        round_.serve(served)
    assert len(services_of(session, team.case.id)) == 1


def test_what_may_prove_a_refusal_is_offered_nearest_in_time_first(session: Session, round_: Round) -> None:
    team, act = round_.team, round_.team.act("service_left")
    far, near = round_.photograph(started_at=START - timedelta(days=1)), round_.photograph()
    unplaced = round_.photograph(started_at=START + 15 * MINUTE, latitude=None, longitude=None, place_source=None)
    undated = round_.photograph(started_at=None, uncertainty_seconds=None)
    at = START + 14 * MINUTE
    found = proofs_near(session, team.officer, team.case, "left", at, act)
    assert [(each.recording.id, each.problem) for each in found] == [
        (unplaced.id, "no_recorded_place"),
        (near.id, None),
        (far.id, "recorded_elsewhen"),
        (undated.id, "no_time"),
    ]
    assert {each.problem for each in proofs_near(session, team.officer, team.case, "mailed", at)} == {None}
