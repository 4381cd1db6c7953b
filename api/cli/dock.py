"""`liuhen dock`: the docking station's command. What it does is in ingest/dock; here it is asked for."""

from __future__ import annotations

import sys

import typer

from api.cli import dock_options as of
from api.cli.dock_group import DockGroup
from api.cli.dock_key import enrol, rotate_key
from ingest.dock.pacing import USUAL_PARALLEL


def dock(
    folder: of.Folder = None,
    config: of.Config = None,
    watch: of.Watch = False,
    print_unit: of.PrintUnit = False,
    station_token_file: of.StationTokenFile = None,
    station_key_file: of.StationKeyFile = None,
    url: of.Url = "",
    wipe: of.Wipe = False,
    as_json: of.AsJson = False,
    parallel: of.Parallel = USUAL_PARALLEL,
    limit_rate: of.LimitRate = 0,
    limit: of.Limit = None,
    give_up_after: of.GiveUpAfter = 600,
    state: of.State = None,
    archive_key: of.ArchiveKey = None,
    ledger_key: of.LedgerKey = None,
    ca_file: of.CaFile = None,
) -> None:
    """上传文件夹中的录像，可断点续传，并验证回执 / Upload a folder's footage, resume, and check each receipt.

    另有 / also: liuhen dock enrol（登记密钥 / enrol a key）, liuhen dock rotate-key（更换密钥 / replace it）.
    详见 / see docs/docking.md.

    退出码 / exit codes: 0 全部收讫 / all received; 1 有文件未完成 / something is left; 2 用法错误 / usage.
    """
    from api.cli.dock_order import order_for_folder, order_from_file, rates_of
    from api.cli.dock_run import refusals_told, run_order
    from ingest.dock.config import DockConfig

    if (folder is None) == (config is None) or (print_unit and config is None):
        raise typer.BadParameter("FOLDER 与 --config 须且只能给出一个 / give either FOLDER or --config")
    with refusals_told():
        if folder is not None:
            settings = DockConfig(
                rates=rates_of(limit or [], limit_rate),
                url=url,
                station_key_file=station_key_file,
                station_token_file=station_token_file,
                state=state,
                wipe=wipe,
                parallel=parallel,
                ca_file=ca_file,
                archive_key=archive_key,
                ledger_key=ledger_key,
            )
            order = order_for_folder(settings, folder, watch, give_up_after)
        elif config is not None:
            order = order_from_file(config)
        code = order.print_unit() if print_unit else run_order(order, as_json or not sys.stdout.isatty())
    raise typer.Exit(code)


app = typer.Typer(
    cls=DockGroup,
    add_completion=False,
    help="采集工作站：上传录像，凭回执删除 / the docking station: upload footage, let go of it for a receipt",
)
app.command(DockGroup.DEFAULT, hidden=True)(dock)
app.command("enrol")(enrol)
app.command("rotate-key")(rotate_key)
