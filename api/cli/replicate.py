"""`liuhen replicate`: what is not in the second store yet, copied now. docs/replication.md."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def replicate(
    rate: Annotated[
        str | None,
        typer.Option(
            help="每秒读取上限，如 200MiB，或 unthrottled；缺省为 LIUHEN_REPLICA_RATE / bytes a second, or unthrottled",
        ),
    ] = None,
    anew: Annotated[
        bool,
        typer.Option(
            "--anew", help="原副本存储已损毁，此处是空的新存储 / the replica was lost; an empty one stands there"
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="逐行输出 JSON / JSON lines")] = False,
) -> None:
    """将尚未复制的对象复制到副本存储；有缺损则退出码 1 / Copy what the replica lacks; exit 1 on damage."""
    from api.cli.admin_archive import open_for_command
    from api.cli.replicate_run import ReplicateRun
    from api.cli.scrub_order import read_rate
    from api.settings import load_settings

    bytes_per_second = read_rate(rate, int(load_settings().replica_rate))
    with open_for_command("replicate") as opened:
        whole = ReplicateRun(opened.archive, bytes_per_second, as_json or not sys.stdout.isatty()).run(anew)
    raise typer.Exit(0 if whole else 1)
