"""A shipped log, for whoever puts it in place: what a stream holds, from which backup, up to where and when."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from api.backup.keys_part import KeyFiles
from api.wal.errors import WalDamaged, WalMissing
from api.wal.keys_mirror import SEAL, open_seal, read_mirror
from api.wal.lsn import PARTIAL, SEGMENT_BYTES, parse_lsn, segment_name, segment_of
from api.wal.place import DESTROYED, KEYS, Shipped
from api.wal.segments import whole_segments
from storage.roots.given_secret import GivenSecret


@dataclass(frozen=True)
class WalRange:
    """What of the log a base backup has itself: it is whole from `end` on."""

    timeline: int
    start: int
    end: int

    @classmethod
    def of(cls, cluster: Path) -> WalRange:
        """By PostgreSQL's own manifest. Raises OSError, ValueError, KeyError."""
        (said,) = json.loads((cluster / "backup_manifest").read_bytes())["WAL-Ranges"]
        return cls(int(said["Timeline"]), parse_lsn(said["Start-LSN"]), parse_lsn(said["End-LSN"]))


@dataclass(frozen=True)
class StoredLog:
    """`last` is the segment that `shipped` ends in, `missing` the first that is not there before it, None where all
    are."""

    folder: Path
    base: WalRange
    shipped: Shipped
    missing: int | None

    @property
    def last(self) -> int:
        return segment_of(self.shipped.lsn)

    def names(self) -> Iterable[tuple[str, Path]]:
        """Each segment's name, and the file it is in."""
        end = self.last + 1 if self.missing is None else self.missing
        for segment in range(segment_of(self.base.start), end):
            name = segment_name(self.base.timeline, segment)
            for path in (self.folder / name, self.folder / f"{name}{PARTIAL}"):
                if path.is_file():
                    yield name, path
                    break

    def put_in(self, target: Path) -> None:
        """For the server to read: whole segments where they are, the last one filled up with zeros."""
        target.mkdir(mode=0o700)
        for name, path in self.names():
            if path.name == name:
                (target / name).symlink_to(path)
            else:
                with (target / name).open("xb") as file, path.open("rb") as source:
                    while piece := source.read(1 << 20):
                        file.write(piece)
                    file.truncate(SEGMENT_BYTES)

    def keys(self, given: GivenSecret) -> KeyFiles:
        """Every key as it was when the log was shipped last. Raises WalKeysSealed, RootSecretMissing, OSError."""
        folder = self.folder / KEYS
        return read_mirror(folder, open_seal(folder, given) if (folder / SEAL).exists() else None)

    def destroyed(self) -> frozenset[str]:
        """Keys that were destroyed since the stream began; half a line is of one whose copy is still there."""
        found: set[str] = set()
        with suppress(FileNotFoundError):
            for line in (self.folder / DESTROYED).read_text("utf-8").splitlines():
                with suppress(ValueError):
                    found.add(str(json.loads(line)["kek_id"]))
        return frozenset(found)


def find_log(place: Path, stream: str, base: WalRange) -> StoredLog:
    """The one that goes on from a backup, which names its stream. Raises WalMissing, WalDamaged."""
    folder = place / stream
    if not stream:
        raise WalMissing(place, "制作此备份时没有送出预写日志", "none was shipped when it was made")
    try:
        shipped = Shipped.read(folder)
        numbers = [segment for segment, timeline in whole_segments(folder) if timeline == base.timeline]
    except (OSError, ValueError) as error:
        raise WalMissing(place, f"无法读取 {folder}（{error}）", f"{folder} cannot be read ({error})") from error
    if shipped is None or shipped.lsn < base.end:
        raise WalMissing(place, "其末尾早于此备份", "it ends before the backup does")
    first, last = segment_of(base.end), segment_of(shipped.lsn)
    there = set(numbers)
    if shipped.lsn % SEGMENT_BYTES == 0:
        last -= 1
    elif (folder / f"{segment_name(base.timeline, last)}{PARTIAL}").is_file():
        there.add(last)
    missing = next((each for each in range(first, last + 1) if each not in there), None)
    if missing == first:
        raise WalDamaged(str(folder / segment_name(base.timeline, first)), None)
    return StoredLog(folder, base, shipped, missing)
