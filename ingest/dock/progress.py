"""The agent's events as JSON lines, and their sums, which the bars of a terminal show too (bars.py).

JSON lines: one object a line on stdout, `event` names its kind, the other members are the fields of its class in
events.py; every line is flushed. The totals count all files. docs/docking.md lists them.
"""

from __future__ import annotations

import codecs
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import TextIO

from ingest.dock.errors import FileLeft
from ingest.dock.events import (
    EVENT_NAMES,
    BytesMoved,
    Event,
    FileStays,
    FileUploaded,
    FileWiped,
    FolderListed,
    ReceiptHeld,
    UploadBegun,
)
from ingest.dock.received import LastReceived
from integrity.hidden_signs import escaped

_SECONDS_BETWEEN_LINES = 0.1
# What ends the run is said once, and not with the name of each file.
OF_ONE_FILE = frozenset(kind.__name__ for kind in FileLeft.__subclasses__())


class Tally:
    """Sums over all files. Not locked: its owner is.

    What was received and is wiped, or has its name taken by another upload, counts on: recorders use a name again
    (found.py counts in the same way). What was left does not, until it is tried again.
    """

    def __init__(self) -> None:
        self.size_bytes = 0
        self._sent: dict[str, int] = {}
        self._acknowledged: dict[str, int] = {}
        self._received: LastReceived[str, str] = LastReceived()  # Their uploads, by file.
        self._received_bytes = 0

    def take(self, event: Event) -> None:
        """Count an event in."""
        if isinstance(event, FolderListed):
            self.size_bytes = event.size_bytes
        elif isinstance(event, UploadBegun):
            self._sent[event.file] = self._acknowledged[event.file] = event.offset
        elif isinstance(event, BytesMoved):
            self._sent[event.file] = event.sent_bytes
            self._acknowledged[event.file] = event.acknowledged_bytes
        elif isinstance(event, FileUploaded):
            self._sent[event.file] = self._acknowledged[event.file] = event.size_bytes
        elif isinstance(event, ReceiptHeld | FileStays):
            self._sent.pop(event.file, None)
            self._acknowledged.pop(event.file, None)
            if isinstance(event, ReceiptHeld) and self._received.note(event.file, event.upload_id):
                self._received_bytes += event.size_bytes
        elif isinstance(event, FileWiped):
            self._received.forget(event.file)

    @property
    def sent_bytes(self) -> int:
        """Bytes that have left, of all files."""
        return self._received_bytes + sum(self._sent.values())

    @property
    def acknowledged_bytes(self) -> int:
        """Bytes that are durable at the archive, of all files."""
        return self._received_bytes + sum(self._acknowledged.values())


class JsonLines:
    """One JSON object a line. A reader that goes away (a closed pipe) ends the lines, never the upload."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._holds_unicode = codecs.lookup(getattr(output, "encoding", None) or "utf-8").name == "utf-8"
        self._turn = threading.Lock()
        self._tally = Tally()
        self._written: dict[str, tuple[float, int]] = {}
        self._ends_the_run: object = None
        self.closed = False

    def __call__(self, event: Event) -> None:
        with self._turn:
            self._tally.take(event)
            if isinstance(event, FileUploaded | FileStays):
                self._written.pop(event.file, None)
            if isinstance(event, FileUploaded):
                self._ends_the_run = None  # Uploads go again: should it come back, it is news.
            if isinstance(event, FileStays):
                self._write({"event": EVENT_NAMES[FileStays], **asdict(event), "reason": self._reason_of(event)})
            elif not isinstance(event, BytesMoved):
                self._write({"event": EVENT_NAMES[type(event)], **asdict(event)})
            elif self._is_due(event):
                self._write({"event": "progress", **asdict(event), **self._totals()})

    def write(self, event: str, members: Mapping[str, object]) -> None:
        """A line of the caller's own."""
        with self._turn:
            self._write({"event": event, **members})

    def _reason_of(self, event: FileStays) -> object:
        """None where the line of a file before said it: of a refused credential each of a thousand files would."""
        if event.kind not in OF_ONE_FILE and event.reason == self._ends_the_run:
            return None
        if event.kind not in OF_ONE_FILE:
            self._ends_the_run = event.reason
        return asdict(event.reason)

    def _is_due(self, event: BytesMoved) -> bool:
        """Every acknowledgement is told; of what is merely sent, a few lines a second."""
        now = time.monotonic()
        written_at, acknowledged_bytes = self._written.get(event.file, (0.0, -1))
        if event.acknowledged_bytes == acknowledged_bytes and now - written_at < _SECONDS_BETWEEN_LINES:
            return False
        self._written[event.file] = (now, event.acknowledged_bytes)
        return True

    def _totals(self) -> dict[str, int]:
        return {
            "total_sent_bytes": self._tally.sent_bytes,
            "total_acknowledged_bytes": self._tally.acknowledged_bytes,
            "total_size_bytes": self._tally.size_bytes,
        }

    def _write(self, members: Mapping[str, object]) -> None:
        if self.closed:
            return
        try:
            self._output.write(self._line(members))
            self._output.flush()
        except (OSError, ValueError):
            self.closed = True

    def _line(self, members: Mapping[str, object]) -> str:
        """Chinese as it is, where the output can hold it; what would steer a terminal or is no text stays escaped."""
        return escaped(json.dumps(members, ensure_ascii=not self._holds_unicode)) + "\n"
