"""`liuhen scrub`: whether every stored object is, byte for byte, what was sealed. docs/scrub.md."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def scrub(
    everything: Annotated[
        bool, typer.Option("--all", help="全部对象，不论上次何时巡检 / every object, whenever it was looked at last")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="INSTANT", help="此时刻之后未巡检的全部对象 / all not looked at since, as 2026-12-01T08:00:00Z"
        ),
    ] = None,
    recording: Annotated[
        str | None, typer.Option(metavar="ID", help="只巡检一条记录及其副本 / one recording with its copies")
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(
            help="每秒读取上限，如 200MiB，或 unthrottled；缺省为 LIUHEN_SCRUB_RATE / bytes a second, or unthrottled",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="逐行输出 JSON / JSON lines")] = False,
) -> None:
    """读取存储对象，与封存时核对；有损坏则退出码 1 / Hold stored objects against what was sealed; exit 1 on damage."""
    from api.cli.admin_archive import open_for_command
    from api.cli.scrub_order import read_order
    from api.cli.scrub_run import ScrubRun
    from api.cli.scrub_shown import shown

    order = read_order(everything=everything, since=since, recording=recording, rate=rate)
    with open_for_command("scrub") as opened, shown(as_json or not sys.stdout.isatty()) as screen:
        lost = ScrubRun(opened.archive, order, screen).run()
    raise typer.Exit(1 if lost else 0)
