"""The whole run over a folder, against a small archive that answers over real HTTP."""

from __future__ import annotations

import dataclasses
import io
import itertools
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from api.cli.dock_report import print_table
from ingest.dock import errors
from ingest.dock import source as source_module
from ingest.dock import transfer as transfer_module
from ingest.dock.agent import Outcomes
from ingest.dock.connection import is_open_to_listeners
from ingest.dock.events import (
    AddressOpen,
    FileChanged,
    FileStays,
    FileWiped,
    Paused,
    ReceiptHeld,
    SourceGone,
    UploadBegun,
)
from ingest.dock.settling import FileOutcome
from ingest.dock.source import Source, SourceFile
from ingest.dock.state import DockState, Phase
from tests.ingest.dock.killing import in_killed_child, kill_around
from tests.ingest.dock.watching import Watching


def test_every_file_is_sealed_once_with_its_name_and_digest(docking: Any, archive: Any) -> None:
    docking.write("a.mp4", b"first" * 1000)
    docking.write("DCIM/100/b.mp4", os.urandom(3 << 20))
    result = docking.run()
    assert result.complete
    assert archive.sealed_names() == ["a.mp4", "b.mp4"]
    assert [outcome.name for outcome in result.outcomes] == ["DCIM/100/b.mp4", "a.mp4"]
    assert (docking.folder / "a.mp4").exists(), "nothing is removed unless asked"


def test_second_run_sends_nothing(docking: Any, archive: Any) -> None:
    docking.write("a.mp4", b"x" * 5000)
    docking.run()
    archive.requests.clear()
    assert docking.run().complete
    assert [method for method, path in archive.requests if path.startswith("/uploads")] == []
    assert len(archive.uploads) == 1


def test_links_hidden_and_temporary_files_are_named_but_not_sent(docking: Any, archive: Any) -> None:
    target = docking.write("a.mp4", b"footage")
    docking.write(".hidden", b"no")
    docking.write(".Trash/inside.mp4", b"no")
    docking.write("half.mp4.part", b"no")
    (docking.folder / "link.mp4").symlink_to(target)
    os.mkfifo(docking.folder / "pipe.mp4")
    result = docking.run()
    assert archive.sealed_names() == ["a.mp4"]
    assert result.skipped == (".Trash", ".hidden", "half.mp4.part", "link.mp4", "pipe.mp4")


def test_what_a_recorder_left_unfinished_is_footage_once_nobody_writes_it(docking: Any, archive: Any) -> None:
    left = docking.write("AB00001_000123_20260309090000.MP4.tmp", b"the last minutes")
    for hours in (-30, 30):  # by a recorder's clock, which may be wrong
        os.utime(left, (time.time() + hours * 3600,) * 2)
        assert docking.run().skipped == ()
    assert archive.sealed_names() == ["AB00001_000123_20260309090000.MP4.tmp"]


def test_cut_connection_resumes_where_the_archive_says(docking: Any, archive: Any) -> None:
    content = os.urandom(900_000)
    docking.write("a.mp4", content)
    archive.cut_after_bytes = 400_000
    assert docking.run().complete
    (upload,) = archive.uploads.values()
    assert bytes(upload.content) == content
    resumed = [event for event in docking.told(UploadBegun) if event.resumed]
    assert [event.offset for event in resumed] == [400_000]
    assert docking.told(Paused)


def test_creation_whose_answer_is_lost_opens_no_second_upload(docking: Any, archive: Any) -> None:
    docking.write("a.mp4", b"first" * 1000)
    docking.write("b.mp4", b"other" * 1000)
    archive.creations_unanswered = 6
    assert docking.run().complete
    assert archive.sealed_names() == ["a.mp4", "b.mp4"]
    assert len(archive.uploads) == 2


def test_agent_killed_before_it_noted_its_upload_opens_no_second_one(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    docking.write("a.mp4", b"first" * 1000)
    with monkeypatch.context() as patch:
        kill_around(patch, DockState, "save", "before", lambda _, record: record.phase is Phase.UPLOADING)
        assert in_killed_child(docking.run)
    archive.wait_until_all_hung_up()
    assert len(archive.uploads) == 1
    assert docking.run().complete
    assert len(archive.uploads) == 1


@pytest.mark.parametrize("is_away", [False, True])
def test_what_a_killed_agent_had_begun_of_a_file_that_grew_since_is_ended(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch, is_away: bool
) -> None:
    """Else it would keep its reservation until it expires. An archive that is away for it is no reason to stop."""
    path = docking.write("a.mp4", b"first" * 1000)
    with monkeypatch.context() as patch:
        kill_around(patch, DockState, "save", "after", lambda _, record: record.phase is Phase.UPLOADING)
        assert in_killed_child(docking.run)
    archive.wait_until_all_hung_up()
    (begun,) = archive.uploads
    path.write_bytes(b"second" * 1000)
    if is_away:
        archive.before = lambda method, _: (503, {}, b"") if method == "DELETE" else None
    assert docking.run().complete
    assert archive.requests.count(("DELETE", f"/uploads/{begun}")) == 1
    assert (begun in archive.uploads) == is_away
    assert archive.sealed_names() == ["a.mp4"]


def test_a_file_that_came_whole_and_is_open_again_after_a_restore_is_asked_for_its_offset(
    docking: Any, archive: Any
) -> None:
    content = os.urandom(300_000)
    docking.write("a.mp4", content)
    restored: list[str] = []

    def restore(_: str, path: str) -> None:
        if path.startswith("/api/v1/uploads") and not restored:
            restored.append(path)
            for upload in archive.uploads.values():
                upload.content.clear()

    archive.before = restore
    assert docking.run(wipe=True).complete
    assert restored
    (upload,) = archive.uploads.values()
    assert bytes(upload.content) == content


def test_an_upload_that_stays_open_whatever_is_sent_is_left_with_that_reason(docking: Any, archive: Any) -> None:
    docking.write("a.mp4", b"x" * 1000)
    still_open = 202, {}, b'{"state": "open"}'
    archive.before = lambda _, path: still_open if path.startswith("/api/v1/uploads") else None
    (outcome,) = docking.run(wipe=True).outcomes
    assert isinstance(outcome.error, errors.UploadUnfinished)
    assert "再次运行" in outcome.error.words.zh
    assert len(archive.uploads) == 1
    assert (docking.folder / "a.mp4").exists()


def test_at_an_hour_without_sending_nothing_is_opened_either(docking: Any, archive: Any) -> None:
    """It would reserve room, and expire while the station waits."""
    docking.write("a.mp4", b"x")
    told: list[Any] = []

    def hear(event: Any) -> None:
        if isinstance(event, Paused):
            told.append(event)
            docking.stop.set()

    result = docking.run(bytes_per_second=0, tell=hear)
    assert isinstance(result.stopped, errors.Interrupted)
    assert [event.reason.zh for event in told] == ["按设置，此时段不上传"]
    assert {method for method, _ in archive.requests} == {"GET"}
    assert archive.uploads == {}


def test_an_upload_is_sent_to_the_node_that_opened_it_also_after_a_kill(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = os.urandom(3 << 20)
    docking.write("a.mp4", content)
    archive.node, archive.cut_after_bytes = "jb-1", 100_000
    with monkeypatch.context() as patch:
        kill_around(patch, DockState, "save", "after", lambda _, record: record.phase is Phase.UPLOADING)
        assert in_killed_child(docking.run)
    archive.wait_until_all_hung_up()
    archive.node = "jb-2"  # where its creations go by now
    docking.write("b.mp4", b"other" * 1000)
    assert docking.run().complete
    assert archive.sealed_names() == ["a.mp4", "b.mp4"]
    sent = {path for method, path in archive.requests if method in ("HEAD", "PATCH")}
    of_name = {upload.metadata["filename"]: upload_id for upload_id, upload in archive.uploads.items()}
    assert sent == {f"/uploads/jb-1/{of_name['a.mp4']}", f"/uploads/jb-2/{of_name['b.mp4']}"}
    asked = {path for method, path in archive.requests if path.startswith("/api/v1/uploads")}
    assert asked == {f"/api/v1/uploads/{upload_id}/receipt" for upload_id in of_name.values()}


def test_a_place_that_is_none_is_no_answer_of_an_archive(docking: Any, archive: Any) -> None:
    docking.write("a.mp4", b"first" * 1000)
    archive.node = "../../elsewhere"
    result = docking.run()
    assert not result.complete
    assert archive.sealed_names() == []


def test_restarted_server_is_waited_for(docking: Any, archive: Any) -> None:
    content = os.urandom(2 << 20)
    docking.write("a.mp4", content)
    archive.seconds_a_block = 0.02

    def restart() -> None:
        while not any(upload.content for upload in archive.uploads.values()):
            time.sleep(0.005)
        archive.stop()
        time.sleep(0.3)
        archive.seconds_a_block = 0
        archive.start()

    restarting = threading.Thread(target=restart)
    restarting.start()
    result = docking.run()
    restarting.join()
    assert result.complete
    (upload,) = archive.uploads.values()
    assert bytes(upload.content) == content


@pytest.mark.parametrize("status", [500, 502, 503, 507, 429, 423, 409])
def test_passing_refusal_is_tried_again(docking: Any, archive: Any, status: int) -> None:
    docking.write("a.mp4", b"x" * 1000)
    left = [2]

    def refuse_twice(method: str, _: str) -> Any:
        if method != "PATCH" or not left[0]:
            return None
        left[0] -= 1
        return status, {"Retry-After": "0"}, b""

    archive.before = refuse_twice
    assert docking.run().complete
    assert len(docking.told(Paused)) >= 2
    assert len(archive.uploads) == 1


def test_retry_after_is_honoured(docking: Any, archive: Any) -> None:
    docking.write("a.mp4", b"x" * 1000)
    refusals = iter([(429, {"Retry-After": "1"}, b"")])
    archive.before = lambda method, _: next(refusals, None) if method == "POST" else None
    began = time.monotonic()
    assert docking.run().complete
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize("status", [401, 403])
def test_refused_station_stops_the_run_and_says_so(docking: Any, archive: Any, status: int) -> None:
    for number in range(5):
        docking.write(f"{number}.mp4", b"x")
    archive.before = lambda method, _: (status, {}, b'{"detail": "revoked on Monday"}') if method == "POST" else None
    result = docking.run()
    assert isinstance(result.stopped, errors.StationRefused)
    assert "revoked on Monday" in str(result.stopped)
    assert all(isinstance(outcome.error, errors.StationRefused) for outcome in result.outcomes)
    assert not result.complete


def test_link_that_lets_only_short_pieces_through_is_enough(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ingest.dock.patience as patience
    from ingest.dock.archive import Archive

    content = os.urandom(900_000)
    docking.write("a.mp4", content)
    real = Archive.append_bytes

    def cut_long_ones(self: Archive, upload_id: str, offset: int, piece: bytes, blocks: Any) -> int:
        if len(piece) > 200 << 10:
            raise errors.TryAgain(errors.Words("cut", "中断"))
        return real(self, upload_id, offset, piece, blocks)

    monkeypatch.setattr(patience, "_FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(Archive, "append_bytes", cut_long_ones)
    assert docking.run().complete
    (upload,) = archive.uploads.values()
    assert bytes(upload.content) == content


def test_forgotten_upload_is_begun_anew(docking: Any, archive: Any) -> None:
    content = os.urandom(300_000)
    docking.write("a.mp4", content)
    gone = [True]

    def forget(method: str, _: str) -> Any:
        if method == "PATCH" and gone.pop() if gone else False:
            archive.uploads.clear()
            return 410, {}, b""
        return None

    archive.before = forget
    assert docking.run().complete
    (upload,) = archive.uploads.values()
    assert bytes(upload.content) == content


def test_upload_of_an_earlier_credential_is_begun_anew(docking: Any, archive: Any) -> None:
    docking.write("a.mp4", b"x" * 300_000)
    archive.before = lambda method, _: (503, {}, b"") if method == "PATCH" else None
    docking.run(give_up_seconds=0.1)
    (first,) = archive.uploads
    archive.secret = "t" * 43
    archive.before = lambda _, path: (403, {}, b"") if first in path else None
    assert docking.run().complete
    assert len(archive.uploads) == 2


def test_no_progress_is_given_up_with_the_reason(docking: Any, archive: Any) -> None:
    docking.write("a.mp4", b"x")
    archive.before = lambda method, _: (507, {}, b'{"detail": "disk full"}') if method == "POST" else None
    result = docking.run(give_up_seconds=0.5)
    (outcome,) = result.outcomes
    assert isinstance(outcome.error, errors.NoProgress)
    assert "disk full" in str(outcome.error)
    archive.before = lambda *_: None
    assert docking.run().complete, "with room again, it goes on"


def test_refused_file_leaves_the_others_alone(docking: Any, archive: Any) -> None:
    docking.write("good.mp4", b"x" * 100)
    os.utime(docking.folder / "good.mp4", (1, 1))
    docking.write("bad.mp4", b"y")
    refused = iter([(400, {}, '{"detail": "空文件"}'.encode())])
    archive.before = lambda method, _: next(refused, None) if method == "POST" else None
    result = docking.run(parallel=1)
    assert [type(outcome.error) for outcome in result.outcomes] == [errors.TransferRefused, type(None)]
    assert "空文件" in str(result.outcomes[0].error)


@pytest.mark.parametrize(
    ("code", "uploads"),
    [
        ("StoredBytesDiffer", 1),
        ("", 1),
        ("StagedFileMissing", 2),
        ("StagedLengthDiffers", 2),
        ("LostBeforeReceipt", 2),
    ],
)
def test_failed_custody_is_told_and_sent_anew_only_where_that_helps(
    docking: Any, archive: Any, code: str, uploads: int
) -> None:
    """A failed upload keeps its bytes and its quota at the archive, for an administrator to have it tried again."""
    docking.write("a.mp4", b"x" * 100)
    archive.custody_failure, archive.custody_failure_code = "the store's disk is dying", code
    for _ in range(3 if uploads == 1 else 1):
        (outcome,) = docking.run(wipe=True).outcomes
        assert isinstance(outcome.error, errors.CustodyFailed)
        assert "the store's disk is dying" in str(outcome.error)
        assert ("to send it anew" in str(outcome.error)) == (uploads == 2)
        assert (docking.folder / "a.mp4").exists()
        assert len(archive.uploads) == 1
    archive.custody_failure = None
    assert docking.run(wipe=True).complete
    assert len(archive.uploads) == uploads


def _read_wrong_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next read for a digest gives other bytes than the card holds; what is sent is read as it is."""
    real = source_module.read_block
    wrong = [b"wrong"]

    def read(*arguments: Any) -> bytes:
        block = real(*arguments)
        return wrong.pop() + block[5:] if wrong else block

    monkeypatch.setattr(source_module, "read_block", read)


@pytest.mark.parametrize("wipe", [False, True])
def test_a_file_that_was_read_wrong_is_read_again_before_it_is_sent_again(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch, wipe: bool
) -> None:
    """Its identity is the same: nothing but the archive's word says that the noted digests are of other bytes."""
    content = b"right and more"
    docking.write("a.mp4", content)
    _read_wrong_once(monkeypatch)
    (outcome,) = docking.run(wipe=wipe).outcomes
    assert isinstance(outcome.error, errors.CustodyFailed)
    assert outcome.error.failure == "ClaimedDigestDiffers"
    assert (docking.folder / "a.mp4").exists()
    assert docking.run(wipe=wipe).complete
    first, second = archive.uploads.values()
    assert bytes(first.content) == bytes(second.content) == content
    assert archive.sealed_names() == ["a.mp4"]
    archive.requests.clear()
    docking.run(wipe=wipe)
    assert "POST" not in [method for method, _ in archive.requests]


def test_what_each_folder_that_ends_counts_takes_no_longer_the_more_files_ended_before() -> None:
    counted: list[str] = []

    class Counted(FileOutcome):
        @property
        def is_received(self) -> bool:
            counted.append(self.name)
            return True

    outcomes = Outcomes(Source(Path("card")), 100, lambda _: None)
    for number in range(100):
        outcomes.take(SourceFile(f"{number}.mp4", 1), Counted(f"{number}.mp4", 1))
    assert len(counted) == 100


def _misread(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Each reading of the file gives other bytes, for a digest and to be sent."""
    real, numbers = source_module.read_block, itertools.count()

    def read(file: Any, descriptor: int, length: int, offset: int) -> bytes:
        block = real(file, descriptor, length, offset)
        return b"%6d" % next(numbers) + block[6:] if file.name == name and block else block

    monkeypatch.setattr(source_module, "read_block", read)
    monkeypatch.setattr(transfer_module, "read_block", read)


def test_a_card_that_reads_otherwise_each_time_is_told_as_that_and_sent_once(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    docking.write("failing.mp4", b"x" * 1000)
    docking.write("good.mp4", b"y" * 1000)
    _misread(monkeypatch, "failing.mp4")
    assert [type(outcome.error) for outcome in docking.run(wipe=True).outcomes] == [errors.CustodyFailed, type(None)]
    for _ in range(5):
        (failing,) = docking.run(wipe=True).outcomes
        assert isinstance(failing.error, errors.SourceUnsteady)
        assert "读取结果不一致" in failing.error.words.zh
    assert [event.kind for event in docking.told(FileStays)] == ["SourceUnsteady"]
    assert len(archive.uploads) == 2, "each once"
    monkeypatch.undo()
    assert docking.run(wipe=True).complete, "a better reader"
    assert archive.sealed_names() == ["failing.mp4", "good.mp4"]


def test_a_card_that_is_read_well_and_sent_otherwise_takes_up_three_uploads_and_no_more(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = docking.write("failing.mp4", b"x" * 1000)
    real, numbers = transfer_module.read_block, itertools.count()
    monkeypatch.setattr(transfer_module, "read_block", lambda *arguments: b"%6d" % next(numbers) + real(*arguments)[6:])
    ends = [type(docking.run().outcomes[0].error) for _ in range(6)]
    assert ends == [errors.CustodyFailed] * 3 + [errors.SourceUnsteady] * 3
    assert len(archive.uploads) == 3
    monkeypatch.setattr(transfer_module, "read_block", real)
    path.write_bytes(b"x" * 1000)  # Another identity, as a card of FAT has when it is put in again.
    assert docking.run().complete


def test_a_received_file_that_reads_otherwise_each_time_is_neither_removed_nor_sent_anew(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = docking.write("a.mp4", b"x" * 1000)
    assert docking.run().complete
    _misread(monkeypatch, "a.mp4")
    for _ in range(3):
        (outcome,) = docking.run(wipe=True).outcomes
        assert isinstance(outcome.error, errors.SourceUnsteady)
        assert outcome.is_received
    assert docking.told(FileChanged) == []
    assert path.exists()
    assert len(archive.uploads) == 1
    monkeypatch.undo()
    assert docking.run(wipe=True).complete
    assert len(archive.uploads) == 1


def test_a_card_whose_bytes_go_on_changing_under_one_identity_is_given_up_after_three_uploads(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    docking.write("a.mp4", b"x" * 1000)
    real = source_module.read_block

    def read(*arguments: Any) -> bytes:
        block = real(*arguments)  # Each time it is received, it reads as something else from then on.
        sealed = sum(upload.polls > 1 for upload in archive.uploads.values())
        return b"%6d" % sealed + block[6:] if block else block

    monkeypatch.setattr(source_module, "read_block", read)
    monkeypatch.setattr(transfer_module, "read_block", read)
    (outcome,) = docking.run(wipe=True).outcomes
    assert isinstance(outcome.error, errors.SourceChanged)
    for _ in range(3):
        (outcome,) = docking.run(wipe=True).outcomes
        assert isinstance(outcome.error, errors.SourceUnsteady)
    assert len(archive.uploads) == 3


def test_a_watching_agent_reads_again_what_it_read_wrong(
    watching: Watching, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = watching.plug("recorder 1")
    (card / "a.mp4").write_bytes(b"right and more")
    _read_wrong_once(monkeypatch)
    with watching.running():
        watching.wait(lambda: watching.told(FileWiped))
    assert [event.kind for event in watching.told(FileStays)] == ["CustodyFailed"]
    assert len(archive.uploads) == 2


def test_failed_custody_that_the_archive_gave_up_is_sent_anew(docking: Any, archive: Any) -> None:
    docking.write("a.mp4", b"x" * 100)
    archive.custody_failure = "the store's disk is dying"
    assert not docking.run().complete
    (first,) = archive.uploads
    archive.uploads.clear()
    archive.custody_failure = None
    assert docking.run().complete
    assert first not in archive.uploads
    assert len(archive.uploads) == 1


def test_file_changed_after_receipt_is_not_removed_but_sent_anew(docking: Any, archive: Any) -> None:
    path = docking.write("a.mp4", b"first version")
    docking.run()
    path.write_bytes(b"another one")
    assert docking.run(wipe=False).complete
    assert sorted(bytes(upload.content) for upload in archive.uploads.values()) == [b"another one", b"first version"]


def test_change_that_stat_does_not_show_is_found_before_removal(docking: Any, archive: Any) -> None:
    from ingest.dock.source import FileIdentity
    from ingest.dock.state import Phase, opened_state

    path = docking.write("a.mp4", b"first version")
    docking.run()
    path.write_bytes(b"other version")
    with opened_state(docking.state) as state:
        (record,) = state.find_all(str(docking.folder), Phase.RECEIVED)
        # A card's file system with coarse times: the note looks as if it were of the file as it is now.
        state.save(dataclasses.replace(record, identity=FileIdentity.of(path.stat())))
    assert docking.run(wipe=True).complete
    assert not path.exists()
    assert sorted(bytes(upload.content) for upload in archive.uploads.values()) == [b"first version", b"other version"]


def test_touched_file_is_read_again_but_not_sent_again(docking: Any, archive: Any) -> None:
    path = docking.write("a.mp4", b"same")
    docking.run()
    os.utime(path, (1, 1))
    assert docking.run().complete
    assert len(archive.uploads) == 1


def test_file_that_grows_while_it_is_sent_is_left(docking: Any, archive: Any) -> None:
    path = docking.write("a.mp4", os.urandom(3 << 20))

    def grow(method: str, _: str) -> None:
        if method == "PATCH":
            with path.open("ab") as file:
                file.write(b"more")

    archive.before = grow
    (outcome,) = docking.run(wipe=True).outcomes
    assert isinstance(outcome.error, errors.SourceChanged)
    assert path.exists()
    assert archive.sealed_names() == []
    assert archive.uploads == {}, "what an abandoned upload reserved is given back"


def test_card_pulled_out_after_the_listing_is_told_by_file(docking: Any, archive: Any) -> None:
    docking.write("a.mp4", b"x")
    docking.write("b.mp4", b"y")

    def pull_out(method: str, path: str) -> None:
        (docking.folder / "b.mp4").unlink(missing_ok=True)

    archive.before = pull_out
    result = docking.run()
    assert [type(outcome.error) for outcome in result.outcomes] == [type(None), errors.SourceUnreadable]
    assert "no such file" in str(result.outcomes[1].error)


def test_a_folder_that_goes_away_is_told_once_with_how_many_files_remain(docking: Any, archive: Any) -> None:
    for number in range(8):
        docking.write(f"{number}.mp4", os.urandom(1000))
    away = docking.folder.with_name("pulled out")

    def pull_out(method: str, path: str) -> None:
        if len(archive.sealed_names()) >= 2 and docking.folder.exists():
            docking.folder.rename(away)

    archive.before = pull_out
    result = docking.run(parallel=1)
    left = [outcome for outcome in result.outcomes if not outcome.is_received]
    assert 1 <= len(left) <= 6
    assert {type(outcome.error) for outcome in left} == {errors.SourceVanished}
    (gone,) = docking.told(SourceGone)
    assert gone.label == str(docking.folder)
    assert len(left) <= gone.files_left <= 8
    screen = io.StringIO()
    print_table(Console(file=screen, width=400), result)
    said = [line for line in screen.getvalue().splitlines() if "已不在" in line]
    assert said == [line for line in said if f"文件夹 {docking.folder} 已不在：{len(left)} 个文件未收讫" in line]
    assert len(said) == 1
    assert "再次运行同一命令" in said[0]
    archive.before = lambda *_: None
    away.rename(docking.folder)
    assert docking.run().complete
    assert archive.sealed_names() == [f"{number}.mp4" for number in range(8)]


def test_missing_folder_is_refused(docking: Any) -> None:
    with pytest.raises(errors.FolderUnusable, match="no such file"):
        docking.run(folder=docking.folder / "nowhere")


def test_second_agent_on_the_same_folder_is_refused(docking: Any, archive: Any) -> None:
    from ingest.dock.state import opened_state

    with opened_state(docking.state), pytest.raises(errors.StateInUse):
        docking.run()


def test_asked_to_stop_it_stops_and_a_later_run_goes_on(docking: Any, archive: Any) -> None:
    # Eight seconds at this rate: long enough to be stopped in the middle of it on any machine.
    content = os.urandom(16 << 20)
    docking.write("a.mp4", content)
    docking.write("b.mp4", b"second")

    def stop_in_mid_file() -> None:
        while sum(len(upload.content) for upload in archive.uploads.values()) < 1 << 19:
            time.sleep(0.005)
        docking.stop.set()

    stopping = threading.Thread(target=stop_in_mid_file)
    stopping.start()
    result = docking.run(parallel=1, bytes_per_second=2 << 20)
    stopping.join()
    assert sum(len(upload.content) for upload in archive.uploads.values()) < len(content)
    assert isinstance(result.stopped, errors.Interrupted)
    docking.stop.clear()
    assert docking.run().complete
    assert any(event.resumed for event in docking.told(UploadBegun))
    assert archive.sealed_names() == ["a.mp4", "b.mp4"]


def test_rate_is_limited_for_all_files_together(docking: Any) -> None:
    for name in "abc":
        docking.write(name, b"x" * (1 << 20))
    began = time.monotonic()
    assert docking.run(bytes_per_second=4 << 20).complete
    assert time.monotonic() - began >= 0.5


def test_name_that_is_not_utf8_is_sent_and_removed(docking: Any, archive: Any) -> None:
    name = os.fsdecode("执法.mp4".encode("gb18030"))
    docking.write(name, b"x")
    assert docking.run(wipe=True).complete
    assert not (docking.folder / name).exists()


def test_claims_read_from_a_name_travel_with_it(docking: Any, archive: Any) -> None:
    docking.write("AB00001_000123_20260101093000.MP4", b"x")
    docking.run(claims=lambda name: {"device": name[:7], "officer": name[8:14]})
    (upload,) = archive.uploads.values()
    assert (upload.metadata["device"], upload.metadata["officer"]) == ("AB00001", "000123")


def test_wipe_removes_what_an_earlier_run_received(docking: Any, archive: Any) -> None:
    path = docking.write("a.mp4", b"x" * 100)
    docking.run()
    archive.requests.clear()
    result = docking.run(wipe=True)
    assert result.complete
    assert not path.exists()
    assert [event.file for event in docking.told(FileWiped)] == ["a.mp4"]
    assert [path for _, path in archive.requests if path.startswith("/uploads")] == []


def test_lost_receipt_is_fetched_again_before_anything_is_removed(docking: Any, archive: Any) -> None:
    path = docking.write("a.mp4", b"x" * 100)
    docking.run()
    (receipt,) = (docking.state / "receipts").iterdir()
    receipt.write_bytes(b"damaged")
    assert docking.run(wipe=True).complete
    assert not path.exists()
    assert receipt.read_bytes() != b"damaged"
    assert len(docking.told(ReceiptHeld)) == 1


def test_same_name_copied_back_after_removal_is_removed_again(docking: Any, archive: Any) -> None:
    docking.write("a.mp4", b"x" * 100)
    docking.run(wipe=True)
    path = docking.write("a.mp4", b"x" * 100)
    other = docking.write("b.mp4", b"new")
    assert docking.run(wipe=True).complete
    assert not path.exists()
    assert not other.exists()
    assert len(archive.uploads) == 2


@pytest.mark.parametrize("wiped_before", [True, False])
def test_nothing_is_removed_for_a_receipt_that_the_archive_knows_nothing_of_any_more(
    docking: Any, archive: Any, wiped_before: bool
) -> None:
    """It was restored from a backup of the day before: the copy on the card may be the only one there is."""
    docking.write("a.mp4", b"x" * 100)
    docking.run(wipe=wiped_before)
    path = docking.write("a.mp4", b"x" * 100)
    (first,) = archive.uploads
    archive.uploads.clear()
    archive.custody_failure = "staging"  # and now it cannot seal either
    assert not docking.run(wipe=True).complete
    assert path.read_bytes() == b"x" * 100
    archive.custody_failure = None
    assert docking.run(wipe=True).complete
    assert not path.exists()
    (second,) = [each for each, upload in archive.uploads.items() if upload.polls > 1]
    assert second != first
    assert archive.sealed_names().count("a.mp4") >= 1


@pytest.mark.parametrize(
    ("url", "is_open"),
    [
        ("http://archive.police:8000", True),
        ("http://10.1.2.3", True),
        ("http://127.0.0.1.police", True),
        ("https://archive.police", False),
        ("http://127.0.0.1:8000", False),
        ("http://[::1]:8000", False),
        ("http://localhost", False),
    ],
)
def test_plain_http_off_loopback_is_open_to_listeners(url: str, is_open: bool) -> None:
    assert is_open_to_listeners(url) is is_open


def test_plain_http_off_loopback_is_warned_of_before_anything_is_sent(docking: Any) -> None:
    with pytest.raises(errors.NoProgress):
        docking.run(url="http://archive.invalid", give_up_seconds=0.3)
    (warning,) = docking.told(AddressOpen)
    assert "https" in warning.reason.en
    assert "https" in warning.reason.zh
    docking.run()
    assert docking.told(AddressOpen) == []
