"""`liuhen demo`: the main job from the card to the court; `liuhen demo casework`: three cases, to the portal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(invoke_without_command=True)


@app.callback()
def demo(
    context: typer.Context,
    footage: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="任意影像目录，缺省自带演示影像 / any folder; its own footage without"),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="URL", help="对已运行的档案演示，须有其设置 / at an archive that runs, by its settings"),
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="签发其证书的机构（PEM） / who issued the certificate of --at, PEM")
    ] = None,
) -> None:
    """完整演示主要流程，自动结束；每项核对都通过才返回 0 / The main job end to end; 0 only if every check held."""
    if context.invoked_subcommand is not None:
        return
    from api.demo.archive_process import ArchiveElsewhere
    from api.demo.narration import Narrator
    from api.demo.story import tell_story
    from api.settings import load_settings

    _end_in_order()
    elsewhere = None if at is None else ArchiveElsewhere(at.rstrip("/"), ca_file)
    tell_story(load_settings(), footage, Narrator(), elsewhere)


@app.command()
def casework() -> None:
    """三个案件从立案到公示和年度统计 / Three cases, from the opening to the portal and the figures of the year."""
    from api.demo.narration import Narrator
    from api.demo.office.story import tell_casework
    from api.settings import load_settings

    _end_in_order()
    tell_casework(load_settings(), Narrator())


def _end_in_order() -> None:
    """TERM ends it as Ctrl-C does: with every process it started."""
    import signal

    signal.signal(signal.SIGTERM, signal.default_int_handler)
