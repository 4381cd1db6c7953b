"""All files of a run, side by side: a few are sent at once, many may wait for their receipts.

Sealing takes the archive longer than receiving, so whoever waits for a receipt holds up no sender. Whatever happens to
one file is told with its name and leaves the others alone; what concerns them all ends the run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from ingest.dock.errors import DockError, DockStopped, Interrupted, SourceChanged, UploadGone
from ingest.dock.events import FileChanged, FileStays
from ingest.dock.ordering import SendQueue, WaitingFile
from ingest.dock.settling import Desk, FileOutcome, identify_file, receive_file
from ingest.dock.source import SourceFile
from ingest.dock.state import FileRecord
from ingest.dock.transfer import upload_file

_WAITING_FOR_RECEIPTS = 24
# A file that changes each time it is read is being written: two more looks, then another time.
_MOST_ATTEMPTS = 3


Settled = Callable[[SourceFile, FileOutcome], None]
"""Hears of a file's end, from several threads."""


class Run:
    """Files are put in at any time until `finish`; `settled` hears of each one's end."""

    def __init__(self, desk: Desk, parallel: int, settled: Settled) -> None:
        self._desk = desk
        self._settled = settled
        self._stop = desk.sender.patience.stop
        self._queue = SendQueue(self._stop)
        self._stopping = threading.Lock()
        self._receiving = ThreadPoolExecutor(_WAITING_FOR_RECEIPTS, "dock-receipt")
        self._senders = [
            threading.Thread(target=self._send_all, name=f"dock-send-{number}", daemon=True)
            for number in range(parallel)
        ]
        self._broken: BaseException | None = None
        self.stopped: DockStopped | None = None

    @property
    def waiting(self) -> int:
        """Files that are not received yet."""
        return self._queue.pending

    def start(self) -> None:
        """Begin to send what is put in."""
        for sender in self._senders:
            sender.start()

    def put(self, waiting: WaitingFile) -> None:
        """A file to take over when its turn comes."""
        self._queue.put(waiting)

    def finish(self) -> None:
        """No more files will come: wait for the end of all, or for the end of the run."""
        self._queue.close()
        for sender in self._senders:
            sender.join()
        self._receiving.shutdown(wait=True)
        for waiting in self._queue.drain():
            self.end(Interrupted())
            self._leave(waiting.file, self.stopped or Interrupted(), settle=False)
        if self._broken is not None:
            raise self._broken

    def end(self, reason: DockStopped) -> None:
        """End the run for all files; the first reason is the one that is told, for each of them."""
        with self._stopping:
            if self.stopped is None:
                self.stopped = reason
            self._stop.set()

    def _send_all(self) -> None:
        while (waiting := self._queue.take()) is not None:
            self._guarded(waiting, partial(self._send, waiting))

    def _send(self, waiting: WaitingFile) -> None:
        sender = self._desk.sender
        sender.patience.check()
        record = upload_file(sender, waiting.file, identify_file(self._desk, waiting.file, waiting.attempts > 0))
        self._receiving.submit(self._guarded, waiting, partial(self._receive, waiting, record))

    def _receive(self, waiting: WaitingFile, record: FileRecord) -> None:
        self._desk.sender.patience.check()
        self._settled(waiting.file, receive_file(self._desk, waiting.file, record))
        self._queue.settle()

    def _guarded(self, waiting: WaitingFile, step: Callable[[], None]) -> None:
        """One step of a file; nothing it raises gets past."""
        try:
            step()
        except (SourceChanged, UploadGone) as error:
            if isinstance(error, SourceChanged):
                self._desk.sender.tell(FileChanged(waiting.file.title))
            if waiting.attempts + 1 < _MOST_ATTEMPTS:
                self._queue.put_back(waiting.again())
            else:
                self._leave(waiting.file, error)
        except DockStopped as error:
            self.end(error)
            self._leave(waiting.file, self.stopped or error)
        except DockError as error:
            self._leave(waiting.file, error)
        except BaseException as error:
            # A fault of ours: the run ends with it, in the thread that waits for the run.
            self._broken = self._broken or error
            self._stop.set()
            self._queue.settle()

    def _leave(self, file: SourceFile, error: DockError, settle: bool = True) -> None:
        self._desk.sender.tell(FileStays(file.title, type(error).__name__, str(error)))
        self._settled(file, FileOutcome(file.title, file.size_bytes, error=error))
        if settle:
            self._queue.settle()
