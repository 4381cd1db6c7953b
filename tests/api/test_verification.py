"""Auditing a real archive: sound as it is, and whatever a superuser or root changes in it is found and named."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from api.handover_errors import TrustContradiction
from api.trust_folder import announced_keys
from api.verification import VerificationReport, recordings, verify_archive
from api.verification.audit import Audit
from api.verification.database_guard import check_database
from api.verification.findings import Findings
from ingest.rendering import make
from ingest.sealing.errors import ObjectLost
from ingest.sealing.handing_out import require_stored_object
from integrity.merkle import leaf_hash
from storage.catalog.recordings import Recording
from storage.ledger.append import Actor, Change, record_change
from tests.api.sealing_archive import KeptArchive, kept_archive
from tests.api.tampering import as_superuser, changed
from tests.sampling import some_of

CONTENT = b"no picture, but evidence\n" * 100_000


@pytest.fixture(scope="module")
def with_recording(server: Any, bare: KeptArchive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptArchive]:
    with kept_archive(server, tmp_path_factory.mktemp("sealed"), bare, lambda archive: archive.seal(CONTENT)) as kept:
        yield kept


@pytest.fixture
def begun_with(request: pytest.FixtureRequest, bare: KeptArchive) -> KeptArchive:
    return request.getfixturevalue("with_recording") if "sealed" in request.fixturenames else bare


@pytest.fixture
def sealed(sealing: Any) -> Any:
    """An archive with one recording, its receipt, and enough entries for a full tile and a partial one."""
    with sealing.archive.database.reading() as session:
        sealing.recording = session.scalars(select(Recording)).one()
    return sealing


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    """Who can do everything: guards off, keys between tables off."""
    with as_superuser(server, addresses) as connection:
        yield connection


def audit(archive: Any, sample: int | None = None) -> VerificationReport:
    return verify_archive(archive.archive, sample)


def codes(report: VerificationReport) -> set[str]:
    return {finding.code for finding in report.findings}


def subjects(report: VerificationReport, code: str) -> list[str]:
    return [finding.subject for finding in report.findings if finding.code == code]


def objects(archive: Any) -> Path:
    return Path(archive.settings.data / "objects")


def flip(path: Path, position: int = -1) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.unlink()
    path.write_bytes(content)


def fill_ledger(archive: Any, count: int) -> None:
    with archive.archive.database.transaction() as session:
        for _ in range(count):
            record_change(session, Actor.system("test"), Change("test.noted", "test", "x", None))
    archive.settle()


def test_a_sound_archive_has_no_findings_and_everything_was_looked_at(sealed: Any, tmp_path: Path) -> None:
    sealed.seal(sealed.clip(tmp_path), "AB00001_000123_20260101093000.MP4")
    sealed.render()
    sealed.link(sealed.recording)
    sealed.grant()
    fill_ledger(sealed, 300)
    seen: list[str] = []
    report = verify_archive(sealed.archive, progress=lambda part, done, total: seen.append(part))
    assert report.findings == ()
    assert report.holds
    assert report.checkpoint is not None
    assert report.counts["entries"] == report.checkpoint.size > 300
    assert (report.counts["recordings"], report.counts["receipts"]) == (2, 2)
    assert report.counts["renditions"] == 3
    assert report.counts["objects"] == 5
    assert set(seen) == {"ledger", "uploads", "recordings", "renditions", "receipts", "objects", "judgements"}


def test_a_flipped_byte_in_an_object_is_found(sealed: Any) -> None:
    flip(objects(sealed) / sealed.recording.object_name)
    report = audit(sealed)
    assert subjects(report, "object_differs") == [sealed.recording.object_name]
    assert report.findings[0].expected == sealed.recording.ciphertext_sha256.hex()
    # Only reading shows it.
    assert audit(sealed, sample=0).holds
    assert not audit(sealed, sample=1).holds


def test_a_deleted_object_is_found(sealed: Any) -> None:
    (objects(sealed) / sealed.recording.object_name).unlink()
    assert subjects(audit(sealed, sample=0), "object_missing") == [sealed.recording.object_name]


def test_an_object_that_was_said_to_be_lost_is_read_whole_until_it_is_said_to_be_restored(sealed: Any) -> None:
    recording = sealed.recording
    path = objects(sealed) / recording.object_name
    at_rest = path.read_bytes()
    path.unlink()
    with pytest.raises(ObjectLost):
        require_stored_object(sealed.archive.database, sealed.archive.store, "0" * 32, recording.id)
    path.write_bytes(at_rest)
    sealed.settle()
    assert audit(sealed, sample=0).holds
    flip(path)
    assert subjects(audit(sealed, sample=0), "object_differs") == [recording.object_name]
    sealed.seal(CONTENT, "again.mp4")
    sealed.settle()
    report = audit(sealed)
    assert report.findings == ()
    assert path.read_bytes() == at_rest


def test_an_object_that_is_said_to_be_restored_and_was_never_lost_is_found(sealed: Any) -> None:
    recording_id = str(sealed.recording.id)
    restored = Change("recording.object_restored", "recording", recording_id, sealed.unit.id, {"upload": "0" * 32})
    with sealed.archive.database.transaction() as session:
        record_change(session, Actor.system("custody"), restored)
    sealed.settle()
    assert codes(audit(sealed)) == {"object_entries_differ"}


def test_a_shortened_object_is_found_without_reading_it(sealed: Any) -> None:
    path = objects(sealed) / sealed.recording.object_name
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-1])
    assert subjects(audit(sealed, sample=0), "object_size_differs") == [sealed.recording.object_name]


def test_an_object_of_no_row_is_found(sealed: Any) -> None:
    sealed.archive.store.put("originals/2026/01/stray", b"stray")
    report = audit(sealed)
    assert codes(report) == {"object_orphaned"}
    assert subjects(report, "object_orphaned") == ["originals/2026/01/stray"]
    assert report.findings[0].severity == "warning"


ROW_CHANGES = [
    ("original_name = 'another.mp4'", "recording_differs", "original_name"),
    ("sha256 = sm3", "recording_differs", "sha256"),
    ("device = 'XX99999'", "recording_differs", "device"),
    ("started_at = started_at + interval '1 day'", "recording_differs", "started_at"),
    ("claims = '[]'", "recording_differs", "claims"),
    ("media_state = 'intact'", "recording_differs", "media_state"),
    ("duration_seconds = 7200", "recording_differs", "duration_seconds"),
    ("findings = jsonb_set(findings, '{duration_seconds}', '7200')", "recording_differs", "findings: seconds"),
    ("findings = jsonb_set(findings, '{kind}', '\"video\"')", "recording_differs", "findings: kind"),
    ("findings = jsonb_set(findings, '{streams}', '[{}]')", "recording_differs", "findings: findings_sha256"),
    ("token_time = token_time - interval '1 day'", "recording_differs", "token_time"),
    ("token = substring(token for 100)", "token_invalid", ""),
    ("manifest = manifest || ' '::bytea", "manifest_invalid", ""),
    ("retain_until = retain_until - 30", "retention_differs", ""),
    ("retention_class = 'permanent'", "retention_differs", ""),
    ("wrapped_data_key = sha256", "key_unusable", ""),
    ("kek_id = 'gone'", "key_unusable", ""),
    ("sealed_entry_id = (SELECT id FROM ledger_entry LIMIT 1)", "sealing_entry_differs", "action"),
    ("object_name = 'originals/elsewhere'", "recording_differs", "object_name"),
]


def test_a_changed_row_of_a_recording_is_found_and_named(sealed: Any, superuser: psycopg.Connection[Any]) -> None:
    for change, code, column in ROW_CHANGES:
        with changed(superuser, "recording", f"UPDATE recording SET {change}"):
            named = subjects(audit(sealed), code)
        assert any(str(sealed.recording.id) in subject and subject.endswith(column) for subject in named), change
    assert audit(sealed).holds


def test_a_deleted_recording_is_found_by_the_ledger(sealed: Any, superuser: psycopg.Connection[Any]) -> None:
    superuser.execute("DELETE FROM recording")
    report = audit(sealed)
    assert subjects(report, "recording_missing") == [f"recording {sealed.recording.id}"]
    assert subjects(report, "object_orphaned") == [sealed.recording.object_name]


def test_a_recording_deleted_with_everything_about_it_is_found(sealed: Any, superuser: psycopg.Connection[Any]) -> None:
    for table in ("media_job", "receipt", "linking_done", "custody_attempt", "upload", "recording"):
        superuser.execute(f"DELETE FROM {table}")
    (objects(sealed) / sealed.recording.object_name).unlink()
    assert subjects(audit(sealed), "recording_missing") == [f"recording {sealed.recording.id}"]


def test_a_forged_recording_is_found(sealed: Any, superuser: psycopg.Connection[Any]) -> None:
    superuser.execute("UPDATE recording SET id = gen_random_uuid()")
    assert {"recording_missing", "recording_differs", "sealing_entry_differs"} <= codes(audit(sealed))


def test_a_changed_ledger_row_is_found(sealed: Any, superuser: psycopg.Connection[Any]) -> None:
    changed = superuser.execute(
        "UPDATE ledger_entry e SET entry = entry || ' '::bytea FROM ledger_sequence s "
        "WHERE s.entry_id = e.id AND action = 'unit.created' RETURNING s.index"
    ).fetchall()
    report = audit(sealed)
    assert subjects(report, "entry_row_differs") == [f"ledger entry {index}" for (index,) in changed]
    # What its bytes no longer say, they no longer say of the unit's row either.
    assert codes(report) == {"entry_row_differs", "row_unaccounted"}
    assert subjects(report, "row_unaccounted") == [f"unit {sealed.unit.id}"]


def test_a_ledger_row_filed_under_another_subject_is_found(sealed: Any, superuser: psycopg.Connection[Any]) -> None:
    superuser.execute("UPDATE ledger_entry SET subject_id = 'nobody' WHERE action = 'case.opened'")
    (subject,) = subjects(audit(sealed), "entry_row_differs")
    assert subject.endswith("subject_id")


def test_a_deleted_ledger_row_is_found(sealed: Any, superuser: psycopg.Connection[Any]) -> None:
    superuser.execute("DELETE FROM ledger_sequence WHERE index = 3")
    assert subjects(audit(sealed), "entry_row_missing") == ["ledger entry 3"]


def test_every_ledger_file_that_is_removed_is_found(sealed: Any) -> None:
    fill_ledger(sealed, 300)
    root = objects(sealed)
    files = sorted(path for path in (root / "ledger").rglob("*") if path.is_file())
    assert any(path.name == "000" for path in files)
    for path in some_of(files[:: max(1, len(files) // 12)] + files[-2:], one_in=4):
        content = path.read_bytes()
        path.unlink()
        report = audit(sealed, sample=0)
        assert str(path.relative_to(root)) in {finding.subject for finding in report.findings}
        path.write_bytes(content)
    assert audit(sealed).holds


def test_every_ledger_file_that_is_edited_is_found(sealed: Any) -> None:
    fill_ledger(sealed, 300)
    root = objects(sealed)
    files = sorted(path for path in (root / "ledger").rglob("*") if path.is_file())
    for path in some_of(files[:: max(1, len(files) // 12)] + files[-2:], one_in=4):
        content = path.read_bytes()
        flip(path, len(content) // 2)
        report = audit(sealed, sample=0)
        assert str(path.relative_to(root)) in {finding.subject for finding in report.findings}
        path.unlink()
        path.write_bytes(content)
    assert audit(sealed).holds


def test_a_ledger_rewritten_consistently_misses_the_signed_root(
    sealed: Any, superuser: psycopg.Connection[Any]
) -> None:
    """Row, bundle and hash of an entry changed alike: only the signature stands against it."""
    (old,) = superuser.execute("SELECT entry FROM ledger_entry WHERE action = 'case.opened'").fetchone() or ()
    new = old.replace(b"penalty", b"inspect")
    assert new != old
    superuser.execute("UPDATE ledger_entry SET entry = %s WHERE action = 'case.opened'", [new])
    superuser.execute(
        "UPDATE ledger_sequence SET leaf_hash = %s WHERE leaf_hash = %s", [leaf_hash(new), leaf_hash(old)]
    )
    for path in (objects(sealed) / "ledger/tile").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            path.unlink()
            path.write_bytes(content.replace(old, new).replace(leaf_hash(old), leaf_hash(new)))
    assert "root_differs" in codes(audit(sealed))


def test_a_ledger_cut_back_is_found_by_the_receipts(
    sealed: Any, superuser: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "PATIENCE_SECONDS", 0.1)
    checkpoints = sorted((objects(sealed) / "ledger/checkpoints").glob("*/*"))
    (last,) = (
        superuser.execute(
            "SELECT index FROM ledger_sequence s JOIN ledger_entry e ON e.id = s.entry_id"
            " WHERE action = 'recording.sealed'"
        ).fetchone()
        or ()
    )
    for path in checkpoints:
        if int(path.name) > last:
            path.unlink()
    superuser.execute("DELETE FROM ledger_checkpoint WHERE size > %s", [last])
    superuser.execute("DELETE FROM ledger_sequence WHERE index >= %s", [last])
    report = audit(sealed)
    assert any("checkpoints" in subject for subject in subjects(report, "checkpoint_missing"))
    assert "sealing_entry_unplaced" in codes(report)


OTHER_CHANGES = [
    ("receipt", "DELETE FROM receipt", "receipt_missing"),
    ("receipt", "UPDATE receipt SET envelope = envelope || ' '::bytea", "receipt_invalid"),
    ("upload", "UPDATE upload SET recording_id = NULL", "upload_differs"),
    ("upload", "UPDATE upload SET declared_length = 1", "receipt_differs"),
    ("upload", "UPDATE upload SET state = 'open'", "receipt_differs"),
    ("person", "DELETE FROM person WHERE role = 'officer'", "logged_row_missing"),
    ('"case"', 'DELETE FROM "case"', "logged_row_missing"),
    ("station", "DELETE FROM station", "logged_row_missing"),
    ("signing_key_epoch", "UPDATE signing_key_epoch SET public_key = sha256('x'::bytea)", "key_differs"),
    ("signing_key_epoch", "DELETE FROM signing_key_epoch WHERE purpose = 'receipt'", "key_differs"),
]


def test_what_a_superuser_changes_elsewhere_is_found(sealed: Any, superuser: psycopg.Connection[Any]) -> None:
    for table, change, code in OTHER_CHANGES:
        with changed(superuser, table, change):
            assert code in codes(audit(sealed, sample=0)), change
    assert audit(sealed).holds


def test_no_key_is_put_before_those_that_were_announced(sealed: Any, superuser: psycopg.Connection[Any]) -> None:
    """It would be believed: the latest is still the key folder's."""
    forged = text(
        "INSERT INTO signing_key_epoch (purpose, epoch, key_id, public_key, entry_id)"
        " SELECT purpose, 0, 'forged', sha256('x'), entry_id FROM signing_key_epoch WHERE purpose = 'manifest'"
    )
    with pytest.raises(IntegrityError, match="ck_signing_key_epoch_epoch"), sealed.archive.database.transaction() as s:
        s.execute(forged)
    assert len(announced_keys(sealed.archive, "manifest")) == 1
    with changed(superuser, "signing_key_epoch", "UPDATE signing_key_epoch SET epoch = 2 WHERE purpose = 'manifest'"):
        assert "manifest key of epoch 2" in subjects(audit(sealed, sample=0), "key_differs")
        with pytest.raises(TrustContradiction):
            announced_keys(sealed.archive, "manifest")


def test_a_guard_that_is_off_is_found(sealed: Any, superuser: psycopg.Connection[Any]) -> None:
    for change, undo in (
        ("ALTER TABLE ledger_entry DISABLE TRIGGER append_only", "ALTER TABLE ledger_entry ENABLE TRIGGER append_only"),
        ("GRANT UPDATE ON ledger_entry TO liuhen_app", "REVOKE UPDATE ON ledger_entry FROM liuhen_app"),
        ("GRANT DELETE ON ledger_opening TO liuhen_app", "REVOKE DELETE ON ledger_opening FROM liuhen_app"),
        ("DROP TRIGGER append_only ON ledger_entry", "SELECT 1"),
    ):
        superuser.execute(change)
        table = "ledger_opening" if "ledger_opening" in change else "ledger_entry"
        assert subjects(audit(sealed, sample=0), "guard_missing") == [f"table {table}"], change
        superuser.execute(undo)


def test_a_guard_that_is_hollow_is_found(sealed: Any, superuser: psycopg.Connection[Any]) -> None:
    (body,) = superuser.execute("SELECT pg_get_functiondef('refuse_ledger_change'::regproc)").fetchone() or ()
    trigger = "CREATE TRIGGER append_only BEFORE {} ON ledger_sequence FOR EACH STATEMENT EXECUTE FUNCTION {}()"
    whole = trigger.format("UPDATE OR DELETE OR TRUNCATE", "refuse_ledger_change")
    drop = "DROP TRIGGER append_only ON ledger_sequence; "
    swallow = body.replace("END $", "EXCEPTION WHEN OTHERS THEN RETURN NULL; END $")
    again = drop + whole
    idle = "CREATE FUNCTION idle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; "
    assert swallow != body
    of_table = ["table ledger_sequence"]
    for change, undo, named in (
        (swallow, body, ["function refuse_ledger_change"]),
        (drop + trigger.format("UPDATE", "refuse_ledger_change"), again, of_table),
        (drop + trigger.format("UPDATE OF index OR DELETE OR TRUNCATE", "refuse_ledger_change"), again, of_table),
        (
            idle + drop + trigger.format("UPDATE OR DELETE OR TRUNCATE", "idle"),
            again + "; DROP FUNCTION idle",
            ["function idle", *of_table],
        ),
    ):
        superuser.execute(change)
        assert subjects(audit(sealed, sample=0), "guard_missing") == named, change
        superuser.execute(undo)
    assert audit(sealed, sample=0).holds


def test_a_right_a_role_or_a_guard_that_is_other_than_it_was_shipped_is_named(
    sealed: Any, superuser: psycopg.Connection[Any]
) -> None:
    definer = "CREATE FUNCTION idle() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"
    lax = "ALTER POLICY of_seen_units ON hold USING (true)"
    strict = "ALTER POLICY of_seen_units ON hold USING (unit_id = ANY ((SELECT seen_units())::uuid[]))"
    off, on = "ALTER TABLE {} DISABLE TRIGGER {}", "ALTER TABLE {} ENABLE TRIGGER {}"
    for change, undo, subject, said in (
        (
            "GRANT UPDATE (leaf_hash) ON ledger_sequence TO liuhen_app",
            "REVOKE UPDATE (leaf_hash) ON ledger_sequence FROM liuhen_app",
            "table ledger_sequence",
            "liuhen_app may UPDATE (leaf_hash)",
        ),
        (
            "GRANT DELETE ON ledger_entry TO liuhen_sequencer",
            "REVOKE DELETE ON ledger_entry FROM liuhen_sequencer",
            "table ledger_entry",
            "liuhen_sequencer may DELETE, SELECT",
        ),
        (
            "GRANT SELECT ON entering_key TO PUBLIC",
            "REVOKE SELECT ON entering_key FROM PUBLIC",
            "table entering_key",
            "everybody may SELECT",
        ),
        (
            "GRANT EXECUTE ON FUNCTION let_in TO liuhen_app",
            "REVOKE EXECUTE ON FUNCTION let_in FROM liuhen_app",
            "function let_in",
            "liuhen_app may EXECUTE (person uuid, units text, above text)",
        ),
        (
            "GRANT SELECT ON pg_authid TO liuhen_app",
            "REVOKE SELECT ON pg_authid FROM liuhen_app",
            "table pg_catalog.pg_authid",
            "liuhen_app may SELECT",
        ),
        (definer, "DROP FUNCTION idle", "function idle", "everybody may EXECUTE ()"),
        (
            "GRANT liuhen_owner TO liuhen_app WITH INHERIT FALSE, SET TRUE",
            "REVOKE liuhen_owner FROM liuhen_app",
            "role liuhen_app",
            "belongs to liuhen_owner, may become it",
        ),
        (
            "ALTER ROLE liuhen_app BYPASSRLS",
            "ALTER ROLE liuhen_app NOBYPASSRLS",
            "role liuhen_app",
            "logs in, bypasses row security",
        ),
        (
            "ALTER ROLE liuhen_worker SET session_replication_role = replica",
            "ALTER ROLE liuhen_worker RESET session_replication_role",
            "role liuhen_worker",
            "set session_replication_role=replica",
        ),
        (
            "GRANT CREATE ON SCHEMA public TO liuhen_worker",
            "REVOKE CREATE ON SCHEMA public FROM liuhen_worker",
            "schema public",
            "liuhen_worker may CREATE",
        ),
        (lax, strict, "table hold", "policy of_seen_units for ALL to liuhen_app using true"),
        (
            off.format("access_grant", "keep_ended"),
            on.format("access_grant", "keep_ended"),
            "table access_grant",
            " -- off",
        ),
        (
            off.format("case_link", "ALL"),
            on.format("case_link", "ALL"),
            "table case_link",
            "constraint fk_case_link_case_id not at work",
        ),
        (
            "CREATE RULE never AS ON DELETE TO case_link DO INSTEAD NOTHING",
            "DROP RULE never ON case_link",
            "table case_link",
            "DO INSTEAD NOTHING",
        ),
        (
            "ALTER TABLE hold DROP CONSTRAINT ck_hold_one_target",
            "ALTER TABLE hold ADD CONSTRAINT ck_hold_one_target CHECK ((recording_id IS NULL) <> (case_id IS NULL))",
            "table hold",
            "none of it",
        ),
        (
            "ALTER TABLE hold OWNER TO liuhen_worker",
            "ALTER TABLE hold OWNER TO liuhen_owner",
            "table hold",
            "owned by liuhen_worker",
        ),
    ):
        superuser.execute(change)
        findings = Findings()
        check_database(cast(Audit, SimpleNamespace(archive=sealed.archive, findings=findings)))
        superuser.execute(undo)
        assert [(each.code, each.subject) for each in findings.kept] == [("guard_missing", subject)], change
        assert said in str(findings.kept[0].found), findings.kept[0]
    assert audit(sealed, sample=0).holds


def test_row_security_that_is_off_or_lets_more_through_is_found(
    sealed: Any, superuser: psycopg.Connection[Any]
) -> None:
    (body,) = superuser.execute("SELECT pg_get_functiondef('seen_units'::regproc)").fetchone() or ()
    lax = body.replace("IF words[2] = '*'", "IF true OR words[2] = '*'")
    assert lax != body
    for change, undo, subject in (
        (
            "ALTER TABLE recording DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE recording ENABLE ROW LEVEL SECURITY",
            "table recording",
        ),
        ('CREATE POLICY lax ON "case" FOR SELECT USING (true)', 'DROP POLICY lax ON "case"', "table case"),
        (lax, body, "function seen_units"),
    ):
        superuser.execute(change)
        assert subjects(audit(sealed, sample=0), "guard_missing") == [subject], change
        superuser.execute(undo)
    assert audit(sealed, sample=0).holds


def test_a_changed_copy_is_found_even_where_its_row_was_changed_alike(
    sealed: Any, superuser: psycopg.Connection[Any], tmp_path: Path
) -> None:
    sealed.seal(sealed.clip(tmp_path))
    sealed.render()
    assert audit(sealed).holds
    superuser.execute("UPDATE rendition SET parent_sha256 = sha256 WHERE name = 'poster'")
    superuser.execute("UPDATE rendition SET sha256 = ciphertext_sha256 WHERE name = 'sprite'")
    flip(next((objects(sealed) / "renditions").rglob("proxy-*")))
    report = audit(sealed)
    named = subjects(report, "rendition_differs")
    assert any(subject.endswith("parent_sha256") for subject in named)
    assert any(subject.endswith(": sha256") for subject in named)
    assert "object_differs" in codes(report)


def test_a_layout_that_would_show_other_moments_is_found(
    sealed: Any, superuser: psycopg.Connection[Any], tmp_path: Path
) -> None:
    """Of a sprite whose pictures were said to be of other times, each would show what was not so then."""
    sealed.seal(sealed.clip(tmp_path))
    sealed.render()
    assert audit(sealed, sample=0).holds
    for changed_to in (
        "jsonb_set(facts, '{interval_seconds}', '2.5')",
        "facts || '{\"tiles\": 99}'",
        "facts || '{\"tiles\": 1e400}'",
        "'{}'",
        "NULL",
    ):
        (before,) = superuser.execute("SELECT facts::text FROM rendition WHERE name = 'sprite'").fetchone() or ()
        superuser.execute(f"UPDATE rendition SET facts = {changed_to} WHERE name = 'sprite'".encode())
        (subject,) = subjects(audit(sealed, sample=0), "rendition_differs")
        assert subject.endswith(": facts"), changed_to
        superuser.execute("UPDATE rendition SET facts = %s::jsonb WHERE name = 'sprite'", [before])
    assert audit(sealed, sample=0).holds


def test_a_copy_that_was_made_before_facts_were_kept_holds_and_is_given_none(
    sealed: Any, superuser: psycopg.Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make.record_change

    def record_without(session: Any, actor: Actor, change: Change) -> None:
        data = {name: value for name, value in change.data.items() if name != "facts_sha256"}
        whole(session, actor, replace(change, data=data))

    monkeypatch.setattr(make, "record_change", record_without)
    sealed.seal(sealed.clip(tmp_path))
    sealed.render()
    superuser.execute("UPDATE rendition SET facts = NULL")
    assert audit(sealed, sample=0).holds
    superuser.execute("UPDATE rendition SET facts = '{}' WHERE name = 'sprite'")
    assert [subject[-7:] for subject in subjects(audit(sealed, sample=0), "rendition_differs")] == [": facts"]


def test_a_forgotten_entry_is_reported_after_a_minute(sealed: Any, superuser: psycopg.Connection[Any]) -> None:
    sealed.stop_sequencing()
    with sealed.archive.database.transaction() as session:
        record_change(session, Actor.system("test"), Change("test.noted", "test", str(uuid.uuid4()), None))
    assert audit(sealed).holds
    superuser.execute(
        "UPDATE ledger_entry SET occurred_at = %s WHERE action = 'test.noted'", [datetime(2026, 1, 1, tzinfo=UTC)]
    )
    assert codes(audit(sealed)) == {"entries_waiting"}


def test_the_command_names_what_it_finds_and_ends_with_1(
    sealed: Any, commands: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands("verify", "--json") == 0
    assert json.loads(capsys.readouterr().out)["holds"] is True
    flip(objects(sealed) / sealed.recording.object_name)
    assert commands("verify", "--quick") == 0
    assert "一致" in capsys.readouterr().out
    assert commands("verify") == 1
    shown = capsys.readouterr().out
    assert sealed.recording.object_name in shown
    assert sealed.recording.ciphertext_sha256.hex() in shown
    assert commands("verify", "--json") == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["code"], finding["severity"]) == ("object_differs", "error")


def test_an_upload_that_waits_or_was_stopped_is_no_finding(sealed: Any) -> None:
    sealed.stage(b"not sealed yet", "later.mp4")
    assert audit(sealed).holds
