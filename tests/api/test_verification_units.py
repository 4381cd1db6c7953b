"""A merged unit against the ledger: what went over, what came after, and who was let back in past it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from api.credentials import create_api_token, find_viewer_of_cookie, find_viewer_of_token, open_session
from api.verification import verify_archive
from casework.cases import find_case
from casework.organisation import create_unit
from casework.retrieval.posts import name_to_post
from ingest.lanes import seal_next
from integrity.local_time import chinese_day
from storage.catalog.organisation import Person, Unit
from storage.catalog.recordings import Recording
from storage.catalog.stations import Station
from storage.catalog.uploads import Upload
from storage.ledger.append import Actor, Change, record_change
from tests.api.tampering import as_superuser, changed

OPERATOR = Actor.system("admin")


@pytest.fixture
def successor(sealing: Any) -> Unit:
    with sealing.archive.database.transaction() as session:
        return create_unit(session, OPERATOR, name="城东大队", code="CD")


@pytest.fixture
def merge(sealing: Any, successor: Unit, commands: Any, capsys: pytest.CaptureFixture[str]) -> Any:
    def merge() -> dict[str, Any]:
        capsys.readouterr()
        today = chinese_day(datetime.now(UTC)).isoformat()
        words = ("JB", "--into", "CD", "--on", today, "--ground", "江机编〔2026〕8号", "--json")
        assert commands("admin", "unit", "merge", *words) == 0
        said: dict[str, Any] = json.loads(capsys.readouterr().out)
        return said

    return merge


def codes(sealing: Any) -> list[tuple[str, str]]:
    sealing.settle()
    return [(finding.code, finding.subject) for finding in verify_archive(sealing.archive, 0).findings]


def test_the_command_says_what_went_over_and_verification_agrees(sealing: Any, successor: Unit, merge: Any) -> None:
    with sealing.archive.database.transaction() as session:
        name_to_post(session, OPERATOR, sealing.people["supervisor"].id, "chief")
    said = merge()
    assert (said["unit"], said["into"], said["open_cases"], said["posts_ended"]) == ("JB", "CD", 1, 1)
    assert set(said["people"]) == {"officer", "supervisor", "other", "legal"}
    assert said["stations"] == ["江北大队一号站"]
    assert codes(sealing) == []


def test_whoever_was_signed_in_is_out_at_once_and_his_tokens_are_revoked(sealing: Any, merge: Any) -> None:
    database, officer = sealing.archive.database, sealing.people["officer"]
    with database.transaction() as session:
        person = session.get_one(Person, officer.id)
        cookie, token = open_session(session, person, datetime.now(UTC)), create_api_token(session, person, "对接")
    said = merge()
    assert [each["label"] for each in said["tokens_revoked"]] == ["对接"]
    with database.reading() as session:
        assert find_viewer_of_cookie(session, cookie) is None
        assert find_viewer_of_token(session, token) is None
        assert find_case(session, session.get_one(Person, officer.id), sealing.case.id).unit_id == sealing.unit.id
    assert codes(sealing) == []


def test_what_a_station_had_begun_to_send_stays_and_what_it_sends_then_is_the_successors(
    sealing: Any, successor: Unit, merge: Any
) -> None:
    before = sealing.seal(b"before")
    begun = sealing.stage(b"begun", "AB00001_000123_20260101093000.MP4")
    merge()
    assert seal_next(sealing.custody, sealing.staging, "test")
    with sealing.archive.database.reading() as session:
        assert session.get_one(Station, sealing.station_id).unit_id == successor.id
        upload = session.get_one(Upload, begun)
        assert upload.state == "receipted"
        assert session.get_one(Recording, upload.recording_id).unit_id == before.unit_id == sealing.unit.id
    old, sealing.unit = sealing.unit, successor
    after = sealing.seal(b"after")
    again = sealing.seal(b"before")
    assert after.unit_id == successor.id
    assert (again.id, again.unit_id) == (before.id, old.id), "the same file is no second recording"
    assert codes(sealing) == []


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    with as_superuser(server, addresses) as connection:
        yield connection


def test_what_is_changed_past_the_ledger_is_found(sealing: Any, successor: Unit, merge: Any, superuser: Any) -> None:
    merge()
    assert codes(sealing) == []
    unit = f"unit {sealing.unit.id}"
    for table, change, found in (
        ("unit", "SET ended_on = ended_on - 1 WHERE code = 'JB'", {("row_differs", f"{unit}: ended_on")}),
        ("unit", "SET end_ground = 'x' WHERE code = 'JB'", {("row_differs", f"{unit}: end_ground")}),
        (
            "unit",
            "SET ended_on = NULL, ended_into = NULL, end_ground = NULL, ended_at = NULL WHERE code = 'JB'",
            {("row_differs", f"{unit}: {name}") for name in ("ended_on", "ended_into", "end_ground", "ended")}
            | {("begun_in_merged_unit", unit)},
        ),
        (
            "person",
            f"SET unit_id = '{sealing.unit.id}' WHERE sign_in_name = 'officer'",
            {("row_differs", f"person {sealing.people['officer'].id}: unit_id"), ("begun_in_merged_unit", unit)},
        ),
        (
            "station",
            f"SET unit_id = '{sealing.unit.id}'",
            {("row_differs", f"station {sealing.station_id}: unit_id"), ("begun_in_merged_unit", unit)},
        ),
    ):
        with changed(superuser, table, f"UPDATE {table} {change}"):
            assert set(codes(sealing)) == found, change
    assert codes(sealing) == []


def test_an_entry_of_something_begun_in_it_since_is_named(
    sealing: Any, merge: Any, superuser: psycopg.Connection[Any]
) -> None:
    merge()
    superuser.execute("DROP TRIGGER live_unit ON device")
    from casework.register.devices import record_device
    from storage.catalog.devices import Device

    with sealing.archive.database.transaction() as session:
        device = Device(id=uuid.uuid4(), unit_id=sealing.unit.id, code="AB00099")
        session.add(device)
        record_device(session, OPERATOR, device, "device.added", private={"code": device.code})
    found = codes(sealing)
    assert ("begun_in_merged_unit", f"unit {sealing.unit.id}") in found
    assert ("guard_missing", "table device") in found


def test_an_upload_that_was_begun_in_it_since_is_named(sealing: Any, merge: Any) -> None:
    merge()
    begun = Change("upload.created", "upload", "f" * 32, sealing.unit.id, {"declared_length": 4})
    with sealing.archive.database.transaction() as session:
        record_change(session, Actor.station(sealing.station_id), begun)
    assert ("begun_in_merged_unit", f"unit {sealing.unit.id}") in codes(sealing)


def test_a_merge_that_is_refused_says_so_in_both_languages(
    sealing: Any, successor: Unit, commands: Any, merge: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    today = chinese_day(datetime.now(UTC)).isoformat()
    words = ("--on", today, "--ground", "批复")
    merge()
    for code, into, said in (
        ("JB", "CD", "“江北大队”已于"),
        ("CD", "JB", "不能再新办事项"),
        ("CD", "CD", "两者是同一单位"),
        ("CD", "XX", "没有代码为 XX 的单位"),
    ):
        capsys.readouterr()
        assert commands("admin", "unit", "merge", code, "--into", into, *words) != 0
        assert said in capsys.readouterr().err
    with sealing.archive.database.reading() as session:
        assert session.scalars(select(Unit.ended_on).where(Unit.code == "CD")).one() is None
