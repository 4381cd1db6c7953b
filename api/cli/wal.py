"""`liuhen wal`: how the shipping of the write-ahead log is. docs/backup.md."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def wal(
    anew: Annotated[
        bool,
        typer.Option("--anew", help="改用现在所设的目录，此前的不再续写 / use the folder that is set now from here on"),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="只输出 JSON / print JSON only")] = False,
) -> None:
    """预写日志送到何处、到何时为止；有问题则退出码 1 / How far the write-ahead log is shipped; exit 1 if late."""
    from api.cli.admin_archive import report, require_archive
    from api.errors import ApiError, UsageRefused
    from api.settings import load_settings
    from api.wal.errors import of_disk
    from api.wal.place import use_anew
    from api.wal.standing import WalStanding, require_shipped

    settings = load_settings()
    require_archive(settings)
    folder = settings.wal_folder
    if folder is None:
        raise UsageRefused("没有设置 LIUHEN_WAL_FOLDER", "LIUHEN_WAL_FOLDER is not set")
    if anew:
        try:
            use_anew(settings.data, folder)
        except OSError as error:
            raise of_disk(folder, error) from error
        report(as_json, {"folder": str(folder)}, [f"今后送到 / from now on it is shipped to: {folder}"])
        return
    standing, wrong = WalStanding.read(settings.data), None
    try:
        require_shipped(settings.data, settings.wal_seconds)
    except ApiError as error:
        wrong = error
    facts = {} if standing is None else standing.to_json()
    facts |= {"folder": str(folder), "wrong": None if wrong is None else type(wrong).__name__}
    lines = [*_lines(standing), *_shared_disk(settings.data, folder), *([] if wrong is None else [str(wrong)])]
    report(as_json, facts, lines)
    raise typer.Exit(0 if wrong is None else 1)


def _shared_disk(data: Path, folder: Path) -> list[str]:
    try:
        shared = data.stat().st_dev == folder.stat().st_dev
    except OSError:
        return []
    note = "注意：与数据在同一磁盘，磁盘损毁时一并丢失 / note: on the disk that the data is on, and lost with it"
    return [note] if shared else []


def _lines(standing: object) -> list[str]:
    from api.wal.lsn import format_lsn
    from api.wal.standing import WalStanding
    from integrity.local_time import show_in_china

    if not isinstance(standing, WalStanding):
        return ["尚未送出 / nothing was shipped yet"]
    at = "—" if standing.at is None else show_in_china(standing.at)
    lines = [f"已送出至 / shipped up to: {at}  ({standing.stream} {format_lsn(standing.lsn)})"]
    if standing.held_bytes:
        held, room = standing.held_bytes >> 20, standing.room_bytes >> 20
        lines.append(f"等待送出 / waiting here: {held} MiB；还可积存 / room for {room} MiB more")
    return lines
