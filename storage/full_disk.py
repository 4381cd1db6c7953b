"""What a disk says that has no room, wherever it is met: the file is whole elsewhere, and is written once there is."""

from __future__ import annotations

import errno

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""The disk, a quota, and the longest that a file may be, by a limit of the process or by how the disk was formatted."""


def is_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in FULL
