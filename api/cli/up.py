"""`liuhen up`: the whole archive on one box, until somebody ends it."""

from __future__ import annotations


def up() -> None:
    """启动整个档案系统，直到 Ctrl-C 或 TERM。 / Start the whole archive; Ctrl-C or TERM ends it."""
    from api.engines.archive_run import run_archive
    from api.settings import load_settings

    run_archive(load_settings(), say=lambda line: print(line, flush=True))
