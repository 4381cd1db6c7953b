"""The bytes of a stream: taken from the server's own log as far as that is durable, and durable here on return."""

from __future__ import annotations

import os
from pathlib import Path

from api.wal.errors import WalUnreadable
from api.wal.lsn import NAME, PARTIAL, SEGMENT_BYTES, parse_name, segment_name, segment_of
from integrity.durable_files import PRIVATE, sync_folder, write_at

_PIECE_BYTES = 1 << 20


class StreamWriter:
    """Appends what lies between `at` and where the server's log is durable. Whole segments get their name then.

    After an error of the disk it is thrown away: a new one begins with the segment's first byte again, since what a
    failed sync left in memory is not to be trusted.
    """

    def __init__(self, wal: Path, stream: Path, timeline: int, kept_from: int) -> None:
        """`wal` is the server's folder `pg_wal`, `kept_from` the first byte that it keeps for this stream."""
        self._wal, self._stream, self._timeline = wal, stream, timeline
        self.at = segment_of(kept_from) * SEGMENT_BYTES

    def take_until(self, lsn: int) -> None:
        """Raises OSError."""
        while self.at < lsn:
            segment = segment_of(self.at)
            end = min(lsn, (segment + 1) * SEGMENT_BYTES)
            name = segment_name(self._timeline, segment)
            if not self._is_whole(name):
                self._copy(name, self.at % SEGMENT_BYTES, end - segment * SEGMENT_BYTES)
            self.at = end

    def _is_whole(self, name: str) -> bool:
        """Named durably only after its last byte was."""
        try:
            return (self._stream / name).stat().st_size == SEGMENT_BYTES
        except FileNotFoundError:
            return False

    def _copy(self, name: str, begin: int, end: int) -> None:
        partial = self._stream / f"{name}{PARTIAL}"
        is_new = not partial.exists()
        source = _open_source(self._wal / name)
        try:
            target = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE)
            try:
                for offset in range(begin, end, _PIECE_BYTES):
                    size = min(_PIECE_BYTES, end - offset)
                    write_at(target, _read_all(self._wal / name, source, offset, size), offset)
                os.fsync(target)
            finally:
                os.close(target)
        finally:
            os.close(source)
        if end == SEGMENT_BYTES:
            partial.rename(self._stream / name)
        if is_new or end == SEGMENT_BYTES:
            sync_folder(self._stream)


def whole_segments(stream: Path) -> list[tuple[int, int]]:
    """(number, timeline) of each, in order. Raises OSError."""
    found = (parse_name(path.name) for path in stream.iterdir() if NAME.fullmatch(path.name))
    return sorted((segment, timeline) for timeline, segment in found)


def first_gap(stream: Path, begins: int, kept_from: int) -> int | None:
    """The number of the first segment that is missing between the stream's begin and what the server keeps.

    Segments that no backup needs any more were taken away at the begin, never all of them. Raises OSError.
    """
    numbers = [segment for segment, _ in whole_segments(stream)]
    expected = numbers[0] if numbers else segment_of(begins)
    for number in numbers:
        if number != expected:
            return expected
        expected += 1
    return expected if segment_of(kept_from) > expected else None


def _open_source(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise WalUnreadable(path, error.strerror or str(error)) from error


def _read_all(path: Path, descriptor: int, offset: int, size: int) -> bytes:
    content = b""
    while len(content) < size:
        try:
            piece = os.pread(descriptor, size - len(content), offset + len(content))
        except OSError as error:
            raise WalUnreadable(path, error.strerror or str(error)) from error
        if not piece:
            raise WalUnreadable(path, f"it ends at {offset + len(content)}")
        content += piece
    return content
