"""What is asked of the officer where the same bytes came again, and something else was said of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.elements.answers import Choice, answer_questions
from casework.elements.candidates import find_nearest
from casework.elements.facts import gather_facts
from storage.catalog.elements import ElementQuestion
from tests.casework.elements.team import FILMED, Team


@pytest.fixture
def team(session: Session, archive: Any) -> Team:
    return Team(session, archive)


def chosen(team: Team, recording: Any, element: str, value: str) -> None:
    team.judge()
    (nearest,) = (
        each
        for each in find_nearest(team.session, gather_facts(team.session, [recording.id]), element)[recording.id]
        if (each.element, each.value) == (element, value)
    )
    fingerprint = team.element(recording, element)["fingerprint"]
    choice = Choice(element, nearest.value, nearest.basis)
    supervisor = team.archive.person(team.unit, "supervisor")
    questions = {recording.id: fingerprint}
    answer_questions(team.session, supervisor, element, questions, choice, datetime.now(UTC))


def test_both_words_are_asked_about_and_are_candidates(team: Team) -> None:
    mine = team.new_device("AB00005")
    team.give(mine, team.other)
    film = team.recording()
    assert team.open(film) == {}
    said = {"device": "AB00005", "officer": team.other.badge_number, "started_at": FILMED - timedelta(hours=1)}
    team.archive.received_again(film, ["device", "officer", "time"], **said, started_at_source="station")
    codes = ["said_otherwise"]
    assert team.open(film) == {"device": codes, "officer": codes, "time": codes}
    facts = gather_facts(team.session, [film.id])
    for element, words in {
        "device": {("claim", str(team.device.id)), ("received_again", str(mine.id))},
        "officer": {("register_holder", str(team.officer.id)), ("received_again", str(team.other.id))},
    }.items():
        found = find_nearest(team.session, facts, element)[film.id]
        assert words <= {(each.basis, each.value) for each in found}
    times = find_nearest(team.session, facts, "time")[film.id]
    assert said["started_at"].isoformat() in [each.value for each in times if each.basis == "received_again"]


@pytest.mark.parametrize("right", ["first", "again"])
def test_an_answer_settles_it_until_something_else_is_said(team: Team, right: str) -> None:
    mine = team.new_device("AB00005")
    team.give(mine, team.officer)
    film = team.recording()
    team.archive.received_again(film, ["device"], device="AB00005")
    chosen(team, film, "device", str((team.device if right == "first" else mine).id))
    assert team.open(film) == {}
    again = {"first": "AB00001", "again": "AB00005"}[right]
    team.archive.received_again(film, ["device"], device=again)
    assert team.open(film) == {}, "it agrees with the answer"
    team.archive.received_again(film, ["device"], device="ZZ99999")
    assert team.open(film) == {"device": ["said_otherwise"]}


def test_the_same_other_word_once_more_is_no_new_question(team: Team) -> None:
    film = team.recording()
    team.archive.received_again(film, ["device"], device="ZZ99999")
    before = team.element(film, "device")["fingerprint"]
    team.archive.received_again(film, ["device"], device="ZZ99999")
    assert team.element(film, "device")["fingerprint"] == before


def test_a_word_where_there_was_none_is_asked_about_of_whom_it_names(team: Team) -> None:
    film = team.recording(device=None, officer="999999", started_at=None, claims=())
    said = {"device": "AB00001", "officer": team.officer.badge_number, "started_at": FILMED, "act": "seizure"}
    team.archive.received_again(film, ["act", "device", "officer", "time"], **said)
    codes = ["said_otherwise"]
    asked = team.open(film)
    assert asked["officer"] == ["officer_unknown", "said_otherwise"]
    asked["officer"] = codes
    assert {name: asked[name] for name in ("act", "device", "officer", "time")} == dict.fromkeys(
        ("act", "device", "officer", "time"), codes
    )
    questions = team.session.scalars(select(ElementQuestion).where(ElementQuestion.recording_id == film.id))
    assert {each.officer_id for each in questions} == {team.officer.id}, "nobody else could tell"
