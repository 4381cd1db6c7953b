"""A backup, and the log that was shipped after it: what was committed since is there again, up to any instant."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.backup.errors import RestoreDiffers
from api.backup.facts import Facts, read_facts
from api.backup.place import BackupPlace
from api.succeeding import signer_in_force, succeed_key
from api.verification import verify_archive
from api.wal.errors import InstantOutside, WalDamaged, WalMissing
from api.wal.lsn import PARTIAL
from api.wal.place import KEYS, Shipped
from casework.organisation import create_unit
from retention.key_disposal import destroy_unnamed
from storage.catalog.recordings import Recording
from storage.database import Database
from storage.key_errors import KeyMissing
from storage.keystore import KeyStore, WrappedKey
from storage.ledger.errors import LedgerBehindStore
from storage.ledger.sequencer import Sequencer
from storage.roots.given_secret import GivenSecret
from tests.api.backup.conftest import NO_PASSPHRASE, Box, opened, restore, started
from tests.api.backup.shipping import await_shipped, shipping
from tests.api.sealing_archive import OPERATOR

CONTENT = b"no picture, but evidence\n" * 4_000
SECRET = GivenSecret("LIUHEN_BACKUP_PASSPHRASE", "correct horse battery")


@dataclass
class Lost:
    """A machine that is lost: what it held, its backup, its log, and what was done when."""

    box: Box
    place: BackupPlace
    name: str
    wal: Path
    facts: Facts
    first: Recording
    between: datetime
    second: Recording
    destroyed: WrappedKey

    @property
    def objects(self) -> Path:
        return self.box.folder / "data" / "objects"


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lost]:
    """Between the two recordings made after the backup is an instant, and after the second a key was destroyed and one
    that signs was changed."""
    folder = tmp_path_factory.mktemp("lost")
    place, wal = BackupPlace.at(folder / "place"), folder / "wal"
    with started(folder) as box:
        box.archive.seal(CONTENT + b"before the backup")
        with shipping(box, wal):
            await_shipped(box)
            keys = box.archive.archive.key_store
            destroyed = keys.wrap_data_key(box.archive.unit.id, "2026-05", bytes(32))
            made = box.back_up(place)
            box.archive.go_to_new_unit("江南大队", "JN")  # and so a key that no backup has
            first = box.archive.seal(CONTENT + b"first")
            time.sleep(0.3)
            between = datetime.now(UTC)
            time.sleep(0.3)
            second = box.archive.seal(CONTENT + b"second")
            destroy_unnamed(box.archive.archive.database, keys, destroyed.kek_id)
            succeed_key(box.archive.archive.database, box.archive.archive.keyring, "receipt")
            box.archive.settle()
            await_shipped(box)
        facts = read_facts(box.postgres)
        box.archive.stop_sequencing()
        yield Lost(box, place, made.name, wal, facts, first, between, second, destroyed)


def recordings(data: Path) -> set[str]:
    with opened(data) as (archive, _), archive.database.reading() as session:
        return {str(each.id) for each in session.query(Recording)}


def test_to_the_end_of_the_log_nothing_differs_and_the_ledger_goes_on(lost: Lost, tmp_path: Path) -> None:
    done = restore(lost.place, lost.name, tmp_path / "machine" / "data", wal=lost.wal, objects=lost.objects)
    assert done.facts == lost.facts
    assert done.audit.findings == ()
    assert done.ahead is None
    assert done.newer == 2
    assert done.lost_after == ()
    assert done.replayed is not None
    assert done.replayed.last is not None
    assert done.replayed.last > lost.between
    with opened(tmp_path / "machine" / "data") as (archive, addresses):
        assert signer_in_force(archive.database, archive.keyring, "receipt").epoch == 2
        database, key = Database(addresses.sequencer, pool_size=1), archive.keyring.signing_key("ledger")
        with Sequencer(database, archive.ledger_files, key, archive.keyring.origin) as sequencer:
            with archive.database.transaction() as session:
                create_unit(session, OPERATOR, name="江西大队", code="JX")
            assert sequencer.sequence_pending() >= 1
        database.close()
        latest = archive.ledger.latest()
        assert latest is not None
        assert latest[0].size > lost.facts.signed_size
        assert verify_archive(archive).holds
        with archive.database.reading() as session:
            row = session.get_one(Recording, lost.second.id)
            wrapped = WrappedKey(row.kek_id, row.wrapped_data_key)
        assert len(archive.key_store.unwrap_data_key(wrapped)) == 32
    assert not list((tmp_path / "machine").glob(".*partial*"))


def test_at_an_instant_what_came_later_is_not_there_and_nothing_more_is_signed(lost: Lost, tmp_path: Path) -> None:
    """Later checkpoints were handed out: what is restored is for looking, and says so."""
    done = restore(lost.place, lost.name, tmp_path / "data", wal=lost.wal, objects=lost.objects, at=lost.between)
    there = recordings(tmp_path / "data")
    assert str(lost.first.id) in there
    assert str(lost.second.id) not in there
    assert done.replayed is not None
    assert done.replayed.last is not None
    assert done.replayed.last <= lost.between
    assert done.ahead == lost.facts.signed_size
    # The change of a signing key came later as well, and its keys are here as they were last: the next start enters it.
    assert "key_differs" not in [each.code for each in done.audit.findings]
    with opened(tmp_path / "data") as (archive, addresses):
        assert archive.keyring.signer("receipt").epoch == 2
        database, key = Database(addresses.sequencer, pool_size=1), archive.keyring.signing_key("ledger")
        with pytest.raises(LedgerBehindStore):
            Sequencer(database, archive.ledger_files, key, archive.keyring.origin)
        database.close()


def test_a_key_comes_back_from_no_instant_before_it_was_destroyed(lost: Lost, tmp_path: Path) -> None:
    done = restore(lost.place, lost.name, tmp_path / "data", wal=lost.wal, objects=lost.objects, at=lost.between)
    store = KeyStore(tmp_path / "data" / "keys" / "root")
    with pytest.raises(KeyMissing):
        store.unwrap_data_key(lost.destroyed)
    assert lost.destroyed.kek_id not in set(store.list_keks())
    assert done.facts.destroyed == []
    assert not any(lost.destroyed.kek_id.split(".")[2] in path.name for path in lost.wal.rglob("*"))


def test_an_instant_that_the_log_does_not_have_is_refused(lost: Lost, tmp_path: Path) -> None:
    for at in (lost.between - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)):
        with pytest.raises(InstantOutside):
            restore(lost.place, lost.name, tmp_path / "data", wal=lost.wal, objects=lost.objects, at=at)
        assert not (tmp_path / "data").exists()


@pytest.mark.thorough
def test_an_instant_after_the_last_transaction_is_the_end_of_the_log(lost: Lost, tmp_path: Path) -> None:
    (stream,) = [path for path in lost.wal.iterdir() if path.is_dir()]
    shipped = Shipped.read(stream)
    assert shipped is not None
    done = restore(lost.place, lost.name, tmp_path / "data", wal=lost.wal, objects=lost.objects, at=shipped.at)
    assert done.facts == lost.facts


@pytest.mark.thorough
def test_objects_that_are_nowhere_are_named_and_nothing_stays_unless_that_is_accepted(
    lost: Lost, tmp_path: Path
) -> None:
    with pytest.raises(RestoreDiffers) as refused:
        restore(lost.place, lost.name, tmp_path / "data", wal=lost.wal)
    assert len(refused.value.differences) == 2
    assert not (tmp_path / "data").exists()
    done = restore(lost.place, lost.name, tmp_path / "data", wal=lost.wal, accept_lost=True)
    assert len(done.lost_after) == 2
    assert str(lost.second.id) in recordings(tmp_path / "data")


def copied(lost: Lost, target: Path) -> Path:
    shutil.copytree(lost.wal, target)
    (stream,) = [path for path in target.iterdir() if path.is_dir()]
    return stream


def test_a_log_that_is_not_whole_is_told_and_nothing_stays(lost: Lost, tmp_path: Path) -> None:
    stream = copied(lost, tmp_path / "flipped")
    (partial,) = stream.glob(f"*{PARTIAL}")
    content = bytearray(partial.read_bytes())
    begin = len(content) - len(content) // 8
    content[begin : begin + 64] = bytes(64)
    partial.write_bytes(content)
    with pytest.raises(WalDamaged) as damaged:
        restore(lost.place, lost.name, tmp_path / "data", wal=tmp_path / "flipped", objects=lost.objects)
    assert str(stream) in str(damaged.value)
    assert not (tmp_path / "data").exists()
    stream = copied(lost, tmp_path / "missing")
    for path in (*stream.glob(f"*{PARTIAL}"), *(path for path in stream.iterdir() if len(path.name) == 24)):
        path.unlink()
    with pytest.raises(WalDamaged):
        restore(lost.place, lost.name, tmp_path / "data", wal=tmp_path / "missing", objects=lost.objects)
    with pytest.raises(WalMissing):
        restore(lost.place, lost.name, tmp_path / "data", wal=tmp_path, objects=lost.objects)
    assert not (tmp_path / "data").exists()


@pytest.mark.thorough
def test_keys_are_sealed_where_backups_are_and_open_at_the_restore(tmp_path: Path) -> None:
    place, wal = BackupPlace.at(tmp_path / "place"), tmp_path / "wal"
    with started(tmp_path / "box") as box:
        with shipping(box, wal, SECRET):
            await_shipped(box)
            made = box.back_up(place, passphrase=SECRET.value)
            box.archive.go_to_new_unit("江南大队", "JN")
            box.archive.seal(CONTENT)
            await_shipped(box)
        root = (box.folder / "data" / "keys" / "root" / "root.key").read_bytes()
        assert not any(root in path.read_bytes() for path in wal.rglob("*") if path.is_file())
        box.archive.stop_sequencing()
        objects = box.folder / "data" / "objects"
        done = restore(place, made.name, tmp_path / "data", SECRET, wal=wal, objects=objects)
        assert done.audit.holds
        (stream,) = [path for path in wal.iterdir() if path.is_dir()]
        with shipping(box, wal, NO_PASSPHRASE):
            await_shipped(box)
        assert not list((stream / KEYS).rglob("*.sealed"))
