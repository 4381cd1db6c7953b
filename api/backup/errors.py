"""What a backup or a restore cannot do. The trunk is api.errors.ApiError.

BackupError                     1
├── BackupDamaged               1   bytes of a backup are not those that were written and signed
├── BackupNotMade               1   PostgreSQL's own tools, or the trial start, say no
├── KeysInFlux                  1   keys were destroyed while the database was copied, three times in a row
├── NoRoomForBackup             1   the disk of the place, or of the new data folder, is full or refuses
├── BackupLate                  1   the latest backup is older than the setting asks for
├── RestoreDiffers              1   what was put in place is not what the backup says
├── ServerNotCopied             2   the database is on a server elsewhere that cannot be copied as it is
└── BackupSecretWrong           2   the keys of the backup are sealed, and what is given does not open them
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from api.errors import ApiError

_SHOWN = 20


class BackupError(ApiError):
    pass


class BackupDamaged(BackupError):
    def __init__(self, flaws: Sequence[str]) -> None:
        super().__init__(
            f"备份已损坏或不完整，共 {len(flaws)} 处，首处：{flaws[0]}；请改用另一份备份，本份没有还原任何内容",
            f"the backup is damaged or not whole, at {len(flaws)} places, first: {flaws[0]}. "
            "Take another backup; nothing of this one was put in place",
            detail=flaws[1:_SHOWN],
        )
        self.flaws = tuple(flaws)


class BackupNotMade(BackupError):
    def __init__(self, step: tuple[str, str], tail: Sequence[str]) -> None:
        super().__init__(f"{step[0]}失败，没有留下备份", f"{step[1]} failed, and no backup was left", detail=tail)


class KeysInFlux(BackupError):
    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(
            f"备份期间有密钥被销毁，数据库的副本仍指向 {missing[0]} 等 {len(missing)} 个；请稍后再次执行",
            f"keys were destroyed meanwhile: the copied database names {missing[0]}, of {len(missing)}. Run it again",
        )


class NoRoomForBackup(BackupError):
    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"无法写入 {folder}（{reason}）；没有留下任何不完整的内容，请腾出空间或检查权限后再次执行",
            f"{folder} cannot be written ({reason}): nothing half done was left. Make room or mend its permissions, "
            "and run it again",
        )


class BackupLate(BackupError):
    def __init__(self, days: int) -> None:
        super().__init__(
            f"最近 {days} 天内没有完好的备份；请执行 liuhen backup",
            f"there was no whole backup within {days} days: run `liuhen backup`",
        )


class RestoreDiffers(BackupError):
    def __init__(self, differences: Sequence[str]) -> None:
        super().__init__(
            f"还原后的内容与备份有 {len(differences)} 处不同，没有启用",
            f"{len(differences)} differences between what was put in place and the backup: it was not taken into use",
            detail=differences[:_SHOWN],
        )
        self.differences = tuple(differences)


class ServerNotCopied(BackupError):
    exit_code = 2

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(
            f"LIUHEN_DATABASE_SHIPPER_URL 所指的数据库服务器无法备份：{chinese}",
            f"the server of LIUHEN_DATABASE_SHIPPER_URL cannot be backed up: {english}",
        )


class BackupSecretWrong(BackupError):
    exit_code = 2

    def __init__(self, place: str) -> None:
        super().__init__(
            f"{place} 给出的不是此备份密钥部分的口令；请改正后再次执行",
            f"{place} does not give the passphrase that the keys of this backup were sealed with: mend it, and run "
            "the command again",
        )
