"""Finished uploads are handed over to custody: each once, whoever asks for it, and however many at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import structlog

from ingest.uploads.contract import UploadRecord, UploadRegister, nothing
from ingest.uploads.sweeps import wake_up

log = structlog.get_logger()


class Handover:
    """Safe from several threads. `on_finished` wakes custody up after the commit, and may fail."""

    def __init__(self, register: UploadRegister, on_finished: Callable[[str], None]) -> None:
        self._register = register
        self._on_finished = on_finished
        self._untold: deque[UploadRecord] = deque()

    def hand_over(self, records: Sequence[UploadRecord], meanwhile: Callable[[], None] = nothing) -> Sequence[bool]:
        """Each once: whoever gets True has done so. A wake-up may be lost, the row may not. To be followed by `tell`,
        when those who asked have their answers.
        """
        outcomes = self._register.finish_uploads(records, meanwhile)
        for record, is_first in zip(records, outcomes, strict=True):
            if is_first:
                wake_up(self._on_finished, record.upload_id)
                self._untold.append(record)
        return outcomes

    def tell(self) -> None:
        """The log, of what was handed over. Nobody is kept waiting for that: it takes a twentieth of a small file's way
        to be written.
        """
        while self._untold:
            try:
                record = self._untold.popleft()
            except IndexError:  # another thread was quicker
                return
            log.info("upload.finished", trace=record.upload_id, size_bytes=record.declared_length)
