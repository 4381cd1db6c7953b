"""What is told while the agent works."""

from __future__ import annotations

import io
import json
import os

import pytest
from rich.console import Console

from ingest.dock.errors import Words
from ingest.dock.events import (
    AddressOpen,
    BytesMoved,
    ClockMeasured,
    FileUploaded,
    FolderListed,
    Paused,
    SourceFound,
    SourceGone,
    UploadBegun,
)
from ingest.dock.progress import Bars, JsonLines, printable

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


def test_a_person_is_told_of_cards_and_of_a_clock_that_is_far_off() -> None:
    screen = io.StringIO()
    with Bars(Console(file=screen, force_terminal=True, width=120)) as tell:
        tell(SourceFound("recorder 1", "/media/recorder 1"))
        tell(SourceGone("recorder 1", "it was unmounted or pulled out"))
        tell(ClockMeasured(3.0, 0.1))
        tell(ClockMeasured(-7200.0, 0.1))
    shown = screen.getvalue()
    assert "已接入 / found: recorder 1" in shown
    assert "已断开 / gone: recorder 1" in shown
    assert shown.count("请校准") == 1
    assert "-7200.0 ± 0.1" in shown


def test_name_that_would_steer_the_terminal_is_defused() -> None:
    assert printable("a\x1b[2Jb\n") == "a\\x1b[2Jb\\x0a"
    assert printable("执法.mp4") == "执法.mp4"
    assert printable(os.fsdecode(b"\xff.mp4")) == "\\udcff.mp4"


def test_a_warning_is_a_line_and_stays_on_the_screen() -> None:
    warning = AddressOpen("http://a", Words("plain http", "明文"))
    output, screen = io.StringIO(), io.StringIO()
    JsonLines(output)(warning)
    assert _lines(output) == [{"event": "warning", "url": "http://a", "reason": {"en": "plain http", "zh": "明文"}}]
    with Bars(Console(file=screen, force_terminal=True, width=120)) as tell:
        tell(warning)
    assert "WARNING: plain http" in screen.getvalue()
