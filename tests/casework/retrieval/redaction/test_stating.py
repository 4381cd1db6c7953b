"""What is to be hidden: stated, refused where it cannot be, and checked by a second person."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.archiving.secrecy import state_secrecy
from casework.errors import AccessRefused, RoleNotAllowed, TextUnusable, WordUnknown
from casework.retrieval.redaction import (
    check_redaction,
    digest_spans,
    latest_redactions,
    list_to_check,
    state_redaction,
)
from casework.retrieval.redaction_errors import (
    NothingToHideIn,
    OwnRedaction,
    RedactionChecked,
    RedactionReplaced,
    SpansUnusable,
)
from retention.errors import OutsideUnit
from storage.catalog.organisation import Person
from storage.catalog.redaction import Box, Mute
from tests.casework.retrieval.redaction.scene import FACE, LOST, NOW, SILENT, SOUND, STILL, WORD, Scene


def test_what_is_hidden_is_kept_as_stated_and_the_latest_counts(session: Session, archive: Any, scene: Scene) -> None:
    first, second = scene.state(FACE, WORD), scene.state(WORD)
    film = scene.films[0].id
    assert (first.ordinal, second.ordinal) == (1, 2)
    assert latest_redactions(session, [film, scene.films[1].id]) == {film: second}
    kept = {"left": 0.25, "top": 0.1, "width": 0.2, "height": 0.3, "from_seconds": 1.0, "to_seconds": 4.5}
    assert first.boxes == [{**kept, "style": "black"}]
    entry = archive.entries("redaction.stated")[0]
    assert (entry.data["spans_sha256"], entry.data["boxes"], entry.data["mutes"]) == (digest_spans(first), 1, 1)
    assert digest_spans(first) != digest_spans(second)
    assert "遮蔽面部" not in archive.ledger_text()


@pytest.mark.parametrize(
    ("span", "problem"),
    [
        (Box(0.9, 0.1, 0.2, 0.3, 0, 1), "outside"),
        (Box(-0.1, 0.1, 0.2, 0.3, 0, 1), "outside"),
        (Box(0.1, 0.8, 0.2, 0.21, 0, 1), "outside"),
        (Box(0.1, 0.1, 0, 0.2, 0, 1), "no_size"),
        (Box(0.1, 0.1, 0.2, -0.2, 0, 1), "no_size"),
        (Box(0.1, 0.1, 0.2, 0.00001, 0, 1), "no_size"),
        (Box(0.1, 0.1, 0.2, 0.2, 2, 2), "no_time"),
        (Box(0.1, 0.1, 0.2, 0.2, -1, 2), "no_time"),
        (Box(0.1, 0.1, 0.2, 0.2, 500, 600), "after_the_end"),
        (Box(0.1, 0.1, 0.2, 0.2, 60), "after_the_end"),
        (Box(0.1, 0.1, 0.2, 0.2, 50, 61), "after_the_end"),
        (Box(float("nan"), 0.1, 0.2, 0.2, 0, 1), "no_number"),
        (Box(0.1, 0.1, 0.2, float("inf"), 0, 1), "no_number"),
        (Box(0.1, 0.1, 0.2, 0.2, 0, 1, "pixels"), "no_style"),
        (Mute(3, 2), "no_time"),
        (Mute(70, 80), "after_the_end"),
        (Mute(float("nan"), 2), "no_number"),
    ],
)
def test_what_is_outside_the_picture_or_the_film_is_refused_by_number(
    session: Session, archive: Any, scene: Scene, span: Box | Mute, problem: str
) -> None:
    good = FACE if isinstance(span, Box) else WORD
    with pytest.raises(SpansUnusable) as refused:
        scene.state(good, span)
    assert (refused.value.number, refused.value.problem, refused.value.length) == (2, problem, 60.0)
    assert "nothing was stated" in str(refused.value)
    assert latest_redactions(session, [scene.films[0].id]) == {}
    assert archive.entries("redaction.stated") == []


def test_a_span_that_reaches_the_end_goes_on_to_whatever_comes_after_it(scene: Scene) -> None:
    row = scene.state(Box(0, 0, 1, 1, 10, 60.3), Box(0, 0, 1, 1, 10), Box(0, 0, 1, 1, 10, 59.9), Mute(0, 60))
    assert [box["to_seconds"] for box in row.boxes] == [None, None, 59.9]
    assert row.mutes == [{"from_seconds": 0.0, "to_seconds": None}]


@pytest.mark.parametrize(
    ("findings", "span", "problem"),
    [(SOUND, FACE, "no_picture"), (SILENT, WORD, "no_sound"), (STILL, WORD, "no_sound")],
)
def test_boxes_need_a_picture_and_mutes_need_sound(
    scene: Scene, findings: dict[str, Any], span: Box | Mute, problem: str
) -> None:
    with pytest.raises(SpansUnusable) as refused:
        scene.state(span, film=scene.film(findings))
    assert (refused.value.number, refused.value.problem) == (1, problem)


def test_a_photograph_has_no_time_line(scene: Scene) -> None:
    row = scene.state(Box(0, 0, 0.5, 0.5, 7, 8), film=scene.film(STILL, duration_seconds=0.04))
    assert (row.boxes[0]["from_seconds"], row.boxes[0]["to_seconds"]) == (0.0, None)


def test_what_nobody_can_decode_is_refused_until_something_of_it_was_recovered(archive: Any, scene: Scene) -> None:
    unreadable, lost = scene.film({"kind": "none"}, media_state="unreadable"), scene.film(LOST, media_state="damaged")
    for film in (unreadable, lost):
        with pytest.raises(NothingToHideIn):
            scene.state(film=film)
    archive.rendition(lost, "recovery")
    assert scene.state(FACE, WORD, film=lost).ordinal == 1


def test_too_many_no_reason_no_role_no_grant_and_another_unit_are_refused(
    session: Session, archive: Any, scene: Scene
) -> None:
    film = scene.films[0].id
    with pytest.raises(SpansUnusable, match="200"):
        scene.state(*[FACE] * 201)
    with pytest.raises(TextUnusable):
        state_redaction(session, scene.officer, film, [FACE], [], " ", NOW)
    with pytest.raises(RoleNotAllowed):
        state_redaction(session, archive.person(scene.unit, "auditor"), film, [FACE], [], "r", NOW)
    with pytest.raises(AccessRefused, match="no grant"):
        state_redaction(session, archive.person(scene.unit, "officer"), film, [FACE], [], "r", NOW)
    with pytest.raises(OutsideUnit):
        state_redaction(session, archive.person(archive.unit(), "officer"), film, [FACE], [], "r", NOW)


def test_a_second_person_checks_once_and_the_latest_alone(session: Session, archive: Any, scene: Scene) -> None:
    redaction = scene.state(FACE)
    with pytest.raises(OwnRedaction):
        check_redaction(session, scene.officer, redaction.id, "passed", None, NOW)
    with pytest.raises(AccessRefused):
        check_redaction(session, scene.supervisor, redaction.id, "passed", None, NOW)
    with pytest.raises(TextUnusable):
        scene.check(redaction, "returned")
    with pytest.raises(WordUnknown):
        scene.check(redaction, "maybe")
    scene.check(redaction, "returned", "车牌未遮蔽")
    with pytest.raises(RedactionChecked):
        scene.check(redaction)
    earlier, later = scene.state(FACE), scene.state(FACE, WORD)
    with pytest.raises(RedactionReplaced):
        scene.check(earlier)
    scene.check(later)
    assert [entry.data["verdict"] for entry in archive.entries("redaction.checked")] == ["returned", "passed"]
    assert "车牌未遮蔽" not in archive.ledger_text()


def test_what_waits_for_a_second_person_is_listed_for_him_alone(session: Session, archive: Any, scene: Scene) -> None:
    first, second = scene.state(FACE), scene.state(WORD, film=1)

    def listed(person: Person) -> list[tuple[uuid.UUID, str]]:
        return [(stated.id, name) for stated, name in list_to_check(session, person, 10)]

    names = [film.original_name for film in scene.films]
    assert listed(scene.second) == [(first.id, names[0]), (second.id, names[1])]
    assert listed(scene.officer) == []
    assert listed(archive.person(archive.unit(), "officer")) == []
    scene.check(second, "returned", "另有一人")
    later = scene.state(FACE, WORD)
    assert listed(scene.second) == [(later.id, names[0])]
    state_secrecy(session, scene.supervisor, scene.case.id, "privacy", "涉及未成年人", licensed=False)
    assert listed(archive.person(scene.unit, "officer")) == []
