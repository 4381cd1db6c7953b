"""Both places behind faults: what is refused, breaks off, or says that it failed and did not. Nothing is lost."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ingest.cold.errors import ColdError
from ingest.cold.place import ColdPlace
from storage.errors import StorageError, StoreUnavailable
from storage.objects.folder import FolderStore
from tests.ingest.cold_shelf import ColdShelf
from tests.sampling import some_of


class FaultyStore:
    """Of so many calls one goes wrong: before anything was done, or after it."""

    def __init__(self, store: FolderStore, chance: random.Random, one_in: int) -> None:
        self.inner, self._chance, self._one_in = store, chance, one_in

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        call = getattr(self.inner, name)
        return self._wrapped(call, name) if callable(call) else call

    def _wrapped(self, call: Any, name: str) -> Any:
        def faulty(*arguments: Any, **named: Any) -> Any:
            fails = self._chance.randrange(2 * self._one_in)
            if fails == 0:
                raise StoreUnavailable(name, "no answer")
            answer = call(*arguments, **named)
            if fails == 1:
                raise StoreUnavailable(name, "it was done, and the answer was lost")
            return _FaultyWriter(answer, self._wrapped) if name in ("create", "mend") else answer

        return faulty


class _FaultyWriter:
    def __init__(self, writer: Any, wrapped: Any) -> None:
        self._writer, self._wrapped = writer, wrapped

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._writer, name)
        return self._wrapped(call, name) if name in ("write", "commit") else call


@pytest.mark.parametrize("seed", some_of(range(12), one_in=3))
def test_behind_faults_everything_gets_there_and_back_and_nothing_is_ever_lost(shelf: ColdShelf, seed: int) -> None:
    chance = random.Random(seed)
    shelved = shelf.put_old([3_000, 9_000, 1 << 20])
    faulty = shelf.mover(
        store=FaultyStore(shelf.store, chance, one_in=12),  # type: ignore[arg-type]
        cold=ColdPlace(FaultyStore(shelf.frozen, chance, one_in=12), shelf.cold.place),  # type: ignore[arg-type]
    )
    go_on_until(shelf, faulty, shelved, {"cold"}, gone=True)
    for each in shelved:
        shelf.recall(each)
    go_on_until(shelf, faulty, shelved, {"both"}, gone=False)


def go_on_until(shelf: ColdShelf, mover: Any, shelved: Any, states: set[str], *, gone: bool) -> None:
    for _ in range(400):
        try:
            mover.go_on(1 << 30)
        except (ColdError, StorageError):
            pass
        for each in shelved:
            shelf.require_nothing_lost(each)
        there = [shelf.store.stat(each.name) is not None for each in shelved]
        if {shelf.state(each) for each in shelved} == states and not (gone and any(there)):
            return
        shelf.make_due()
        shelf.let_leases_run_out()
    raise AssertionError(f"after 400 goes they are {[shelf.state(each) for each in shelved]}")
