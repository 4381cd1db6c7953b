"""The sequencer against a real database and a real store: every entry gets one place, whatever crashes."""

from __future__ import annotations

import shutil
import threading
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection

from api.engines.roles import DatabaseAddresses
from integrity.checkpoint import encode_vkey, open_checkpoint
from integrity.keys import SigningKey
from integrity.ledger_entry import parse_entry
from integrity.merkle import leaf_hash, verify_inclusion
from storage.database import Database
from storage.ledger.append import Actor, Change, record_change
from storage.ledger.errors import (
    EntriesUncovered,
    LeafHashWrong,
    LedgerBehindStore,
    LedgerContradiction,
    SequencerBusy,
    StoreLacksLedger,
)
from storage.ledger.files import BEGUN_ANEW, LedgerFiles
from storage.ledger.own_store import require_own_store
from storage.ledger.reading import LedgerReader
from storage.ledger.sequencer import Sequencer
from storage.objects.folder import FolderStore
from tests.integrity.grown_files import read_entry

ORIGIN = "liuhen.test/ledger"
WHO = Actor.system("custody")


class Ledger:
    """One database and one store, as the processes of an archive see them."""

    def __init__(self, addresses: DatabaseAddresses, folder: Path) -> None:
        self.app = Database(addresses.worker, pool_size=3)
        self.sequencer = Database(addresses.sequencer, pool_size=3)
        self.files = LedgerFiles(FolderStore(folder))
        self.key = SigningKey.generate()
        self.vkey = encode_vkey(ORIGIN, self.key.public)
        self.reader = LedgerReader(self.app, self.files, self.vkey)

    def open(self) -> Sequencer:
        return Sequencer(self.sequencer, self.files, self.key, ORIGIN)

    def append(self, count: int) -> list[uuid.UUID]:
        with self.app.transaction() as session:
            return [record_change(session, WHO, Change("test.happened", "test", str(i), None)).id for i in range(count)]

    def close(self) -> None:
        self.app.close()
        self.sequencer.close()


@pytest.fixture
def ledger(addresses: DatabaseAddresses, tmp_path: Path):
    ledger = Ledger(addresses, tmp_path / "store")
    yield ledger
    ledger.close()


@pytest.fixture
def superuser(server, addresses: DatabaseAddresses):
    """The ledger's database, for whoever may do everything to it."""
    url = urlsplit(server.superuser_url)._replace(path=urlsplit(addresses.worker).path).geturl()
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def test_each_entry_is_proven_under_the_signed_checkpoint(ledger: Ledger) -> None:
    ids = ledger.append(300)
    with ledger.open() as sequencer:
        assert sequencer.sequence_pending() == 300
        more = ledger.append(5)
        assert sequencer.sequence_pending() == 5
    for entry_id in (ids[0], ids[255], ids[256], ids[299], more[4]):
        evidence = ledger.reader.prove(entry_id)
        assert evidence is not None
        checkpoint = open_checkpoint(evidence.note.encode(), ledger.vkey)
        assert checkpoint.size == 305
        verify_inclusion(evidence.leaf_hash, evidence.index, checkpoint.size, evidence.proof, checkpoint.root)
        stored = read_entry(evidence.index, 305, ledger.files.fetch)
        assert leaf_hash(stored) == evidence.leaf_hash
        assert str(entry_id).encode() in stored


def test_many_entries_are_proven_in_order_under_one_checkpoint_or_not_at_all(ledger: Ledger) -> None:
    ids = ledger.append(700)
    with ledger.open() as sequencer:
        sequencer.sequence_pending()
        waiting = ledger.append(3)
        with pytest.raises(EntriesUncovered, match="3 ledger entries"):
            ledger.reader.prove_all([*ids, *waiting], 0.05)
        sequencer.sequence_pending()
    asked = [waiting[1], *reversed(ids), ids[0]]
    proven = ledger.reader.prove_all(asked, 0)
    checkpoint = open_checkpoint(proven.note, ledger.vkey)
    entries = list(proven.entries)
    assert [parse_entry(each.entry).id for each in entries] == [*ids, waiting[1]]
    for each in (entries[0], entries[255], entries[500], entries[-1]):
        verify_inclusion(leaf_hash(each.entry), each.index, checkpoint.size, each.proof, checkpoint.root)


def test_an_entry_that_commits_late_is_not_passed_over(ledger: Ledger) -> None:
    with ledger.open() as sequencer:
        with ledger.app.transaction() as late:
            early_serial = record_change(late, WHO, Change("test.late", "test", "late", None)).id
            late.flush()
            ledger.append(10)
            assert sequencer.sequence_pending() == 10
        assert sequencer.sequence_pending() == 1
        assert sequencer.sequence_pending() == 0
    evidence = ledger.reader.prove(early_serial)
    assert evidence is not None
    assert evidence.index == 10


def test_what_rolls_back_never_gets_a_place(ledger: Ledger) -> None:
    with ledger.app.transaction() as session:
        record_change(session, WHO, Change("test.undone", "test", "x", None))
        session.flush()
        session.rollback()
    with ledger.open() as sequencer:
        assert sequencer.sequence_pending() == 0
    assert ledger.reader.latest() is None


def test_there_is_only_ever_one_sequencer(ledger: Ledger) -> None:
    with ledger.open(), pytest.raises(SequencerBusy):
        ledger.open()
    with ledger.open() as sequencer:
        assert sequencer.sequence_pending() == 0


def test_one_that_was_closed_is_followed_at_once_however_late_the_server_ends_its_connection(
    ledger: Ledger, addresses: DatabaseAddresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "invalidate", lambda connection: None)
    ledger.open().close()
    another = Database(addresses.sequencer, pool_size=2)
    with Sequencer(another, ledger.files, ledger.key, ORIGIN) as sequencer:
        assert sequencer.sequence_pending() == 0
    another.close()


@pytest.mark.parametrize("broken", ["grow", "publish_checkpoint", "_insert_checkpoint"])
@pytest.mark.parametrize("lands", [False, True], ids=["not stored", "stored"])
def test_a_crash_at_any_write_is_repaired_by_the_next_start(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, broken: str, lands: bool
) -> None:
    ids = ledger.append(260)
    owner = Sequencer if broken.startswith("_") else LedgerFiles
    whole = getattr(owner, broken)

    def fail(*arguments: object) -> None:
        if lands:
            whole(*arguments)
        raise ConnectionError("power failure")

    with ledger.open() as sequencer:
        monkeypatch.setattr(owner, broken, fail)
        with pytest.raises(ConnectionError):
            sequencer.sequence_pending()
    monkeypatch.undo()
    ids += ledger.append(7)
    with ledger.open() as sequencer:
        sequencer.sequence_pending()
    places = [evidence.index for entry_id in ids if (evidence := ledger.reader.prove(entry_id))]
    assert sorted(places) == list(range(267))


def test_a_database_older_than_the_last_checkpoint_signs_nothing(
    ledger: Ledger, addresses: DatabaseAddresses, tmp_path: Path
) -> None:
    ledger.append(3)
    with ledger.open() as sequencer:
        sequencer.sequence_pending()
    longer = LedgerFiles(FolderStore(tmp_path / "store"))
    from integrity.checkpoint import Checkpoint, sign_checkpoint

    longer.publish_checkpoint(9, sign_checkpoint(Checkpoint(ORIGIN, 9, b"\1" * 32), ledger.key))
    with pytest.raises(LedgerBehindStore) as refused:
        ledger.open()
    assert (refused.value.database_size, refused.value.signed_size) == (3, 9)


def test_a_folder_whose_disk_is_not_mounted_is_no_empty_store(ledger: Ledger, tmp_path: Path) -> None:
    store, elsewhere = tmp_path / "store", tmp_path / "on the disk"
    (first,) = ledger.append(1)
    require_own_store(ledger.app, ledger.files.store)
    with ledger.open() as sequencer:
        sequencer.sequence_pending()
    require_own_store(ledger.app, ledger.files.store)
    store.rename(elsewhere)
    (second,) = ledger.append(1)
    for is_there in (False, True):
        if is_there:
            store.mkdir()
        with pytest.raises(StoreLacksLedger, match="mounted") as refused:
            ledger.open()
        assert refused.value.signed_size == 1
        with pytest.raises(StoreLacksLedger):
            require_own_store(ledger.app, FolderStore(store))
        assert not is_there or list(store.iterdir()) == [], "nothing is signed there"
    store.rmdir()
    elsewhere.rename(store)
    with ledger.open() as sequencer:
        sequencer.sequence_pending()
    assert [evidence.index for each in (first, second) if (evidence := ledger.reader.prove(each))] == [0, 1]


def test_a_disk_that_is_taken_away_meanwhile_stops_the_sequencer_before_it_signs(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.append(3)
    with ledger.open() as sequencer:
        sequencer.sequence_pending()
        (tmp_path / "store").rename(tmp_path / "on the disk")
        (tmp_path / "store").mkdir()
        ledger.append(1)
        with pytest.raises(StoreLacksLedger):
            sequencer.sequence_pending()
    assert list((tmp_path / "store").iterdir()) == []


def test_a_store_that_takes_a_lost_ones_place_gets_the_whole_ledger_once_somebody_says_so(
    ledger: Ledger, tmp_path: Path, superuser
) -> None:
    ids = ledger.append(3)
    with ledger.open() as sequencer:
        sequencer.sequence_pending()
    before = ledger.reader.latest()
    shutil.rmtree(tmp_path / "store")
    ledger.files = LedgerFiles(FolderStore(tmp_path / "store"))
    ledger.files.store.put(BEGUN_ANEW, b"")
    ledger.open().close()
    assert ledger.reader.latest() == before
    require_own_store(ledger.app, ledger.files.store)
    assert [leaf_hash(read_entry(index, 3, ledger.files.fetch)) for index in range(3)] == [
        evidence.leaf_hash for each in ids if (evidence := ledger.reader.prove(each))
    ]
    shutil.rmtree(tmp_path / "store")
    FolderStore(tmp_path / "store").put(BEGUN_ANEW, b"")
    superuser.execute("ALTER TABLE ledger_entry DISABLE TRIGGER append_only")
    superuser.execute("UPDATE ledger_entry SET entry = replace(convert_from(entry, 'UTF8'), 'test', 'tost')::bytea")
    with pytest.raises(LedgerContradiction):
        ledger.open()


def test_an_altered_row_is_noticed_before_anything_is_signed(ledger: Ledger, superuser) -> None:
    ledger.append(3)
    with ledger.open() as sequencer:
        sequencer.sequence_pending()
    superuser.execute("ALTER TABLE ledger_entry DISABLE TRIGGER append_only")
    superuser.execute("UPDATE ledger_entry SET entry = replace(convert_from(entry, 'UTF8'), 'test', 'tost')::bytea")
    with pytest.raises(LedgerContradiction):
        ledger.open()


def test_a_place_with_another_hash_than_its_entrys_is_not_published(ledger: Ledger, superuser) -> None:
    ledger.append(3)
    with ledger.open() as sequencer:
        sequencer._assign()
        superuser.execute("ALTER TABLE ledger_sequence DISABLE TRIGGER append_only")
        superuser.execute("UPDATE ledger_sequence SET leaf_hash = sha256('another') WHERE index = 1")
        ledger.append(1)
        with pytest.raises(LeafHashWrong) as refused:
            sequencer.sequence_pending()
        assert refused.value.index == 1
    assert ledger.reader.latest() is None
    assert ledger.files.latest_checkpoint(ledger.vkey) is None


def test_many_writers_at_once_lose_and_double_nothing(ledger: Ledger) -> None:
    ids: list[uuid.UUID] = []

    def write() -> None:
        for _ in range(20):
            ids.extend(ledger.append(3))

    writers = [threading.Thread(target=write) for _ in range(3)]
    with ledger.open() as sequencer:
        for writer in writers:
            writer.start()
        while any(writer.is_alive() for writer in writers):
            sequencer.sequence_pending()
        for writer in writers:
            writer.join()
        sequencer.sequence_pending()
    with ledger.app.reading() as session:
        placed = session.execute(text("SELECT index, entry_id FROM ledger_sequence ORDER BY index")).all()
    assert [row.index for row in placed] == list(range(180))
    assert {row.entry_id for row in placed} == set(ids)
