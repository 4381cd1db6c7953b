"""What `liuhen dock` says at its end: a table for a person, JSON for a program, refusals in both languages."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest.dock import errors
from ingest.dock.agent import DockResult
from ingest.dock.settling import FileOutcome
from integrity.hidden_signs import escaped
from integrity.local_time import show_in_china

_NOT_LOOKED_INTO = "未能查看文件夹 {0}，其中的录像未上传 / the folder {0} was not looked into: nothing of it was sent"
# What the table needs beside the names, and room for those.
_TABLE_COLUMNS = 140
_VANISHED = (
    "文件夹 {0} 已不在：{1} 个文件未收讫，原件仍在卡上；请重新插入，再次运行同一命令，即从断点继续 / "
    "the folder {0} is gone: {1} files are not received and still on it; put it back and run the same command again: "
    "it goes on where it stopped"
)
_VANISHED_UNWIPED = (
    "文件夹 {0} 已不在：其中的文件均已收讫，{1} 个尚未删除；请重新插入，再次运行同一命令即删除 / "
    "the folder {0} is gone: all of its files are received, {1} are not removed yet; put it back and run the same "
    "command again: they are removed"
)
NOTHING_THERE = "文件夹中没有录像，无可上传 / the folder holds no footage: nothing to send"


def describe_error(error: errors.DockError) -> str:
    """The refusal in Chinese and English, fit for a terminal."""
    return escaped(f"{error.words.zh} / {error.words.en}")


def summarise(result: DockResult) -> dict[str, object]:
    """The run as JSON members."""
    left = sum(outcome.error is not None for outcome in result.outcomes)
    return {
        "complete": result.complete,
        "received": count_received(result),
        "wiped": count_wiped(result),
        "left": left,
        "skipped": list(result.skipped),
        "why_skipped": dict(result.why_skipped),
        "unwatched": list(result.unwatched),
        "stopped": result.stopped and {"kind": type(result.stopped).__name__, "reason": asdict(result.stopped.words)},
        "files": [_members_of(outcome) for outcome in result.outcomes],
    }


def count_received(result: DockResult) -> int:
    """Those among them that could not be removed."""
    return sum(outcome.is_received for outcome in result.outcomes) + result.more_received


def count_wiped(result: DockResult) -> int:
    return sum(outcome.wiped for outcome in result.outcomes) + result.more_wiped


def state_of(outcome: FileOutcome) -> str:
    """`received` with a `kind` of error: it was to be removed, and could not be, or not for certain."""
    if not outcome.is_received:
        return "left"
    return "wiped" if outcome.wiped else "gone" if outcome.gone else "received"


def _members_of(outcome: FileOutcome) -> dict[str, object]:
    receipt = outcome.receipt
    error = outcome.error
    return {
        "file": outcome.name,
        "size_bytes": outcome.size_bytes,
        "sha256": outcome.sha256 or None,
        "sm3": receipt and receipt.sm3.hex,
        "state": state_of(outcome),
        "upload_id": receipt and receipt.upload_id,
        "recording_id": receipt and str(receipt.recording_id),
        "token_time": receipt and receipt.token_time.isoformat(),
        "ledger_index": receipt and receipt.ledger_index,
        "repeat": receipt and receipt.repeat,
        "kind": error and type(error).__name__,
        "reason": error and asdict(error.words),
    }


def print_table(console: Console, result: DockResult, watched: bool = False) -> None:
    """One line a file, then what concerns the whole run; of one that watched, how many files it took over."""
    if result.outcomes:
        print_files(console, result)
    elif result.stopped is None and not watched:
        console.print(NOTHING_THERE, markup=False, highlight=False)
    if result.stopped:
        console.print(describe_error(result.stopped), style="red", markup=False, highlight=False)
    if watched:
        received, wiped = count_received(result), count_wiped(result)
        left = sum(outcome.error is not None for outcome in result.outcomes)
        line = f"收讫 {received}，删除 {wiped}，留下 {left} / received {received}, wiped {wiped}, left {left}"
        console.print(line, markup=False, highlight=False)
    for folder in result.unwatched:
        console.print(_NOT_LOOKED_INTO.format(escaped(folder)), style="red", markup=False, highlight=False)
    empty = [name for name in result.skipped if result.why_skipped.get(name) == "empty"]
    others = [name for name in result.skipped if result.why_skipped.get(name) != "empty"]
    for names, zh, en in (
        (empty, f"空文件 {len(empty)} 个，没有内容可上传，留在原处", "empty, nothing to send, left where they are"),
        (others, f"未取 {len(others)} 项", "not footage"),
    ):
        if names:
            some = ", ".join(escaped(name) for name in names[:10])
            console.print(f"{zh} / {en}: {some}", markup=False, highlight=False)


def print_files(console: Console, result: DockResult) -> None:
    """What became of each file, in a table where the screen is wide enough for one; then why a file was left."""
    if console.width >= _TABLE_COLUMNS:
        console.print(_table_of(result))
    else:
        for outcome in result.outcomes:
            _print_lines(console, outcome)
    for root, files in _vanished(result).items():
        left = sum(not outcome.is_received for outcome in files)
        said = _VANISHED.format(escaped(str(root)), left)
        if not left:
            said = _VANISHED_UNWIPED.format(escaped(str(root)), len(files))
        console.print(said, style="yellow", markup=False, highlight=False)
    for outcome in result.outcomes:
        if outcome.error and result.stopped is None and not isinstance(outcome.error, errors.SourceVanished):
            name, why = escaped(outcome.name), describe_error(outcome.error)
            console.print(why if name in why else f"{name}：{why}", markup=False, highlight=False)


def _vanished(result: DockResult) -> dict[Path, list[FileOutcome]]:
    """The folders that went away, each with the files it left behind: said once, not with each file."""
    left: dict[Path, list[FileOutcome]] = {}
    for outcome in result.outcomes:
        if isinstance(outcome.error, errors.SourceVanished):
            left.setdefault(outcome.error.root, []).append(outcome)
    return left


def _table_of(result: DockResult) -> Table:
    table = Table()
    for heading in ("文件 / file", "大小 / bytes", "结果 / outcome", "SHA-256", "时间戳 / token time", "账本 / ledger"):
        # Folded, never cut: two files may differ in the last letter alone.
        table.add_column(heading, overflow="fold")
    for outcome in result.outcomes:
        receipt = outcome.receipt
        table.add_row(
            Text(escaped(outcome.name)),  # Text: brackets in a name are no markup
            f"{outcome.size_bytes:,}",
            _outcome_in_words(outcome),
            outcome.sha256[:16],
            show_in_china(receipt.token_time) if receipt else "",
            str(receipt.ledger_index) if receipt else "",
        )
    return table


def _print_lines(console: Console, outcome: FileOutcome) -> None:
    receipt = outcome.receipt
    said = [f"{_outcome_in_words(outcome)}，{outcome.size_bytes:,} 字节 / bytes"]
    if outcome.sha256:
        said.append(f"SHA-256 {outcome.sha256}")
    if receipt:
        said.append(f"时间戳 / token time {show_in_china(receipt.token_time)}，账本 / ledger {receipt.ledger_index}")
    console.print(Text(escaped(outcome.name), style="bold", overflow="fold"))
    for line in said:
        console.print(f"  {line}", markup=False, highlight=False)


def _outcome_in_words(outcome: FileOutcome) -> str:
    if isinstance(outcome.error, errors.RemovalUnconfirmed):
        return "已收讫，删除未确认 / received, removal not confirmed"
    if outcome.error and outcome.is_received:
        return "已收讫，未能删除 / received, not removed"
    if outcome.error:
        return "留在原处 / left"
    if outcome.wiped:
        return "已收讫并删除 / received, wiped"
    if outcome.gone:
        return "已收讫，现不在原处 / received, not there now"
    return "已有记录，再次收讫 / received again" if outcome.receipt and outcome.receipt.repeat else "已收讫 / received"
