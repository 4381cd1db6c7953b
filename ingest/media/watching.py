"""What ffmpeg says while it works: how far it is, and what it complains of.

With `WATCHED` it writes its progress and every message, with its level, to standard error, in the order they come. The
file's own words are among them, so nothing here is believed that could do more than harm the file itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

WATCHED: Final[dict[str, str | float]] = {"v": "level+verbose", "progress": "pipe:2", "stats_period": 0.1}
LONGEST_LINE_BYTES: Final = 4096
PROGRESS: Final = re.compile(rb"^(frame|out_time_us)=\s*(\d{1,18})$")
COMPLAINT: Final = re.compile(rb"^(?:\[[^\]]*\] )*\[(?:error|fatal|panic)\] (.*)")
CORRUPT: Final = b"corrupt decoded frame"
SUMMARY: Final = re.compile(
    rb"Input stream #\d+:(\d+) \((?:video|audio)\): (\d+) packets read .*?(\d+) frames decoded; (\d+) decode errors"
)
# What decoders say of encoders that were careless, and of a film that begins in the middle of its group: no frame is
# any worse for it.
HARMLESS: Final = (
    b"mmco: unref short failure",
    b"number of reference frames",
    b"co located POCs unavailable",
    b"reference picture missing during reorder",
    b"Application provided invalid, non monotonically increasing dts",
)


@dataclass
class ToolWatch:
    """A `Watch` (sandbox.py) over one run of ffmpeg.

    `read`, `decoded` and `refused` count packets, frames and packets of each stream, by its index, as ffmpeg sums them
    up at its end;
    `complaints` lines of any other kind than the harmless; `first_complaint_seconds` is how far it was at the first."""

    seconds: float = 0.0
    frames: int = 0
    complaints: int = 0
    corrupt: int = 0
    first_complaint_seconds: float | None = None
    read: dict[int, int] = field(default_factory=dict)
    decoded: dict[int, int] = field(default_factory=dict)
    refused: dict[int, int] = field(default_factory=dict)
    _rest: bytes = b""

    def take(self, piece: bytes) -> None:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        self._rest = self._rest[:LONGEST_LINE_BYTES]
        for line in lines:
            self._read(line[:LONGEST_LINE_BYTES])

    def progress(self) -> int:
        return self.frames + int(self.seconds * 1000)

    def _read(self, line: bytes) -> None:
        if found := PROGRESS.match(line):
            number = int(found[2])
            if found[1] == b"frame":
                self.frames = max(self.frames, number)
            else:
                self.seconds = max(self.seconds, number / 1e6)
        elif found := COMPLAINT.match(line):
            self._note(found[1])
        elif CORRUPT in line:
            self.corrupt += 1
            self._note(line)
        elif found := SUMMARY.search(line):
            self.read[int(found[1])] = int(found[2])
            self.decoded[int(found[1])], self.refused[int(found[1])] = int(found[3]), int(found[4])

    def _note(self, words: bytes) -> None:
        if any(harmless in words for harmless in HARMLESS):
            return
        self.complaints += 1
        if self.complaints == 1 and self.seconds:  # Before it has said how far it is, nobody knows where it was.
            self.first_complaint_seconds = self.seconds
