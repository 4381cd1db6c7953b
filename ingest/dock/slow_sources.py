"""Sources that do not answer, told by a thread that asks them nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from ingest.dock.events import Listener, SourceAnswers, SourceSlow
from ingest.dock.outage import Seldom
from ingest.dock.source import Source
from ingest.dock.touches import Touches

_LOOK_SECONDS = 1.0


@dataclass(slots=True)
class _Slow:
    """`was_told` that it is slow now. `saying`: a card that goes on by fits and starts is told of ever more seldom."""

    saying: Seldom | None = None
    since: float | None = None
    was_told: bool = False


class SlowSources:
    """`sources` are asked for at each look. Between enter and exit it looks by itself."""

    def __init__(self, sources: Callable[[], Collection[Source]], tell: Listener) -> None:
        self._sources = sources
        self._tell = tell
        self._known: dict[Touches, _Slow] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="dock-slow-sources", daemon=True)

    def __enter__(self) -> SlowSources:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def look(self) -> None:
        """Tell of what has become slow, is so still, or is no longer."""
        sources = {source.touches: source for source in self._sources()}
        self._known = {each: slow for each, slow in self._known.items() if each in sources}
        for each, source in sources.items():
            lasts = each.lasts_seconds()
            if each.is_slow:
                self._note_slow(self._known.setdefault(each, _Slow()), source, lasts)
            elif each in self._known:
                self._note_answer(self._known[each], source)

    def _note_slow(self, slow: _Slow, source: Source, lasts: float) -> None:
        now = time.monotonic()
        slow.since = now - lasts if slow.since is None else slow.since
        if slow.saying is not None and not slow.saying.is_due(now):
            return
        slow.saying, slow.was_told = slow.saying or Seldom(now), True
        self._tell(SourceSlow(_name_of(source), str(source.root), round(now - slow.since, 1)))

    def _note_answer(self, slow: _Slow, source: Source) -> None:
        if slow.was_told and slow.since is not None:
            lasted = time.monotonic() - slow.since
            self._tell(SourceAnswers(_name_of(source), str(source.root), round(lasted, 1)))
        slow.since, slow.was_told = None, False

    def _look_on(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self.look()


def _name_of(source: Source) -> str:
    return source.label or str(source.root)
