"""An upload that stands elsewhere than its entries have led it is found and named, in whatever way it was moved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import api.verification
import ingest.custody
from api.cli.admin_uploads import list_uploads, release, retry, upload_lines
from api.upload_limits import upload_register
from api.verification import verify_archive
from ingest.lanes import seal_next
from ingest.uploads.contract import Opening, StationIdentity
from ingest.uploads.metadata import UploadClaims
from ingest.uploads.register import CatalogRegister
from tests.api.tampering import Superuser, as_superuser, changed, found_in
from tests.ingest.uploads.openings import open_upload
from tests.sampling import some_of

CONTENT = b"no video at all, but evidence"


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[Superuser]:
    with as_superuser(server, addresses) as connection:
        yield connection


@pytest.fixture
def uploads(sealing: Any) -> dict[str, str]:
    """One in each state that entries lead to, by the state, and two that went the long way there."""
    sealing.seal(CONTENT)
    ids = {"again": seal_next_of(sealing, sealing.stage(CONTENT, "again.mp4"))}
    for name in ("retried", "released", "failed"):
        ids[name] = fail(sealing, sealing.stage(name.encode(), f"{name}.mp4"))
    with sealing.archive.database.transaction() as session:
        release(sealing.archive, session, ids["released"], "工作站已重新上传")
        retry(sealing.archive, session, ids["retried"])
    register = upload_register(sealing.archive)
    for name, ended in (("expired", register.expire_upload), ("terminated", register.terminate_upload)):
        assert ended(open_one(sealing, register, name).record)
    ids["deferred"] = open_one(sealing, register, "deferred").upload_id
    ids["finished"] = sealing.stage(b"waits", "waits.mp4")
    sealing.settle()
    return ids


def seal_next_of(sealing: Any, upload_id: str) -> str:
    assert seal_next(sealing.custody, sealing.staging, "test")
    return upload_id


def fail(sealing: Any, upload_id: str) -> str:
    sealing.staging.bytes_path(upload_id).unlink()
    return seal_next_of(sealing, upload_id)


def open_one(sealing: Any, register: CatalogRegister, name: str) -> Opening:
    station = StationIdentity(sealing.station_id, sealing.unit.id, 64, 1 << 40)
    claims = UploadClaims.from_json({"filename": f"{name}.mp4"})
    upload_id, expires = name.encode().hex().ljust(32, "0")[:32], datetime.now(UTC) + timedelta(days=1)
    opening = Opening(station, upload_id, 100, claims, expires, length_is_deferred=name == "deferred")
    open_upload(register, opening)
    if opening.length_is_deferred:
        register.declare_length(opening.record, station, 70)
    return opening


def test_every_way_that_entries_lead_is_sound(sealing: Any, uploads: dict[str, str]) -> None:
    assert found_in(sealing) == set()


def test_an_upload_that_was_moved_is_named(sealing: Any, uploads: dict[str, str], superuser: Superuser) -> None:
    for name, change, facts in (
        ("again", "state = 'finished', recording_id = NULL", {"state", "recording_id"}),
        ("again", "state = 'sealed'", {"state"}),
        ("retried", "state = 'failed', failure_code = 'x'", {"state", "failure_code"}),
        ("released", "state = 'finished'", {"state"}),
        ("failed", "state = 'terminated'", {"state"}),
        ("finished", "state = 'expired'", {"state"}),
        ("finished", "station_id = gen_random_uuid()", {"station_id"}),
        ("finished", "unit_id = gen_random_uuid()", {"unit_id"}),
        ("finished", "finished_at = finished_at - interval '1 day'", {"finished_at"}),
        ("finished", "claims = claims - 'sha256'", {"claimed_sha256"}),
        ("deferred", "declared_length = 60, length_deferred = TRUE", {"declared_length", "length_deferred"}),
    ):
        upload_id = uploads[name]
        with changed(superuser, "upload", f"UPDATE upload SET {change} WHERE id = '{upload_id}'"):
            found = {(code, about) for code, about in found_in(sealing) if code == "row_differs"}
        assert found == {("row_differs", f"upload {upload_id}: {fact}") for fact in facts}, change
    assert found_in(sealing) == set()


def test_what_was_lost_before_its_receipt_is_accounted_for_while_it_waits_and_once_it_has_it(
    sealing: Any, superuser: Superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, record = sealing.stage(CONTENT, "lost.mp4"), ingest.custody.record_sealing

    def record_and_lose(upload: Any, attempt: Any, facts: Any, custody: Any) -> None:
        record(upload, attempt, facts, custody)
        custody.store.delete(attempt.plan.object_name)
        sealing.staging.bytes_path(upload.id).unlink()

    with monkeypatch.context() as losing:
        losing.setattr(ingest.custody, "record_sealing", record_and_lose)
        seal_next_of(sealing, first)
    sealing.settle()
    with sealing.archive.database.reading() as session:
        (listed,) = list_uploads(sealing.archive, session)
    assert (listed["state"], listed["failure_code"]) == ("sealed", "LostBeforeReceipt")
    for said in ("sends the file again", "工作站会重新发送", f"liuhen admin upload retry {first}"):
        assert said in "\n".join(upload_lines(listed))
    assert {code for code, _ in found_in(sealing)} == {"object_missing"}
    for change in ("failure_code = NULL", "state = 'failed'"):
        with changed(superuser, "upload", f"UPDATE upload SET {change} WHERE id = '{first}'"):
            column = change.partition(" ")[0]
            assert ("row_differs", f"upload {first}: {column}") in found_in(sealing)
    with sealing.archive.database.transaction() as session:
        assert retry(sealing.archive, session, first)["state"] == "sealed"
    sealing.settle()
    assert {code for code, _ in found_in(sealing)} == {"object_missing"}
    sealing.staging.bytes_path(first).write_bytes(CONTENT)
    seal_next_of(sealing, first)
    sealing.settle()
    with sealing.archive.database.reading() as session:
        assert list_uploads(sealing.archive, session) == []
    assert found_in(sealing) == set()


def test_an_upload_without_entries_and_one_that_is_gone_are_named(
    sealing: Any, uploads: dict[str, str], superuser: Superuser
) -> None:
    gone, came = uploads["finished"], "f" * 32
    with changed(superuser, "upload", f"UPDATE upload SET id = '{came}' WHERE id = '{gone}'"):
        assert found_in(sealing) == {("row_unaccounted", f"upload {came}"), ("logged_row_missing", f"upload {gone}")}


def test_a_sealed_upload_put_back_with_all_that_leads_to_its_recording_is_named(
    sealing: Any, superuser: Superuser
) -> None:
    sealing.seal(CONTENT)
    sealing.settle()
    for table in ("receipt", "custody_attempt"):
        superuser.execute(f"DELETE FROM {table}".encode())
    ((upload_id,),) = superuser.execute("SELECT id FROM upload").fetchall()
    superuser.execute("UPDATE upload SET state = 'finished', recording_id = NULL")
    assert ("upload_differs", f"upload {upload_id}: recording_id") in found_in(sealing)


def test_what_was_said_when_a_file_came_again_is_held_against_its_entry(
    sealing: Any, uploads: dict[str, str], superuser: Superuser
) -> None:
    upload_id = uploads["again"]
    for change, facts in (
        ("original_name = 'other.mp4'", {"original_name"}),
        ("claims = '[]'", {"claims_text"}),
        ("claims = '[1e400]'", {"claims_text"}),
        ("claims = '1'", {"claims_text"}),
        ("claims = '[{}]'", {"claims_text"}),
        ("differs = '[]'", {"differs"}),
        ("device = 'AB00009'", {"device"}),
        ("officer = '000456', act = 'x'", {"officer", "act"}),
        ("started_at = now(), started_at_source = 'station'", {"started_at", "started_at_source"}),
        ("started_at_uncertainty_seconds = 1", {"started_at_uncertainty_seconds"}),
        ("received_at = received_at - interval '1 day'", {"received_at"}),
        ("recorded_at = recorded_at - interval '2 hours'", {"recorded_at"}),
        ("station_id = gen_random_uuid()", {"station_id"}),
        ("unit_id = gen_random_uuid()", {"unit_id"}),
        ("recording_id = gen_random_uuid()", {"recording_id", "unit_id"}),
    ):
        with changed(superuser, "received_again", f"UPDATE received_again SET {change}"):
            found = found_in(sealing)
        assert found == {("row_differs", f"received_again {upload_id}: {fact}") for fact in facts}, change
    assert found_in(sealing) == set()


def test_a_repeat_that_is_gone_or_was_never_entered_is_named(
    sealing: Any, uploads: dict[str, str], superuser: Superuser
) -> None:
    upload_id, other, nobodys = uploads["again"], uploads["finished"], "f" * 32
    with changed(superuser, "received_again", "DELETE FROM received_again"):
        assert found_in(sealing) == {("logged_row_missing", f"received_again {upload_id}")}
    gone = ("logged_row_missing", f"received_again {upload_id}")
    for put, unlike in ((other, "an upload that was no repeat"), (nobodys, "no upload at all")):
        with changed(superuser, "received_again", f"UPDATE received_again SET upload_id = '{put}'"):
            assert {gone, ("row_unaccounted", f"received_again {put}")} <= found_in(sealing), unlike
    with changed(superuser, "ledger_opening", "DELETE FROM ledger_opening WHERE name = 'claims'"):
        assert ("row_unproven", f"received_again {upload_id}: claims_text") in found_in(sealing)
    assert found_in(sealing) == set()


def test_no_value_that_nobody_of_ours_wrote_hides_what_else_there_is(
    sealing: Any, uploads: dict[str, str], superuser: Superuser
) -> None:
    nonsense = ("1", "[]", "[1]", '[{"kind": 1}]', '"x"', "null")
    places = (
        ("upload", "claims", "row_differs"),
        ("recording", "claims", "recording_differs"),
        ("recording", "findings", "recording_differs"),
        ("received_again", "claims", "row_differs"),
    )
    for table, column, code in places:
        for value in some_of(nonsense, one_in=3):
            with changed(superuser, table, f"UPDATE {table} SET {column} = '{value}'"):
                codes = {found for found, _ in found_in(sealing)}
            assert codes == {code}, (table, column, value)
    with changed(superuser, "signing_key_epoch", "UPDATE signing_key_epoch SET public_key = 'x'"):
        assert ("key_differs", "receipt key of epoch 1") in found_in(sealing)
    assert found_in(sealing) == set()


def test_a_part_that_cannot_be_finished_is_named_and_the_others_are_looked_at(
    sealing: Any, uploads: dict[str, str], superuser: Superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(audit: Any) -> int:
        raise KeyError("what nobody thought of")

    monkeypatch.setitem(api.verification._PARTS, "positions", stumble)
    with changed(superuser, "upload", "UPDATE upload SET recording_id = NULL"):
        found = found_in(sealing)
    assert ("part_unfinished", "positions") in found
    assert ("upload_differs", f"upload {uploads['again']}: recording_id") not in found  # a repeat names its own
    assert {code for code, _ in found} >= {"part_unfinished", "upload_differs", "row_differs"}


_INSTANTS = """
    SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables
    USING (table_schema, table_name) WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
    AND is_generated = 'NEVER' AND data_type IN ('timestamp with time zone', 'date')
"""


@pytest.mark.parametrize("beyond", some_of(["infinity", "0001-01-01 BC", "10000-01-01", "-infinity"], one_in=4))
def test_instants_beyond_the_calendar_are_named_wherever_they_stand_and_hide_nothing(
    sealing: Any, uploads: dict[str, str], superuser: Superuser, beyond: str
) -> None:
    columns = superuser.execute(_INSTANTS).fetchall()
    named, forged = set[tuple[str, str]](), "UPDATE receipt SET envelope = envelope || ' '::bytea"
    with ExitStack() as put_back:
        for table in sorted({table for table, _ in columns} | {"receipt"}):
            put_back.enter_context(changed(superuser, f'"{table}"', forged if table == "receipt" else "SELECT"))
        for table, column in columns:
            change = f"UPDATE \"{table}\" SET {column} = '{beyond}' WHERE {column} IS NOT NULL"
            if superuser.execute(change.encode()).rowcount:
                named.add((table, column))
        report = verify_archive(sealing.archive, 0)
    subjects = [each.subject for each in report.findings if each.code == "instant_beyond_calendar"]
    found = {(subject.split()[0], subject.rpartition(" ")[2]) for subject in subjects}
    assert found >= named >= {("upload", "expires_at"), ("recording", "sealed_at"), ("ledger_entry", "occurred_at")}
    codes = {each.code for each in report.findings}
    assert codes >= {"receipt_invalid", "row_differs"}
    assert "part_unfinished" not in codes
    assert found_in(sealing) == set()
