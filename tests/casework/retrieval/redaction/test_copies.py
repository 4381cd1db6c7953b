"""Copies that leave: asked for, marked, fetched, failed."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.access import GrantFound
from casework.errors import AccessRefused
from casework.linking.by_hand import unlink
from casework.requests import revoke
from casework.retrieval.copies import ask_for_copies, copies_of, mark_lines, permit_fetching
from casework.retrieval.oversight import Wanted, list_grant_uses
from casework.retrieval.redaction_errors import (
    CopyNotThere,
    NothingToHideIn,
    RedactionsMissing,
)
from retention.classes import lengthen_class, list_classes
from retention.errors import UnknownSubject
from storage.catalog.access import AccessRequest
from storage.catalog.casework import CaseLink
from storage.catalog.organisation import Person
from storage.database import Database
from storage.keystore import WrappedKey
from tests.casework.retrieval.redaction.scene import FACE, NOW, SILENT, WORD, Scene, finish
from tests.casework.test_merging import merge


def test_no_copies_before_everything_was_stated_and_checked(session: Session, archive: Any, scene: Scene) -> None:
    grant = scene.let_copy()
    first, second = scene.films
    third = scene.film(SILENT, original_name="film3.mp4")
    scene.film({"kind": "none"}, media_state="unreadable", original_name="noise.bin")
    scene.state(FACE)
    scene.check(scene.state(FACE, film=second), "returned", "另有一人")
    with pytest.raises(RedactionsMissing) as refused:
        scene.ask(grant)
    assert set(refused.value.missing) == {
        (first.original_name, "unchecked"),
        (second.original_name, "returned"),
        (third.original_name, "unstated"),
    }
    assert copies_of(session, scene.case.id) == ()
    for film in (first, second, third):
        scene.settle(film=film)
    rows = scene.ask(grant)
    assert {row.recording_id for row in rows} == {first.id, second.id, third.id}
    assert len(scene.ask(grant)) == 3
    assert len(archive.entries("copy.asked")) == 3


def test_the_mark_says_who_gets_it_for_whom_when_and_under_which_grant(
    session: Session, archive: Any, scene: Scene
) -> None:
    scene.settle(FACE)
    grant, officer = scene.let_copy(), scene.officer
    (row,) = scene.ask(grant, scene.films[0])
    assert row.mark == [f"{officer.name} {officer.badge_number}  2026-03-10 16:00", str(grant.id)]
    assert officer.name not in archive.ledger_text()
    request = session.get_one(AccessRequest, grant.request_id)
    request.visitor_name, request.body_name = "韩梅", "某律师事务所"
    with session.no_autoflush:
        assert mark_lines(session, officer, GrantFound.of(grant), NOW)[1] == "某律师事务所 韩梅"
    session.expire(request)


def test_one_recording_may_be_asked_for_alone_but_none_that_is_not_there(scene: Scene) -> None:
    scene.settle(FACE)
    grant = scene.let_copy()
    assert [row.recording_id for row in scene.ask(grant, scene.films[0])] == [scene.films[0].id]
    with pytest.raises(RedactionsMissing):
        scene.ask(grant, scene.films[1])
    with pytest.raises(UnknownSubject):
        ask_for_copies(scene.session, scene.officer, scene.case.id, grant.id, NOW, [uuid.uuid4()])
    with pytest.raises(NothingToHideIn):
        scene.ask(grant, scene.film({"kind": "none"}, media_state="unreadable"))


def test_a_copy_is_fetched_by_whoever_asked_while_it_hides_what_it_has_to(
    session: Session, archive: Any, scene: Scene
) -> None:
    scene.settle(FACE)
    grant = scene.let_copy()
    (row,) = scene.ask(grant, scene.films[0])
    with pytest.raises(CopyNotThere) as refused:
        permit_fetching(session, scene.officer, row.id, NOW)
    assert refused.value.state == "due"
    finish(session, row)
    assert permit_fetching(session, scene.officer, row.id, NOW).id == row.id
    assert archive.last_entry("copy.sent").data == {"copy_id": str(row.id), "grant_id": str(grant.id)}
    with pytest.raises(AccessRefused, match="somebody else"):
        permit_fetching(session, scene.second, row.id, NOW)
    with pytest.raises(AccessRefused, match="expired"):
        permit_fetching(session, scene.officer, row.id, NOW + timedelta(days=1))
    scene.state(FACE, WORD)
    with pytest.raises(CopyNotThere) as outdated:
        permit_fetching(session, scene.officer, row.id, NOW)
    assert outdated.value.state == "outdated"
    revoke(session, archive.person(scene.unit, "legal_reviewer"), grant.id, "撤销")
    with pytest.raises(AccessRefused, match="revoked"):
        permit_fetching(session, scene.officer, row.id, NOW)


def test_what_stands_in_the_case_no_more_is_not_fetched_under_its_grant(
    session: Session, archive: Any, scene: Scene
) -> None:
    scene.settle(FACE)
    (row,) = scene.ask(scene.let_copy(), scene.films[0])
    finish(session, row)
    wrong = select(CaseLink).where(CaseLink.recording_id == row.recording_id)
    unlink(session, scene.supervisor, session.scalars(wrong).one().id, "不是本案")
    with pytest.raises(AccessRefused) as refused:
        permit_fetching(session, scene.officer, row.id, NOW)
    assert (refused.value.reason, refused.value.subject) == ("not_linked", "recording")
    assert archive.entries("copy.sent") == []


def test_the_auditor_sees_a_copy_as_a_use_of_its_grant_unless_it_failed(
    session: Session, archive: Any, scene: Scene
) -> None:
    scene.settle(FACE)
    grant, auditor = scene.let_copy(), archive.person(scene.unit, "auditor")

    def unused() -> set[uuid.UUID]:
        return {use.grant.id for use in list_grant_uses(session, auditor, Wanted(unused=True)).items}

    assert grant.id in unused()
    (row,) = scene.ask(grant, scene.films[0])
    assert grant.id not in unused()
    uses = {use.grant.id: use for use in list_grant_uses(session, auditor, Wanted()).items}
    assert (uses[grant.id].copy_count, uses[grant.id].export_count, uses[grant.id].is_unused) == (1, 0, False)
    row.state, row.outcome = "failed", "not_media"
    session.flush()
    assert grant.id in unused()


def test_who_asks_twice_at_once_gets_each_copy_once(database: Database, archive_in: Any) -> None:
    """The first has asked and not committed; the second waits for it, and finds its copies."""
    with database.transaction() as session:
        scene = Scene(session, archive_in(session))
        for film in range(2):
            scene.settle(FACE, film=film)
        grant = scene.let_copy()
        officer, case_id, grant_id = scene.officer, scene.case.id, grant.id
    asked: list[set[uuid.UUID]] = []
    failed: list[Exception] = []

    def ask() -> None:
        try:
            with database.transaction() as own:
                rows = ask_for_copies(own, own.get_one(Person, officer.id), case_id, grant_id, NOW)
                asked.append({row.id for row in rows})
        except Exception as error:
            failed.append(error)

    second = threading.Thread(target=ask)
    with database.transaction() as own:
        first = {row.id for row in ask_for_copies(own, own.get_one(Person, officer.id), case_id, grant_id, NOW)}
        second.start()
        second.join(0.5)
        assert second.is_alive()
    second.join()
    assert failed == []
    assert asked == [first]
    assert len(first) == 2
    with database.reading() as session:
        assert len(archive_in(session).entries("copy.asked")) == 2


def test_what_failed_is_asked_for_again_and_the_failure_stays(session: Session, scene: Scene) -> None:
    scene.settle(FACE)
    grant = scene.let_copy()
    (row,) = scene.ask(grant, scene.films[0])
    row.state, row.outcome = "failed", "processor: …"
    session.flush()
    with pytest.raises(CopyNotThere):
        permit_fetching(session, scene.officer, row.id, NOW)
    assert sorted(each.state for each in scene.ask(grant, scene.films[0])) == ["due", "failed"]


def test_a_copy_s_key_moves_on_with_the_recording_s(session: Session, archive: Any, scene: Scene) -> None:
    scene.settle(FACE)
    (row,) = scene.ask(scene.let_copy(), scene.films[0])
    finish(session, row)
    moved = []

    class Keys:
        def rewrap(self, key: WrappedKey, unit_id: uuid.UUID, month: str) -> WrappedKey:
            moved.append(key.wrapped)
            return WrappedKey(f"{unit_id}.{month}", b"again")

    longest = list_classes(session)[-1]
    keys: Any = Keys()
    lengthen_class(session, scene.supervisor, scene.films[0].id, longest.code, "长期保存", keys)
    session.refresh(row)
    assert (row.wrapped_data_key, len(moved)) == (b"again", 2)


@pytest.mark.parametrize("of_case", ["merged", "successor"])
def test_copies_of_a_case_show_footage_of_the_merged_unit_and_of_its_successor(
    session: Session, archive: Any, scene: Scene, of_case: str
) -> None:
    merged, successor = scene.unit, archive.unit()
    merge(session, merged, successor)
    for person in (scene.officer, scene.second, scene.supervisor):
        session.refresh(person)
    if of_case == "successor":
        scene.case = archive.case(scene.officer)
        for film in scene.films:
            archive.link(film, scene.case, scene.officer)
        for person in (scene.officer, scene.second):
            scene.let_view(person)
    scene.unit = successor
    scene.films.append(scene.film(SILENT))
    for film in scene.films:
        scene.settle(FACE, film=film)
    grant = scene.let_copy()
    assert grant.unit_id == scene.case.unit_id == (merged if of_case == "merged" else successor).id
    copies = scene.ask(grant)
    assert {copy.unit_id for copy in copies} == {merged.id, successor.id}
    finish(session, copies[0])
    assert permit_fetching(session, scene.officer, copies[0].id, NOW).id == copies[0].id
