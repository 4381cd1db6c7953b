"""All files of a run, side by side: a few are sent at once, and any number may wait for their receipts.

Sealing takes the archive longer than receiving, so whoever waits for a receipt holds up no sender, nor anybody else who
waits for one, nor what is removed from a card. Whatever happens to one file, a fault of ours as well, is told with its
name and leaves the others alone; what concerns them all ends the run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from ingest.dock.audience import Audience
from ingest.dock.crew import Crew, Lanes
from ingest.dock.errors import (
    DockError,
    DockStopped,
    HandlingFailed,
    Interrupted,
    SourceChanged,
    TryAgain,
    UploadGone,
    UploadUnfinished,
)
from ingest.dock.events import FileChanged, FileStays, FileUploaded
from ingest.dock.ordering import SendQueue, WaitingFile
from ingest.dock.patience import Retries
from ingest.dock.settling import Desk, FileOutcome, Received, identify_file, let_go, receive_file
from ingest.dock.source import SourceFile
from ingest.dock.state import FileRecord, Phase
from ingest.dock.transfer import upload_file
from ingest.dock.waiting_room import WaitingRoom

_ASKING_FOR_RECEIPTS = 8
# A file that changes each time it is read is being written: two more looks, then another time.
_MOST_ATTEMPTS = 3


_Result = TypeVar("_Result")
Settled = Callable[[SourceFile, FileOutcome], None]
"""Hears of a file's end, from several threads."""


class Run:
    """Files are put in at any time until `finish`; `settled` hears of each one's end, and `audience` of all else."""

    def __init__(self, desk: Desk, parallel: int, settled: Settled, audience: Audience) -> None:
        self._desk = desk
        self._audience = audience
        self._settled = settled
        self._stop = desk.sender.patience.stop
        self._queue = SendQueue(self._stop)
        self._stopping = threading.Lock()
        self._waiting_room = WaitingRoom(self._stop, _ASKING_FOR_RECEIPTS)
        # One at a time of each source: a card that is read back at several places at once is only slower.
        self._letting_go = Lanes(self._let_go)
        self._senders = Crew(parallel, self._queue.take, self._send)
        self._is_over = False
        self._broken: BaseException | None = None
        self.stopped: DockStopped | None = None

    @property
    def waiting(self) -> int:
        """Files that are not received yet."""
        return self._queue.pending

    def start(self) -> None:
        """Begin to send what is put in."""
        self._waiting_room.open()
        self._senders.relieve()

    def look_after(self) -> None:
        """To be called now and then while files are put in: whoever waits for a source that hangs has another in his
        place.
        """
        self._senders.relieve()

    def put(self, waiting: WaitingFile) -> None:
        """A file to take over when its turn comes."""
        self._queue.put(waiting)

    def finish(self) -> None:
        """No more files will come: wait for the end of all, or for that of the run; then for no source that hangs."""
        self._queue.close()
        given_up = self._senders.finish(self._stop)
        self._waiting_room.close()
        given_up += [waiting for waiting, _ in self._letting_go.finish(self._stop)]
        for waiting in (*given_up, *self._queue.drain()):
            self.end(Interrupted())
            try:
                self._leave(waiting.file, self.stopped or Interrupted())
            except BaseException as error:
                self._break(error)
        self._is_over = True
        if self._broken is not None:
            raise self._broken

    def end(self, reason: DockStopped) -> None:
        """End the run for all files; the first reason is the one that is told, for each of them."""
        with self._stopping:
            if self.stopped is None:
                self.stopped = reason
            self._stop.set()

    def _send(self, waiting: WaitingFile) -> None:
        self._guarded(waiting, partial(self._upload, waiting))

    def _upload(self, waiting: WaitingFile) -> None:
        sender = self._desk.sender
        sender.patience.check()
        file = waiting.file
        record = upload_file(sender, file, identify_file(self._desk, file, waiting.attempts > 0))
        if record.phase is Phase.UPLOADED:
            sender.tell(FileUploaded(file.title, record.upload_id, record.digests.size_bytes))
        receive = partial(self._receive, waiting, record, sender.retries_for(file.title))
        self._waiting_room.put(partial(self._guarded, waiting, receive))

    def _receive(self, waiting: WaitingFile, record: FileRecord, retries: Retries) -> float | None:
        """Seconds until it is to be tried again, or None: there is a receipt."""
        self._desk.sender.patience.check()
        try:
            received = receive_file(self._desk, waiting.file, record)
        except TryAgain as answer:
            return retries.until_next(answer)
        retries.worked()
        self._letting_go.put(waiting.file.source.touches, (waiting, received))
        return None

    def _let_go(self, received: tuple[WaitingFile, Received]) -> None:
        self._guarded(received[0], partial(self._settle, *received))

    def _settle(self, waiting: WaitingFile, received: Received) -> None:
        self._note_end(waiting.file, let_go(self._desk, waiting.file, received))
        self._queue.settle()

    def _guarded(self, waiting: WaitingFile, step: Callable[[], _Result]) -> _Result | None:
        """One step of a file; nothing it raises gets past, nor what telling of it does. None as well where it raised.

        A listener that raises, in whatever it is told, would else end this thread and leave the file pending for ever:
        `finish` waits for it.
        """
        try:
            return self._told(waiting, step)
        except BaseException as error:
            self._break(error)
            self._queue.settle()
        return None

    def _told(self, waiting: WaitingFile, step: Callable[[], _Result]) -> _Result | None:
        """Settles last, and only where nothing was raised: else `_guarded` does."""
        try:
            return step()
        except (SourceChanged, UploadGone, UploadUnfinished) as error:
            if isinstance(error, SourceChanged):
                self._desk.sender.tell(FileChanged(waiting.file.title))
            if waiting.attempts + 1 < _MOST_ATTEMPTS:
                self._queue.put_back(waiting.again())
                return None
            self._leave(waiting.file, error)
        except DockStopped as error:
            self.end(error)
            self._leave(waiting.file, self.stopped or error)
        except DockError as error:
            self._leave(waiting.file, error)
        except Exception as error:
            if self._audience.fault is not None:
                raise
            self._leave(waiting.file, HandlingFailed(waiting.file.title, error))
        self._queue.settle()
        return None

    def _break(self, error: BaseException) -> None:
        """Nobody hears what is told, or Python itself ends: so does the run, in the thread that waits for it."""
        self._broken = self._broken or error
        self._stop.set()

    def _leave(self, file: SourceFile, error: DockError) -> None:
        if not self._is_over:
            self._desk.sender.tell(FileStays(file.title, type(error).__name__, error.words))
        self._note_end(file, FileOutcome(file.title, file.size_bytes, error=error))

    def _note_end(self, file: SourceFile, outcome: FileOutcome) -> None:
        """Of a file that was given up with its source its end was told: what comes of it later is the next run's."""
        if not self._is_over:
            self._settled(file, outcome)
