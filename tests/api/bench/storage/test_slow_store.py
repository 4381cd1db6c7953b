"""A store that takes its time is a store all the same."""

from __future__ import annotations

import time
from pathlib import Path

from api.bench.storage.slow_store import SlowStore
from storage.objects.folder import FolderStore
from storage.sealing import SealingPlan, read_back, write_sealed


def test_what_is_sealed_into_it_is_stored_and_read_back_after_a_while(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"recorded" * 1000)
    store, plan = SlowStore(FolderStore(tmp_path / "store"), 0.2), SealingPlan.fresh("a/b", b"id")
    started = time.monotonic()
    sealed = write_sealed(source, store, plan)
    assert time.monotonic() - started >= 0.2
    read_back(store, plan, sealed)
    assert time.monotonic() - started >= 0.4
    assert store.stat("a/b") == sealed.stored
    with store.store.create("a/c") as writer:
        writer.write(b"left")
    assert list(store.list()) == ["a/b"]
