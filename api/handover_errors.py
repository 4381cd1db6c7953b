"""What can go wrong where evidence is handed over: a case that is copied out, and the keys it is to be verified with.

Apart from what raises them, because HTTP knows every error by its class and hands evidence over seldom.
"""

from __future__ import annotations

import uuid
from pathlib import Path

from api.errors import ApiError


class EntriesWithoutPlace(ApiError):
    """The ledger's sequencer did not cover the case's entries in time; nothing was copied."""

    def __init__(self, waiting: int) -> None:
        super().__init__(
            f"账本有 {waiting} 个条目尚未定序，未导出任何内容；请确认 liuhen up 正在运行后重试",
            f"{waiting} ledger entries have no place yet, so nothing was copied: see that the sequencer works, "
            "and try again",
        )
        self.waiting = waiting


class NothingToCopy(ApiError):
    def __init__(self, case_id: uuid.UUID) -> None:
        super().__init__(
            f"案件 {case_id} 中没有原始记录，无可导出；请先归入记录",
            f"no recording stands in case {case_id}, so there is nothing to copy: link one first",
        )


class NoRoomForCopy(ApiError):
    def __init__(self, target: Path) -> None:
        super().__init__(
            f"{target.parent} 所在磁盘空间不足，未留下任何文件；请腾出空间，或另选位置",
            f"the disk of {target.parent} has no room for the package, and nothing was left on it: make room, or "
            "choose another place",
        )
        self.target = target


class TrustContradiction(ApiError):
    """Keys in the key folder and keys announced in the ledger are not the same."""

    def __init__(self, purpose: str, in_folder: str, announced: str) -> None:
        super().__init__(
            f"{purpose} 密钥不符：密钥目录为 {in_folder}，账本公示为 {announced}；请从同一份备份恢复两者；"
            f"如系他人伪造，执行 liuhen keys strike {purpose}",
            f"the {purpose} key is {in_folder} in the key folder, and {announced} was announced in the ledger: "
            f"bring both back from the same backup; if somebody forged it, `liuhen keys strike {purpose}`",
        )


class AuthorityUnpinned(ApiError):
    """No authority, ours or another's, can be pinned as things are."""
