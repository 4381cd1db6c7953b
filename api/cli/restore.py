"""`liuhen restore`: a backup put in place on an empty machine, and compared with what it says of itself."""

from __future__ import annotations

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
    as_json: Annotated[bool, typer.Option("--json", help="只输出 JSON / print JSON only")] = False,
) -> None:
    """还原一份备份并逐项比对；有差异则不启用 / Restore a backup and compare it; with differences nothing stays."""
    from api.backup.place import BackupPlace
    from api.backup.restoring import RestoreOrder, restore_backup
    from api.cli.admin_archive import both_languages, remark, report
    from api.cli.backup_shown import describe_restored
    from api.errors import UsageRefused
    from api.root_access import backup_secret
    from api.settings import load_settings

    backup = backup.expanduser().absolute()
    place = BackupPlace.at(backup.parent, keys)
    if backup.name not in place.names():
        raise UsageRefused(f"{backup} 不是一份备份", f"{backup} is no backup: name one of `liuhen backup PLACE --list`")
    settings = load_settings().model_copy(update={"data": data.expanduser().absolute()})
    order = RestoreOrder(None if objects is None else objects.expanduser().absolute(), backup_secret(settings))
    with both_languages():
        done = restore_backup(place, backup.name, settings, order, remark)
    report(as_json, done.to_json(), describe_restored(done))
    raise typer.Exit(0 if done.audit.holds and done.ahead is None else 1)
