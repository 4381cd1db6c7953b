"""`liuhen dock`: the docking station's command. What it does is in ingest/dock; here it is asked for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.cli.dock_group import DockGroup
from api.cli.dock_key import enrol, rotate_key


def dock(
    folder: Annotated[
        Path | None, typer.Argument(help="存放录像的文件夹；用 --config 时不填 / the folder; none with --config")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="配置文件（TOML），持续监视 / watch what this TOML file says, until TERM")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="持续监视该文件夹，直至 TERM / keep watching the folder until TERM")
    ] = False,
    print_unit: Annotated[
        bool, typer.Option("--print-unit", help="打印 systemd 服务单元 / print a systemd unit for --config")
    ] = False,
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
    limit: Annotated[
        list[str] | None,
        typer.Option(
            help="分时段限速，可多次给出，如 “08:00-18:00 2 MiB/s” / a limit by hour of day; may be given several times"
        ),
    ] = None,
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
    from api.cli.dock_credential import is_usage
    from api.cli.dock_order import Order, order_from_file
    from api.cli.dock_report import describe_error
    from api.cli.dock_run import run_order
    from ingest.dock.errors import DockError

    try:
        if (folder is None) == (config is None) or (print_unit and config is None):
            raise typer.BadParameter("FOLDER 与 --config 须且只能给出一个 / give either FOLDER or --config")
        if config is not None:
            order = order_from_file(config)
            if print_unit:
                typer.echo(order.unit(config), nl=False)
                return
        else:
            assert folder is not None
            order = Order.of_folder(
                folder,
                watch=watch,
                station_token_file=station_token_file,
                station_key_file=station_key_file,
                url=url,
                wipe=wipe,
                parallel=parallel,
                mebibytes_per_second=limit_rate,
                limits=tuple(limit or ()),
                give_up_seconds=give_up_after,
                state=state,
                archive_key=archive_key,
                ledger_key=ledger_key,
                ca_file=ca_file,
            )
        result = run_order(order, as_json or not sys.stdout.isatty())
    except DockError as error:
        typer.echo(describe_error(error), err=True)
        raise typer.Exit(2 if is_usage(error) else 1) from error
    raise typer.Exit(0 if result.complete or (order.folder is None and result.ended_on_request) else 1)


app = typer.Typer(
    cls=DockGroup,
    add_completion=False,
    help="采集工作站：上传录像，凭回执删除 / the docking station: upload footage, let go of it for a receipt",
)
app.command(DockGroup.DEFAULT, hidden=True)(dock)
app.command("enrol")(enrol)
app.command("rotate-key")(rotate_key)
