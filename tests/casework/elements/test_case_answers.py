"""The case as an answer: its reason is kept wherever it leads, and one answer corrects the one before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from casework.cases import assign
from casework.elements.answers import Choice, answer_questions, list_answers
from casework.linking.by_hand import link_by_hand
from casework.linking.errors import InSeveralCases
from casework.linking.rows import live_links
from storage.catalog.casework import Case, CaseLink, LinkQuestion
from storage.catalog.ledger import LedgerOpening
from storage.catalog.recordings import Recording
from tests.casework.elements.team import FILMED, Team
from tests.casework.elements.test_answers import LATER, answer, fingerprint, nearest
from tests.casework.linking.due import link_due_recordings

SPAN = {"starts_at": FILMED - timedelta(hours=1), "ends_at": FILMED + timedelta(hours=1)}


def asked_about(team: Team, cases: int = 2) -> tuple[Recording, list[Case]]:
    """A recording that the linker asks about, among so many cases."""
    recording, found = team.recording(), [team.archive.case(team.officer) for _ in range(cases)]
    for case in found:
        assign(team.session, team.officer, case.id, device="AB00001", **SPAN)
    assert len(nearest(team, recording, "case")) == cases
    return recording, found


def opened(team: Team, name: str) -> list[str]:
    """What lies beside the ledger under this name, in no order."""
    return list(team.session.scalars(select(LedgerOpening.value).where(LedgerOpening.name == name)))


def test_the_reason_for_another_case_than_the_linkers_is_the_links(team: Any) -> None:
    recording, _ = asked_about(team)
    third = team.archive.case(team.officer)
    answer(team, team.officer, recording, "case", Choice("case", str(third.id), reason="另案并案"))
    (link,) = live_links(team.session, recording.id)
    question = team.session.scalars(select(LinkQuestion)).one()
    assert (link.case_id, link.reason, question.reason) == (third.id, "另案并案", "另案并案")
    for action in ("recording.link_answered", "recording.linked"):
        assert list(team.archive.last_entry(action).data["commitments"]) == ["reason"]
    assert opened(team, "reason").count("另案并案") == 2
    assert "另案并案" not in team.archive.ledger_text()


def test_the_reason_why_it_belongs_to_none_is_the_questions(team: Any) -> None:
    recording, _ = asked_about(team)
    answer(team, team.officer, recording, "case", Choice("case", reason="巡逻，未立案"))
    question = team.session.scalars(select(LinkQuestion)).one()
    assert (question.reason, question.chosen_case_id, question.answered_by) == ("巡逻，未立案", None, team.officer.id)
    assert opened(team, "reason") == ["巡逻，未立案"]
    assert team.element(recording, "case")["state"] == "explained"


def test_the_links_of_the_linker_that_an_answer_ends_have_its_reason(team: Any) -> None:
    first = team.archive.case(team.officer)
    assign(team.session, team.officer, first.id, device="AB00001", **SPAN)
    recording = team.recording()
    team.judge()
    second = team.archive.case(team.officer)
    assign(team.session, team.officer, second.id, device="AB00001", **SPAN)
    found = nearest(team, recording, "case")
    assert {each.value for each in found} == {str(first.id), str(second.id)}
    answer(team, team.officer, recording, "case", Choice("case", str(second.id), reason="画面中是乙"))
    ended = team.session.scalars(select(CaseLink).where(CaseLink.case_id == first.id)).one()
    assert (ended.made_by, ended.ended_by, ended.end_reason) == ("window", team.officer.id, "画面中是乙")


def test_a_candidate_may_be_chosen_without_a_reason(team: Any) -> None:
    recording, _ = asked_about(team)
    found = nearest(team, recording, "case")
    answer(team, team.officer, recording, "case", Choice("case", found[0].value, "linker"))
    question = team.session.scalars(select(LinkQuestion)).one()
    assert question.reason is None
    (link,) = live_links(team.session, recording.id)
    assert link.reason == f"answer to question {question.id}"


def test_a_case_is_corrected_by_a_later_answer_and_so_is_that_it_has_none(team: Any) -> None:
    recording = team.recording()
    one, two = (team.archive.case(team.officer) for _ in range(2))
    answer(team, team.officer, recording, "case", Choice("case", str(one.id), reason="甲案"))
    answer(team, team.officer, recording, "case", Choice("case", str(two.id), reason="更正为乙"))
    assert team.element(recording, "case")["value"] == str(two.id)
    (link,) = live_links(team.session, recording.id)
    assert (link.case_id, link.reason) == (two.id, "更正为乙")
    ended = team.session.scalars(select(CaseLink).where(CaseLink.case_id == one.id)).one()
    assert (ended.ended_by, ended.end_reason) == (team.officer.id, "更正为乙")
    assert team.archive.last_entry("recording.unlinked").data["case_id"] == str(one.id)
    answer(team, team.officer, recording, "case", Choice("case", reason="不属于任何案件"))
    assert live_links(team.session, recording.id) == ()
    said = team.element(recording, "case")
    assert (said["state"], said["value"]) == ("explained", None)
    assert [each.reason for each in list_answers(team.session, recording.id)] == ["不属于任何案件"]
    answer(team, team.officer, recording, "case", Choice("case", str(one.id), reason="仍是甲"))
    assert (team.element(recording, "case")["state"], team.element(recording, "case")["value"]) == (
        "present",
        str(one.id),
    )


def test_a_link_of_the_linker_is_corrected_though_it_asked_nothing(team: Any) -> None:
    case, other = (team.archive.case(team.officer) for _ in range(2))
    assign(team.session, team.officer, case.id, device="AB00001", **SPAN)
    recording = team.recording()
    assert team.element(recording, "case")["value"] == str(case.id)
    answer(team, team.officer, recording, "case", Choice("case", str(other.id), reason="实为另案"))
    assert [(link.case_id, link.made_by) for link in live_links(team.session, recording.id)] == [(other.id, "person")]
    team.judge()
    assert team.element(recording, "case")["value"] == str(other.id)


def test_saying_that_it_stays_where_it_is_is_kept_with_its_reason(team: Any) -> None:
    case, recording = team.archive.case(team.officer), team.recording()
    link_by_hand(
        team.session, team.officer, recording_id=recording.id, case_id=case.id, stage=case.stage, reason="甲案"
    )
    answer(team, team.officer, recording, "case", Choice("case", str(case.id), reason="核对过"))
    (link,) = live_links(team.session, recording.id)
    assert (link.case_id, link.reason) == (case.id, "甲案")
    assert [(each.value, each.reason) for each in list_answers(team.session, recording.id)] == [
        (str(case.id), "核对过")
    ]


def test_who_says_that_it_has_no_case_keeps_the_linker_out(team: Any) -> None:
    recording = team.recording()
    answer(team, team.officer, recording, "case", Choice("case", reason="巡逻，未立案"))
    case = team.archive.case(team.officer)
    assign(team.session, team.officer, case.id, device="AB00001", **SPAN)
    assert link_due_recordings(team.session) == {}
    assert team.element(recording, "case")["state"] == "explained"


def test_of_one_in_several_cases_nobody_can_tell_which_is_corrected(team: Any) -> None:
    recording, alone = team.recording(), team.recording(started_at=FILMED + timedelta(minutes=10))
    cases = [team.archive.case(team.officer) for _ in range(3)]
    for case in cases[:2]:
        values = {"case_id": case.id, "stage": case.stage, "reason": "两案并查"}
        link_by_hand(team.session, team.officer, recording_id=recording.id, **values)
    choice = Choice("case", str(cases[2].id), reason="更正")
    with pytest.raises(InSeveralCases):
        answer(team, team.officer, recording, "case", choice)
    assert len(live_links(team.session, recording.id)) == 2
    seen = {each.id: fingerprint(team, each, "case") for each in (recording, alone)}
    done = answer_questions(team.session, team.officer, "case", seen, choice, LATER)
    assert (done.done, [type(each) for each in done.left_out.values()]) == ((alone.id,), [InSeveralCases])
