"""Whose a staging folder is: a named node says so in it, once. A disk that was mounted at another node is no less whole
for that, but there its uploads would begin anew, over bytes that were acknowledged.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from api.archive import Archive
from api.errors import UsageRefused
from ingest.uploads.staging import Staging
from integrity.durable_files import PRIVATE, replace_durably

_MARK: Final = "node"


def own_staging(archive: Archive) -> Staging:
    """This node's staging folder, for a process that begins to take or to seal what is in it.

    A folder of nobody becomes this node's; the one box leaves no mark. Raises UsageRefused for another's.
    """
    staging = archive.staging
    mark = staging.folder / _MARK
    found = _read(mark)
    if not found and staging.node:
        replace_durably(mark, staging.node.encode("ascii"), PRIVATE)
    elif found != staging.node:
        here = staging.node or "—"
        raise UsageRefused(
            f"暂存目录 {staging.folder} 属于采集节点“{found}”，而本进程的 LIUHEN_NODE 为“{here}”；请挂载正确的磁盘，"
            f"或更正 LIUHEN_NODE；节点确已改名或转移的，删除其中的文件 {_MARK}",
            f"the staging folder {staging.folder} is of node {found!r}, and LIUHEN_NODE of this process is {here!r}: "
            "mount the right disk, or set the right name; where the node was renamed or moved, remove the file "
            f"{_MARK!r} in it",
        )
    return staging


def _read(mark: Path) -> str:
    try:
        return mark.read_text("ascii", "replace").strip()
    except FileNotFoundError:
        return ""
