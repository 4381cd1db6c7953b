"""`liuhen restore`: a backup put in place on an empty machine, and compared with what it says of itself."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer


def restore(
    backup: Annotated[Path, typer.Argument(metavar="BACKUP", help="一份备份的目录 / the folder of one backup")],
    data: Annotated[
        Path, typer.Option("--data", help="新的数据目录，须为空 / the new data folder, empty or not there")
    ],
    keys: Annotated[
        Path | None, typer.Option("--keys", metavar="FOLDER", help="密钥部分所在 / where the keys of backups are")
    ] = None,
    objects: Annotated[
        Path | None,
        typer.Option("--objects", metavar="FOLDER", help="存储对象取自此目录 / take the objects from this folder"),
    ] = None,
    wal: Annotated[
        Path | None,
        typer.Option("--wal", metavar="FOLDER", help="接着恢复送到此目录的预写日志 / go on with the log shipped there"),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="INSTANT", help="恢复到此时刻，须含时区，如 2026-12-01T10:30:00+08:00 / up to then"
        ),
    ] = None,
    accept_lost: Annotated[
        bool,
        typer.Option("--accept-lost", help="备份之后的对象已失也照样还原 / also where newer objects are nowhere"),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="只输出 JSON / print JSON only")] = False,
) -> None:
    """还原一份备份并逐项比对；有差异则不启用 / Restore a backup and compare it; with differences nothing stays."""
    from api.backup.place import BackupPlace
    from api.backup.restored import RestoreOrder
    from api.backup.restoring import restore_backup
    from api.cli.admin_archive import both_languages, remark, report
    from api.cli.backup_shown import describe_restored
    from api.errors import UsageRefused
    from api.root_access import backup_secret
    from api.settings import load_settings

    instant, backup = _instant(at, wal), backup.expanduser().absolute()
    place = BackupPlace.at(backup.parent, keys)
    if backup.name not in place.names():
        raise UsageRefused(f"{backup} 不是一份备份", f"{backup} is no backup: name one of `liuhen backup PLACE --list`")
    settings = load_settings().model_copy(update={"data": data.expanduser().absolute()})
    order = RestoreOrder(
        objects=None if objects is None else objects.expanduser().absolute(),
        passphrase=backup_secret(settings),
        wal=None if wal is None else wal.expanduser().absolute(),
        at=instant,
        accept_lost=accept_lost,
    )
    with both_languages():
        done = restore_backup(place, backup.name, settings, order, remark)
    report(as_json, done.to_json(), describe_restored(done))
    raise typer.Exit(0 if done.audit.holds and done.ahead is None and not done.lost_after else 1)


def _instant(text: str | None, wal: Path | None) -> datetime | None:
    from api.cli.instants import read_instant
    from api.errors import UsageRefused

    if text is None:
        return None
    if wal is None:
        raise UsageRefused("--at 须与 --wal 一起使用", "--at goes with --wal")
    return read_instant(text)
