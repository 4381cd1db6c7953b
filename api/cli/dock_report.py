"""What `liuhen dock` says at its end: a table for a person, JSON for a program, refusals in both languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest.dock import errors
from ingest.dock.agent import DockResult
from ingest.dock.progress import printable
from ingest.dock.settling import FileOutcome

# What each refusal is in Chinese; the facts come from the error, whose own text is the English half.
_CHINESE: Mapping[type[errors.DockError], Callable[[Any], str]] = {
    errors.SourceUnreadable: lambda e: f"无法读取 {e.name}：{_reason(e)}；请检查存储卡和权限后重试",
    errors.SourceChanged: lambda e: f"{e.name} 仍在写入；写完后请再次运行",
    errors.TransferRefused: lambda e: f"档案系统拒收该文件（HTTP {e.status}）：{e.detail.zh}",
    errors.NoProgress: lambda e: f"{e.waited_seconds:.0f} 秒内无进展（{e.reason.zh}）；再次运行即从断点继续",
    errors.CustodyFailed: lambda e: f"档案系统未能封存上传 {e.upload_id}：{e.reason.zh}；再次运行将重新上传",
    errors.ReceiptRejected: lambda e: (
        f"上传 {e.upload_id} 的回执未通过验证：{e.reason}；请保留原文件并告知档案系统管理员"
    ),
    errors.RemovalFailed: lambda e: f"{e.name} 已收讫，但无法删除：{e.reason}；回执已保存，可再次运行",
    errors.CredentialMissing: lambda _: "缺少工作站凭证：请用 --station-key-file 或 --station-token-file 指定其一",
    errors.TokenUnusable: lambda e: (
        f"凭证文件 {e.path} 不可用：{_reason(e)}；请核对路径，或用 liuhen admin station enrol 名称 --json 重新获取"
    ),
    errors.KeyUnusable: lambda e: f"密钥文件 {e.path} 不可用：{_reason(e)}；请核对路径",
    errors.ConfigUnusable: lambda e: f"配置文件 {e.path} 不可用：{_reason(e)}；示例见 docs/docking.md",
    errors.RateUnreadable: lambda e: (
        f"{e.text!r} 不是有效的限速；应形如 “08:00-18:00 2 MiB/s”、“18:00-08:00 unlimited” 或 “07:00-08:00 stop”"
    ),
    errors.AddressUnusable: lambda e: f"地址 {e.url!r} 不可用，应形如 http://127.0.0.1:8000",
    errors.AddressInTheClear: lambda e: (
        f"{e.url} 是明文 http：途中任何人都能读取一次性代码、抢先登记自己的密钥，或换上别的档案系统的回执密钥；"
        "请改用 https；确信线路可信时加 --in-the-clear"
    ),
    errors.FolderUnusable: lambda e: f"文件夹 {e.path} 不可用：{_reason(e)}；请核对路径、读取权限和存储卡",
    errors.StateUnusable: lambda e: f"续传记录 {e.path} 不可用：{e.reason}；请腾出空间，或用 --state 另选位置",
    errors.StateInUse: lambda e: f"另一个上传程序正在处理 {e.path}；请等它结束",
    errors.StationRefused: lambda e: (
        f"档案系统拒绝本站（HTTP {e.status}）：{e.detail.zh}；凭证未知或已吊销，请联系管理员"
    ),
    errors.EnrolmentRefused: lambda e: (
        f"档案系统未登记本站（HTTP {e.status}）：{e.detail.zh}；请向管理员索取新的一次性代码"
    ),
    errors.TryAgain: lambda e: f"{e.reason.zh}；请稍后重试",
    errors.ArchiveKeyDiffers: lambda e: (
        f"对方的回执密钥 {e.found or '（无）'} 与登记时的 {e.pinned} 不符；未上传也未删除任何文件"
    ),
    errors.Interrupted: lambda _: "已按要求停止；再次运行即从断点继续",
    errors.UploadGone: lambda e: f"档案系统没有上传 {e.upload_id} 的记录",
}


# Reasons that the system, or the reading of a file, gives in English.
_REASONS: Mapping[str, str] = {
    "no such file or directory": "没有这个文件或目录",
    "permission denied": "没有读取权限",
    "operation not permitted": "不允许此操作",
    "is a directory": "这是目录，不是文件",
    "not a directory": "这不是目录",
    "input/output error": "读取出错，存储卡可能已损坏或被拔出",
    "is not text": "内容不是文本",
    "begins like json and is not": "内容不是完整的 JSON",
    "holds no token of the form lhs1.secret.pin": "其中没有 lhs1. 开头的凭证",
    "the token's pin is not base64url": "凭证不完整",
}
NOTHING_THERE = "文件夹中没有录像，无可上传 / the folder holds no footage: nothing to send"


def _reason(error: Any) -> str:
    """The reason in Chinese where it is a known one; else as it came."""
    reason = str(error.reason)
    if "run: chmod 600" in reason:
        return f"权限过宽，他人可以读取；请执行 chmod 600 {error.path}，并更换凭证"
    return _REASONS.get(reason.lower(), reason)


def describe_error(error: errors.DockError) -> str:
    """The refusal in Chinese and English, fit for a terminal."""
    chinese = _CHINESE.get(type(error))
    return printable(f"{chinese(error)} / {error}" if chinese else str(error))


def summarise(result: DockResult) -> dict[str, object]:
    """The run as JSON members."""
    left = sum(outcome.error is not None for outcome in result.outcomes)
    return {
        "complete": result.complete,
        "received": len(result.outcomes) - left + result.more_received,
        "wiped": sum(outcome.wiped for outcome in result.outcomes) + result.more_wiped,
        "left": left,
        "skipped": list(result.skipped),
        "why_skipped": dict(result.why_skipped),
        "stopped": result.stopped and {"kind": type(result.stopped).__name__, "reason": str(result.stopped)},
        "files": [_members_of(outcome) for outcome in result.outcomes],
    }


def _members_of(outcome: FileOutcome) -> dict[str, object]:
    receipt = outcome.receipt
    error = outcome.error
    return {
        "file": outcome.name,
        "size_bytes": outcome.size_bytes,
        "sha256": outcome.sha256 or None,
        "sm3": receipt and receipt.sm3.hex,
        "state": "left" if error else "wiped" if outcome.wiped else "received",
        "upload_id": receipt and receipt.upload_id,
        "recording_id": receipt and str(receipt.recording_id),
        "token_time": receipt and receipt.token_time.isoformat(),
        "ledger_index": receipt and receipt.ledger_index,
        "repeat": receipt and receipt.repeat,
        "kind": error and type(error).__name__,
        "reason": error and str(error),
    }


def print_table(console: Console, result: DockResult, watched: bool = False) -> None:
    """One line a file, then what concerns the whole run."""
    if result.outcomes:
        print_files(console, result)
    elif result.stopped is None and not watched:
        console.print(NOTHING_THERE, markup=False, highlight=False)
    if result.stopped:
        console.print(describe_error(result.stopped), style="red", markup=False, highlight=False)
    if result.skipped:
        names = ", ".join(printable(name) for name in result.skipped[:10])
        console.print(f"未取 {len(result.skipped)} 项 / not footage: {names}", markup=False, highlight=False)


def print_files(console: Console, result: DockResult) -> None:
    """The table, then why a file was left."""
    table = Table(
        "文件 / file", "大小 / bytes", "结果 / outcome", "SHA-256", "时间戳 / token time", "账本序号 / ledger index"
    )
    for outcome in result.outcomes:
        receipt = outcome.receipt
        table.add_row(
            Text(printable(outcome.name)),  # Text: brackets in a name are no markup
            f"{outcome.size_bytes:,}",
            _outcome_in_words(outcome),
            outcome.sha256[:16],
            receipt.token_time.astimezone().isoformat(sep=" ", timespec="seconds") if receipt else "",
            str(receipt.ledger_index) if receipt else "",
        )
    console.print(table)
    for outcome in result.outcomes:
        if outcome.error and result.stopped is None:
            console.print(f"{printable(outcome.name)}: {describe_error(outcome.error)}", markup=False, highlight=False)


def _outcome_in_words(outcome: FileOutcome) -> str:
    if outcome.error:
        return "留在原处 / left"
    if outcome.wiped:
        return "已收讫并删除 / received, wiped"
    return "已有记录，再次收讫 / received again" if outcome.receipt and outcome.receipt.repeat else "已收讫 / received"
