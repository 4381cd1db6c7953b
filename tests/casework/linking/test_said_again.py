"""The same bytes came again, and another device, officer or time was said of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.linking.rows import live_links
from casework.linking.unlinked import list_questions
from tests.casework.linking.due import link_due_recordings
from tests.casework.linking.linked import HOUR, MINUTE, START, assigned_case, look, recorded


def offered(session: Session, officer: Any, recording: Any) -> set[Any]:
    asked = [each for each in list_questions(session, officer.unit_id).items if each.recording_id == recording.id]
    return {choice["case_id"] for each in asked for choice in each.candidates}


@pytest.mark.parametrize("seen_before", [False, True])
def test_a_forged_copy_that_came_first_does_not_keep_the_film_from_its_case(
    session: Session, archive: Any, officer: Any, unit: Any, seen_before: bool
) -> None:
    case = assigned_case(session, archive, officer)
    film = recorded(archive, unit, START - 30 * 24 * HOUR, device="ZZ99999", officer="999999")
    if seen_before:
        assert look(session, film) == "no_case"
    said = {"device": "AB00001", "officer": officer.badge_number, "started_at": START + 10 * MINUTE}
    archive.received_again(film, ["device", "officer", "time"], **said, started_at_uncertainty_seconds=0.0)
    assert look(session, film) == "question"
    assert offered(session, officer, film) == {str(case.id)}
    assert live_links(session, film.id) == (), "neither word links by itself"


def test_what_the_first_word_linked_is_asked_about_and_the_link_stays(
    session: Session, archive: Any, officer: Any, unit: Any
) -> None:
    case = assigned_case(session, archive, officer)
    film = recorded(archive, unit, START + 10 * MINUTE)
    assert look(session, film) == "linked"
    archive.received_again(film, ["device"], device="ZZ99999")
    assert look(session, film) == "question"
    assert offered(session, officer, film) == {str(case.id)}
    assert [link.case_id for link in live_links(session, film.id)] == [case.id]
    assert link_due_recordings(session) == {}, "asked once"


@pytest.mark.parametrize("differs", [[], ["name"], ["mark"], ["act"]])
def test_what_says_nothing_of_who_and_when_leaves_the_linker_alone(
    session: Session, archive: Any, officer: Any, unit: Any, differs: list[str]
) -> None:
    assigned_case(session, archive, officer)
    film = recorded(archive, unit, START + 10 * MINUTE)
    archive.received_again(film, differs)
    assert look(session, film) == "linked"


def test_many_words_of_one_film_are_looked_at_by_no_more_than_a_person_can_choose_from(
    session: Session, archive: Any, officer: Any, unit: Any
) -> None:
    case = assigned_case(session, archive, officer)
    film = recorded(archive, unit, START + 10 * MINUTE)
    for number in range(30):
        archive.received_again(film, ["device"], device=f"ZZ{number:05}", started_at=datetime(2026, 3, 1, tzinfo=UTC))
    assert look(session, film) == "question"
    assert offered(session, officer, film) == {str(case.id)}
