"""What is mounted where, and on which volume: how a recorder is found, and told from the next one in the same place."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
_BY_UUID = Path("/dev/disk/by-uuid")
# Mounted below a folder of recorders, these are the system's own.
_NO_RECORDER = frozenset(
    {"proc", "sysfs", "cgroup", "cgroup2", "devtmpfs", "devpts", "autofs", "overlay", "squashfs", "nsfs", "tracefs"}
)
_ESCAPED = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted file system. `device` is its st_dev."""

    path: Path
    kind: str
    device: int


def read_mounts(file: Path = MOUNTS) -> list[Mount]:
    """All mounts of this process's view, as /proc/self/mountinfo (proc(5)) lists them."""
    mounts = []
    for line in file.read_bytes().split(b"\n"):
        fields = line.split(b" ")
        try:
            separator = fields.index(b"-")
            major, minor = (int(part) for part in fields[2].split(b":"))
            path = _ESCAPED.sub(lambda match: bytes([int(match[1], 8)]), fields[4])
            mounts.append(Mount(Path(os.fsdecode(path)), os.fsdecode(fields[separator + 1]), os.makedev(major, minor)))
        except (ValueError, IndexError):
            continue
    return mounts


def find_recorders(below: Path, mounts: list[Mount]) -> list[Mount]:
    """What is mounted below a folder, whatever the depth; of two at one place the later, which hides the other."""
    found = {mount.path: mount for mount in mounts if below in mount.path.parents and mount.kind not in _NO_RECORDER}
    return [found[path] for path in sorted(found)]


def volume_of(device: int) -> str:
    """The UUID (FAT: serial number) of the file system on a device, empty where the system does not say."""
    try:
        for link in sorted(_BY_UUID.iterdir()):
            if link.stat().st_rdev == device:
                return link.name
    except OSError:
        pass
    return ""
