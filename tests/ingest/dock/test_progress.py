"""What is told while the agent works."""

from __future__ import annotations

import errno
import io
import itertools
import json
import os
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

import ingest.dock.received as received_module
from ingest.dock.bars import Bars, Rate, shortened
from ingest.dock.events import (
    AddressOpen,
    ArchiveAway,
    ArchiveBack,
    BytesMoved,
    ClockMeasured,
    FileEmpty,
    FileStays,
    FileUploaded,
    FileWiped,
    FolderListed,
    Paused,
    ReceiptHeld,
    SourceFound,
    SourceGone,
    SourceMissing,
    UploadBegun,
)
from ingest.dock.progress import JsonLines, Tally
from ingest.dock.words import EMPTY, Words
from integrity.hidden_signs import escaped

UPLOAD = "0" * 32


def _lines(output: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_lines_carry_file_and_total_offsets() -> None:
    output = io.StringIO()
    tell = JsonLines(output)
    tell(FolderListed(2, 300, ()))
    tell(UploadBegun("a", UPLOAD, 40, 100, resumed=True))
    tell(UploadBegun("b", UPLOAD, 0, 200, resumed=False))
    tell(BytesMoved("b", UPLOAD, 150, 120, 200))
    last = _lines(output)[-1]
    assert last["event"] == "progress"
    assert (last["sent_bytes"], last["acknowledged_bytes"], last["size_bytes"]) == (150, 120, 200)
    totals = [last[f"total_{name}_bytes"] for name in ("sent", "acknowledged", "size")]
    assert totals == [190, 160, 300]


def test_every_acknowledgement_is_a_line_and_sent_bytes_only_now_and_then() -> None:
    output = io.StringIO()
    tell = JsonLines(output)
    for sent in range(1000):
        tell(BytesMoved("a", UPLOAD, sent, 0, 1000))
    tell(BytesMoved("a", UPLOAD, 1000, 1000, 1000))
    lines = _lines(output)
    assert len(lines) < 50
    assert lines[-1]["acknowledged_bytes"] == 1000


def test_what_ends_the_run_is_given_once_and_what_concerns_one_file_with_each() -> None:
    output, refused, unread = io.StringIO(), Words("revoked", "凭证已吊销"), Words("unreadable", "无法读取")
    tell = JsonLines(output)
    for number in range(3):
        tell(FileStays(f"{number}.mp4", "StationRefused", refused))
        tell(FileStays(f"{number}.jpg", "SourceUnreadable", unread))
    lines = _lines(output)
    assert [line["file"] for line in lines if line["kind"] == "StationRefused"] == ["0.mp4", "1.mp4", "2.mp4"]
    assert [line["reason"] and line["reason"]["zh"] for line in lines] == [
        "凭证已吊销", "无法读取", None, "无法读取", None, "无法读取",
    ]  # fmt: skip
    tell(FileUploaded("0.mp4", "0" * 32, 1))
    tell(FileStays("1.mp4", "StationRefused", refused))
    assert _lines(output)[-1]["reason"]["zh"] == "凭证已吊销", "it came back"


def test_reader_that_goes_away_does_not_end_the_upload() -> None:
    read, write = os.pipe()
    os.close(read)
    output = os.fdopen(write, "w")
    tell = JsonLines(output)
    tell(FolderListed(1, 1, ()))
    tell(FolderListed(1, 1, ()))
    assert tell.closed
    with pytest.raises(BrokenPipeError):
        output.close()


@pytest.mark.parametrize("reason", [errno.EPIPE, errno.EIO, None])
def test_a_terminal_that_goes_away_does_not_end_the_upload(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reason: int | None
) -> None:
    class Terminal(io.StringIO):
        gone = False

        def write(self, text: str) -> int:
            if self.gone:
                raise ValueError("closed") if reason is None else OSError(reason, "gone")
            return super().write(text)

    screen = Terminal()
    with (tmp_path / "out").open("w") as out, Bars(Console(file=screen, force_terminal=True, width=80)) as tell:
        monkeypatch.setattr("sys.stdout", out)  # rich leads it elsewhere when a pipe is closed
        tell(FolderListed(1, 1 << 20, ()))
        assert not tell.closed
        screen.gone = True
        tell(UploadBegun("a.mp4", UPLOAD, 0, 1 << 20, resumed=False))
        tell(Paused("a.mp4", Words("connection cut", "连接中断"), 1.0))
        tell(FileUploaded("a.mp4", UPLOAD, 1 << 20))
    assert tell.closed


def test_a_name_that_a_terminal_has_no_letters_for_is_shown_escaped() -> None:
    screen = io.TextIOWrapper(io.BytesIO(), encoding="gbk")
    with Bars(Console(file=screen, force_terminal=True, width=120)) as tell:
        tell(FolderListed(1, 1 << 20, ()))
        tell(UploadBegun("\U0001f600.mp4", UPLOAD, 0, 1 << 20, resumed=False))
        tell(Paused("\U0001f600.mp4", Words("connection cut", "连接中断"), 1.0))
    assert not tell.closed
    screen.seek(0)
    assert "\\U0001f600.mp4：连接中断" in screen.read()


def test_bars_show_file_rate_and_total() -> None:
    screen = io.StringIO()
    with Bars(Console(file=screen, force_terminal=True, width=120)) as tell:
        tell(FolderListed(1, 1 << 20, ()))
        tell(UploadBegun("[bold]a.mp4", UPLOAD, 0, 1 << 20, resumed=False))
        tell(BytesMoved("[bold]a.mp4", UPLOAD, 1 << 19, 0, 1 << 20))
        tell(Paused("[bold]a.mp4", Words("connection cut", "连接中断"), 1.0))
        tell(FileUploaded("[bold]a.mp4", UPLOAD, 1 << 20))
    shown = screen.getvalue()
    assert "合计 / total" in shown
    assert "[bold]a.mp4" in shown
    assert "connection cut" in shown
    assert "1.0 秒后再试" in shown


def test_a_person_is_told_of_cards_and_of_a_clock_that_is_far_off() -> None:
    screen = io.StringIO()
    with Bars(Console(file=screen, force_terminal=True, width=120)) as tell:
        tell(SourceFound("recorder 1", "/media/recorder 1"))
        tell(SourceGone("recorder 1", Words("it was unmounted or pulled out", "已被卸载或拔出")))
        tell(SourceMissing("/srv/none", Words("no such file or directory", "没有这个文件或目录")))
        tell(ClockMeasured(3.0, 0.1))
        tell(ClockMeasured(-7200.0, 0.1))
    shown = screen.getvalue()
    assert "已接入 / found: recorder 1" in shown
    assert "已断开：recorder 1，已被卸载或拔出 / gone: recorder 1" in shown
    assert "警告：/srv/none 无法监视：没有这个文件或目录" in shown
    assert shown.count("请校准") == 1
    said = " ".join(shown.split())
    assert "本机时钟比服务器慢 2 小时（± 0.1 秒），请校准 / this machine's clock is 2 h slow (± 0.1 s): set it" in said


def test_name_that_would_steer_the_terminal_is_defused() -> None:
    assert escaped("a\x1b[2Jb\n") == "a\\u001b[2Jb\\n"
    assert escaped("执法.mp4") == "执法.mp4"
    assert escaped(os.fsdecode(b"\xff.mp4")) == "\\udcff.mp4"


def test_a_warning_is_a_line_and_stays_on_the_screen() -> None:
    warning = AddressOpen("http://a", Words("plain http", "明文"))
    output, screen = io.StringIO(), io.StringIO()
    JsonLines(output)(warning)
    assert _lines(output) == [{"event": "warning", "url": "http://a", "reason": {"en": "plain http", "zh": "明文"}}]
    with Bars(Console(file=screen, force_terminal=True, width=120)) as tell:
        tell(warning)
    assert "WARNING: plain http" in screen.getvalue()


def test_nothing_but_sentences_is_shown_before_a_byte_is_sent() -> None:
    screen = io.StringIO()
    with Bars(Console(file=screen, force_terminal=True, width=80)) as tell:
        tell(FolderListed(2, 300, ()))
        tell(Paused("", Words("connection refused", "对方拒绝连接"), 0.2))
    lines = screen.getvalue().splitlines()
    assert len(lines) == 2
    assert "共 2 个文件，300 bytes" in lines[0]
    assert "合计" not in screen.getvalue()


def test_a_bar_is_one_line_however_long_the_name() -> None:
    screen = io.StringIO()
    names = [f"执法记录仪/DCIM/20261128/街面巡查与现场检查全过程记录_{number:04}.mp4" for number in (1, 2)]
    with Bars(Console(file=screen, force_terminal=True, width=80)) as tell:
        tell(FolderListed(2, 4 << 30, ()))
        for name in names:
            tell(UploadBegun(name, UPLOAD, 0, 2 << 30, resumed=False))
            tell(BytesMoved(name, UPLOAD, 123_456_789, 0, 2 << 30))
    shown = [line for line in screen.getvalue().splitlines() if "MB/" in line]
    assert any("0001.mp4" in line and "123.5 MB/2.1 GB" in line for line in shown)
    assert any("0002.mp4" in line and "123.5 MB/2.1 GB" in line for line in shown)


def test_a_rate_is_of_the_last_seconds_and_said_only_when_it_is_no_guess() -> None:
    rate = Rate()
    assert rate.bytes_per_second(99.0) is None
    rate.take(0, 100.0)
    rate.take(30_000_000, 100.01)  # What the system takes into its buffers.
    assert rate.bytes_per_second(100.01) is None
    rate.take(0, 103.0)
    assert rate.bytes_per_second(103.0) == 10_000_000
    for second in range(104, 130):
        rate.take(1_000_000, float(second))
    assert rate.bytes_per_second(129.0) == 1_000_000


def test_a_rate_falls_when_nothing_moves_any_more_and_is_none_after_ten_seconds() -> None:
    rate = Rate()
    for second in range(100, 111):
        rate.take(1_000_000, float(second))
    rates = [rate.bytes_per_second(110.0 + still) or 0 for still in (0, 5, 9, 15, 600)]
    assert rates[0] == 1_000_000
    assert rates[0] > rates[1] > rates[2]
    assert rates[3:] == [0, 0]


def _drawn(tell: Bars, screen: io.StringIO) -> str:
    screen.truncate(0)
    tell._progress.refresh()
    return screen.getvalue()


def test_while_the_archive_is_away_the_bars_wait_and_say_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("ingest.dock.bars.time.monotonic", lambda: now[0])
    screen = io.StringIO()
    refused = Words("connection refused", "对方拒绝连接")
    with Bars(Console(file=screen, force_terminal=True, width=100)) as tell:
        tell._progress.live.auto_refresh = False
        tell(FolderListed(48, 48 << 30, ()))
        tell(UploadBegun("a.mp4", UPLOAD, 0, 1 << 30, resumed=False))
        for second in range(5):
            now[0] = 1000.0 + second
            tell(BytesMoved("a.mp4", UPLOAD, second << 20, 0, 1 << 30))
        assert "1.0 MB/s" in _drawn(tell, screen)
        for name in ("a.mp4", "b.mp4", "c.mp4"):
            tell(Paused(name, refused, 15.0, archive_away=True))
        assert "拒绝" not in screen.getvalue()
        tell(ArchiveAway(refused, 0.0))
        assert "对方拒绝连接；正在等待，恢复后自动继续 / connection refused; waiting" in screen.getvalue()
        drawn = _drawn(tell, screen)
        assert "等待档案系统恢复 / waiting for the archive" in drawn
        assert "MB/s" not in drawn
        tell(ArchiveAway(refused, 181.0))
        assert "仍在等待档案系统，已 3 分 1 秒" in screen.getvalue()
        tell(ArchiveBack(200.0))
        assert "档案系统已恢复，继续上传（中断 3 分 20 秒）/ the archive is back after 3 min 20 s" in screen.getvalue()
        assert "合计 / total" in _drawn(tell, screen)
        # Nothing moves yet, and nobody says why: no old rate stands there.
        now[0] += 60
        assert "等待 / waiting" in _drawn(tell, screen)


def test_one_reason_of_many_files_is_a_line_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("ingest.dock.bars.time.monotonic", lambda: now[0])
    screen = io.StringIO()
    with Bars(Console(file=screen, force_terminal=True, width=200)) as tell:
        for second in range(90):
            now[0] = 1000.0 + second
            for name in ("a.mp4", "b.mp4"):
                tell(Paused(name, Words("the hours without sending", "当前时段不上传"), 30.0))
    assert screen.getvalue().count("当前时段不上传") == 2


def test_what_is_sent_adds_up_to_what_was_found() -> None:
    """Names come back on other cards, after wiping, and as other versions; what is left is not sent."""
    tally = Tally()

    def receive(name: str, upload: str, size_bytes: int) -> None:
        tally.take(UploadBegun(name, upload, 0, size_bytes, resumed=False))
        tally.take(BytesMoved(name, upload, size_bytes, size_bytes, size_bytes))
        tally.take(FileUploaded(name, upload, size_bytes))
        tally.take(ReceiptHeld(name, upload, size_bytes, "r", "2026-03-01T01:00:00+00:00", 1, repeat=False))

    receive("a", "1" * 32, 100)
    tally.take(FileWiped("a", 100))
    receive("a", "2" * 32, 10)  # The recorder counts from the beginning again.
    receive("a", "3" * 32, 1)  # It went on writing to what was received, and was not wiped.
    tally.take(ReceiptHeld("a", "3" * 32, 1, "r", "2026-03-01T01:00:00+00:00", 1, repeat=False))
    assert (tally.sent_bytes, tally.acknowledged_bytes) == (111, 111)
    tally.take(UploadBegun("b", "4" * 32, 500, 1000, resumed=True))
    tally.take(FileStays("b", "SourceVanished", Words("gone", "已不在")))
    assert tally.sent_bytes == 111
    tally.take(UploadBegun("b", "4" * 32, 700, 1000, resumed=True))
    assert tally.sent_bytes == 811


def test_what_a_watching_agent_tells_of_for_years_is_added_up_and_not_all_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(received_module, "MOST_REMEMBERED", 100)
    screen, output = io.StringIO(), io.StringIO()

    def come(numbers: range, *listeners: Bars | JsonLines) -> None:
        for number, tell in itertools.product(numbers, listeners):
            name, upload = f"{number}.mp4", f"{number:032}"
            tell(UploadBegun(name, upload, 0, 10, resumed=False))
            tell(BytesMoved(name, upload, 10, 10, 10))
            tell(FileUploaded(name, upload, 10))
            tell(ReceiptHeld(name, upload, 10, "r", "2026-03-01T01:00:00+00:00", 1, repeat=False))

    bars, lines = Bars(Console(file=screen, width=80), each_file=True), JsonLines(output)
    with bars:
        come(range(1000, 1300), bars, lines)
        for listener in (bars, lines):
            assert listener._tally.sent_bytes == listener._tally.acknowledged_bytes == 3000
            # Whatever it keeps for each file: a few hundred of those by now, were it to keep all.
            assert all(len(kept) <= 100 for kept in _kept_by(listener))
        tell_again = ReceiptHeld("1299.mp4", f"{1299:032}", 10, "r", "2026-03-01T01:00:00+00:00", 1, repeat=False)
        bars(tell_again)  # Its card is put in again.
    assert bars._tally.sent_bytes == 3000
    assert screen.getvalue().count("1299.mp4") == 1


def _kept_by(listener: Bars | JsonLines) -> list[dict[object, object] | set[object]]:
    holders = (listener, listener._tally, listener._tally._received)
    return [kept for holder in holders for kept in vars(holder).values() if isinstance(kept, dict | set)]


def test_a_card_that_goes_says_how_many_of_its_files_wait_and_what_to_do() -> None:
    gone = SourceGone("/media/card", Words("it was pulled out", "已被拔出"), 12)
    for watching, to_do in ((False, "请重新插入，再次运行同一命令"), (True, "请重新插入，即自动从断点继续")):
        screen = io.StringIO()
        with Bars(Console(file=screen, width=400), each_file=watching) as tell:
            tell(gone)
        assert f"已断开：/media/card，已被拔出；其中 12 个文件尚未收讫，{to_do}" in screen.getvalue()


@pytest.mark.parametrize("width", [18, 19, 30])
def test_a_long_name_loses_its_middle_and_not_the_number_at_its_end(width: int) -> None:
    short = shortened("街面巡查与现场检查全过程记录_0001.mp4", width)
    assert cell_len(short) <= width
    assert short.startswith("街面")
    assert short.endswith("_0001.mp4")
    assert shortened("a.mp4", width) == "a.mp4"


def test_once_all_is_sent_the_bar_says_what_is_awaited() -> None:
    screen = io.StringIO()
    with Bars(Console(file=screen, force_terminal=True, width=80)) as tell:
        tell(FolderListed(2, 200, ()))
        for name in ("a.mp4", "b.mp4"):
            tell(UploadBegun(name, UPLOAD, 0, 100, resumed=False))
            tell(BytesMoved(name, UPLOAD, 100, 100, 100))
            assert "等待封存和回执" not in screen.getvalue()
            tell(FileUploaded(name, UPLOAD, 100))
            tell._progress.refresh()
        assert "等待封存和回执 / waiting for its receipt" in screen.getvalue()
        screen.truncate(0)
        for name in ("a.mp4", "b.mp4"):
            tell(ReceiptHeld(name, UPLOAD, 100, "r", "2026-03-01T01:00:00+00:00", 1, repeat=False))
        tell._progress.refresh()
    assert "合计 / total" in screen.getvalue().rpartition("等待")[2]
    assert "0:00:00" not in screen.getvalue()


def test_where_no_table_will_follow_each_end_is_a_line_and_trouble_is_told_once() -> None:
    why = Words("b.mp4 was received but cannot be removed", "b.mp4 已收讫，但无法删除")
    held = [
        ReceiptHeld(name, UPLOAD, 1, "r", "2026-03-01T01:00:00+00:00", 1, repeat=False) for name in ("a.mp4", "b.mp4")
    ]
    ends = [*held, FileWiped("a.mp4", 1), *[FileStays("b.mp4", "RemovalFailed", why)] * 2]
    ends.append(FileStays("c.mp4", "Interrupted", Words("stopped on request", "已按要求停止")))
    ends.append(FileEmpty("d.mp4"))
    for wiping, lines in (
        (True, ["已收讫并删除 / received, wiped: a.mp4", f"{why.zh} / {why.en}", f"d.mp4：{EMPTY.zh} / {EMPTY.en}"]),
        (False, ["已收讫 / received: a.mp4", "已收讫 / received: b.mp4"]),
    ):
        screen = io.StringIO()
        with Bars(Console(file=screen, width=200), each_file=True, wiping=wiping) as tell:
            for event in ends if wiping else held:
                tell(event)
        assert [line.rstrip() for line in screen.getvalue().splitlines() if line] == lines
