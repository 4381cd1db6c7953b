"""Exporting a case out of a real archive: what leaves, under which entry, and that a stranger can verify it."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import api.export
from api.export import export_case
from api.handover_errors import EntriesWithoutPlace, NoRoomForCopy, NothingToCopy
from api.trust_folder import build_trust
from casework.errors import AccessRefused
from ingest.lanes import seal_next
from integrity.errors import PackageExists
from integrity.ledger_entry import parse_entry
from integrity.package.verify import verify_package
from integrity.trust import write_trust
from storage.catalog.access import Export
from storage.catalog.ledger import LedgerEntryRow

CONTENT = b"no picture, but evidence\n" * 100_000


def exports(sealing: Any) -> list[Export]:
    with sealing.archive.database.reading() as session:
        return list(session.scalars(select(Export).order_by(Export.started_at)))


def last_entry(sealing: Any, action: str) -> Any:
    with sealing.archive.database.reading() as session:
        rows = select(LedgerEntryRow.entry).where(LedgerEntryRow.action == action)
        return parse_entry(session.scalars(rows.order_by(LedgerEntryRow.serial.desc())).first())


def run(sealing: Any, target: Path, grant: Any = None, person: str = "supervisor") -> Any:
    grant = grant or sealing.grant()
    return export_case(sealing.archive, sealing.people[person], sealing.case.id, grant.id, target)


def test_a_case_leaves_as_a_package_that_a_stranger_verifies(sealing: Any, tmp_path: Path) -> None:
    clip = sealing.clip(tmp_path)
    for content, name in ((clip, "AB00001_000123_20260101093000.MP4"), (CONTENT, "note.bin")):
        sealing.link(sealing.seal(content, name))
    sealing.render()
    target, trust = tmp_path / "package", tmp_path / "trust"
    exported = run(sealing, target)
    write_trust(trust, build_trust(sealing.archive))

    argv = [sys.executable, "-m", "integrity", "verify", str(target), "--trust", str(trust), "--json"]
    verified = subprocess.run(argv, capture_output=True, text=True, cwd="/")
    assert verified.returncode == 0, verified.stdout
    verdict = json.loads(verified.stdout)
    assert verdict["package_id"] == str(exported.export_id)
    assert [each["sha256"] for each in verdict["recordings"]] == [
        hashlib.sha256(content).hexdigest() for content in (clip, CONTENT)
    ]
    assert (target / "data/1/original.mp4").read_bytes() == clip
    assert (target / "data/1/proxy.mp4").stat().st_size > 0
    assert (target / "data/2/original.bin").read_bytes() == CONTENT

    case = json.loads((target / "meta/case.json").read_bytes())
    assert case["case"]["number"] == sealing.case.number
    (rendition,) = case["recordings"][0]["renditions"]
    assert rendition["parent_sha256"] == hashlib.sha256(clip).hexdigest()
    assert rendition["settings"]["arguments"]
    assert rendition["version"]


def test_what_was_said_when_a_file_came_again_leaves_with_it(sealing: Any, tmp_path: Path) -> None:
    sealing.link(sealing.seal(CONTENT, "AB00001_000123_20260101093000.MP4"))
    sealing.link(sealing.seal(b"came once", "once.bin"))
    again = sealing.stage(CONTENT, "AB00002_000456_20260101093000.MP4")
    assert seal_next(sealing.custody, sealing.staging, "test")
    sealing.settle()
    run(sealing, tmp_path / "package")
    verdict = verify_package(tmp_path / "package", build_trust(sealing.archive))
    (repeat,) = verdict.recordings[0].received_again
    assert verdict.recordings[1].received_again == ()
    assert (repeat.upload_id, repeat.original_name) == (again, "AB00002_000456_20260101093000.MP4")
    assert {"device", "officer", "name"} <= set(repeat.differs)
    assert "000456" in json.dumps(repeat.claims)


def test_the_ledger_says_who_copied_what_and_which_package_came_of_it(sealing: Any, tmp_path: Path) -> None:
    sealing.link(sealing.seal(CONTENT))
    grant = sealing.grant()
    exported = run(sealing, tmp_path / "package", grant)
    started, finished = last_entry(sealing, "export.started"), last_entry(sealing, "export.finished")
    statement = hashlib.sha256((tmp_path / "package/package.dsse.json").read_bytes()).hexdigest()
    assert started.data["grant_id"] == str(grant.id)
    assert started.actor_id == str(sealing.people["supervisor"].id)
    assert finished.data["statement_sha256"] == statement == exported.statement_sha256.hex
    # The package itself holds the entry under which it was made.
    entries = [parse_entry(path.read_bytes()) for path in (tmp_path / "package/log/entries").iterdir()]
    assert started.id in {entry.id for entry in entries}
    actions = {entry.action for entry in entries}
    assert {"case.opened", "recording.sealed", "recording.linked", "access.granted", "export.started"} <= actions


def test_the_entry_is_committed_before_the_first_byte_is_decrypted(
    sealing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealing.link(sealing.seal(CONTENT))
    seen: list[int] = []
    plain = api.export.open_sealed

    def open_sealed(*arguments: Any) -> Any:
        seen.append(sealing.entries("export.started"))
        return plain(*arguments)

    monkeypatch.setattr(api.export, "open_sealed", open_sealed)
    run(sealing, tmp_path / "package")
    assert seen == [1]


@pytest.mark.parametrize(
    ("kind", "person", "reason"), [("view", "supervisor", "wrong_kind"), ("copy", "other", "not_yours")]
)
def test_without_a_grant_to_copy_nothing_leaves_and_the_refusal_is_an_entry(
    sealing: Any, tmp_path: Path, kind: str, person: str, reason: str
) -> None:
    sealing.link(sealing.seal(CONTENT))
    with pytest.raises(AccessRefused):
        run(sealing, tmp_path / "package", sealing.grant(kind), person)
    assert last_entry(sealing, "access.denied").data["reason"] == reason
    assert last_entry(sealing, "access.denied").actor_id == str(sealing.people[person].id)
    assert sealing.entries("export.started") == 0
    assert not (tmp_path / "package").exists()


def test_nothing_is_written_over(sealing: Any, tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    with pytest.raises(PackageExists):
        run(sealing, tmp_path / "package")
    assert exports(sealing) == []


def damage(sealing: Any, recording: Any) -> None:
    path = sealing.settings.data / "objects" / recording.object_name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.unlink()
    path.write_bytes(content)


def test_a_damaged_original_leaves_no_package_and_an_export_that_was_only_begun(sealing: Any, tmp_path: Path) -> None:
    recording = sealing.seal(CONTENT)
    sealing.link(recording)
    damage(sealing, recording)
    with pytest.raises(Exception, match=recording.object_name):
        run(sealing, tmp_path / "package")
    (export,) = exports(sealing)
    assert export.finished_at is None
    assert not [path for path in tmp_path.iterdir() if "package" in path.name]


def test_a_full_disk_leaves_nothing_behind(sealing: Any, tmp_path: Path) -> None:
    sealing.link(sealing.seal(CONTENT))
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("a small disk takes leave to mount one")
    try:
        with pytest.raises(NoRoomForCopy):
            run(sealing, disk / "package")
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_failure_at_the_very_end_takes_the_package_back(
    sealing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealing.link(sealing.seal(CONTENT))

    def fail(*_: Any) -> None:
        assert (tmp_path / "package/package.dsse.json").exists()
        raise ConnectionError("the database is gone")

    monkeypatch.setattr(api.export, "finish_export", fail)
    with pytest.raises(ConnectionError):
        run(sealing, tmp_path / "package")
    assert not (tmp_path / "package").exists()


# Dies in the middle of the footage, as by SIGKILL: nothing is tidied up.
DYING = """
import os, sys
from api.cli.main import run
from storage.sealed_object import OpenedObject
whole = OpenedObject.pieces
def die(*arguments):
    yield next(whole(*arguments))
    os._exit(9)
OpenedObject.pieces = die
sys.exit(run(sys.argv[1:]))
"""


def test_a_crash_leaves_no_package_and_a_repeat_sweeps_what_it_left(
    sealing: Any, commands: Any, tmp_path: Path
) -> None:
    sealing.link(sealing.seal(CONTENT))
    words = ["export", sealing.case.number, "--grant", str(sealing.grant().id), "--out", str(tmp_path / "package")]
    died = subprocess.run([sys.executable, "-P", "-c", DYING, *words], capture_output=True, text=True)
    assert died.returncode == 9, died.stderr
    assert not (tmp_path / "package").exists()
    assert len(list(tmp_path.glob(".package.partial-*"))) == 1
    assert commands(*words) == 0
    assert (tmp_path / "package").exists()
    assert list(tmp_path.glob(".package.partial-*")) == []
    assert [export.finished_at is None for export in exports(sealing)] == [True, False]


def test_without_a_sequencer_nothing_is_copied(sealing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sealing.link(sealing.seal(CONTENT))
    grant = sealing.grant()
    sealing.stop_sequencing()
    monkeypatch.setattr(api.export, "PATIENCE_SECONDS", 0.2)
    with pytest.raises(EntriesWithoutPlace, match="nothing was copied"):
        run(sealing, tmp_path / "package", grant)
    assert not (tmp_path / "package").exists()


def test_a_case_without_recordings_has_nothing_to_copy(sealing: Any, tmp_path: Path) -> None:
    with pytest.raises(NothingToCopy):
        run(sealing, tmp_path / "package")
    assert exports(sealing) == []
    assert sealing.entries("export.started") == 0


def test_the_command_that_is_shown_verifies_the_package_as_it_is(
    sealing: Any, commands: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sealing.link(sealing.seal(CONTENT))
    write_trust(tmp_path / "DIR", build_trust(sealing.archive))
    out = str(tmp_path / "证据 package")
    assert commands("export", sealing.case.number, "--grant", str(sealing.grant().id), "--out", out) == 0
    (shown,) = re.findall("离线核验 / to verify it: (.*)", capsys.readouterr().out)
    verified = subprocess.run(shlex.split(shown), capture_output=True, text=True, cwd=tmp_path)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_the_command_exports_by_case_number_as_whom_the_grant_is_for(
    sealing: Any, commands: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sealing.link(sealing.seal(CONTENT))
    grant, target = str(sealing.grant().id), str(tmp_path / "package")
    assert commands("export", sealing.case.number, "--grant", grant, "--out", target, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["recordings"] == 1
    assert facts["statement_sha256"] == exports(sealing)[0].statement_sha256.hex()
    assert exports(sealing)[0].person_id == sealing.people["supervisor"].id
    assert commands("export", sealing.case.number, "--grant", grant, "--out", target) == 2
    assert "已存在" in capsys.readouterr().err
    assert commands("export", "别案", "--grant", grant) == 1
    assert "找不到" in capsys.readouterr().err
    assert commands("export", sealing.case.number, "--grant", "nonsense") == 2
    view = str(sealing.grant("view").id)
    capsys.readouterr()
    assert commands("export", str(sealing.case.id), "--grant", view, "--out", str(tmp_path / "other")) == 1
    assert "授权的种类不符" in capsys.readouterr().err
    assert last_entry(sealing, "access.denied").data["reason"] == "wrong_kind"
    assert not (sealing.settings.data / "liuhen.lock").exists()
