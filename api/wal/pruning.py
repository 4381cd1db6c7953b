"""Old log goes with the backups that needed it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from api.backup.errors import BackupDamaged
from api.backup.place import BackupPlace, destroy_keys
from api.backup.statement import BackupStatement
from api.wal.lsn import segment_name, segment_of
from api.wal.place import KEYS, KnownPlace, recognise
from api.wal.segments import whole_segments
from api.wal.stored import WalRange


def needed_by(place: BackupPlace, names: Iterable[str]) -> Mapping[str, int]:
    """The streams that these backups go on in, and the first byte of each that one of them needs.

    What a backup does not say of itself any more, nobody can go on from.
    """
    needed: dict[str, int] = {}
    for name in names:
        with suppress(BackupDamaged, OSError, ValueError, KeyError):
            stream = BackupStatement.read(place.folder / name, None).stream
            start = WalRange.of(place.folder / name / "database").start
            if stream:
                needed[stream] = min(start, needed.get(stream, start))
    return needed


def remove_unneeded(data: Path, folder: Path, before: Mapping[str, int], kept: Mapping[str, int]) -> int:
    """Take away log that backups needed until now (`before`) and none of those that are `kept`; how many segments.

    Of this data folder's streams alone, or of those that these backups named; the latest, which is being written, is
    shortened and never removed. Raises WalPlaceAway, OSError.
    """
    known = recognise(data, folder)
    removed = 0
    for stream in sorted({*known.streams, *before}):
        path = folder / stream
        if path.is_dir() and stream in kept:
            removed += _shorten(path, segment_of(kept[stream]))
        elif path.is_dir() and stream in before and not _is_latest(known, stream):
            removed += len(whole_segments(path))
            destroy_keys(path / KEYS)
            shutil.rmtree(path)
    return removed


def _shorten(stream: Path, first: int) -> int:
    removed = 0
    for segment, timeline in whole_segments(stream)[:-1]:
        if segment < first:
            (stream / segment_name(timeline, segment)).unlink()
            removed += 1
    return removed


def _is_latest(known: KnownPlace, stream: str) -> bool:
    return known.streams[-1:] == (stream,)
