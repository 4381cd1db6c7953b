"""`liuhen prepare`: keys, roles, schema and rules for an archive whose parts are started one by one."""

from __future__ import annotations

from typing import Annotated

import typer


def prepare(
    wait: Annotated[
        float, typer.Option(min=0, help="数据库或存储未应答时最多等待的秒数 / seconds to wait for database and store")
    ] = 120.0,
) -> None:
    """为分别启动各部件的档案系统做好准备；可重复执行 / Make ready what parts need that are started one by one."""
    from api.engines.prepare_run import prepare_archive
    from api.settings import load_settings

    prepare_archive(load_settings(), lambda line: print(line, flush=True), wait)
