"""`liuhen backup`: the archive, whole and verified, in a folder that another machine can go on from. docs/backup.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from api.archive import Archive
    from api.backup.place import BackupPlace


def backup(
    folder: Annotated[Path, typer.Argument(metavar="PLACE", help="备份所在的目录 / the folder of all backups")],
    keys: Annotated[
        Path | None,
        typer.Option("--keys", metavar="FOLDER", help="密钥部分另存于此 / keep the keys there, apart from the data"),
    ] = None,
    objects: Annotated[
        bool | None,
        typer.Option(
            "--objects/--no-objects",
            help="是否复制对象；缺省：目录存储且无副本时复制 / copy objects; by default of a folder without a replica",
        ),
    ] = None,
    authority: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="自建时间戳服务的密钥目录，若不在数据目录中 / keys of our own authority, if elsewhere",
        ),
    ] = None,
    keep: Annotated[
        int | None, typer.Option(min=1, help="只保留最新的若干份 / keep so many, remove older ones")
    ] = None,
    keep_days: Annotated[
        int | None, typer.Option(min=1, help="删除早于若干天的 / remove those older than so many days")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="列出已有的备份 / list the backups that there are")] = False,
    check: Annotated[
        str | None, typer.Option("--check", metavar="NAME", help="逐字节核对一份备份 / read one and compare every byte")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="只输出 JSON / print JSON only")] = False,
) -> None:
    """备份整个档案并当场核对；有问题则退出码 1 / Back up the archive and verify it; exit 1 where it is not whole."""
    from api.backup.place import BackupPlace

    place = BackupPlace.at(folder, keys)
    if listing:
        _list(place, as_json)
    elif check is not None:
        _check(place, check, as_json)
    else:
        _make(place, objects, authority, keep, keep_days, as_json)


def _make(
    place: BackupPlace, objects: bool | None, authority: Path | None, keep: int | None, days: int | None, as_json: bool
) -> None:
    from api.backup.keeping import remove_beyond
    from api.backup.making import BackupOrder, make_backup
    from api.backup.server import DatabaseServer
    from api.cli.admin_archive import open_for_command, remark, report
    from api.cli.backup_shown import describe_made
    from api.settings import load_settings
    from api.wal.pruning import needed_by

    if authority is not None:
        _require_authority(authority)
    settings = load_settings()
    server = DatabaseServer.named_by(settings)
    with open_for_command("backup") as opened:
        copies = _copies_by_default(opened.archive) if objects is None else objects
        order = BackupOrder(copies, _passphrase(opened.archive), authority)
        made = make_backup(opened.archive, server, place, order, remark)
        before = needed_by(place, place.names())
        removed = remove_beyond(place, keep, days) if keep or days else ()
        if settings.wal_folder is not None and removed:
            _remove_log(settings.data, settings.wal_folder, before, needed_by(place, place.names()))
    lines = describe_made(made, sealed=order.passphrase is not None, removed=removed)
    report(as_json, {**made.to_json(), "removed": list(removed)}, lines)
    raise typer.Exit(1 if made.lost else 0)


def _remove_log(data: Path, folder: Path, before: Mapping[str, int], kept: Mapping[str, int]) -> None:
    """A place that is away keeps what it has until the next time: the backup stands all the same."""
    from api.cli.admin_archive import remark
    from api.errors import ApiError
    from api.wal.errors import of_disk
    from api.wal.pruning import remove_unneeded

    try:
        segments = remove_unneeded(data, folder, before, kept)
    except (OSError, ApiError) as error:
        remark(str(of_disk(folder, error) if isinstance(error, OSError) else error))
        return
    remark(f"已删除不再需要的预写日志 {segments} 段 / {segments} segments of log removed that no backup needs")


def _list(place: BackupPlace, as_json: bool) -> None:
    from api.backup.keeping import list_backups
    from api.cli.admin_archive import report
    from api.cli.backup_shown import describe_kept

    found = list(list_backups(place))
    report(as_json, {"backups": [each.to_json() for each in found]}, [describe_kept(each) for each in found])


def _check(place: BackupPlace, name: str, as_json: bool) -> None:
    from api.backup.checking import check_backup, check_objects
    from api.cli.admin_archive import report
    from api.errors import UsageRefused
    from api.root_access import backup_secret, telling_keys
    from api.settings import load_settings

    if name not in place.names():
        raise UsageRefused(f"{place.folder} 中没有备份 {name}", f"there is no backup {name} in {place.folder}")
    with telling_keys():
        checked = check_backup(place, name, backup_secret(load_settings()))
    count = check_objects(checked)
    lines = [f"备份完好：签名、数据库、密钥和 {count} 个对象 / whole: signature, database, keys and {count} objects"]
    report(as_json, {"name": name, "whole": True, "objects": count}, lines)


def _copies_by_default(archive: Archive) -> bool:
    from api.object_store import store_address

    return store_address(archive.settings) is None and archive.settings.replica_place is None


def _passphrase(archive: Archive) -> str | None:
    from api.errors import UsageRefused
    from api.root_access import backup_secret, telling_keys
    from storage.roots.passphrase import LEAST_CHARACTERS

    given = backup_secret(archive.settings)
    if given.value is None and given.file is None:
        return None
    with telling_keys():
        passphrase = given.lines()[0]
    if len(passphrase) < LEAST_CHARACTERS:
        raise UsageRefused(
            f"备份口令至少 {LEAST_CHARACTERS} 个字符",
            f"a backup's passphrase has {LEAST_CHARACTERS} characters or more",
        )
    return passphrase


def _require_authority(folder: Path) -> None:
    from api.errors import UsageRefused

    if not folder.is_dir():
        raise UsageRefused(
            f"--authority 所指的 {folder} 不是目录；备份会缺少时间戳服务的密钥",
            f"--authority names {folder}, which is no folder: the backup would lack the keys of the authority",
        )
