"""What is hidden in copies that leave: stated for good, checked by somebody else; copies of what both looked at."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from casework.access import GrantFound
from casework.archiving.secrecy import state_secrecy
from casework.errors import AccessRefused, RoleNotAllowed, TextUnusable, WordUnknown
from casework.linking.by_hand import unlink
from casework.requests import revoke
from casework.retrieval.copies import ask_for_copies, copies_of, mark_lines, permit_fetching
from casework.retrieval.oversight import Wanted, list_grant_uses
from casework.retrieval.redaction import (
    check_redaction,
    digest_spans,
    latest_redactions,
    list_to_check,
    state_redaction,
)
from casework.retrieval.redaction_errors import (
    CopyNotThere,
    NothingToHideIn,
    OwnRedaction,
    RedactionChecked,
    RedactionReplaced,
    RedactionsMissing,
    SpansUnusable,
)
from retention.classes import lengthen_class, list_classes
from retention.errors import OutsideUnit, UnknownSubject
from storage.catalog.access import AccessRequest, Grant
from storage.catalog.casework import CaseLink
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.catalog.redaction import Box, Mute, RedactedCopy, Redaction, RedactionCheck
from storage.database import Database
from storage.keystore import WrappedKey

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
FACE = Box(0.25, 0.1, 0.2, 0.3, 1.0, 4.5)
WORD = Mute(2.0, 2.5)
BOTH = {"kind": "video", "streams": [{"kind": "video", "codec": "h264"}, {"kind": "audio", "codec": "aac"}]}
SILENT = {"kind": "video", "streams": [{"kind": "video", "codec": "h264"}]}
SOUND = {"kind": "audio", "streams": [{"kind": "audio", "codec": "aac"}]}
STILL = {"kind": "still", "streams": [{"kind": "video", "codec": "mjpeg"}]}
LOST = {"kind": "none", "streams": [], "reasons": [{"code": "moov_missing", "facts": {}}]}


@dataclass
class Scene:
    session: Session
    archive: Any
    films: list[Recording] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.unit = self.archive.unit()
        self.officer, self.second, self.supervisor = (
            self.archive.person(self.unit, role) for role in ("officer", "officer", "supervisor")
        )
        self.case = self.archive.case(self.officer)
        self.films = [self.film(BOTH) for _ in range(2)]
        for person in (self.officer, self.second):
            self.let_view(person)

    def film(self, findings: dict[str, Any], **facts: Any) -> Recording:
        name = f"film{len(self.films) + 1}.mp4"
        film: Recording = self.archive.recording(self.unit, **{"findings": findings, "original_name": name, **facts})
        self.archive.link(film, self.case, self.officer)
        return film

    def let_view(self, person: Person) -> Grant:
        grant: Grant = self.archive.grant(self.case, person, self.supervisor, now=NOW)
        return grant

    def let_copy(self) -> Grant:
        grant: Grant = self.archive.grant(self.case, self.officer, self.supervisor, "copy", now=NOW)
        return grant

    def state(self, *spans: Box | Mute, film: Recording | int = 0, by: Person | None = None) -> Redaction:
        boxes = [each for each in spans if isinstance(each, Box)]
        mutes = [each for each in spans if isinstance(each, Mute)]
        of = film if isinstance(film, Recording) else self.films[film]
        return state_redaction(self.session, by or self.officer, of.id, boxes, mutes, "遮蔽面部", NOW)

    def check(self, redaction: Redaction, verdict: str = "passed", reason: str | None = None) -> RedactionCheck:
        return check_redaction(self.session, self.second, redaction.id, verdict, reason, NOW)

    def settle(self, *spans: Box | Mute, film: Recording | int = 0) -> Redaction:
        redaction = self.state(*spans, film=film)
        self.check(redaction)
        return redaction

    def ask(self, grant: Grant, *films: Recording) -> tuple[RedactedCopy, ...]:
        chosen = [film.id for film in films] or None
        return ask_for_copies(self.session, self.officer, self.case.id, grant.id, NOW, chosen)


@pytest.fixture
def scene(session: Session, archive: Any) -> Scene:
    return Scene(session, archive)


def finish(session: Session, row: RedactedCopy) -> None:
    row.state, row.sha256, row.made_at = "done", bytes(32), NOW
    row.kek_id, row.wrapped_data_key = "unit.2026-09.000001-0", b"wrapped"
    session.flush()


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


def test_raw_sql_neither_rewrites_nor_forges(database: Database, archive_in: Any) -> None:
    with database.transaction() as session:
        scene = Scene(session, archive_in(session))
        scene.settle(FACE)
        unchecked = scene.state(FACE, film=1)
        grant, view = scene.let_copy(), scene.let_view(scene.officer)
        (row,) = scene.ask(grant, scene.films[0])
        finish(session, row)
        values = {
            "unchecked": unchecked.id,
            "checked": row.redaction_id,
            "film": scene.films[0].id,
            "other": scene.films[1].id,
            "grant": grant.id,
            "view": view.id,
            "officer": scene.officer.id,
            "second": scene.second.id,
        }
    for statement in (
        "UPDATE redaction SET boxes = '[]'",
        "DELETE FROM redaction",
        "UPDATE redaction_check SET verdict = 'returned', reason = 'x'",
        "DELETE FROM redaction_check",
        "UPDATE redacted_copy SET mark = '[]'",
        "UPDATE redacted_copy SET redaction_id = :unchecked",
        "UPDATE redacted_copy SET sha256 = sha256('x')",
        "UPDATE redacted_copy SET state = 'due', sha256 = NULL",
        "UPDATE redacted_copy SET tool_version = '9'",
        "DELETE FROM redacted_copy",
        _CHECK.format(by=":officer"),
        _COPY.format(redaction=":unchecked", film=":other", grant=":grant", by=":officer", state="due"),
        _COPY.format(redaction=":checked", film=":other", grant=":grant", by=":officer", state="due"),
        _COPY.format(redaction=":checked", film=":film", grant=":view", by=":officer", state="due"),
        _COPY.format(redaction=":checked", film=":film", grant=":grant", by=":second", state="due"),
        _COPY.format(redaction=":checked", film=":film", grant=":grant", by=":officer", state="failed"),
    ):
        with pytest.raises(DBAPIError), database.transaction() as session:
            session.execute(text(statement), values)
    with database.transaction() as session:  # what goes wrong above is what is forged, and not the statement
        session.execute(text(_CHECK.format(by=":second")), values)
        good = _COPY.format(redaction=":unchecked", film=":other", grant=":grant", by=":officer", state="due")
        session.execute(text(good), values)


_CHECK = (
    "INSERT INTO redaction_check (id, unit_id, redaction_id, verdict, checked_by, checked_at)"
    " SELECT gen_random_uuid(), unit_id, id, 'passed', {by}, now() FROM redaction WHERE id = :unchecked"
)
_COPY = (
    "INSERT INTO redacted_copy (id, unit_id, case_id, recording_id, redaction_id, grant_id, mark, asked_by, asked_at,"
    " state, outcome) SELECT gen_random_uuid(), unit_id, case_id, {film}, {redaction}, {grant}, mark, {by}, asked_at,"
    " '{state}', 'x' FROM redacted_copy LIMIT 1"
)
