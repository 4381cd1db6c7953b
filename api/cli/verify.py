"""`liuhen verify`: whether store, rows and ledger of this archive still agree."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from api.verification import VerificationReport
    from api.verification.audit import Progress

PARTS = {
    "ledger": "账本条目 / ledger entries",
    "uploads": "上传 / uploads",
    "recordings": "原始记录 / recordings",
    "positions": "位置轨迹 / position tracks",
    "segments": "分段 / segments",
    "judgements": "要素判断 / judgements of elements",
    "renditions": "播放副本 / renditions",
    "receipts": "回执 / receipts",
    "objects": "存储对象 / objects",
}


def verify(
    package: Annotated[Path | None, typer.Argument(hidden=True)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="只输出 JSON / print JSON only")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="不读取录像内容，只查其余 / everything but the stored bytes")
    ] = False,
    sample: Annotated[
        int | None, typer.Option(min=0, help="随机读取多少条录像的内容 / read the bytes of so many recordings")
    ] = None,
) -> None:
    """核对存储、数据库与账本是否一致；有任何发现则退出码 1 / Audit store, rows and ledger; exit 1 on any finding."""
    from api.cli.admin_archive import open_for_command, report
    from api.errors import UsageRefused
    from api.verification import verify_archive

    if package is not None:
        # A package is checked without the archive, by whom it was given to: by the program that comes with it.
        raise UsageRefused(
            "本命令核对整个档案，不带参数；核验证据包或回执请用下列命令",
            f"this audits the archive; a package or receipt is verified by: {verifying_command(package)}",
        )
    with open_for_command("verify") as opened, _shown_progress() as progress:
        found = verify_archive(opened.archive, 0 if quick else sample, progress)
    report(as_json, found.to_json(), _describe(found))
    raise typer.Exit(0 if found.holds else 1)


def verifying_command(package: Path) -> str:
    """What works as it is where this runs: the Python of here has the verifier and its libraries, others may not."""
    from integrity.receipt_check import says_it_is_receipt

    what = "receipt" if says_it_is_receipt(package) else "verify"
    return f"{shlex.quote(sys.executable or 'python3')} -m integrity {what} {shlex.quote(str(package))} --trust DIR"


def _describe(found: VerificationReport) -> Iterator[str]:
    for finding in found.findings:
        mark = "错误 / error" if finding.severity == "error" else "注意 / warning"
        yield f"{mark}: {finding.subject}: {finding.chinese} / {finding.english} [{finding.code}]"
        if finding.expected is not None:
            yield f"    应为 / expected: {finding.expected}"
        if finding.found is not None:
            yield f"    实为 / found:    {finding.found}"
    for part, title in PARTS.items():
        yield f"{title}: {found.counts['entries' if part == 'ledger' else part]}"
    total = sum(found.findings_by_code.values())
    if found.holds:
        yield "一致，没有发现问题 / everything agrees"
    elif total > len(found.findings):
        shown = len(found.findings)
        yield f"共 {total} 处，以上为前 {shown} 处 / {total} findings, the first {shown} of them above"
    else:
        yield f"发现 {total} 处 / {total} findings"


@contextmanager
def _shown_progress() -> Iterator[Progress]:
    """On a terminal, beside what is printed; silent otherwise."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bars:
        tasks = {part: bars.add_task(title, total=None, visible=False) for part, title in PARTS.items()}

        def show(part: str, done: int, total: int) -> None:
            bars.update(tasks[part], completed=done, total=total or None, visible=True)

        yield show
