"""One original on its way, to the cold place or back: read whole, put, and read once more where it was put.

What stands in its place already, from a go that was killed, is only read. Both ways are one; what differs is which of
the two places is which, and what is recorded at the end.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from ingest.cold.due import AGAIN
from ingest.cold.errors import ColdFailing
from ingest.cold.place import ColdPlace, asking, use_cold_place
from ingest.cold.record import Turn, arrive, deliver, lock_there, may_move, put_off, put_off_until, settle
from ingest.objects.believing import looks_to_lose, require_standing
from ingest.objects.look import Look
from ingest.replica.carriage import Carriage
from retention.cold_rule import ColdRule
from storage.catalog.cold import BOTH, COLD, MOVING
from storage.catalog.object_looks import UNSIGNED, WHOLE
from storage.errors import ObjectExists, ObjectMissing, StoreFull, StoreReadOnly, StoreUnavailable
from storage.objects.protocol import NOT_KEPT, Keeping, ObjectStore

A_DAY: Final = timedelta(days=1)

MOVED: Final = "moved"
RECALLED: Final = "recalled"
KEPT_WARM: Final = "kept_warm"
NOT_WHOLE: Final = "not_whole"
LEFT: Final = "left"


class Passage:
    """Left off and gone on with as a look is. `outcome` is None until it is over: `moved`, its row says that it is
    cold; `recalled`, that it is in the store; `kept_warm`, it is needed by now, or locked in the store; `not_whole`,
    where it lies it is not (`found`, `why`), and it was not taken anywhere; `left`, another has it, or it was disposed
    of."""

    def __init__(self, turn: Turn, store: ObjectStore, cold: ColdPlace, rule: ColdRule) -> None:
        self.turn, self.rule, self.cold = turn, rule, cold
        self.outcome: str | None = None
        self.found: str | None = None
        self.why: str | None = None
        self._store = store
        self._comes_back = turn.owed.state == COLD
        self._source, self._target = (cold.store, store) if self._comes_back else (store, cold.store)
        self._carriage: Carriage | None = None
        self._look: Look | None = None
        self._looks = 0
        self._begun = self._mends = self._put = False

    def go_on(self, at_most_bytes: int) -> int:
        """How many bytes were read. Raises ColdError, and what the store raises."""
        if self.turn.stated is None or self.turn.stated.flaw is not None:
            # Disposed of since; or nothing says any longer what its bytes have to be, which is an alarm of its own.
            put_off(self.turn, A_DAY)
            self._end(NOT_WHOLE if self.turn.stated is not None else LEFT, UNSIGNED)
            return 0
        if not self._begun:
            self._begin()
        if self.outcome is not None:
            return 0
        return self._carry_on(at_most_bytes) if self._look is None else self._read_back(at_most_bytes)

    def close(self) -> None:
        """Forget what was not committed. Again is no error."""
        for each in (self._look, self._carriage):
            if each is not None:
                each.close()
        self._look = self._carriage = None

    def _begin(self) -> None:
        self._begun = True
        if not self._comes_back and not self._may_leave():
            self._end(KEPT_WARM)
            return
        with self._asking_target():
            there = self._target.stat(self.turn.owed.object_name)
        if there is not None:
            self._look_at_target()

    def _may_leave(self) -> bool:
        if not may_move(self.turn, self.rule):
            put_off(self.turn, A_DAY)
            return False
        kept = self._kept()
        if kept.forbids(datetime.now(UTC)):
            # What the store has locked nobody can remove before its day, so until then nothing is gained.
            put_off_until(self.turn, datetime.now(UTC) + A_DAY if kept.until is None or kept.held else kept.until)
            return False
        return True

    def _kept(self) -> Keeping:
        try:
            return self._store.keeping(self.turn.owed.object_name)
        except ObjectMissing:
            return NOT_KEPT

    def _carry_on(self, at_most_bytes: int) -> int:
        assert self.turn.stated is not None
        carriage = self._carriage
        if carriage is None:
            carriage = self._carriage = Carriage(self._source, self._target, self.turn.stated, mends=self._mends)
        with self._asking_target():
            read = carriage.go_on(at_most_bytes)
        if carriage.found is None:
            return read
        self._carriage = None
        try:
            if carriage.found == WHOLE:
                self._deliver(carriage)
            else:
                self._doubt_source(carriage)
        finally:
            carriage.close()
        return read

    def _deliver(self, carriage: Carriage) -> None:
        states = (COLD,) if self._comes_back else (MOVING, BOTH)
        try:
            with self._asking_target():
                delivered = deliver(self.turn, carriage, *states)
        except ObjectExists as error:
            if self._mends:
                raise ColdFailing(self.cold.place, type(error).__name__, str(error)) from error
            self._mends = True  # other bytes stand under its name: it is carried once more, and put in their place
            return
        if not delivered:
            self._end(LEFT)
            return
        self._put = True
        self._look_at_target()

    def _doubt_source(self, carriage: Carriage) -> None:
        """It is not whole where it lies, if that is there; then it stays where it is, and is scrubbed next."""
        assert carriage.found is not None
        self._require_standing(of_cold=self._comes_back)
        self._looks += 1
        if self._looks >= looks_to_lose(carriage.found):
            put_off(self.turn, AGAIN, scrub=True)
            self._end(NOT_WHOLE, carriage.found, carriage.why)

    def _read_back(self, at_most_bytes: int) -> int:
        look = self._look
        assert look is not None
        read = look.go_on(at_most_bytes)
        if look.found is None:
            return read
        self._look = None
        if look.found == WHOLE:
            self._arrive()
            return read
        self._require_standing(of_cold=not self._comes_back)
        self._looks += 1
        if self._looks < looks_to_lose(look.found):
            self._look_at_target()
        elif self._put:
            raise self._reads_otherwise(look.found)
        else:
            self._mends, self._looks = True, 0
        return read

    def _arrive(self) -> None:
        if self._comes_back:
            self._end(RECALLED if arrive(self.turn, self.rule) else LEFT)
            return
        lock_there(self.turn, self._store, self.cold)
        self._end(MOVED if settle(self.turn, self.rule, self.cold) else KEPT_WARM)

    def _look_at_target(self) -> None:
        assert self.turn.stated is not None
        self._look = Look(self._target, self.turn.stated)

    def _require_standing(self, *, of_cold: bool) -> None:
        """Return where what a place says of one object can be believed."""
        if not of_cold:
            require_standing(self.turn.database, self._store)
            return
        with asking(self.cold):
            with suppress(StoreFull, StoreReadOnly):
                self.cold.store.require_working()
            use_cold_place(self.turn.database, self._store, self.cold)

    def _reads_otherwise(self, found: str) -> Exception:
        why = f"what was just put there reads otherwise ({found})"
        if self._comes_back:
            return StoreUnavailable(self.turn.owed.object_name, why)
        return ColdFailing(self.cold.place, "ReadBackMismatch", why)

    def _asking_target(self) -> AbstractContextManager[None]:
        return nullcontext() if self._comes_back else asking(self.cold)

    def _end(self, outcome: str, found: str | None = None, why: str | None = None) -> None:
        self.outcome, self.found, self.why = outcome, found, why
