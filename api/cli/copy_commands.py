"""`liuhen admin copies`: copies that could not be made are looked at, and tried again."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.admin_archive import open_for_command, report
from api.cli.options import Json

copies = typer.Typer(help="未能制成的副本 / copies that could not be made", no_args_is_help=True)


@copies.command("list")
def list_copies(as_json: Json = False) -> None:
    """列出制作失败、缺少解码器或未能全程解码的，及原因 / List what failed, or had no decoder here, and why."""
    from api.cli.admin_copies import copy_lines, list_copies

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        items = list_copies(session)
    report(as_json, {"items": items}, copy_lines(items))


@copies.command("retry")
def retry_copies(
    failed: Annotated[bool, typer.Option("--failed", help="所列的全部 / all that are listed")] = False,
    recording: Annotated[
        str | None, typer.Option("--recording", metavar="ID", help="一条记录的编号 / those of one recording")
    ] = None,
    as_json: Json = False,
) -> None:
    """原因已排除（如已更换 ffmpeg），重新制作 / Make them again: the cause is gone, a better ffmpeg installed, say."""
    from api.cli.admin_copies import chosen_recording, retried_lines, retry

    with open_for_command("admin") as opened:
        facts = retry(opened.archive, chosen_recording(failed, recording))
    report(as_json, facts, retried_lines(facts))
