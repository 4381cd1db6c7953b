"""`liuhen dock`: the docking station's command. What it does is in ingest/dock; here it is asked for and told about."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.dock_group import DockGroup
from api.cli.dock_key import enrol, rotate_key

if TYPE_CHECKING:
    from threading import Event

    from ingest.dock.agent import DockPlan, DockResult

_MEBIBYTE = 1 << 20


def dock(
    folder: Annotated[Path, typer.Argument(help="存放录像的文件夹 / the folder with the footage")],
    station_token_file: Annotated[
        Path | None,
        typer.Option(
            help="采集工作站凭证文件（enrol 打印的 JSON 亦可） / the station's token, bare or as enrol prints it"
        ),
    ] = None,
    station_key_file: Annotated[
        Path | None, typer.Option(help="工作站密钥文件，由 dock enrol 生成 / the station's key, made by dock enrol")
    ] = None,
    url: Annotated[
        str, typer.Option(help="档案系统地址，默认取自密钥文件 / the archive's address; the key file's, if not given")
    ] = "",
    wipe: Annotated[
        bool, typer.Option("--wipe", help="验证回执后删除原文件 / remove each file once its receipt was checked")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="逐行输出 JSON / JSON lines, as when stdout is no terminal")
    ] = False,
    parallel: Annotated[int, typer.Option(min=1, max=16, help="同时上传的文件数 / files sent at once")] = 3,
    limit_rate: Annotated[
        float, typer.Option(min=0, help="总速率上限，MiB/s，0 为不限 / most MiB/s of all files together, 0: no limit")
    ] = 0,
    give_up_after: Annotated[
        float, typer.Option(min=1, help="无进展多少秒后放弃 / give up after so many seconds without progress")
    ] = 600,
    state: Annotated[Path | None, typer.Option(help="续传记录与回执的位置 / where notes and receipts are kept")] = None,
    archive_key: Annotated[
        Path | None,
        typer.Option(help="以此公钥验证回执，代替凭证中的指纹 / check receipts with this key instead of the pin"),
    ] = None,
    ledger_key: Annotated[
        Path | None, typer.Option(help="账本公钥（vkey），同时验证检查点 / the ledger's vkey, to check checkpoints too")
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="https 所信任的根证书 / root certificates to trust for https")
    ] = None,
) -> None:
    """上传文件夹中的录像，可断点续传，并验证回执 / Upload a folder's footage, resume, and check each receipt.

    另有 / also: liuhen dock enrol（登记密钥 / enrol a key）, liuhen dock rotate-key（更换密钥 / replace it）.
    详见 / see docs/docking.md.

    退出码 / exit codes: 0 全部收讫 / all received; 1 有文件未完成 / something is left; 2 用法错误 / usage.
    """
    from api.cli.dock_credential import choose_credential, is_usage
    from api.cli.dock_report import describe_error
    from ingest.dock.agent import DockPlan
    from ingest.dock.connection import trusting
    from ingest.dock.errors import DockError
    from ingest.dock.receipts import load_ledger_vkey, load_pinned_key

    try:
        tls = trusting(ca_file) if ca_file else None
        credential, address = choose_credential(station_token_file, station_key_file, url, tls)
        plan = DockPlan(
            folder=folder,
            url=address,
            credential=credential,
            state_folder=state or _default_state(folder),
            wipe=wipe,
            parallel=parallel,
            give_up_seconds=give_up_after,
            bytes_per_second=int(limit_rate * _MEBIBYTE),
            archive_key=load_pinned_key(archive_key) if archive_key else None,
            ledger_vkey=load_ledger_vkey(ledger_key) if ledger_key else None,
            tls=tls,
        )
        result = _run(plan, as_json or not sys.stdout.isatty())
    except DockError as error:
        typer.echo(describe_error(error), err=True)
        raise typer.Exit(2 if is_usage(error) else 1) from error
    raise typer.Exit(0 if result.complete else 1)


def _default_state(folder: Path) -> Path:
    """Not in the footage folder: it may be read only, and its next card is another one."""
    import hashlib
    import os

    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:32]
    return Path.home() / ".local" / "state" / "liuhen" / "dock" / name


def _run(plan: DockPlan, as_json: bool) -> DockResult:
    """Run the agent under a listener that fits stdout; the closing report goes the same way."""
    from rich.console import Console

    from api.cli.dock_report import NOTHING_THERE, describe_error, print_table, summarise
    from ingest.dock.agent import dock_folder
    from ingest.dock.errors import DockError
    from ingest.dock.progress import Bars, JsonLines

    stop = _stop_on_signal()
    if as_json:
        lines = JsonLines(sys.stdout)
        try:
            result = dock_folder(plan, lines, stop)
            lines.write("summary", summarise(result))
            if result.stopped is not None:
                typer.echo(describe_error(result.stopped), err=True)
            elif not result.outcomes:
                typer.echo(NOTHING_THERE, err=True)
        except DockError as error:
            lines.write("stopped", {"kind": type(error).__name__, "reason": str(error)})
            raise
        finally:
            if lines.closed:
                _detach_stdout()
        return result
    console = Console()
    with Bars(console) as bars:
        result = dock_folder(plan, bars, stop)
    print_table(console, result)
    return result


def _detach_stdout() -> None:
    """Nobody reads any more; without this the interpreter would turn that into an exit code of its own."""
    import os

    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _stop_on_signal() -> Event:
    """The first Ctrl-C or TERM lets the agent end in order, the second ends it at once: its notes survive both."""
    import os
    import signal
    import threading

    stop = threading.Event()

    def ask_to_stop(number: int, _: object) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    return stop


app = typer.Typer(
    cls=DockGroup,
    add_completion=False,
    help="采集工作站：上传录像，凭回执删除 / the docking station: upload footage, let go of it for a receipt",
)
app.command(DockGroup.DEFAULT, hidden=True)(dock)
app.command("enrol")(enrol)
app.command("rotate-key")(rotate_key)
