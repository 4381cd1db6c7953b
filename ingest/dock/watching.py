"""Folders and mounted recorders, looked at every few seconds: what is new there, and no longer changing, has its turn.

Looking is a poll of names and sizes: it needs nothing of the system but its list of mounts, and misses nothing that
stays longer than the pause between two looks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ingest.dock.asking import Questions
from ingest.dock.docking import Docking, find_docking, renew_docking
from ingest.dock.errors import FolderUnusable, SourceUnreadable
from ingest.dock.events import (
    FileEmpty,
    FileGrowing,
    FileStays,
    FolderListed,
    Listener,
    SourceFound,
    SourceGone,
    SourceMissing,
)
from ingest.dock.folder import Listing, OutOfReach, list_source
from ingest.dock.found import FileKey, Found
from ingest.dock.marks import MarkRules
from ingest.dock.ordering import WaitingFile, arrange
from ingest.dock.settling import FileOutcome, settle_wipes
from ingest.dock.source import Source, SourceFile
from ingest.dock.sources import Places, find_sources, tell_apart, why_missing
from ingest.dock.state import DockState
from ingest.dock.touches import Touches
from ingest.dock.words import Words

_UNMOUNTED = Words("it was unmounted or pulled out", "已被卸载或拔出")
_SKIPPED = "skipped"
# A folder that is never emptied grows for years: where nothing goes on, looking takes a tenth of the time at most.
_LONG_LOOK_SECONDS = 0.5
_REST_FOR_LOOKING = 10.0
_LONGEST_REST_SECONDS = 60.0
_FIRST_RETRY_SECONDS = 60.0
_LONGEST_RETRY_SECONDS = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class WatchTiming:
    """A file is taken over when it has stayed the same for `settle_seconds`; one that was left is tried again later."""

    poll_seconds: float = 5.0
    settle_seconds: float = 10.0
    retry_seconds: float = _FIRST_RETRY_SECONDS


@dataclass(slots=True)
class _Seen:
    """One file over several looks. `since` and `retry_at` are times of the monotonic clock."""

    looks_like: tuple[int, int]
    since: float
    size_bytes: int = 0
    grew: bool = False
    is_waiting: bool = False
    is_wiped: bool = False
    outcome: FileOutcome | None = None
    retry_at: float = 0.0
    retries: int = 0

    @property
    def is_in_hand(self) -> bool:
        """Unless it changes, no look has anything to do with it."""
        return self.is_waiting or self.outcome is not None


class _Look(NamedTuple):
    listing: Listing
    took_seconds: float


class Watcher:
    """Looks, and remembers what it has seen. `look` is one thread's, `settled` anybody's."""

    def __init__(self, places: Places, timing: WatchTiming, state: DockState, marks: MarkRules, tell: Listener) -> None:
        self._places = places
        self._timing = timing
        self._state = state
        self._marks = marks
        self._tell = tell
        self._turn = threading.Lock()
        self._asked = {place: Source(place, label=str(place)) for place in (*places.folders, *places.mounts)}
        self._presence: Questions[Path, Words | None] = Questions()
        self._listings: Questions[Touches, _Look] = Questions()
        self._rests_until: dict[str, float] = {}
        self._silent: set[Path] = set()
        self._unlisted: tuple[Source, ...] = ()
        self._new: set[str] = set()
        self._sources: dict[str, Source] = {}
        self._out_of_reach: set[str] = set()
        self._missing: set[Path] = set()
        self._seen: dict[FileKey, _Seen] = {}
        self._unseen: dict[str, tuple[OutOfReach, ...]] = {}
        self._named: set[tuple[str, str, str]] = set()
        self._labels: dict[str, str] = {}
        self._dockings: dict[str, Docking] = {}
        self._found = Found()
        self._told_of = (0, 0)
        self._wiped = 0

    @property
    def sources(self) -> Collection[Source]:
        """What is asked for something now and then: the places, and what was found in them. Anybody's."""
        return (*self._asked.values(), *self._sources.values())

    def look(self, put: Callable[[WaitingFile], None]) -> None:
        """Look once at everything; `put` gets each file whose turn has come.

        All are asked side by side. What does not answer in time has its turn at the look by which it has answered. What
        takes long, and had nothing to say, is asked less often.
        """
        self._note_missing()
        found = find_sources(self._places, self._missing | self._silent)
        sources = self._awake(self._note_sources(self._once_each(found)))
        listings = self._listings.ask({source.touches: partial(self._list, source) for source in sources})
        self._unlisted = tuple(source for source in sources if source.touches not in listings)
        for source in sources:
            if source.touches not in listings:
                continue
            try:
                look = listings[source.touches].read()
            except FolderUnusable as error:
                self._note_out_of_reach(source, error.reason)
                continue
            self._out_of_reach.discard(source.id)
            is_quiet = self._look_at(source, look.listing, put)
            if is_quiet and look.took_seconds >= _LONG_LOOK_SECONDS:
                rest_seconds = min(_LONGEST_REST_SECONDS, _REST_FOR_LOOKING * look.took_seconds)
                self._rests_until[source.id] = time.monotonic() + rest_seconds

    def _awake(self, sources: list[Source]) -> list[Source]:
        now = time.monotonic()
        return [source for source in sources if self._rests_until.get(source.id, now) <= now]

    def _list(self, source: Source) -> _Look:
        with self._turn:
            is_new, self._new = source.id in self._new, self._new - {source.id}
        if is_new:
            settle_wipes(self._state, source, self._tell)
        began = time.monotonic()
        listing = list_source(source, self._state.folder)
        return _Look(listing, time.monotonic() - began)

    def settled(self, file: SourceFile, outcome: FileOutcome) -> None:
        """A file's end, as far as this attempt goes."""
        key = (file.source.id, file.name)
        with self._turn:
            seen = self._seen.get(key)
            if outcome.is_received:
                self._found.receive(key)
            if outcome.wiped:
                self._found.wiped(key)
                self._wiped += 1
            if seen is None:
                return
            seen.is_waiting, seen.is_wiped = False, outcome.wiped
            seen.outcome = outcome if outcome.error else FileOutcome(outcome.name, outcome.size_bytes)
            pause = min(_LONGEST_RETRY_SECONDS, self._timing.retry_seconds * 2.0**seen.retries)
            seen.retry_at = time.monotonic() + pause
            seen.retries = min(seen.retries + 1, 16)

    def count(self) -> tuple[list[FileOutcome], int, int]:
        """What was left with why, how many others were received, and how many of those wiped."""
        with self._turn:
            outcomes = [seen.outcome for seen in self._seen.values() if seen.outcome and seen.outcome.error]
            unseen = (error for errors in self._unseen.values() for error in errors)
            outcomes += [FileOutcome(error.name, 0, error=error) for error in unseen]
            others = self._found.received - sum(outcome.is_received for outcome in outcomes)
            return sorted(outcomes, key=lambda outcome: outcome.name), others, self._wiped

    def unwatched(self) -> tuple[str, ...]:
        """The folders that are to be watched and were not there, or not to be listed, when last looked at; and what did
        not answer then.
        """
        away = [
            str(folder)
            for folder in self._places.folders
            if folder in self._missing or str(folder) in self._out_of_reach
        ]
        silent = [*map(str, self._silent), *(str(source.root) for source in self._unlisted)]
        return tuple(dict.fromkeys((*away, *silent)))

    def _note_missing(self) -> None:
        """A place that was watched until now and goes is told of by SourceGone, and so not once more as missing. What
        does not answer is taken to be as it was.
        """
        answers = self._presence.ask({place: partial(_look_for, source) for place, source in self._asked.items()})
        said = {place: answer.read() for place, answer in answers.items()}
        self._silent = {place for place in self._asked if place not in said and str(place) not in self._sources}
        missing = {place: why for place, why in said.items() if why is not None}
        for place, why in missing.items():
            if place not in self._missing and str(place) not in self._sources:
                self._tell(SourceMissing(str(place), why))
        self._missing = {*missing, *(self._missing - said.keys())}

    def _once_each(self, found: list[Source]) -> list[Source]:
        """One volume that is mounted twice is watched once: two would starve each other."""
        first: dict[str, Source] = {}
        for source in tell_apart(found, tuple(self._sources.values())):
            taken = first.setdefault(source.id, source)
            if taken is not source:
                why = Words(
                    f"it is {source.id}, which is watched already at {taken.root}; unmount one of the two",
                    f"它就是 {source.id}，已在 {taken.root} 处监视；请卸载其中一个",
                )
                self._tell_once(source, (SourceUnreadable(source.label, why),))
        return [self._labelled(source) for source in first.values()]

    def _labelled(self, source: Source) -> Source:
        """Cards of one name follow each other in one place: what is told of their files has to tell them apart."""
        owner = self._labels.setdefault(source.label, source.id)
        return source if owner == source.id else replace(source, label=f"{source.label} ({source.id})")

    def _note_sources(self, found: list[Source]) -> list[Source]:
        now = {source.id: self._with_touches(source) for source in found}
        stays = {key for key, source in self._sources.items() if key in now and _is_mounted_as(now[key], source)}
        for gone in [key for key in self._sources if key not in stays]:
            self._note_out_of_reach(self._sources[gone], _UNMOUNTED)
            self._end_docking(gone)
            self._forget(gone)
        for source in now.values():
            if source.id not in stays:
                # Some still waited for their turn as it went, and were left since: that is no reason to wait now.
                self._forget_files(source.id)
                self._tell(SourceFound(source.label, str(source.root)))
                with self._turn:
                    self._new |= {source.id}
        self._sources = now
        return list(now.values())

    def _with_touches(self, source: Source) -> Source:
        """As long as it stays it is known who waits for it; of a folder, also who waits to hear whether it is there."""
        before = self._sources.get(source.id)
        if before is not None and _is_mounted_as(source, before):
            return replace(source, touches=before.touches)
        place = self._asked.get(source.root)
        return source if place is None or source.device else replace(source, touches=place.touches)

    def _end_docking(self, source_id: str) -> None:
        """A card that went before all of it was received is to be put back: the notes tell whether that one came."""
        self._dockings.pop(source_id, None)
        with self._turn:
            left = self._found.left_on(source_id)
        if not left:
            self._state.end_docking(source_id)

    def _note_docking(self, source: Source, listing: Listing, steady: set[str]) -> None:
        """Before any of its files has its turn; and again when all that bore witness is gone, for a later start."""
        docking, settled = self._dockings.get(source.id), [file for file in listing.files if file.name in steady]
        if not settled or (docking is not None and docking.is_of(listing.files)):
            return
        if docking is None:
            self._dockings[source.id] = find_docking(self._state, source, listing.files, settled)
        else:
            self._dockings[source.id] = renew_docking(self._state, source, docking, settled)

    def _forget(self, source_id: str) -> None:
        """What is back may be another card, or changed elsewhere: the notes know, not this memory."""
        with self._turn:
            self._unseen.pop(source_id, None)
        self._forget_files(source_id)
        self._out_of_reach.discard(source_id)
        self._rests_until.pop(source_id, None)
        self._named = {key for key in self._named if key[0] != source_id}

    def _forget_files(self, source_id: str) -> None:
        with self._turn:
            self._seen = {key: seen for key, seen in self._seen.items() if key[0] != source_id or seen.is_waiting}

    def _note_out_of_reach(self, source: Source, reason: Words) -> None:
        if source.id not in self._out_of_reach:
            self._out_of_reach.add(source.id)
            with self._turn:
                left = self._found.left_on(source.id)
            self._tell(SourceGone(source.label, reason, left))

    def _look_at(self, source: Source, listing: Listing, put: Callable[[WaitingFile], None]) -> bool:
        """Whether nothing goes on there: all of it is in hand, or was left for now."""
        if source.device and self._is_another_card(source.id, listing):
            self._dockings.pop(source.id, None)
            self._state.end_docking(source.id)
        with self._turn:
            due = {file.name for file in listing.files if self._is_due((source.id, file.name), file)}
            there = {file.name for file in listing.files}
            steady = due | self._steady(source.id)
            of_source = [(name, seen) for (source_id, name), seen in self._seen.items() if source_id == source.id]
            there.update(name for name, seen in of_source if seen.is_waiting)
            for name in [name for name, _ in of_source if name not in there]:
                del self._seen[source.id, name]
            self._found.keep_only(source.id, there)
            totals = self._found.totals
            self._unseen[source.id] = listing.out_of_reach
            is_quiet = not due and all(seen.is_in_hand for _, seen in of_source)
        self._tell_once(source, listing.out_of_reach)
        self._forget_skipped(source.id, listing)
        skipped = tuple(name for name in listing.skipped if self._is_news(source.id, name, _SKIPPED))
        self._note_docking(source, listing, steady)
        waiting = []
        if due:
            arranged = arrange(listing.files, self._marks, self._dockings[source.id].number)
            waiting = [each for each in arranged if each.file.name in due]
        for name in skipped:
            if listing.why_skipped[name] == "empty":
                self._tell(FileEmpty(name))
        if totals != self._told_of or skipped:
            self._told_of = totals
            self._tell(FolderListed(*totals, skipped))
        for each in waiting:
            put(each)
        return is_quiet

    def _is_another_card(self, source_id: str, listing: Listing) -> bool:
        """Whether nothing is as it was at the last look: a card reader keeps its device, and the place its name, when
        somebody is quicker to change cards than we are to look.
        """
        now = {file.name: (file.size_bytes, file.mtime_ns) for file in listing.files}
        with self._turn:
            steady = [(name, self._seen[source_id, name]) for name in self._steady(source_id)]
        # What has its turn may be removed at any moment, and by us.
        told = [(name, seen) for name, seen in steady if not seen.is_wiped and (name in now or not seen.is_waiting)]
        return bool(told and now) and not any(now.get(name) == seen.looks_like for name, seen in told)

    def _steady(self, source_id: str) -> set[str]:
        """Those that did not change for long enough, when they were last looked at."""
        since = time.monotonic() - self._timing.settle_seconds
        return {name for (of, name), seen in self._seen.items() if of == source_id and seen.since <= since}

    def _is_due(self, key: FileKey, file: SourceFile) -> bool:
        now, looks_like = time.monotonic(), (file.size_bytes, file.mtime_ns)
        seen = self._seen.get(key)
        if seen is None:
            self._seen[key] = _Seen(looks_like, now, file.size_bytes)
            return self._timing.settle_seconds == 0 and self._take(key)
        if seen.is_waiting:
            return False
        if seen.looks_like != looks_like:
            if not seen.grew:
                self._tell(FileGrowing(file.title, file.size_bytes))
            seen.looks_like, seen.since, seen.grew = looks_like, now, True
            seen.outcome, seen.retries = None, 0
            return False
        if now - seen.since < self._timing.settle_seconds:
            return False
        if seen.outcome is not None and (seen.outcome.error is None or now < seen.retry_at):
            return False
        return self._take(key)

    def _take(self, key: FileKey) -> bool:
        seen = self._seen[key]
        seen.is_waiting, seen.grew, seen.outcome = True, False, None
        self._found.take(key, seen.looks_like)
        return True

    def _tell_once(self, source: Source, out_of_reach: tuple[OutOfReach, ...]) -> None:
        for error in out_of_reach:
            if self._is_news(source.id, error.name, error.words.en):
                self._tell(FileStays(error.name, type(error).__name__, error.words))

    def _forget_skipped(self, source_id: str, listing: Listing) -> None:
        """Of what is no longer there: a folder watched for years sees a temporary name for each of its files."""
        self._named = {
            (of, name, why)
            for of, name, why in self._named
            if of != source_id or why != _SKIPPED or name in listing.why_skipped
        }

    def _is_news(self, source_id: str, name: str, why: str) -> bool:
        if (source_id, name, why) in self._named:
            return False
        self._named.add((source_id, name, why))
        return True


def _is_mounted_as(source: Source, before: Source) -> bool:
    """Whether it is where it was, on the device it was on."""
    return (source.root, source.device) == (before.root, before.device)


def _look_for(place: Source) -> Words | None:
    with place.touches.one():
        return why_missing(place.root)
