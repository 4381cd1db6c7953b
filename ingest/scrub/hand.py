"""What a scrubber has leased just now, and how far it has come with it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field

from ingest.objects.look import OPENING_BYTES, SMALL_BYTES, Look
from ingest.objects.stated import Stated
from ingest.scrub.conclusion import Seen
from ingest.scrub.due import Batch, Due
from ingest.scrub.healing import Healing

Waiting = tuple[Due, Stated]


@dataclass
class Hand:
    """`look` is at the first that waits, of which `looks` found that it is lost. `alone`: what was found not to be
    whole beside others, and is looked at by itself. `healing`: of the first that waits, once it is lost; `healed`: it
    was put back, and is to be read once more."""

    batch: Batch
    waiting: list[Waiting]
    seen: list[Seen] = field(default_factory=list)
    look: Look | None = None
    looks: int = 0
    healing: Healing | None = None
    healed: bool = False
    alone: set[uuid.UUID] = field(default_factory=set)
    renewed_at: float = field(default_factory=time.monotonic)

    def small(self, at_most_bytes: int) -> list[Waiting]:
        """The first that wait, as far as each is small, none is looked at by itself, and all are not too much."""
        group: list[Waiting] = []
        if self.look is not None or self.healing is not None or self.healed:
            return group
        for due, stated in self.waiting:
            at_most_bytes -= max(stated.size_bytes, OPENING_BYTES)
            if at_most_bytes < 0 or stated.size_bytes > SMALL_BYTES or due.id in self.alone:
                break
            group.append((due, stated))
        return group

    def finish(self, seen: Collection[Seen]) -> None:
        """Those wait no more."""
        self.seen += seen
        done = {each.due.id for each in seen}
        self.waiting = [each for each in self.waiting if each[0].id not in done]
        self.looks, self.healed = 0, False

    def put_down(self) -> None:
        for each in (self.look, self.healing):
            if each is not None:
                each.close()
