"""`liuhen demo`: the main job from the card to the court, on real footage with the real engines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    footage: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="任意影像目录，缺省自带演示影像 / any folder; its own footage without"),
    ] = None,
) -> None:
    """完整演示主要流程，自动结束；每项核对都通过才返回 0 / The main job end to end; 0 only if every check held."""
    import signal

    from api.demo.narration import Narrator
    from api.demo.story import tell_story
    from api.settings import load_settings

    # TERM ends it as Ctrl-C does: in order, with every process it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    tell_story(load_settings(), footage, Narrator())
