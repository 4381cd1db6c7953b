"""What cards really hold, and do: each gets a state with words, and the rest of the card is received."""

from __future__ import annotations

import errno
import io
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ingest.dock import errors
from ingest.dock.bars import Bars
from ingest.dock.events import FileChanged, FileStays, FileWiped, FolderListed, SourceGone
from ingest.dock.folder import list_source
from ingest.dock.progress import JsonLines
from ingest.dock.source import Source, SourceFile, open_source
from integrity.hidden_signs import escaped
from tests.ingest.dock.watching import Watching, mountinfo_line

ODD_NAMES = [
    "line\nbreak.mp4",
    "carriage\rreturn.mp4",
    "\u202egpj.exe.mp4",
    "\x1b[31mred\x1b[0m.mp4",
    os.fsdecode(b"\xff\xfe.mp4"),
    os.fsdecode("执法记录.mp4".encode("gb18030")),
    "执" * 83 + ".mp4",
    "-rf.mp4",
    "a b'c\"d$(e)`f`.mp4",
    "%s%n.mp4",
]


def test_odd_names_are_received_wiped_and_told_on_one_printable_line_each(docking: Any, archive: Any) -> None:
    for number, name in enumerate(ODD_NAMES):
        docking.write(name, b"%d" % number)
    assert docking.run(wipe=True).complete
    assert list(docking.folder.iterdir()) == []
    assert len(archive.uploads) == len(ODD_NAMES)
    output = io.StringIO()
    tell = JsonLines(output)
    for event in docking.events:
        tell(event)
    lines = output.getvalue().splitlines()
    told = {json.loads(line).get("file") for line in lines}
    assert set(ODD_NAMES) <= told
    assert all(line.isprintable() for line in lines)
    for name in ODD_NAMES:
        assert escaped(name).isprintable()


def test_a_card_mounted_under_an_odd_name_is_told_on_printable_lines_to_program_and_person(
    watching: Watching, archive: Any
) -> None:
    label = os.fsdecode(b"CARD\x1b[2J\xff\x9b\xc2\x85\x07" + "\u202e\u2066\u2028".encode())
    output, screen = io.StringIO(), io.StringIO()
    tells = [watching.events.append, JsonLines(output), Bars(Console(file=screen, width=400), each_file=True)]
    watching.hear = lambda event: [tell(event) for tell in tells].clear()
    card = watching.media / label
    (card / os.fsdecode(b"D\x1b[1m\xfe")).mkdir(parents=True)
    names = {os.fsdecode(b"D\x1b[1m\xfe/") + name for name in ODD_NAMES}
    for name in names:
        (card / name).write_bytes(name.encode("utf-8", "surrogateescape"))
    (card / os.fsdecode(b"empty\x1b\xff.mp4")).write_bytes(b"")
    (card / os.fsdecode(b".hidden\x1b\xff")).write_bytes(b"x")
    with watching.running():
        watching.mounts.write_bytes(os.fsencode(mountinfo_line(card)))
        watching.wait(lambda: len(watching.told(FileWiped)) == len(names))
        watching.plug()
        watching.wait(lambda: watching.told(SourceGone))
    lines = output.getvalue().splitlines()
    said = [json.loads(line) for line in lines]
    assert {each["file"] for each in said if each["event"] == "wiped"} == {f"{label}/{name}" for name in names}
    assert {each["label"] for each in said if each["event"] in ("source_found", "source_gone")} == {label}
    for line in (*lines, *screen.getvalue().splitlines()):
        assert line.isprintable()
        line.encode()
    assert escaped(label) in screen.getvalue()


@pytest.mark.parametrize("notes", ["notes", "DCIM/notes"])
def test_notes_that_lie_on_the_card_are_no_footage(docking: Any, archive: Any, notes: str) -> None:
    docking.write("DCIM/a.mp4", b"x")
    docking.write("other/notes/b.mp4", b"y")
    docking.state = docking.folder / notes
    for _ in range(2):
        assert docking.run().complete
    assert archive.sealed_names() == ["a.mp4", "b.mp4"]


def test_links_pipes_sockets_and_hidden_things_are_named_with_why(docking: Any, archive: Any) -> None:
    import socket

    target = docking.write("a.mp4", b"x")
    (docking.folder / "link.mp4").symlink_to(target)
    (docking.folder / "loop").symlink_to(docking.folder)
    (docking.folder / "dangling.mp4").symlink_to("nowhere")
    os.mkfifo(docking.folder / "pipe.mp4")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(docking.folder / "socket.mp4"))
    docking.write("System Volume Information/IndexerVolumeGuid", b"x")
    docking.write(".hidden.mp4", b"x")
    docking.write("half.mp4.part", b"x")
    result = docking.run()
    assert result.complete
    assert archive.sealed_names() == ["a.mp4"]
    assert result.why_skipped == {
        "link.mp4": "link",
        "loop": "link",
        "dangling.mp4": "link",
        "pipe.mp4": "special",
        "socket.mp4": "special",
        "System Volume Information": "system",
        ".hidden.mp4": "hidden",
        "half.mp4.part": "temporary",
    }
    (listed,) = docking.told(FolderListed)
    assert set(listed.skipped) == set(result.why_skipped)


def test_folder_that_contains_itself_is_looked_through_once(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged card's directory that leads back: played by a folder that reports its parent's identity."""
    docking.write("DCIM/a.mp4", b"x")
    inner = docking.folder / "DCIM" / "again"
    inner.mkdir()
    (inner / "a.mp4").write_bytes(b"x")
    outer = (docking.folder / "DCIM").stat()
    real = os.DirEntry.stat

    class Entry:
        def __init__(self, entry: Any) -> None:
            self.name, self.path, self._entry = entry.name, entry.path, entry

        def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
            return outer if self.name == "again" else real(self._entry, follow_symlinks=follow_symlinks)

    scandir = os.scandir

    class Scanned:
        def __init__(self, folder: Any) -> None:
            self._entries = scandir(folder)

        def __enter__(self) -> Any:
            return [Entry(entry) for entry in self._entries]

        def __exit__(self, *_: object) -> None:
            self._entries.close()

    monkeypatch.setattr(os, "scandir", Scanned)
    listing = list_source(Source(docking.folder), docking.state)
    assert [file.name for file in listing.files] == ["DCIM/a.mp4"]
    assert listing.why_skipped == {"DCIM/again": "loop"}


def test_volume_mounted_below_a_recorder_is_not_taken_for_its_files(
    docking: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    docking.write("a.mp4", b"x")
    (docking.folder / "shm").mkdir()
    recorder = Source(docking.folder, device=docking.folder.stat().st_dev)
    elsewhere = SourceFile("a.mp4", 1, source=Source(docking.folder, device=1))
    with pytest.raises(errors.SourceUnreadable, match="is gone"), open_source(elsewhere):
        pass
    real = Source.holds
    mounted = (docking.folder / "shm").stat().st_ino
    monkeypatch.setattr(Source, "holds", lambda source, status: status.st_ino != mounted and real(source, status))
    listing = list_source(recorder, docking.state)
    assert [file.name for file in listing.files] == ["a.mp4"]
    assert listing.why_skipped == {"shm": "other volume"}


def test_folders_without_end_are_not_followed_without_end_and_their_footage_is_left(docking: Any, archive: Any) -> None:
    """What nobody looked into may hold footage: a run that leaves it is not complete, and says where it lies."""
    docking.write("/".join(["d"] * 32) + "/a.mp4", b"x")
    docking.write("/".join(["d"] * 31) + "/b.mp4", b"y")
    result = docking.run(wipe=True)
    (left,) = (outcome for outcome in result.outcomes if outcome.error)
    assert (left.name, type(left.error)) == ("/".join(["d"] * 32), errors.FolderTooDeep)
    assert [(event.file, event.kind) for event in docking.told(FileStays)] == [(left.name, "FolderTooDeep")]
    assert archive.sealed_names() == ["b.mp4"]
    assert not result.complete
    assert result.skipped == ()


def _refusing(real: Any, name: str, number: int) -> Any:
    def refuse(path: Any, *arguments: Any, **named: Any) -> Any:
        if Path(os.fsdecode(path)).name == name:
            raise OSError(number, os.strerror(number))
        return real(path, *arguments, **named)

    return refuse


def test_unreadable_file_and_folder_are_named_and_the_rest_is_received(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("locked.mp4", "shut/inside.mp4", "good.mp4"):
        docking.write(name, b"x")
    monkeypatch.setattr(os, "open", _refusing(os.open, "locked.mp4", errno.EACCES))
    monkeypatch.setattr(os, "open", _refusing(os.open, "shut", errno.EACCES))
    result = docking.run(wipe=True)
    left = {outcome.name: str(outcome.error) for outcome in result.outcomes if outcome.error}
    assert set(left) == {"locked.mp4", "shut"}
    assert "permission denied" in left["locked.mp4"]
    assert archive.sealed_names() == ["good.mp4"]
    assert {event.kind for event in docking.told(FileStays)} == {"SourceUnreadable"}
    assert not result.complete


@pytest.mark.parametrize("number", [errno.EIO, errno.ENODEV, errno.ESTALE, errno.ENOENT])
def test_card_that_goes_in_mid_read_leaves_its_file_and_a_later_run_resumes(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    content = os.urandom(5 << 20)
    docking.write("a.mp4", content)
    real = os.pread
    reads: list[int] = []

    def go(descriptor: int, length: int, offset: int) -> bytes:
        reads.append(offset)
        if len(reads) > 7:  # Five while it is digested, one piece sent, one more under way.
            raise OSError(number, os.strerror(number))
        return real(descriptor, length, offset)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", go)
        (outcome,) = docking.run(wipe=True).outcomes
    assert isinstance(outcome.error, errors.SourceUnreadable)
    assert os.strerror(number).lower() in str(outcome.error)
    assert docking.run(wipe=True).complete
    (upload,) = archive.uploads.values()
    assert bytes(upload.content) == content


def test_slow_card_holds_no_request_open(docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    docking.write("slow.mp4", os.urandom(600 << 10))
    reading, real = threading.Event(), os.pread
    requests: list[int] = []

    def slowly(descriptor: int, length: int, offset: int) -> bytes:
        requests.append(sum(method == "PATCH" for method, _ in archive.requests))
        reading.set()
        time.sleep(0.05)
        return real(descriptor, min(length, 64 << 10), offset)

    monkeypatch.setattr(os, "pread", slowly)
    assert docking.run().complete
    assert set(requests) == {0}, "everything was read before the request that sends it began"


def test_file_that_is_written_while_it_is_read_is_told_and_left_for_later(docking: Any, archive: Any) -> None:
    path = docking.write("a.mp4", b"x" * 1000)
    with path.open("ab") as camera:
        camera.write(b"more")
        camera.flush()
        (outcome,) = docking.run(wipe=True).outcomes
    assert isinstance(outcome.error, errors.SourceChanged)
    assert len(docking.told(FileChanged)) == 3
    assert archive.uploads == {}
    assert docking.run(wipe=True).complete
    assert not path.exists()


def test_file_changed_between_receipt_and_removal_is_sent_anew_then_removed(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ingest.dock.settling as settling

    path = docking.write("a.mp4", b"first version")
    real, changed = settling.wipe_file, []

    def change_first(*arguments: Any) -> Any:
        if not changed:
            changed.append(path.write_bytes(b"second, longer version"))
        return real(*arguments)

    monkeypatch.setattr(settling, "wipe_file", change_first)
    assert docking.run(wipe=True).complete
    assert not path.exists()
    assert len(docking.told(FileChanged)) == 1
    contents = sorted(bytes(upload.content) for upload in archive.uploads.values())
    assert contents == [b"first version", b"second, longer version"]


@pytest.mark.parametrize("status", [429, 507, 503])
def test_full_or_busy_archive_is_told_in_both_languages_while_it_is_waited_for(
    docking: Any, archive: Any, status: int
) -> None:
    from ingest.dock.events import Paused

    docking.write("a.mp4", b"x")
    problem = {"sentences": {"en": "The disk is full.", "zh-CN": "磁盘已满。"}}
    refusals = [(status, {"Retry-After": "0"}, json.dumps(problem).encode())] * 2
    archive.before = lambda method, _: refusals.pop() if method == "POST" and refusals else None
    assert docking.run().complete
    (first, *_) = docking.told(Paused)
    assert first.reason.en.endswith("The disk is full")
    assert first.reason.zh.endswith("磁盘已满")
