"""`liuhen up`: the whole archive on one box, until somebody ends it."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import Annotated

import typer


def up(
    demo: Annotated[
        bool,
        typer.Option(
            "--demo", help="空的档案填入演示内容并打印登录密码 / fill an empty archive with the demo's content"
        ),
    ] = False,
) -> None:
    """启动整个档案系统，直到 Ctrl-C 或 TERM。 / Start the whole archive; Ctrl-C or TERM ends it."""
    from api.demo.welcome import welcome
    from api.engines.archive_run import run_archive
    from api.settings import load_settings

    settings = load_settings()
    run_archive(settings, _say, when_ready=partial(welcome, settings, demo=demo, say=_say))


def _say(line: str) -> None:
    """Print a line at once. When nobody reads any more, the archive goes on and says nothing."""
    try:
        print(line, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
