"""What keeps the write-ahead log from being shipped, or from being put in place. The trunk is api.errors.ApiError.

WalError                        1
├── WalPlaceAway                1   the folder is not there, or is not the one that the log was shipped to
├── WalPlaceFull                1   it has no room
├── WalPlaceUnusable            1   its disk refuses
├── WalUnreadable               1   the server's own log cannot be read
├── WalStreamBroken             1   segments of the stream are missing: another begins
├── WalKeysSealed               1   the copies of keys in it are sealed, and what is given does not open them
├── WalLate                     1   it is behind for longer than the setting allows
├── WalNearBound                1   the log that waits here has taken half of what it may
├── WalLacksBackup              1   no backup goes on in it: since the log began, or was interrupted, none was made
├── WalMissing                  2   a restore: the folder has no log that goes on from this backup
├── WalDamaged                  1   a restore: the log is not whole
└── InstantOutside              2   a restore: the instant is before the backup's end or after the log's
"""

from __future__ import annotations

import errno
from datetime import datetime
from pathlib import Path

from api.errors import ApiError
from integrity.fields import format_instant
from storage.full_disk import is_full

_AWAY = (errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENOTCONN, errno.ESTALE)


class WalError(ApiError):
    pass


class WalPlaceAway(WalError):
    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"预写日志目录 {folder} 不在，或不是此前所用的那一个：请检查是否已挂载；"
            "确要改用新的目录，执行 liuhen wal --anew",
            f"the folder of the write-ahead log is not there, or is another than before: {folder}. Is it mounted? If "
            "it is to be this one from now on, run `liuhen wal --anew`",
        )


class WalPlaceFull(WalError):
    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"预写日志目录 {folder} 已满；请腾出空间，之后自行继续",
            f"the folder of the write-ahead log is full: {folder}. Make room, and it goes on by itself",
        )


class WalPlaceUnusable(WalError):
    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"预写日志目录 {folder} 无法读写（{reason}）；请检查磁盘和权限，之后自行继续",
            f"the folder of the write-ahead log cannot be used ({reason}): {folder}. Mend it, and it goes on by itself",
        )


class WalUnreadable(WalError):
    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"无法读取数据库的预写日志 {path}（{reason}）",
            f"the database's own write-ahead log cannot be read: {path} ({reason})",
        )


class WalStreamBroken(WalError):
    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} 中的预写日志有缺失，不再续写，另起一段",
            f"segments are missing in {folder}: it is not gone on with, and another stream begins",
        )


class WalKeysSealed(WalError):
    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} 中密钥的副本已用另一口令加密；请在 LIUHEN_BACKUP_PASSPHRASE_FILE 中补上原口令（新口令在上一行）",
            f"the copies of keys in {folder} are sealed with another passphrase: write that one into "
            "LIUHEN_BACKUP_PASSPHRASE_FILE as well, below the new one",
        )


class WalLate(WalError):
    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"预写日志已有超过 {seconds} 秒没有送出",
            f"for more than {seconds} seconds no write-ahead log was shipped",
        )


class WalNearBound(WalError):
    def __init__(self, room_bytes: int) -> None:
        super().__init__(
            f"等待送出的预写日志只能再积存 {room_bytes >> 20} MiB，之后将被放弃，恢复即不再连续",
            f"the log that waits to be shipped may take {room_bytes >> 20} MiB more, and is given up then",
        )


class WalLacksBackup(WalError):
    def __init__(self) -> None:
        super().__init__(
            "预写日志开始或中断之后还没有备份，不能据以恢复；请执行 liuhen backup",
            "since the write-ahead log began, or was interrupted, no backup was made that it goes on from: run "
            "`liuhen backup`",
        )


class WalMissing(WalError):
    exit_code = 2

    def __init__(self, folder: Path, chinese: str, english: str) -> None:
        super().__init__(
            f"{folder} 中没有可接续此备份的预写日志：{chinese}；什么也没有还原",
            f"{folder} has no write-ahead log that goes on from this backup: {english}. Nothing was put in place",
        )


class WalDamaged(WalError):
    def __init__(self, where: str, last: datetime | None) -> None:
        until = "—" if last is None else format_instant(last)
        super().__init__(
            f"预写日志在 {where} 处损坏或缺失，最后一个可用的事务为 {until}；没有启用。可用 --at 指定不晚于它的时刻",
            f"the write-ahead log is damaged or missing at {where}; the last transaction before is of {until}. Nothing "
            "stays. Name an instant no later with --at",
        )


class InstantOutside(WalError):
    exit_code = 2

    def __init__(self, at: datetime, begin: datetime, end: datetime) -> None:
        super().__init__(
            f"{format_instant(at)} 不在可恢复的范围之内：此备份至预写日志末尾为 {format_instant(begin)} 至 "
            f"{format_instant(end)}",
            f"{format_instant(at)} cannot be restored: from this backup to the end of the log it is "
            f"{format_instant(begin)} to {format_instant(end)}",
        )


def of_disk(folder: Path, error: OSError) -> WalError:
    """What the disk of the place says, as a state that a person can mend."""
    if is_full(error):
        return WalPlaceFull(folder)
    if error.errno in _AWAY:
        return WalPlaceAway(folder)
    return WalPlaceUnusable(folder, error.strerror or str(error))
