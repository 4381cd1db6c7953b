"""Moving one original after the other to the cold place, and bringing back what is asked for, a little at a time.

What somebody waits for comes first; then what was disposed of, what the store is to let go of, and what is to be moved.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from ingest.cold.due import Owed, lease_next, plan
from ingest.cold.errors import ColdError, ColdFailing
from ingest.cold.passage import NOT_WHOLE, Passage
from ingest.cold.place import COLD_PLACE, ColdPlace, asking, use_cold_place
from ingest.cold.record import Turn, give_up, let_go, put_off
from ingest.lease import Lease, given_back
from ingest.objects.batches import renew_in_time
from ingest.objects.look import OPENING_BYTES
from ingest.objects.stated import ManifestKeys, read_stated
from ingest.replica.carriage import AT_ONCE_BYTES
from integrity.epoch_keys import EpochKey
from retention.cold_rule import ColdRule
from storage.catalog.cold import COLD, DISPOSED, ColdObject
from storage.database import Database
from storage.objects.protocol import ObjectStore

GIVEN_UP: Final = "given_up"
REMOVED: Final = "removed"
WAITS: Final = "waits"
LOST: Final = "lost"
PLAN_SECONDS: Final = 3600.0
"""So often it is looked for what has become old enough, once nothing else is due."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an original. `what`: as Passage has it, of what lies in the cold place `lost` for `not_whole`;
    `given_up`, the store let go of it; `removed`, it was disposed of; `waits`, it cannot be let go of yet."""

    owed: Owed
    what: str
    found: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What came of going on for a while. `idle`: nothing is due."""

    read_bytes: int = 0
    done: Sequence[Done] = ()
    idle: bool = False


@dataclass
class _Hand:
    """The original that is leased just now."""

    turn: Turn
    passage: Passage
    renewed_at: float = field(default_factory=time.monotonic)


class Mover:
    """For one thread; as many of them as one likes. Killed at any moment, it leaves a lease that runs out, and perhaps
    an original in both places, of which the next one finds that it is whole."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        cold: ColdPlace,
        keys: ManifestKeys,
        worker: str,
        rule: ColdRule,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.database, self.store, self.cold, self.keys = database, store, cold, keys
        self.worker, self.rule = worker, rule
        self._clock, self._plan_at = clock, float("-inf")
        self._hand: _Hand | None = None
        self._works = False

    def go_on(self, at_most_bytes: int, at_most_seconds: float = float("inf")) -> Step:
        """Read so many bytes, or for so long, or a little more.

        Raises ColdError where the cold place does not work, which its row says then; StorageError where the store does
        not. What was in hand is due again.
        """
        until, spent, read_bytes, done = time.monotonic() + at_most_seconds, 0, 0, list[Done]()
        try:
            while spent < at_most_bytes and time.monotonic() < until:
                hand = self._hand or self._take()
                if hand is None:
                    return Step(read_bytes, done, idle=not done and not read_bytes)
                hand.renewed_at = renew_in_time(self.database, hand.turn.lease, hand.renewed_at)
                read, came = self._go_on_with(hand, min(at_most_bytes - spent, AT_ONCE_BYTES))
                read_bytes += read
                spent += max(read, OPENING_BYTES)
                if came is not None:
                    done.append(came)
                    self._put_down()
                    self._say_it_works()
        except ColdError as error:
            self._tidy_up(error.failure if isinstance(error, ColdFailing) else type(error).__name__)
            if not done:  # otherwise that is to be heard of first; the error comes again
                raise
        except Exception:
            self._tidy_up(None)
            raise
        except BaseException:
            with suppress(Exception):
                self.leave_off()
            raise
        return Step(read_bytes, done)

    def leave_off(self) -> None:
        """Give back what is leased. What is begun and not committed leaves nothing behind."""
        hand = self._put_down()
        if hand is not None:
            with self.database.transaction() as session:
                hand.turn.lease.write(session, **given_back())

    def _put_down(self) -> _Hand | None:
        hand, self._hand = self._hand, None
        if hand is not None:
            hand.passage.close()
        return hand

    def _tidy_up(self, failure: str | None) -> None:
        """The error is what is to be heard of, not what comes of this."""
        with suppress(Exception):
            hand = self._put_down()
            if hand is not None:
                put_off(hand.turn)
        if failure is not None:
            self._works = False
            with suppress(Exception):
                COLD_PLACE.note_working(self.database, self.cold.place, failure)

    def _say_it_works(self) -> None:
        if not self._works:
            COLD_PLACE.note_working(self.database, self.cold.place, None)
            self._works = True

    def _take(self) -> _Hand | None:
        with asking(self.cold):
            mark = use_cold_place(self.database, self.store, self.cold)
        leased = lease_next(self.database, self.worker)
        if leased is None and self._plan():
            leased = lease_next(self.database, self.worker)
        if leased is None:
            self._say_it_works()
            return None
        turn = self._turn(*leased, self.keys(), mark)
        self._hand = _Hand(turn, Passage(turn, self.store, self.cold, self.rule))
        return self._hand

    def _turn(self, lease: Lease[ColdObject], owed: Owed, keys: Sequence[EpochKey], mark: uuid.UUID) -> Turn:
        wanted = [] if owed.state == DISPOSED else [("recording", owed.id)]
        with self.database.reading() as session:
            stated = read_stated(session, wanted, keys).get(owed.id)
        return Turn(self.database, lease, owed, mark, keys, stated)

    def _plan(self) -> bool:
        if self._clock() < self._plan_at:
            return False
        with self.database.transaction() as session:
            planned = plan(session, self.rule, datetime.now(UTC))
        if not planned:  # as long as there are more, they are looked for at once
            self._plan_at = self._clock() + PLAN_SECONDS
        return planned > 0

    def _go_on_with(self, hand: _Hand, at_most_bytes: int) -> tuple[int, Done | None]:
        """How many bytes were read, and what came of it, once it is over."""
        owed = hand.turn.owed
        if owed.state == DISPOSED:
            return 0, Done(owed, REMOVED if let_go(hand.turn, self.cold) else WAITS)
        if owed.state == COLD and not owed.wanted:
            return 0, Done(owed, GIVEN_UP if give_up(hand.turn, self.store, self.cold) else WAITS)
        passage = hand.passage
        read = passage.go_on(at_most_bytes)
        if passage.outcome is None:
            return read, None
        is_lost = passage.outcome == NOT_WHOLE and owed.state == COLD
        return read, Done(owed, LOST if is_lost else passage.outcome, passage.found, passage.why)
