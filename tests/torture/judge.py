"""What the archive holds, held against what the stations docked: nothing lost, doubled or wrong, and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from sqlalchemy import select

from api.archive import Archive
from integrity.errors import EvidenceError
from integrity.receipt import open_receipt
from storage.catalog.recordings import Recording
from storage.catalog.uploads import Upload
from storage.errors import StorageError
from storage.objects.folder import INCOMING, FolderStore
from storage.sealed_object import AtRest, open_sealed
from tests.commands import Ran
from tests.torture.files import Footage, PlannedFile
from tests.torture.rows import Content, judge_read_rows, read_rows
from tests.torture.system import Engines, Station, descendants, state_of

PIECE_BYTES = 1 << 20
OUT_OF_TIME = "entries_out_of_time"


@dataclass
class Judgement:
    """What was found, each in words."""

    files: int
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    out_of_time: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)

    def last_line(self) -> str:
        return f"lost {len(self.lost)}, doubled {len(self.doubled)}, wrong {len(self.wrong)} of {self.files}"


def judge(
    archive: Archive,
    engines: Engines,
    stations: list[Station],
    footage: Footage,
    clocks_were_wrong: bool,
    say: Callable[[str], None],
) -> Judgement:
    docked = what_was_docked(stations, footage)
    found = Judgement(sum(map(len, docked.values())))
    with psycopg.connect(archive.settings.database_worker_url or "") as connection:
        judge_rows(connection, docked, found)
    _judge_kept_receipts(archive, stations, footage, found)
    say("rows, entries and receipts compared")
    _judge_bytes(archive, found)
    say("every recording decrypted and compared")
    _judge_objects(archive, found)
    judge_verification(engines.run("verify", "--json", check=False), clocks_were_wrong, found)
    say("liuhen verify has ended")
    return found


def judge_verification(verified: Ran, clocks_were_wrong: bool, found: Judgement) -> None:
    """It has to agree; but where this run set clocks wrong it may say so of the entries, and is right."""
    try:
        findings = json.loads(verified.stdout)["findings"]
    except (ValueError, KeyError):
        found.wrong.append(f"liuhen verify: {verified.stdout[:1000]}{verified.stderr[:1000]}")
        return
    found.out_of_time = [each["subject"] for each in findings if each["code"] == OUT_OF_TIME]
    excused = (OUT_OF_TIME,) if clocks_were_wrong else ()
    found.wrong += [f"liuhen verify: {each}" for each in findings if each["code"] not in excused]
    if verified.code and not findings:
        found.wrong.append(f"liuhen verify ends with {verified.code}: {verified.stderr[:1000]}")


def judge_rows(connection: psycopg.Connection, docked: dict[Content, list[PlannedFile]], found: Judgement) -> None:
    """What the database says: a recording a content, its receipts and entries, and an end to whatever was begun."""
    judge_read_rows(read_rows(connection), docked, found)


def what_was_docked(stations: list[Station], footage: Footage) -> dict[Content, list[PlannedFile]]:
    docked: dict[Content, list[PlannedFile]] = defaultdict(list)
    for station in stations:
        for file in station.docked:
            docked[station.unit, footage.digest(file)].append(file)
    return docked


def _judge_kept_receipts(archive: Archive, stations: list[Station], footage: Footage, found: Judgement) -> None:
    """What each agent holds: a true receipt for each file that it removed, and for no other."""
    keys, vkey = [archive.keyring.public_key("receipt")], archive.keyring.ledger_vkey
    with archive.database.reading() as session:
        uploads = {row.id: row for row in session.scalars(select(Upload).where(Upload.state == "receipted"))}
    for station in stations:
        wanted = Counter(footage.digest(file) for file in station.docked)
        for path in station.receipts():
            try:
                receipt = open_receipt(path.read_bytes(), keys, vkey)
            except EvidenceError as error:
                found.wrong.append(f"station {station.number} keeps {path.name}: {error}")
                continue
            wanted[receipt.sha256.hex] -= 1
            row = uploads.get(receipt.upload_id)
            if row is None or row.recording_id != receipt.recording_id:
                found.wrong.append(f"station {station.number} keeps a receipt of another upload: {path.name}")
        for digest, count in wanted.items():
            if count > 0:
                found.lost.append(f"station {station.number} removed {digest} and holds {count} receipts too few")
            elif count < 0:
                found.doubled.append(f"station {station.number} holds {-count} receipts too many for {digest}")


def _judge_bytes(archive: Archive, found: Judgement) -> None:
    """By the archive's own way back to the plaintext. Rows were compared with the generator's digests already."""
    with archive.database.reading() as session:
        rows = list(session.scalars(select(Recording)))
    for row in rows:
        digest = hashlib.sha256()
        try:
            with open_sealed(archive.store, archive.key_store, AtRest.of(row)) as sealed:
                for piece in sealed.pieces(0, row.size_bytes, PIECE_BYTES):
                    digest.update(piece)
        except StorageError as error:
            found.lost.append(f"recording {row.id} does not open: {error}")
            continue
        if digest.digest() != row.sha256:
            found.wrong.append(f"recording {row.id} opens to other bytes")


def _judge_objects(archive: Archive, found: Judgement) -> None:
    with archive.database.reading() as session:
        known = set(session.scalars(select(Recording.object_name)))
    stored = set(archive.store.list("originals/"))
    found.lost += [f"no object {name}" for name in known - stored]
    found.wrong += [f"object that nobody knows: {name}" for name in stored - known]


def judge_export(package: Path, expected: set[str], found: Judgement) -> None:
    """An exported package's originals are the generator's bytes."""
    exported = Counter(hashlib.sha256(path.read_bytes()).hexdigest() for path in package.glob("data/*/original*"))
    for digest in expected - set(exported):
        found.lost.append(f"{digest} is not in the package {package.name}")
    for digest, count in exported.items():
        if digest not in expected:
            found.wrong.append(f"{package.name} holds other bytes: {digest}")
        if count > 1:
            found.doubled.append(f"{package.name} holds {digest} {count} times")


def judge_rest(engines: Engines, stations: list[Station], found: Judgement) -> None:
    """After the archive was ended: no process, lock, socket or passing file is left."""
    own = {1, os.getpid(), *descendants(os.getpid())}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) not in own and state_of(int(entry.name)) not in (None, "Z"):
            found.wrong.append(f"process left: {entry.name} {_command(entry)}")
    found.wrong += [f"child left: {pid}" for pid in descendants(os.getpid()) if state_of(pid) not in (None, "Z")]
    left = [engines.data / "liuhen.lock", *(engines.data / "run").glob("*.sock"), engines.data / "run/processes.json"]
    found.wrong += [f"left behind: {path}" for path in left if path.exists()]
    sweep_passing_files(engines.data / "objects")
    for folder in ("staging", "work", "objects/.incoming"):
        found.wrong += [f"left behind: {path}" for path in (engines.data / folder).rglob("*") if path.is_file()]


def sweep_passing_files(objects: Path) -> None:
    """What killed writers left is removed by a writer that starts a minute later: here they look older instead."""
    long_ago = time.time() - 3600
    for path in (objects / INCOMING).iterdir():
        os.utime(path, (long_ago, long_ago))
    FolderStore(objects).sweep_abandoned()


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:200]
    except OSError:
        return ""


def write_down(found: Judgement, folder: Path) -> None:
    facts = {"lost": found.lost, "doubled": found.doubled, "wrong": found.wrong}
    (folder / "judgement.json").write_text(json.dumps(facts, ensure_ascii=False, indent=1))
