"""What `liuhen dock` says at its end: a table for a person, JSON for a program, refusals in both languages."""

from __future__ import annotations

from collections.abc import Mapping
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
_NAMES_SHOWN = 10
# By the reason in `Listing.why_skipped`.
PASSED_OVER: Mapping[str, tuple[str, str]] = {
    "empty": ("空文件 {0} 个，没有内容可上传，留在原处", "empty ({0}), nothing to send, left where they are"),
    "link": ("链接 {0} 个，不跟随，所指的文件未上传", "links ({0}), not followed: what they point to is not sent"),
    "temporary": ("临时文件 {0} 个，尚在写入，写完后请再次运行", "still being written ({0}): run again then"),
    "hidden": ("隐藏项 {0} 个，未上传", "hidden ({0}), not sent"),
    "system": ("系统文件 {0} 个，未上传", "the system's ({0}), not sent"),
    "special": ("非普通文件 {0} 个（管道、设备等），未上传", "pipes, devices or the like ({0}), not sent"),
    "loop": ("循环的文件夹 {0} 个，未再进入", "folders that contain themselves ({0}), not looked into again"),
    "other volume": ("其他卷 {0} 个，不属于本次所取，未上传", "other volumes ({0}), not part of this one, not sent"),
}
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
    """One line a file, then what concerns the whole run: how many files it took over, and where their receipts are."""
    if result.outcomes:
        print_files(console, result)
    elif result.stopped is None and not watched:
        _print(console, NOTHING_THERE)
    if result.stopped:
        _print(console, describe_error(result.stopped), "red")
    if result.outcomes or watched:
        _print(console, _total_of(result))
    if count_received(result):
        receipts = escaped(str(result.receipts_folder))
        _print(console, f"回执存放在 {receipts} / receipts are kept in {receipts}")
    for folder in result.unwatched:
        _print(console, _NOT_LOOKED_INTO.format(escaped(folder)), "red")
    for why, (zh, en) in PASSED_OVER.items():
        names = [name for name in result.skipped if result.why_skipped.get(name) == why]
        if names:
            some = ", ".join(escaped(name) for name in names[:_NAMES_SHOWN])
            _print(console, f"{zh.format(len(names))} / {en.format(len(names))}: {some}")


def _print(console: Console, line: str, style: str | None = None) -> None:
    console.print(line, style=style, markup=False, highlight=False)


def _total_of(result: DockResult) -> str:
    """How many files were received, and of how many of those there was nothing to store: whoever has put in a card
    twice wants to know."""
    received, wiped = count_received(result), count_wiped(result)
    left = sum(outcome.error is not None for outcome in result.outcomes)
    held = sum(outcome.was_held for outcome in result.outcomes)
    known = sum(outcome.is_of_known_bytes for outcome in result.outcomes)
    of_these = [
        (held, f"{held} 个此前已收讫", f"{held} by an earlier run"),
        (known, f"{known} 个与已有记录相同，未重复保存", f"{known} known to the archive already, not stored twice"),
    ]
    zh = "，".join(said for count, said, _ in of_these if count)
    en = ", ".join(said for count, _, said in of_these if count)
    zh, en = (f"（其中 {zh}）", f" ({en})") if zh else ("", "")
    zh = f"合计：收讫 {received}{zh}，删除 {wiped}，留下 {left}"
    return f"{zh} / total: received {received}{en}, wiped {wiped}, left {left}"


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
        _print(console, said, "yellow")
    for outcome in result.outcomes:
        if outcome.error and result.stopped is None and not isinstance(outcome.error, errors.SourceVanished):
            name, why = escaped(outcome.name), describe_error(outcome.error)
            _print(console, why if name in why else f"{name}：{why}")


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
        _print(console, f"  {line}")


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
    if outcome.was_held:
        return "此前已收讫 / received before"
    return "已收讫，与已有记录相同 / received, known already" if outcome.is_of_known_bytes else "已收讫 / received"
