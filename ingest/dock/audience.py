"""Whoever listens, and whether he still does: a fault of his is no file's, and nothing can be told to him any more."""

from __future__ import annotations

from ingest.dock.events import Event, Listener


class Audience:
    """Passes on what is told. `fault` is what the listener raised the first time, None as long as he does not."""

    def __init__(self, tell: Listener) -> None:
        self._tell = tell
        self.fault: BaseException | None = None

    def __call__(self, event: Event, /) -> None:
        try:
            self._tell(event)
        except BaseException as error:
            self.fault = self.fault or error
            raise
