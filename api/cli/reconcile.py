"""`liuhen reconcile`: whether stored objects, rows and ledger are about the same things. docs/reconcile.md."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def reconcile(
    named: Annotated[
        int, typer.Option(min=0, metavar="N", help="每种发现列出前 N 个 / name the first N of each kind")
    ] = 20,
    as_json: Annotated[
        bool, typer.Option("--json", help="逐行输出 JSON，列出全部 / JSON lines, with every one named")
    ] = False,
) -> None:
    """对账：对象、行、账本三方比较，不读内容、不改动；不符则退出码 1 / Objects, rows and ledger; exit 1 on mismatch."""
    from api.cli.admin_archive import open_for_looking
    from api.cli.reconcile_shown import shown
    from api.reconciling.run import reconcile as reconcile_archive

    with open_for_looking("reconcile") as archive, shown(as_json or not sys.stdout.isatty(), named) as screen:
        done = reconcile_archive(archive, screen.tell, screen.progress)
        screen.ended(done)
    raise typer.Exit(1 if done.mismatches else 0)
