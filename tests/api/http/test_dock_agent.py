"""The docking agent with a key of its own against the archive: enrolled, signing, replaced, reporting."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

import ingest.dock.clock as clock_module
from api.cli.dock import app
from api.cli.dock_order import Order
from api.succeeding import succeed_key
from ingest.custody import seal_upload
from ingest.dock import errors
from ingest.dock.agent import DockPlan, DockResult, dock_folder
from ingest.dock.answers import Reply
from ingest.dock.archive import Archive
from ingest.dock.config import DockConfig
from ingest.dock.connection import Connection
from ingest.dock.credential import StationKey
from ingest.dock.enrolment import enrol_this_station, rotate_key, settle_rotation
from ingest.dock.errors import KeyUnusable, TryAgain
from ingest.dock.events import ClockMeasured, Event, UploadBegun
from ingest.dock.key_file import StationKeyFile, read_enrolled_key, read_key_file, write_key_file
from ingest.sealing.due import lease_due_upload
from ingest.stations.possession import HEADER as KEY_PROOF
from ingest.stations.possession import prove_possession
from integrity.keys import SigningKey
from integrity.succession import open_line, read_lines
from storage.catalog.recordings import Recording
from storage.catalog.stations import StationState


class Dock:
    """A station with a key file, a card and notes, at a served archive whose custody is at work."""

    def __init__(self, served: Any, folder: Path, code: str) -> None:
        self.served = served
        self.code = code
        self.key_file = folder / "station.key"
        self.card = folder / "card"
        self.card.mkdir()
        self.notes = folder / "notes"
        self.events: list[Event] = []

    def enrol(self, **options: Any) -> None:
        enrol_this_station(self.served.url, self.code, self.key_file, **options)

    def run(self, **options: Any) -> DockResult:
        self.events.clear()
        held = read_enrolled_key(self.key_file)
        plan = DockPlan(self.served.url, held.credential(), self.notes, give_up_seconds=20, **options)
        return dock_folder(plan, self.card, self.events.append, threading.Event())

    def state(self) -> StationState:
        station = read_enrolled_key(self.key_file).station_id
        with self.served.database.reading() as session:
            return session.scalars(select(StationState).where(StationState.station_id == station)).one()


@pytest.fixture
def custody_at_work(served: Any) -> Iterator[None]:
    over = threading.Event()

    def seal() -> None:
        while not over.wait(0.05):
            while due := lease_due_upload(served.database, "test"):
                seal_upload(due, served.custody)

    thread = threading.Thread(target=seal)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.fixture
def dock(served: Any, custody_at_work: None, tmp_path: Path) -> Dock:
    administrator = served.signed_in(served.unit(), "administrator")
    issued = administrator.post("/api/v1/station-codes", json={"name": "一号采集站"}).json()
    return Dock(served, tmp_path, issued["code"])


def test_one_time_code_comes_from_stdin_and_an_unchecked_receipt_key_is_warned_of(dock: Dock) -> None:
    words = ["enrol", "--server", dock.served.url, "--key-file", str(dock.key_file), "--code", "-", "--json"]
    nothing = CliRunner().invoke(app, words, input="\n")
    assert nothing.exit_code == 2
    done = CliRunner().invoke(app, words, input=f" {dock.code}\n")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["key_id"] == read_enrolled_key(dock.key_file).key.key_id
    assert "compare it with the administrator's" in done.stderr


def test_receipt_key_that_was_checked_is_not_warned_of(dock: Dock) -> None:
    pin = dock.served.keyring.public_key("receipt").key_id
    words = ["enrol", "--server", dock.served.url, "--key-file", str(dock.key_file), "--receipt-key", pin]
    done = CliRunner().invoke(app, words, input=dock.code)
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize("url", ["http://archive.example", "http://10.1.2.3:8000/", "http://[2001:db8::1]"])
def test_enrolment_in_the_clear_is_refused_before_anything_is_sent_or_made(tmp_path: Path, url: str) -> None:
    words = ["enrol", "--server", url, "--key-file", str(tmp_path / "key"), "--code", "-"]
    done = CliRunner().invoke(app, words, input="ABCDE-FGHJK-MNPQR-STUVW\n")
    assert done.exit_code == 2
    assert "明文 http" in done.stderr
    assert "--in-the-clear" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_enrolment_in_the_clear_that_is_meant_so_is_tried(tmp_path: Path) -> None:
    """Nobody is there; that much is asked."""
    with pytest.raises(TryAgain) as unanswered:
        enrol_this_station("http://archive.invalid", "ABCDE", tmp_path / "key", in_the_clear=True)
    assert unanswered.value.words.zh.startswith("连不上档案系统 http://archive.invalid：")
    assert "；它可能未开机或正在重启，长时间如此请核对地址" in unanswered.value.words.zh
    assert "no connection to the archive at http://archive.invalid (" in unanswered.value.words.en


def test_key_file_that_others_can_read_is_refused_with_what_to_do(dock: Dock) -> None:
    dock.enrol()
    dock.key_file.chmod(0o640)
    with pytest.raises(KeyUnusable, match=f"chmod 600 {dock.key_file}"):
        read_key_file(dock.key_file)


def test_enrolled_station_signs_uploads_and_reports(dock: Dock) -> None:
    dock.enrol(expected_receipt_key=dock.served.keyring.public_key("receipt").key_id)
    assert dock.key_file.stat().st_mode & 0o077 == 0
    content = bytes(range(256)) * 5000
    (dock.card / "a.mp4").write_bytes(content)
    result = dock.run(wipe=True)
    assert result.complete
    assert list(dock.card.iterdir()) == []
    with dock.served.database.reading() as session:
        (recording,) = session.scalars(select(Recording))
        assert recording.sha256 == bytes.fromhex(result.outcomes[0].sha256)
    state = dock.state()
    assert (state.waiting_files, state.agent_version) == (0, "0.1.0")
    assert state.free_bytes
    assert state.clock_offset_seconds is not None
    assert abs(state.clock_offset_seconds) <= state.clock_uncertainty_seconds + 0.01
    assert [event for event in dock.events if isinstance(event, ClockMeasured)]


def test_answer_that_was_lost_is_given_again_to_the_same_key(dock: Dock, monkeypatch: pytest.MonkeyPatch) -> None:
    import ingest.dock.enrolment as enrolment

    real = enrolment.write_key_file

    def die_when_enrolled(path: Path, held: Any) -> None:
        if held.is_enrolled:
            raise KeyboardInterrupt
        real(path, held)

    with monkeypatch.context() as patch:
        patch.setattr(enrolment, "write_key_file", die_when_enrolled)
        with pytest.raises(KeyboardInterrupt):
            dock.enrol()
    key = read_key_file(dock.key_file).key.key_id
    with pytest.raises(errors.KeyUnusable, match="not enrolled") as refused:
        read_enrolled_key(dock.key_file)
    assert f"密钥文件 {dock.key_file} 不可用：尚未登记；请向管理员取得一次性代码" in refused.value.words.zh
    dock.enrol()
    assert read_enrolled_key(dock.key_file).key.key_id == key
    with pytest.raises(errors.KeyUnusable, match="already") as refused:
        dock.enrol()
    assert "其中已是工作站“一号采集站”的密钥。要用一次性代码重新登记，请先把它移开" in refused.value.words.zh
    away = f"mv {dock.key_file} {dock.key_file}.old"
    assert away in refused.value.words.zh
    assert away in refused.value.words.en


def test_archive_with_another_receipt_key_than_shown_is_told_no_code(dock: Dock) -> None:
    with pytest.raises(errors.NotEnrolledYet) as refused:
        dock.enrol(expected_receipt_key="0" * 64)
    assert refused.value.found == dock.served.keyring.public_key("receipt").key_id
    assert "一次性代码没有发出，仍可使用" in refused.value.words.zh
    assert not read_key_file(dock.key_file).is_enrolled
    with dock.served.database.reading() as session:
        assert session.scalars(select(StationState)).first() is None
    pin = dock.served.keyring.public_key("receipt").key_id.upper()
    dock.enrol(expected_receipt_key=":".join(pin[at : at + 2] for at in range(0, 64, 2)))
    assert read_enrolled_key(dock.key_file).is_enrolled


@pytest.mark.parametrize("text", ["1234", "g" * 64, "0" * 63, "0" * 65])
def test_what_is_no_fingerprint_is_refused_before_anything_is_asked_or_made(tmp_path: Path, text: str) -> None:
    words = ["enrol", "--server", "http://127.0.0.1:1", "--key-file", str(tmp_path / "key"), "--receipt-key", text]
    done = CliRunner().invoke(app, words, input="ABCDE")
    assert done.exit_code == 2
    assert "不是回执密钥指纹：指纹为 64 位十六进制数字" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_key_file_in_a_folder_that_is_not_there_says_which_and_how_to_make_it(tmp_path: Path) -> None:
    missing = tmp_path / "etc" / "liuhen"
    words = ["enrol", "--server", "http://127.0.0.1:1", "--key-file", str(missing / "station.key"), "--code", "-"]
    done = CliRunner().invoke(app, words, input="ABCDE")
    assert done.exit_code == 2
    assert f"它所在的文件夹 {missing} 不存在；请先建立：mkdir -p {missing} / " in done.stderr
    assert "请核对路径" not in done.stderr


def test_wrong_code_is_refused_with_what_to_do(dock: Dock) -> None:
    dock.code = "ABCDE-FGHJK-MNPQR-STUVW"
    with pytest.raises(errors.EnrolmentRefused, match="new code") as refused:
        dock.enrol()
    words = refused.value.words
    assert words.zh.endswith("：一次性代码不正确、已使用或已过期；请核对输入，仍不行时请管理员重新生成")
    assert words.en.endswith("expired: check it, or ask the administrator for a new code")


@pytest.mark.parametrize("lost", ["never", "request", "answer"])
def test_key_is_replaced_whatever_is_lost_and_uploads_go_on(
    dock: Dock, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    dock.enrol()
    former = read_enrolled_key(dock.key_file)
    content = bytes(range(256)) * 8192
    (dock.card / "a.mp4").write_bytes(content)
    begun = Archive(dock.served.url, former.credential())
    upload_id = _begin_upload(dock, begun, content)
    if lost != "never":
        _lose(monkeypatch, lost)
        with pytest.raises(errors.TryAgain):
            rotate_key(dock.key_file)
        monkeypatch.undo()
        held = read_enrolled_key(dock.key_file)
        assert held.next_key is not None
        assert held.key.key_id == former.key.key_id
        settled = settle_rotation(dock.key_file, held)
        assert settled.key.key_id == held.next_key.key_id
    else:
        settled = rotate_key(dock.key_file)
    assert settled.key.key_id != former.key.key_id
    assert settled.next_key is None
    with pytest.raises(errors.StationRefused):
        begun.read_offset(upload_id, len(content))
    begun.close()
    assert dock.run().complete
    (first, *_) = [event for event in dock.events if isinstance(event, UploadBegun)]
    assert (first.upload_id, first.offset) == (upload_id, 1 << 20), "the new key goes on with what the old one began"


@pytest.mark.parametrize("lost", ["never", "answer"])
def test_a_run_goes_on_with_the_key_that_replaced_its_own(
    dock: Dock, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """Also while the replacement is not known yet to have happened: who reads the file again brings it to its end."""
    dock.enrol()
    former = read_enrolled_key(dock.key_file)
    (dock.card / "a.mp4").write_bytes(bytes(range(256)) * 8192)
    begun: list[UploadBegun] = []

    def replace_once_begun(event: Event) -> None:
        if isinstance(event, UploadBegun) and not begun:
            begun.append(event)
            with monkeypatch.context() as patched, suppress(TryAgain):
                if lost == "answer":
                    _lose(patched, lost)
                rotate_key(dock.key_file)
            assert (read_enrolled_key(dock.key_file).next_key is None) is (lost == "never")

    config = DockConfig(station_key_file=dock.key_file, state=dock.notes)
    done = Order(config, dock.card, dock.card, give_up_seconds=20).carry_out(replace_once_begun, threading.Event())
    assert (done.complete, len(done.outcomes), len(begun)) == (True, 1, 1)
    held = read_enrolled_key(dock.key_file)
    assert held.key.key_id != former.key.key_id
    assert held.next_key is None


def test_what_is_read_again_and_refused_again_or_another_stations_ends_the_run(dock: Dock) -> None:
    dock.enrol()
    former, place = read_enrolled_key(dock.key_file), "0" * 32
    readings = []

    def read_again(held: StationKeyFile) -> StationKey:
        readings.append(held.station_id)
        return held.credential()

    stranger = replace(former, key=SigningKey.generate())
    for found in (stranger, replace(former, station_id=str(uuid.uuid4())), replace(former, receipt_key="0" * 64)):
        archive = Archive(dock.served.url, stranger.credential(), read_again=partial(read_again, found))
        with closing(archive), pytest.raises(errors.StationRefused) as refused:
            archive.read_offset(place, 1)
        assert refused.value.status == 401
    assert len(readings) == 3
    # What the file has is tried once; a key that counts goes on.
    archive = Archive(dock.served.url, stranger.credential(), read_again=partial(read_again, former))
    with closing(archive), pytest.raises(errors.UploadGone):
        archive.read_offset(place, 1)


def test_a_new_key_that_is_another_stations_is_never_taken_for_this_ones(dock: Dock) -> None:
    dock.enrol()
    former = read_enrolled_key(dock.key_file)
    taken = SigningKey.generate()
    write_key_file(dock.key_file, replace(former, next_key=taken))
    other = dock.served.signed_in(dock.served.unit(), "administrator")
    code = other.post("/api/v1/station-codes", json={"name": "别的采集站"}).json()["code"]
    form = {"code": code, "public_key": taken.public.raw.hex()}
    proved = {KEY_PROOF: prove_possession(taken, code)}
    theirs = dock.served.caller().post("/api/v1/station-enrolments", json=form, headers=proved).json()["station_id"]
    # The former key counts: this one was brought by somebody else, so another is made.
    with pytest.raises(errors.KeyNotOurs):
        settle_rotation(dock.key_file, read_enrolled_key(dock.key_file))
    held = read_enrolled_key(dock.key_file)
    assert (held.key.key_id, held.next_key) == (former.key.key_id, None)
    # The former key counts no more, and the new one does, as that of the other.
    write_key_file(dock.key_file, replace(former, key=SigningKey.generate(), next_key=taken))
    with pytest.raises(errors.KeyNotOurs) as refused:
        settle_rotation(dock.key_file, read_enrolled_key(dock.key_file))
    assert refused.value.found == theirs != former.station_id
    assert read_enrolled_key(dock.key_file).next_key is not None, "what may be ours is kept"


def test_an_earlier_archive_that_does_not_say_whose_the_key_is_is_not_believed(
    dock: Dock, monkeypatch: pytest.MonkeyPatch
) -> None:
    dock.enrol()
    held = replace(read_enrolled_key(dock.key_file), next_key=SigningKey.generate())
    answers = iter([(401, b"{}"), (409, b'{"type": "urn:liuhen:problem:key-taken"}')])

    def request(*_: Any) -> Reply:
        status, body = next(answers)
        return Reply(status, {}, body)

    monkeypatch.setattr(Connection, "request", request)
    write_key_file(dock.key_file, held)
    with pytest.raises(errors.KeyNotOurs):
        settle_rotation(dock.key_file, held)
    kept = read_enrolled_key(dock.key_file)
    assert kept.key.key_id == held.key.key_id
    assert kept.next_key is not None


def _begin_upload(dock: Dock, archive: Archive, content: bytes) -> str:
    """As an agent does that is killed after the first MiB."""
    from ingest.dock.folder import list_source
    from ingest.dock.source import Source, digest_source
    from ingest.dock.state import FileRecord, opened_state

    source = Source(dock.card, str(dock.card))
    (file,) = list_source(source, dock.notes).files
    credential = read_enrolled_key(dock.key_file).credential()
    upload_id = archive.create_upload(len(content), {"filename": "a.mp4"}, "k" * 32)
    assert archive.append_bytes(upload_id, 0, content[: 1 << 20], lambda piece: [piece]) == 1 << 20
    identity, digests = digest_source(file, lambda: None)
    with opened_state(dock.notes) as state:
        record = FileRecord(source.id, "a.mp4", identity, digests, credential.pinned_key_id)
        state.save(record.begun(upload_id, credential.credential_id))
    return upload_id


def _lose(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    real = Archive.replace_key

    def lossy(self: Archive, *arguments: Any) -> None:
        if what == "answer":
            real(self, *arguments)
        raise errors.TryAgain(errors.Words("cut", "中断"))

    monkeypatch.setattr(Archive, "replace_key", lossy)


def test_station_whose_clock_is_days_off_signs_by_the_servers(dock: Dock, monkeypatch: pytest.MonkeyPatch) -> None:
    dock.enrol()

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(days=3, seconds=7)

    (dock.card / "a.mp4").write_bytes(b"x" * 1000)
    with monkeypatch.context() as patch:
        patch.setattr(clock_module, "datetime", Wrong)
        assert dock.run().complete
    (told, *_) = [event for event in dock.events if isinstance(event, ClockMeasured)]
    assert told.offset_seconds == pytest.approx(3 * 86400 + 7, abs=told.uncertainty_seconds + 1)
    assert dock.state().clock_offset_seconds == pytest.approx(3 * 86400 + 7, abs=2)


def test_a_station_goes_on_by_itself_when_the_archive_changes_its_receipt_key(dock: Dock) -> None:
    dock.enrol()
    asking = dock.served.caller()
    assert asking.get("/api/v1/keys/receipt/successions").content == b""
    pinned = dock.served.keyring.public_key("receipt")
    (dock.card / "a.mp4").write_bytes(b"a" * 1000)
    assert dock.run().complete
    done = succeed_key(dock.served.database, dock.served.keyring, "receipt")
    line = read_lines(asking.get("/api/v1/keys/receipt/successions").content)
    assert [each.key.key_id for each in open_line(line, None, "receipt")] == [pinned.key_id, done.key_id]
    (dock.card / "b.mp4").write_bytes(b"b" * 1000)
    # The first one's receipt is by the key that was enrolled with, the second one's by the key that came after it.
    assert [each.wiped for each in dock.run(wipe=True).outcomes] == [True, True]
    assert list(dock.card.iterdir()) == []
    assert read_enrolled_key(dock.key_file).receipt_key == pinned.key_id, "what was handed over stays"


def test_revoked_key_ends_the_run_with_its_reason(dock: Dock) -> None:
    dock.enrol()
    station = read_enrolled_key(dock.key_file).station_id
    (dock.card / "a.mp4").write_bytes(b"x" * 1000)
    dock.served.as_owner("UPDATE station SET revoked_at = now() WHERE id = %s", station)
    result = dock.run(wipe=True)
    assert isinstance(result.stopped, errors.StationRefused)
    assert (dock.card / "a.mp4").exists()


def test_round_trip_is_halved_and_a_longer_one_believed_less() -> None:
    clock = clock_module.ServerClock()
    assert clock.read() is None
    now, server = time.monotonic(), datetime.now(UTC) - timedelta(hours=1)
    clock.learn(now - 0.4, now, server - timedelta(seconds=0.2))
    reading = clock.read()
    assert reading is not None
    assert reading.uncertainty_seconds == pytest.approx(0.2, abs=0.01)
    assert reading.offset_seconds == pytest.approx(3600, abs=5)
    clock.learn(now - 4, now, server - timedelta(seconds=2.1))
    kept = clock.read()
    assert kept is not None
    assert kept.uncertainty_seconds == pytest.approx(0.2, abs=0.01)
    clock.learn(now - 4, now, server + timedelta(days=1))
    moved = clock.read()
    assert moved is not None
    assert moved.offset_seconds < -80_000, "a server whose clock was set is believed again"
