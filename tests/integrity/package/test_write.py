"""Writing a package: what comes out holds, and whatever goes wrong leaves nothing behind."""

from __future__ import annotations

import errno
import hashlib
import resource
import signal
import stat
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from integrity.digest import Digest
from integrity.errors import (
    CheckpointInvalid,
    DigestMismatch,
    EvidenceContradiction,
    EvidenceError,
    KeyNotPinned,
    MalformedEvidence,
    PackageExists,
    SizeMismatch,
    TimestampInvalid,
)
from integrity.package import layout
from integrity.package.failure import PackageInvalid
from integrity.package.verify import verify_package
from integrity.package.write import write_package

MIB = 1 << 20


def changed_recordings(archive: Any, position: int, **changes: object) -> list[Any]:
    recordings = list(archive.packaged_recordings())
    recordings[position] = replace(recordings[position], **changes)
    return recordings


def changed_proxy(archive: Any, **changes: object) -> list[Any]:
    recordings = list(archive.packaged_recordings())
    recordings[0] = replace(recordings[0], proxy=replace(recordings[0].proxy, **changes))
    return recordings


# What comes out


def test_written_package_holds_the_bytes_it_was_given(pristine: Path, archive: Any) -> None:
    first, second = archive.footage
    assert (pristine / "data/1/original.mp4").read_bytes() == first.content
    assert (pristine / "data/1/proxy.mp4").read_bytes() == first.proxy
    assert (pristine / "data/2/original.bin").read_bytes() == second.content
    assert (pristine / "manifest/2.dsse.json").read_bytes() == archive.envelopes[1]
    assert (pristine / "manifest/2.tsr").read_bytes() == archive.tokens[1]
    assert (pristine / "log/entries/15.json").read_bytes() == archive.entries[15]
    assert (pristine / "log/checkpoint").read_bytes() == archive.checkpoint()


def test_verdict_of_the_writer_is_the_verifiers(tmp_path: Path, archive: Any) -> None:
    written = write_package(tmp_path / "package", archive.contents())
    assert written == verify_package(tmp_path / "package", archive.trust)
    assert written.statement_sha256 == Digest.of("sha256", (tmp_path / "package/package.dsse.json").read_bytes())
    assert stat.S_IMODE((tmp_path / "package").stat().st_mode) == 0o700


def test_same_contents_give_the_same_package(tmp_path: Path, archive: Any) -> None:
    for name in ("one", "two"):
        write_package(tmp_path / name, archive.contents())
    compared = subprocess.run(["diff", "-r", tmp_path / "one", tmp_path / "two"], capture_output=True, check=False)
    assert compared.returncode == 0, compared.stdout


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("video.MOV", "data/1/original.mov"),
        ("a.b.c.jpeg", "data/1/original.jpeg"),
        ("noending", "data/1/original.bin"),
        ("", "data/1/original.bin"),
        (".mp4", "data/1/original.bin"),
        ("x.mp4/../../../etc/passwd", "data/1/original.bin"),
        ("../../x.mp4", "data/1/original.mp4"),
        ("run.exe", "data/1/original.bin"),
        ("run.mp4.lnk", "data/1/original.bin"),
        ("a.html", "data/1/original.bin"),
        ("执法.mp4\n", "data/1/original.bin"),
        ("a.ｍｐ４", "data/1/original.bin"),
        ("a.mp4\x00.sh", "data/1/original.bin"),
    ],
)
def test_of_an_uploaders_file_name_only_a_known_ending_is_kept(name: str, path: str) -> None:
    assert layout.original_path(1, name) == path
    assert layout.is_possible_file(path)


def test_recordings_and_entries_may_be_generators_and_are_read_once(tmp_path: Path, archive: Any) -> None:
    read: list[str] = []

    def watched(kind: str, items: Iterator[Any]) -> Iterator[Any]:
        for item in items:
            read.append(kind)
            yield item

    contents = archive.contents()
    contents = replace(
        contents,
        recordings=watched("recording", iter(contents.recordings)),
        entries=watched("entry", iter(contents.entries)),
    )
    write_package(tmp_path / "package", contents)
    assert sorted(read) == ["entry"] * 4 + ["recording"] * 2


def test_large_recording_takes_constant_memory(tmp_path: Path, make_archive: Callable[..., Any], archive: Any) -> None:
    piece = bytes(MIB)
    large = make_archive(footage=[replace(archive.footage[1], content=bytes(48 * MIB))])
    (recording,) = large.packaged_recordings()
    recordings = [replace(recording, original=(piece for _ in range(48)))]
    tracemalloc.start()
    try:
        write_package(tmp_path / "package", large.contents(recordings=recordings))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 8 * MIB


# What is wrong with the contents


def raises(folder: Path, contents: Any, error: type[Exception]) -> Any:
    with pytest.raises(error) as caught:
        write_package(folder / "package", contents)
    assert list(folder.iterdir()) == []
    return caught.value


def test_original_that_is_not_what_was_sealed_is_an_error_with_both_digests(tmp_path: Path, archive: Any) -> None:
    content = archive.footage[1].content
    other = content[:-1] + b"?"
    recordings = changed_recordings(archive, 1, original=[other])
    error = raises(tmp_path, archive.contents(recordings=recordings), DigestMismatch)
    assert (error.path, error.algorithm) == ("data/2/original.bin", "sha256")
    assert error.expected == hashlib.sha256(content).hexdigest()
    assert error.found == hashlib.sha256(other).hexdigest()


def test_short_original_is_an_error(tmp_path: Path, archive: Any) -> None:
    recordings = changed_recordings(archive, 1, original=[archive.footage[1].content[:-1]])
    error = raises(tmp_path, archive.contents(recordings=recordings), SizeMismatch)
    assert (error.path, error.expected_bytes, error.found_bytes) == ("data/2/original.bin", 18, 17)


def test_original_without_end_is_stopped_at_its_size(tmp_path: Path, archive: Any) -> None:
    given = 0

    def endless() -> Iterator[bytes]:
        nonlocal given
        while True:
            given += 1
            yield bytes(10)

    raises(tmp_path, archive.contents(recordings=changed_recordings(archive, 1, original=endless())), SizeMismatch)
    assert given == 2


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"sha256": Digest("sha256", bytes(32))}, DigestMismatch),
        ({"pieces": [b"other"]}, DigestMismatch),
        ({"parent_sha256": Digest("sha256", bytes(32))}, EvidenceContradiction),
    ],
)
def test_playable_copy_must_be_the_one_made_from_this_original(
    tmp_path: Path, archive: Any, changes: dict[str, Any], error: type[Exception]
) -> None:
    recordings = changed_proxy(archive, **changes)
    assert "data/1/proxy.mp4" in str(raises(tmp_path, archive.contents(recordings=recordings), error))


def test_token_of_another_manifest_is_refused(tmp_path: Path, archive: Any) -> None:
    recordings = changed_recordings(archive, 1, token=archive.tokens[0])
    assert "manifest/2.tsr" in str(raises(tmp_path, archive.contents(recordings=recordings), TimestampInvalid))


def test_manifest_by_a_key_that_is_not_pinned_is_refused(tmp_path: Path, archive: Any, attacker: Any) -> None:
    recordings = changed_recordings(archive, 1, envelope=attacker.envelopes[1], token=attacker.tokens[1])
    assert "manifest/2" in str(raises(tmp_path, archive.contents(recordings=recordings), KeyNotPinned))


def test_checkpoint_of_another_ledger_is_refused(tmp_path: Path, archive: Any, attacker: Any) -> None:
    raises(tmp_path, archive.contents(checkpoint=attacker.checkpoint()), CheckpointInvalid)


def test_package_key_that_is_not_pinned_is_refused(tmp_path: Path, archive: Any, attacker: Any) -> None:
    error = raises(tmp_path, archive.contents(key=attacker.keys["package"]), PackageInvalid)
    assert (error.step, error.path) == (3, "package.dsse.json")


def test_package_without_the_sealing_entry_of_a_recording_is_refused(tmp_path: Path, archive: Any) -> None:
    entries = [archive.packaged_entry(index) for index in (0, 13)]
    error = raises(tmp_path, archive.contents(entries=entries), PackageInvalid)
    assert (error.step, error.path) == (11, "manifest/2.dsse.json")


def test_proof_of_another_entry_is_refused(tmp_path: Path, archive: Any) -> None:
    entries = [archive.packaged_entry(index) for index in (13, 14)]
    entries[1] = replace(entries[1], proof=entries[0].proof)
    error = raises(tmp_path, archive.contents(entries=entries), PackageInvalid)
    assert (error.step, error.path) == (10, "log/proofs/14.json")


def test_entries_out_of_order_are_refused(tmp_path: Path, archive: Any) -> None:
    entries = [archive.packaged_entry(index) for index in (14, 13)]
    raises(tmp_path, archive.contents(entries=entries), MalformedEvidence)


@pytest.mark.parametrize("recordings", [[], "twice"])
def test_package_without_a_recording_or_with_one_twice_is_refused(
    tmp_path: Path, archive: Any, recordings: Any
) -> None:
    if recordings == "twice":
        recordings = [next(archive.packaged_recordings()), next(archive.packaged_recordings())]
    raises(tmp_path, archive.contents(recordings=recordings), EvidenceError)


# What goes wrong outside


def test_source_that_breaks_off_leaves_nothing(tmp_path: Path, archive: Any) -> None:
    def breaking() -> Iterator[bytes]:
        yield archive.footage[0].content[:MIB]
        raise OSError(errno.EIO, "the store is gone")

    recordings = changed_recordings(archive, 0, original=breaking())
    assert raises(tmp_path, archive.contents(recordings=recordings), OSError).errno == errno.EIO


@pytest.mark.parametrize("limit_bytes", [100, 3000, 500_000])
def test_disk_that_takes_no_more_leaves_nothing(tmp_path: Path, archive: Any, limit_bytes: int) -> None:
    """A limit on file sizes makes write(2) itself fail, as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        raises(tmp_path, archive.contents(), OSError)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, previous)
    write_package(tmp_path / "package", archive.contents())


@pytest.mark.parametrize("kind", ["package", "empty folder", "file", "dangling link"])
def test_nothing_is_ever_written_over(tmp_path: Path, archive: Any, kind: str) -> None:
    target = tmp_path / "package"
    if kind == "package":
        write_package(target, archive.contents())
    elif kind == "empty folder":
        target.mkdir()
    elif kind == "file":
        target.write_bytes(b"something")
    else:
        target.symlink_to(tmp_path / "nowhere")
    with pytest.raises(PackageExists):
        write_package(target, archive.contents())
    assert [path.name for path in tmp_path.iterdir()] == ["package"]


def test_package_that_appears_meanwhile_is_not_written_over(tmp_path: Path, archive: Any) -> None:
    """Two exports into one folder: the first to finish wins, the other says so, neither damages the other."""

    def interrupted() -> Iterator[bytes]:
        write_package(tmp_path / "package", archive.contents())
        yield archive.footage[1].content

    recordings = changed_recordings(archive, 1, original=interrupted())
    with pytest.raises(PackageExists):
        write_package(tmp_path / "package", archive.contents(recordings=recordings))
    assert [path.name for path in tmp_path.iterdir()] == ["package"]
    verify_package(tmp_path / "package", archive.trust)


def test_what_a_killed_export_left_is_removed_by_the_next(tmp_path: Path, archive: Any) -> None:
    script = f"""
import os, signal
from pathlib import Path
from integrity.durable_files import new_folder
with new_folder(Path({str(tmp_path / "package")!r})) as partial:
    (partial / "data").mkdir()
    (partial / "data/secret").write_bytes(b"footage")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    died = subprocess.run([sys.executable, "-c", script], check=False, timeout=120, cwd=Path(__file__).parents[3])
    assert died.returncode == -signal.SIGKILL
    assert len(list(tmp_path.rglob("secret"))) == 1
    write_package(tmp_path / "package", archive.contents())
    assert [path.name for path in tmp_path.iterdir()] == ["package"]
