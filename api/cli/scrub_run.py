"""One run of `liuhen scrub`: from what is to be looked at, to what stands afterwards."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.archive import Archive
from api.cli.scrub_order import Order
from api.errors import UsageRefused
from api.scrubbing import open_scrubber
from ingest.objects.throttle import Throttle
from ingest.scrub.conclusion import Seen
from ingest.scrub.due import Extent, Selection, measure
from ingest.scrub.standing import Standing, read_standing
from storage.catalog.recordings import Recording, Rendition
from storage.catalog.redaction import RedactedCopy

BURST_SECONDS: Final = 0.25
AGAIN_SECONDS: Final = 1.0
"""Until an object that could not be read is tried again."""


class Screen(Protocol):
    """What is shown of a run, to a person or a program."""

    def begun(self, since: datetime, extent: Extent) -> None:
        """`since`: what a run that is broken off is gone on with."""

    def read(self, size_bytes: int) -> None: ...

    def seen(self, each: Seen) -> None: ...

    def ended(self, whole_run: Tally, standing: Standing) -> None: ...


class Tally:
    """What a run came to."""

    def __init__(self) -> None:
        self.objects = self.read_bytes = self.lost = self.whole_again = self.healed = 0
        self.finished = False
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun

    def add(self, seen: Sequence[Seen]) -> None:
        self.objects += len(seen)
        self.lost += sum(not each.is_whole for each in seen)
        self.whole_again += sum(each.is_whole_again for each in seen)
        self.healed += sum(each.healed for each in seen)


class ScrubRun:
    """Ended by Ctrl-C or by an error, it keeps what it has seen, and says how to go on."""

    def __init__(
        self, archive: Archive, order: Order, screen: Screen, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._archive, self._order, self._screen, self._sleep = archive, order, screen, sleep
        self._tally = Tally()

    def run(self) -> int:
        """How many objects stand as lost afterwards: of all, or of the recording that was asked for.

        Raises UsageRefused for a recording that there is not, and what the scrubber raises.
        """
        with self._archive.database.reading() as session:
            now: datetime = session.scalars(select(func.now())).one()
            selection = self._selection(session, now)
            extent = measure(session, selection)
        self._screen.begun(self._order.since or now, extent)
        try:
            self._look_at_all(selection)
            self._tally.finished = True
        finally:
            with self._archive.database.reading() as session:
                standing = read_standing(session)
            self._screen.ended(self._tally, standing)
        return standing.lost_objects if selection.among is None else self._tally.lost

    def _selection(self, session: Session, now: datetime) -> Selection:
        order = self._order
        if order.recording is not None:
            return Selection.all_before(now, _objects_of(session, order.recording))
        if order.everything or order.since is not None:
            return Selection.all_before(order.since or now)
        return Selection.due_at(now, self._archive.settings.scrub_days)

    def _look_at_all(self, selection: Selection) -> None:
        scrubber = open_scrubber(self._archive, selection)
        throttle = Throttle(self._order.bytes_per_second, BURST_SECONDS)
        try:
            while True:
                self._sleep(throttle.seconds_to_wait())
                step = scrubber.go_on(max(1, throttle.allowed()))
                throttle.spend(step.read_bytes)
                self._note(step.read_bytes, step.seen)
                if step.idle:
                    return
                if step.waits:
                    self._sleep(AGAIN_SECONDS)
        finally:
            self._note(0, scrubber.leave_off())

    def _note(self, read_bytes: int, seen: Sequence[Seen]) -> None:
        self._tally.read_bytes += read_bytes
        self._tally.add(seen)
        self._screen.read(read_bytes)
        for each in seen:
            self._screen.seen(each)


def _objects_of(session: Session, recording_id: uuid.UUID) -> list[uuid.UUID]:
    if session.get(Recording, recording_id) is None:
        raise UsageRefused(f"没有编号为 {recording_id} 的记录", f"there is no recording {recording_id}")
    renditions = select(Rendition.id).where(Rendition.recording_id == recording_id)
    copies = select(RedactedCopy.id).where(RedactedCopy.recording_id == recording_id, RedactedCopy.state == "done")
    return [recording_id, *session.scalars(renditions), *session.scalars(copies)]
