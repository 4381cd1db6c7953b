"""Finished uploads are handed over to custody: each once, whoever asks for it, and however many at once."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import structlog

from ingest.uploads.contract import UploadRecord, UploadRegister, nothing
from integrity.fields import format_instant

log = structlog.get_logger()

_MOST_UNTOLD = 10_000
_TOLD_LATER_SECONDS = 0.05
"""A line in the log is work of a tenth of a millisecond that whoever sends the next small file would wait for, mostly
for what it needs to be back in the processor's caches. Of twenty at once that is once."""


class Handover:
    """Safe from several threads. `on_finished` wakes custody up after the commit, and may fail."""

    def __init__(self, register: UploadRegister, on_finished: Callable[[str], None]) -> None:
        self._register = register
        self._on_finished = on_finished
        self._untold: deque[tuple[datetime, UploadRecord]] = deque(maxlen=_MOST_UNTOLD)
        self._teller = ThreadPoolExecutor(1, "upload-log")
        self._is_to_be_told = False

    def hand_over(self, records: Sequence[UploadRecord], meanwhile: Callable[[], None] = nothing) -> Sequence[bool]:
        """Each once: whoever gets True has done so. A wake-up may be lost, the row may not. The log has it a moment
        later, also where this process ends in an orderly way."""
        outcomes = self._register.finish_uploads(records, meanwhile)
        for record, is_first in zip(records, outcomes, strict=True):
            if is_first:
                self._wake_up(record.upload_id)
                self._untold.append((datetime.now(UTC), record))
                self._tell_soon()
        return outcomes

    def _wake_up(self, upload_id: str) -> None:
        """A lost wake-up is made good by the rows: whoever finished the upload goes on without it."""
        try:
            self._on_finished(upload_id)
        except Exception as error:
            log.exception("upload.nobody_woken", trace=upload_id, error=type(error).__name__)

    def _tell_soon(self) -> None:
        # Two who come here at once may both ask for it: then the second finds nothing left to tell.
        if self._is_to_be_told:
            return
        self._is_to_be_told = True
        try:
            self._teller.submit(self._tell)
        except RuntimeError:  # no thread is to be had: whoever comes next asks again
            self._is_to_be_told = False

    def _tell(self) -> None:
        time.sleep(_TOLD_LATER_SECONDS)
        # Before the first is taken: what comes from here on is told now or asks anew.
        self._is_to_be_told = False
        while self._untold:
            then, record = self._untold.popleft()
            said = {"trace": record.upload_id, "size_bytes": record.declared_length}
            log.info("upload.finished", timestamp=format_instant(then), **said)
