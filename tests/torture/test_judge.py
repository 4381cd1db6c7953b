"""The judge itself: each thing that torture must never bring about is brought about here, and has to be counted.

Rows are changed by the database's owner in a transaction that is rolled back; files are put back. So all faults are
planted in one archive, and `test_a_sound_archive_is_found_sound` says that nothing else was counted.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, update

from api.engines.roles import DATABASE
from storage.catalog.recordings import CustodyAttempt, MediaJob, Receipt, Recording
from storage.keystore import WrappedKey
from storage.sealed_object import aad_of
from storage.sealing import SealingPlan, write_sealed
from tests.api.sealing_archive import SealingArchive
from tests.commands import Ran
from tests.databases import MigratedServer
from tests.torture.judge import (
    OUT_OF_TIME,
    Judgement,
    judge,
    judge_export,
    judge_rest,
    judge_rows,
    judge_verification,
    what_was_docked,
)
from tests.torture.settle import MOST_RESERVED, require_few_reservations
from tests.torture.system import descendants

FIRST, SECOND, DUPLICATE = b"the first", b"another", b"the first"
SOUND = Ran(0, json.dumps({"findings": []}), "")


@dataclass
class DockedFile:
    name: str
    content: bytes


@dataclass
class CardStation:
    """What torture's stations tell a judge: what they docked, and where the receipts lie that they keep."""

    unit: str
    folder: Path
    docked: list[DockedFile] = field(default_factory=list)
    number: int = 0

    def receipts(self) -> list[Path]:
        return sorted(self.folder.glob("*.dsse.json"))


class Digests:
    """In the generator's place: a docked file knows its own bytes."""

    def digest(self, file: DockedFile) -> str:
        return hashlib.sha256(file.content).hexdigest()


@dataclass
class Tortured:
    """An archive that has come through: two contents, one of them docked twice."""

    sealing: SealingArchive
    station: CardStation
    superuser: psycopg.Connection[Any]

    def judge(self, docked: list[DockedFile] | None = None) -> Judgement:
        station = self.station if docked is None else replace(self.station, docked=docked)
        engines: Any = SimpleNamespace(run=lambda *_words, **_options: SOUND)
        return judge(self.sealing.archive, engines, [station], Digests(), False, lambda _: None)  # type: ignore[list-item,arg-type]

    def judge_rows_after(self, *changes: str) -> Judgement:
        """With rows as somebody changed them, who takes it back."""
        found = Judgement(files=3)
        with self.superuser.transaction(force_rollback=True):
            for change in changes:
                self.superuser.execute(change.encode())
            judge_rows(self.superuser, what_was_docked([self.station], Digests()), found)  # type: ignore[list-item,arg-type]
        return found

    def object_path(self, content: bytes = FIRST) -> Path:
        return self.sealing.settings.data / "objects" / self.recording(content).object_name

    def recording(self, content: bytes = FIRST) -> Recording:
        with self.sealing.archive.database.reading() as session:
            wanted = select(Recording).where(Recording.sha256 == hashlib.sha256(content).digest())
            return session.scalars(wanted).one()

    def envelope(self, content: bytes, repeat: bool) -> Path:
        """The kept receipt of the first, or of the repeated, upload of these bytes."""
        with self.sealing.archive.database.reading() as session:
            wanted = select(Receipt.upload_id).where(Receipt.recording_id == self.recording(content).id)
            upload_id = session.scalars(wanted.where(Receipt.repeat == repeat)).one()
        return self.station.folder / f"{upload_id}.dsse.json"


@pytest.fixture(scope="module")
def tortured(server: MigratedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tortured]:
    folder = tmp_path_factory.mktemp("judged")
    with server.copy_of(DATABASE) as addresses:
        sealing = SealingArchive(addresses, folder)
        station = CardStation(sealing.unit.code, folder / "receipts")
        station.folder.mkdir()
        for name, content in (("1.mp4", FIRST), ("2.mp4", SECOND), ("3_DUP.mp4", DUPLICATE)):
            sealing.seal(content, name)
            station.docked.append(DockedFile(name, content))
        with sealing.archive.database.transaction() as session:
            session.execute(update(MediaJob).values(state="nothing"))  # As a media worker leaves them.
            for receipt in session.scalars(select(Receipt)):
                (station.folder / f"{receipt.upload_id}.dsse.json").write_bytes(receipt.envelope)
        sealing.settle()
        with psycopg.connect(server.superuser_of(addresses), autocommit=True) as superuser:
            superuser.execute("SET session_replication_role = replica")
            yield Tortured(sealing, station, superuser)
        sealing.close()


def test_a_sound_archive_is_found_sound(tortured: Tortured) -> None:
    found = tortured.judge()
    assert found == Judgement(files=3)
    assert found.holds
    assert found.last_line() == "lost 0, doubled 0, wrong 0 of 3"
    assert tortured.judge_rows_after() == Judgement(files=3)


# Rows

FORGED = "f" * 32


def copied(table: str, condition: str = "true", **changes: str) -> str:
    """A row of the table once more, some of its columns changed; what PostgreSQL computes, it computes again."""
    given = "".join(f" || jsonb_build_object('{name}', {value})" for name, value in changes.items())
    row = f"jsonb_populate_record(NULL::{table}, to_jsonb(r){given})"
    copy = f"SELECT ({row}).* FROM {table} r WHERE {condition} LIMIT 1"
    return f"""
        DO $do$
        DECLARE columns text;
        BEGIN
            SELECT string_agg(quote_ident(attname), ', ') INTO STRICT columns FROM pg_attribute
            WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
            EXECUTE format($sql$INSERT INTO {table} (%1$s) SELECT %1$s FROM ({copy}) AS copy$sql$, columns);
        END
        $do$
    """


def copy_upload(state: str, recording: str = "NULL") -> str:
    return copied("upload", id=f"'{FORGED}'", state=f"'{state}'", recording_id=recording)


NEW_ID = "gen_random_uuid()"
PLANTED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "a recording that is gone": ("lost", "is no recording", ("DELETE FROM recording",)),
    "two recordings of the same bytes": (
        "doubled",
        "2 recordings of",
        (
            "ALTER TABLE recording DROP CONSTRAINT uq_recording_unit_id_sha256",
            copied("recording", id=NEW_ID, object_name="'originals/another'"),
        ),
    ),
    "a recording of other bytes": (
        "wrong",
        "nobody docked",
        (copied("recording", id=NEW_ID, object_name="'originals/another'", sha256="sha256('x')"),),
    ),
    "a receipt that is gone": ("lost", "receipts, ", ("DELETE FROM receipt",)),
    "two receipts": (
        "doubled",
        "receipts, ",
        (copy_upload("receipted"), copied("receipt", upload_id=f"'{FORGED}'")),
    ),
    "a repeat that counts as a first": ("lost", "repeats, ", ("UPDATE receipt SET repeat = false",)),
    "two repeats": ("doubled", "repeats, ", ("UPDATE receipt SET repeat = true",)),
    "an upload too many": (
        "doubled",
        "uploads, ",
        (copy_upload("receipted", "(SELECT id FROM recording LIMIT 1)"),),
    ),
    "an upload that leads to no recording": ("lost", "uploads, ", ("UPDATE upload SET recording_id = NULL",)),
    "an upload without an end": ("wrong", "upload without an end", (copy_upload("open"),)),
    "an attempt without an end": (
        "wrong",
        "attempt without an end",
        (
            copy_upload("terminated"),
            copied("custody_attempt", recording_id=NEW_ID, upload_id=f"'{FORGED}'", object_name="'originals/another'"),
        ),
    ),
    "a copy that was not made": ("wrong", "copy that was not made", ("UPDATE media_job SET state = 'due'",)),
    "a copy that failed": ("wrong", "copy that was not made", ("UPDATE media_job SET state = 'failed'",)),
    "an upload's lease": ("wrong", "lease that nobody gave back", ("UPDATE upload SET leased_by = 'dead'",)),
    "a copy's lease": ("wrong", "lease that nobody gave back", ("UPDATE media_job SET leased_by = 'dead'",)),
    "an entry without a place": ("wrong", "entry without a place", ("DELETE FROM ledger_sequence",)),
}
for action in ("recording.sealed", "recording.received_again", "receipt.issued"):
    gone = f"DELETE FROM ledger_entry WHERE action = '{action}'"
    PLANTED[f"a missing {action}"] = ("lost", f"{action}, ", (gone,))
    # `serial` is given by the database alone.
    twice = f"""INSERT INTO ledger_entry (id, unit_id, action, subject_id, entry, occurred_at)
        SELECT gen_random_uuid(), unit_id, action, subject_id, entry, occurred_at FROM ledger_entry
        WHERE action = '{action}'"""
    PLANTED[f"a doubled {action}"] = ("doubled", f"{action}, ", (twice,))


@pytest.mark.parametrize("fault", PLANTED)
def test_a_fault_in_the_rows_is_counted(tortured: Tortured, fault: str) -> None:
    counted_as, words, changes = PLANTED[fault]
    found = tortured.judge_rows_after(*changes)
    assert any(words in line for line in getattr(found, counted_as)), found
    assert not found.holds


def test_a_file_that_was_wiped_and_is_no_recording_is_lost(tortured: Tortured) -> None:
    found = tortured.judge([*tortured.station.docked, DockedFile("4.mp4", b"wiped for nothing")])
    assert (found.files, [line for line in found.lost if "4.mp4" in line]) == (
        4,
        ["4.mp4, wiped from its card, is no recording"],
    )


def test_bytes_that_nobody_docked_are_wrong(tortured: Tortured) -> None:
    found = tortured.judge([each for each in tortured.station.docked if each.content != SECOND])
    assert any("nobody docked" in line for line in found.wrong)


def test_the_same_bytes_docked_more_often_than_receipted_are_lost(tortured: Tortured) -> None:
    found = tortured.judge([*tortured.station.docked, DockedFile("4_DUP.mp4", SECOND)])
    assert any("1 receipts, 2 docked" in line for line in found.lost)


# What the agents keep


@contextmanager
def put_back(path: Path) -> Iterator[bytes]:
    content, mode = path.read_bytes(), path.stat().st_mode
    try:
        yield content
    finally:
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        path.chmod(mode)


def test_a_kept_receipt_that_was_edited_is_wrong_and_one_too_few(tortured: Tortured) -> None:
    path = tortured.envelope(SECOND, repeat=False)
    with put_back(path) as content:
        path.write_bytes(content[:-20] + bytes([content[-20] ^ 1]) + content[-19:])
        found = tortured.judge()
    assert any(path.name in line for line in found.wrong)
    assert any("1 receipts too few" in line for line in found.lost)


def test_a_receipt_that_no_agent_keeps_is_lost(tortured: Tortured) -> None:
    path = tortured.envelope(FIRST, repeat=True)
    with put_back(path):
        path.unlink()
        found = tortured.judge()
    assert any("1 receipts too few" in line for line in found.lost)
    assert (found.doubled, found.wrong) == ([], [])


def test_a_receipt_that_is_kept_twice_is_doubled(tortured: Tortured) -> None:
    again = tortured.station.folder / "again.dsse.json"
    shutil.copy(tortured.envelope(SECOND, repeat=False), again)
    try:
        found = tortured.judge()
    finally:
        again.unlink()
    assert any("1 receipts too many" in line for line in found.doubled)


def test_a_kept_receipt_of_another_recording_is_wrong(tortured: Tortured) -> None:
    """The archive's rows say that the upload became something else than its receipt does."""
    upload_id = tortured.envelope(SECOND, repeat=False).name.removesuffix(".dsse.json")
    move = "UPDATE upload SET recording_id = %s WHERE id = %s"
    tortured.superuser.execute(move, (tortured.recording(FIRST).id, upload_id))
    try:
        found = tortured.judge()
    finally:
        tortured.superuser.execute(move, (tortured.recording(SECOND).id, upload_id))
    assert any("receipt of another upload" in line for line in found.wrong)


# Objects


def test_an_object_that_is_gone_is_lost(tortured: Tortured) -> None:
    with put_back(tortured.object_path()):
        tortured.object_path().unlink()
        found = tortured.judge()
    assert any("does not open" in line for line in found.lost)
    assert f"no object {tortured.recording().object_name}" in found.lost


def test_an_object_with_a_flipped_byte_is_lost(tortured: Tortured) -> None:
    path = tortured.object_path()
    with put_back(path) as content:
        path.unlink()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        found = tortured.judge()
    assert any("does not open" in line for line in found.lost)


def test_an_object_that_opens_to_other_bytes_is_wrong(tortured: Tortured, tmp_path: Path) -> None:
    """Encrypted as the first was, under its own key: only its plaintext is another."""
    recording, archive = tortured.recording(), tortured.sealing.archive
    with archive.database.reading() as session:
        attempt = session.get_one(CustodyAttempt, recording.id)
    key = archive.key_store.unwrap_data_key(WrappedKey(recording.kek_id, recording.wrapped_data_key))
    other = tmp_path / "other"
    other.write_bytes(bytes(reversed(FIRST)))
    plan = SealingPlan(recording.object_name, key, attempt.salt, attempt.nonce_prefix, aad_of(recording.id))
    with put_back(tortured.object_path()):
        tortured.object_path().unlink()
        write_sealed(other, archive.store, plan)
        found = tortured.judge()
    assert found.wrong == [f"recording {recording.id} opens to other bytes"]


def test_an_object_that_nobody_knows_is_wrong(tortured: Tortured) -> None:
    store = tortured.sealing.archive.store
    store.put("originals/2026/01/extra", b"whose?")
    try:
        found = tortured.judge()
    finally:
        store.delete("originals/2026/01/extra")
    assert found == Judgement(3, wrong=["object that nobody knows: originals/2026/01/extra"])


# What `liuhen verify` says


def test_entries_out_of_time_are_excused_only_where_clocks_were_set_wrong() -> None:
    late = {"code": OUT_OF_TIME, "subject": "ledger entries 3 to 4"}
    verified = Ran(1, json.dumps({"findings": [late]}), "")
    for clocks_were_wrong in (True, False):
        found = Judgement(files=1)
        judge_verification(verified, clocks_were_wrong, found)
        assert found.out_of_time == ["ledger entries 3 to 4"]
        assert found.holds is clocks_were_wrong


@pytest.mark.parametrize(
    "verified",
    [
        Ran(1, json.dumps({"findings": [{"code": "object_differs", "subject": "originals/x"}]}), ""),
        Ran(1, json.dumps({"findings": []}), "Traceback"),
        Ran(2, "", "the database does not answer"),
        Ran(0, json.dumps({"holds": True}), ""),
    ],
    ids=["a finding", "no finding and not 0", "no JSON", "no findings named"],
)
def test_a_verification_that_does_not_agree_is_wrong_whatever_the_clocks(verified: Ran) -> None:
    found = Judgement(files=1)
    judge_verification(verified, True, found)
    assert len(found.wrong) == 1


# Packages


@pytest.mark.parametrize(
    ("contents", "counted_as"),
    [
        ([FIRST], "lost"),
        ([FIRST, SECOND, b"other"], "wrong"),
        ([FIRST, SECOND, FIRST], "doubled"),
        ([FIRST, SECOND], ""),
    ],
    ids=["one too few", "other bytes", "twice", "as it should be"],
)
def test_a_package_is_held_against_what_must_be_in_it(tmp_path: Path, contents: list[bytes], counted_as: str) -> None:
    for number, content in enumerate(contents):
        folder = tmp_path / "data" / str(number)
        folder.mkdir(parents=True)
        (folder / "original.mp4").write_bytes(content)
    found = Judgement(files=2)
    judge_export(tmp_path, {hashlib.sha256(each).hexdigest() for each in (FIRST, SECOND)}, found)
    assert [name for name in ("lost", "doubled", "wrong") if getattr(found, name)] == (
        [counted_as] if counted_as else []
    )


# What is left after the end


@pytest.fixture
def ended(tmp_path: Path) -> Any:
    """The folders of an archive that has ended."""
    for folder in ("run", "staging", "work", "objects/.incoming"):
        (tmp_path / folder).mkdir(parents=True)
    return SimpleNamespace(data=tmp_path)


def left_behind(ended: Any) -> list[str]:
    """But for what the tests themselves run: torture has a machine of its own, as far as it can see."""
    found = Judgement(files=1)
    own = {f"child left: {pid}" for pid in descendants(os.getpid())}
    judge_rest(ended, [], found)
    return [line for line in found.wrong if not line.startswith("process left") and line not in own]


def test_nothing_is_left_of_an_archive_that_has_ended(ended: Any) -> None:
    assert left_behind(ended) == []


@pytest.mark.parametrize(
    "name", ["liuhen.lock", "run/tsa.sock", "run/processes.json", "staging/a", "work/a", "staging/folder/a"]
)
def test_a_file_that_is_left_is_wrong(ended: Any, name: str) -> None:
    path = ended.data / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    assert left_behind(ended) == [f"left behind: {path}"]


def test_a_passing_object_that_somebody_still_holds_is_wrong(ended: Any) -> None:
    import fcntl

    path = ended.data / "objects/.incoming/held"
    with path.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert left_behind(ended) == [f"left behind: {path}"]
    assert left_behind(ended) == []  # Whose writer is gone is swept, as the next writer would.


def test_a_process_that_is_left_is_wrong(ended: Any) -> None:
    """A child of the one that judges, and one whose parent has ended."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    script = "from subprocess import *; print(Popen(['sleep', '60'], stdout=DEVNULL, stderr=DEVNULL).pid)"
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    orphan = int(printed.stdout)
    found = Judgement(files=1)
    try:
        judge_rest(ended, [], found)
    finally:
        os.kill(orphan, signal.SIGKILL)
        child.communicate()
    assert f"child left: {child.pid}" in found.wrong
    # Whose parent ends is taken on by init, or by whoever has asked for that: the process of these tests may have.
    assert [line for line in found.wrong if line.startswith((f"process left: {orphan} sleep", f"child left: {orphan}"))]


# What is reserved for nobody


def reserve(tortured: Tortured, count: int) -> None:
    for number in range(count):
        changed = copied("upload", id=f"'{number:032x}'", state="'open'", recording_id="NULL")
        tortured.superuser.execute(changed.encode())


@pytest.mark.parametrize(("left", "stops"), [(0, False), (MOST_RESERVED, False), (MOST_RESERVED + 1, True)])
def test_reservations_that_lost_answers_left_stop_the_run_before_time_forgives_them(
    tortured: Tortured, left: int, stops: bool
) -> None:
    check: Callable[[], None] = lambda: require_few_reservations(tortured.superuser)  # noqa: E731
    with tortured.superuser.transaction(force_rollback=True):
        reserve(tortured, left)
        if stops:
            with pytest.raises(SystemExit, match="reserved"):
                check()
        else:
            check()
