"""A backup of an archive at work, put in place elsewhere: nothing differs, the ledger goes on, and what was destroyed
stays destroyed."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from api.archive import Archive
from api.backup.checking import check_backup
from api.backup.errors import BackupSecretWrong
from api.backup.keeping import list_backups, remove_beyond
from api.backup.keys_part import kek_path
from api.backup.making import BackupMade, BackupOrder, make_backup
from api.backup.place import BackupPlace
from api.backup.server import DatabaseServer
from api.engines.roles import DATABASE
from api.errors import UsageRefused
from api.export import export_case
from api.trust_folder import build_trust
from api.verification import verify_archive
from ingest.lanes import seal_next
from integrity.checkpoint import open_checkpoint
from integrity.merkle import consistency_proof, verify_consistency
from integrity.package.verify import verify_package
from integrity.tiles import hash_reader
from retention.key_disposal import destroy_unnamed
from retention.key_renewal import renew_key
from storage.catalog.recordings import Recording
from storage.catalog.uploads import Upload
from storage.database import Database
from storage.key_errors import KeyMissing
from storage.keystore import KeyStore
from storage.ledger.errors import LedgerBehindStore
from storage.ledger.sequencer import Sequencer
from storage.roots.given_secret import GivenSecret
from tests.api.backup.conftest import NO_PASSPHRASE, Box, opened, restore, started

CONTENT = b"no picture, but evidence\n" * 4_000


class Load(threading.Thread):
    """Seals one recording after another until it is told to end."""

    def __init__(self, box: Box) -> None:
        super().__init__(daemon=True)
        self._box, self._ended, self.sealed = box, threading.Event(), 0

    def run(self) -> None:
        while not self._ended.is_set():
            self._box.archive.seal(CONTENT + f"load {time.monotonic_ns()}".encode())
            self.sealed += 1

    def __enter__(self) -> Load:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()


def test_an_archive_at_work_is_whole_elsewhere_and_its_ledger_goes_on(
    box: Box, place: BackupPlace, tmp_path: Path
) -> None:
    recording = box.archive.seal(CONTENT)
    box.archive.link(recording)
    grant = box.archive.grant()
    supervisor = box.archive.people["supervisor"]
    box.archive.settle()
    before = export_case(box.archive.archive, supervisor, box.archive.case.id, grant.id, tmp_path / "before")
    trust = build_trust(box.archive.archive)
    with Load(box) as load:
        while load.sealed < 2:
            time.sleep(0.05)
        made = box.back_up(place)
    assert made.objects >= 3
    assert made.lost == ()
    done = restore(place, made.name, tmp_path / "machine" / "data")
    assert done.facts == made.facts
    assert done.objects == made.objects
    assert done.audit.findings == ()
    assert done.ahead is None
    with started(tmp_path / "machine") as other:
        again = other.archive
        again.settle()
        assert verify_archive(again.archive).holds
        again.link(_seal_beside_what_was_under_way(other, CONTENT + b"after"))
        again.settle()
        grant = again.grant()
        after = export_case(again.archive, again.people["supervisor"], again.case.id, grant.id, tmp_path / "after")
        assert verify_package(before.folder, trust) is not None
        assert verify_package(after.folder, trust) is not None
        require_one_ledger(other.archive.archive, made.facts.note.encode())


def test_what_waited_for_its_place_in_the_ledger_gets_it_on_the_new_machine(tmp_path: Path, place: BackupPlace) -> None:
    """The sequencer is always a moment behind; none runs while a backup is put in place."""
    with started(tmp_path / "first") as box:
        box.archive.settle()
        box.archive.stop_sequencing()
        box.archive.stage(CONTENT + b"waits", "AB00001_000124_20260101093000.MP4")
        assert seal_next(replace(box.archive.custody, receipt_patience_seconds=0.0), box.archive.staging, "test")
        made = _back_up_as_it_is(box, place)
        done = restore(place, made.name, tmp_path / "machine" / "data")
        assert done.audit.findings == ()
        _make_sealing_older(box)
        time.sleep(1)  # the name of a backup is its second
        made = _back_up_as_it_is(box, place)
        hidden = restore(place, made.name, tmp_path / "hidden" / "data")
        assert [each.code for each in hidden.audit.findings] == ["sealing_entry_unplaced"]
    with started(tmp_path / "machine") as other:
        other.archive.settle()
        assert verify_archive(other.archive.archive).holds


def _back_up_as_it_is(box: Box, place: BackupPlace) -> BackupMade:
    server = DatabaseServer.own(box.postgres)
    return make_backup(box.archive.archive, server, place, BackupOrder(True, None), lambda line: None)


def _make_sealing_older(box: Box) -> None:
    """As somebody would who keeps an entry from its place, past the moment that it takes."""
    url = box.postgres.superuser_url().replace("/postgres?", f"/{DATABASE}?")
    with psycopg.connect(url, options="-c session_replication_role=replica") as session:
        session.execute("UPDATE recording SET sealed_at = sealed_at - interval '2 minutes'")


def _seal_beside_what_was_under_way(box: Box, content: bytes) -> Recording:
    """An upload that was received and not sealed when the backup was made has no bytes here: its station has them."""
    archive = box.archive
    upload_id = archive.stage(content, "AB00001_000123_20260101093000.MP4")
    while seal_next(archive.custody, archive.staging, "test"):
        pass
    with archive.archive.database.reading() as session:
        recording_id = session.get_one(Upload, upload_id).recording_id
        return session.get_one(Recording, recording_id)


def require_one_ledger(archive: Archive, earlier: bytes) -> None:
    """The checkpoint of the machine that was lost is a beginning of what the new one signed."""
    old = open_checkpoint(earlier, archive.keyring.ledger_vkey)
    latest = archive.ledger.latest()
    assert latest is not None
    new = latest[0]
    assert new.size > old.size
    proof = consistency_proof(old.size, new.size, hash_reader(new.size, archive.ledger_files.fetch))
    verify_consistency(old.size, new.size, proof, old.root, new.root)


def test_a_later_backup_copies_only_what_is_new(box: Box, place: BackupPlace) -> None:
    box.archive.seal(CONTENT + b"first of two")
    first = box.back_up(place)
    box.archive.seal(CONTENT + b"second of two")
    time.sleep(1)
    second = box.back_up(place)
    assert first.copied == first.objects
    assert second.copied == 1
    assert [each.name for each in list_backups(place)] == [first.name, second.name]
    assert remove_beyond(place, 1, None) == [first.name]
    assert place.names() == [second.name]
    assert not (place.keys / first.name).exists()
    assert sum(1 for path in place.pool.rglob("*") if path.is_file()) == second.objects


def test_a_destroyed_key_comes_back_from_no_backup(box: Box, place: BackupPlace, tmp_path: Path) -> None:
    keys = box.archive.archive.key_store
    condemned = keys.wrap_data_key(box.archive.unit.id, "2026-05", bytes(32))
    first = box.back_up(place, passphrase="correct horse battery")
    destroy_unnamed(box.archive.archive.database, keys, condemned.kek_id)
    time.sleep(1)
    later = box.back_up(place)
    assert later.sealed_earlier == (first.name,)
    assert later.forgotten == 0
    given = GivenSecret("LIUHEN_BACKUP_PASSPHRASE", "correct horse battery")
    done = restore(place, first.name, tmp_path / "machine" / "data", given)
    assert done.keys_destroyed == 1
    assert done.ahead == later.facts.signed_size
    store = KeyStore(tmp_path / "machine" / "data" / "keys" / "root")
    with pytest.raises(KeyMissing):
        store.unwrap_data_key(condemned)


def test_a_file_that_came_again_needs_no_key_in_a_backup(box: Box, place: BackupPlace) -> None:
    sealing = box.archive
    recording = sealing.seal(CONTENT + b"twice")
    assert sealing.seal(CONTENT + b"twice", "again.bin").id == recording.id
    month = recording.kek_id.split(".")[1]
    done = renew_key(sealing.archive.database, sealing.archive.key_store, sealing.unit.id, month)
    kept = box.back_up(place).facts
    assert done.kek_id in kept.keys
    assert recording.kek_id not in kept.keys
    assert recording.kek_id in kept.destroyed


def test_the_next_backup_destroys_the_key_in_earlier_ones_which_stay_whole(box: Box, place: BackupPlace) -> None:
    keys = box.archive.archive.key_store
    condemned = keys.wrap_data_key(box.archive.unit.id, "2026-06", bytes(32))
    first = box.back_up(place)
    copy = place.keys / first.name / kek_path(condemned.kek_id)
    assert copy.exists()
    destroy_unnamed(box.archive.archive.database, keys, condemned.kek_id)
    time.sleep(1)
    assert box.back_up(place).forgotten == 1
    assert not copy.exists()
    assert condemned.kek_id in check_backup(place, first.name, NO_PASSPHRASE).destroyed


def test_an_older_backup_never_signs_a_second_ledger(box: Box, place: BackupPlace, tmp_path: Path) -> None:
    first = box.back_up(place)
    box.archive.seal(CONTENT + b"signed after the first")
    time.sleep(1)
    box.back_up(place)
    done = restore(place, first.name, tmp_path / "data")
    assert done.ahead is not None
    with opened(tmp_path / "data") as (archive, addresses):
        database, key = Database(addresses.sequencer, pool_size=1), archive.keyring.signing_key("ledger")
        with pytest.raises(LedgerBehindStore):
            Sequencer(database, archive.ledger_files, key, archive.keyring.origin)
        database.close()


def test_a_passphrase_seals_the_keys_and_no_other_opens_them(box: Box, place: BackupPlace, tmp_path: Path) -> None:
    made = box.back_up(place, passphrase="correct horse battery")
    root = (box.folder / "data" / "keys" / "root" / "root.key").read_bytes()
    assert not any(root in path.read_bytes() for path in place.folder.rglob("*") if path.is_file())
    with pytest.raises(BackupSecretWrong):
        restore(place, made.name, tmp_path / "data", GivenSecret("LIUHEN_BACKUP_PASSPHRASE", "another passphrase"))
    assert not (tmp_path / "data").exists()
    given = GivenSecret("LIUHEN_BACKUP_PASSPHRASE", "correct horse battery")
    assert restore(place, made.name, tmp_path / "data", given).audit.holds


def test_a_folder_that_is_not_empty_is_left_alone(box: Box, place: BackupPlace, tmp_path: Path) -> None:
    made = box.back_up(place)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "something").write_text("somebody's")
    with pytest.raises(UsageRefused):
        restore(place, made.name, tmp_path / "data")
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["something"]
