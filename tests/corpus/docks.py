"""Every file of a corpus through the docking agent, against a whole archive.

    python -m tests.corpus.docks FOLDER          exit 1 unless every file is sealed with its manifest's digest

FOLDER/manifest.json says what is there: "file", "size" and "sha256" of each. The files are copied to a card; the
station enrols a key of its own, and the agent wipes the card as it goes: what is gone had its receipt. What the archive
holds is then asked of its database, and the archive audits itself.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.journeys.running import LIUHEN, RunningArchive


@dataclass(frozen=True)
class Expected:
    """One file as the corpus states it; `name` is its path there."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Docked:
    """What came of it. `complaints` is empty when every file was sealed as it is stated, and wiped for its receipt."""

    files: int
    bytes_sent: int
    seconds: float
    repeats: int
    complaints: tuple[str, ...]


def read_manifest(folder: Path) -> list[Expected]:
    entries = json.loads((folder / "manifest.json").read_text("utf-8"))
    return [Expected(entry["file"], entry["size"], entry["sha256"]) for entry in entries]


def dock_corpus(archive: RunningArchive, folder: Path, files: Sequence[Expected], work: Path, *options: str) -> Docked:
    """Copy `files` to a card in `work`, dock it at a station made with these options, and compare."""
    card = work / "card"
    for file in files:
        path = card / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / file.name, path)
    key = work / "station.key"
    code = archive.admin("station", "code", f"corpus {work.name}", *options)
    words = ("--code", code["code"], "--receipt-key", code["receipt_key"], "--key-file", str(key))
    archive.run("dock", "enrol", "--server", archive.url, *words)
    began = time.monotonic()
    summary = _run_agent(archive, card, key, work)
    took = time.monotonic() - began
    receipts = {each["file"]: each for each in summary["files"]}
    complaints = [complaint for file in files for complaint in _complaints(file, receipts.get(file.name, {}))]
    complaints += _complaints_of_archive(archive, files)
    complaints += [f"still on the card: {path}" for path in card.rglob("*") if path.is_file()]
    repeats = sum(bool(each.get("repeat")) for each in receipts.values())
    return Docked(len(files), sum(file.size_bytes for file in files), took, repeats, tuple(complaints))


def _run_agent(archive: RunningArchive, card: Path, key: Path, work: Path) -> dict[str, Any]:
    command = [LIUHEN, "dock", str(card), "--station-key-file", str(key), "--state", str(work / "notes")]
    with (work / "dock.jsonl").open("wb") as events:
        subprocess.run([*command, "--wipe", "--json"], env=archive.environment, stdout=events, timeout=3600)
    last: dict[str, Any] = json.loads((work / "dock.jsonl").read_text("utf-8").splitlines()[-1])
    assert last["event"] == "summary", last
    return last


def _complaints(file: Expected, receipt: dict[str, Any]) -> list[str]:
    if receipt.get("state") != "wiped":
        return [f"{file.name}: {receipt.get('state', 'not told of')} {receipt.get('reason', '')}"]
    if (receipt["sha256"], receipt["size_bytes"]) != (file.sha256, file.size_bytes):
        return [f"{file.name}: receipt for {receipt['sha256']}, the corpus states {file.sha256}"]
    return []


def _complaints_of_archive(archive: RunningArchive, files: Sequence[Expected]) -> list[str]:
    """Files of equal bytes are one recording; each upload has its receipt."""
    wanted = {file.sha256 for file in files}
    with psycopg.connect(archive.admin("database")["worker"]) as connection:
        rows = connection.execute("SELECT encode(sha256, 'hex'), size_bytes FROM recording").fetchall()
        (receipts,) = connection.execute("SELECT count(*) FROM receipt").fetchone() or (0,)
    sealed = [row for row in rows if row[0] in wanted]
    complaints = [f"not sealed: {digest}" for digest in sorted(wanted - {row[0] for row in sealed})]
    if len(sealed) != len(wanted):
        complaints.append(f"{len(sealed)} recordings of {len(wanted)} different files")
    if receipts < len(files):
        complaints.append(f"{receipts} receipts for {len(files)} uploads")
    found = archive.run("verify", "--json", check=False)
    if found.returncode:
        complaints.append(f"liuhen verify: {found.stdout[:2000]}")
    return complaints


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory(prefix="liuhen-corpus-") as name:
        archive = RunningArchive(Path(name), ready_seconds=300)
        work = Path(name) / "station"
        work.mkdir()
        try:
            archive.start()
            docked = dock_corpus(archive, folder, read_manifest(folder), work)
        finally:
            archive.stop()
    for complaint in docked.complaints:
        print("WRONG:", complaint)
    print(
        f"{docked.files} files, {docked.bytes_sent:,} bytes, docked, sealed and wiped in {docked.seconds:.1f} s; "
        f"{docked.repeats} were known already; {len(docked.complaints)} wrong"
    )
    return 1 if docked.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
