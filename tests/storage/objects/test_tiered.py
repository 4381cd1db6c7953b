"""The store with a cold place behind it: what was moved is found there, and what was not is never asked of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from storage.errors import ObjectKept, ObjectMissing, StoreUnavailable
from storage.objects.folder import FolderStore
from storage.objects.tiered import Behind, TieredStore

MOVED, HERE = "originals/moved", "originals/here"


class Scene:
    def __init__(self, folder: Path) -> None:
        self.store, self.cold = FolderStore(folder / "store"), FolderStore(folder / "cold")
        self.moved, self.mounted = {MOVED}, True
        self.all = TieredStore(self.store, Behind(self.cold, self.moved.__contains__, self.require_there))
        self.store.put(HERE, b"here")
        self.cold.put(MOVED, b"moved")
        self.cold.put("cold/mark", b"mark")

    def require_there(self) -> None:
        if not self.mounted:
            raise StoreUnavailable("cold/mark", "not mounted")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def read(store: Any, name: str) -> bytes:
    with store.open(name) as reader:
        return bytes(reader.read_span(0, reader.size_bytes))


def test_each_is_read_and_listed_where_it_is_and_once(scene: Scene) -> None:
    assert (read(scene.all, HERE), read(scene.all, MOVED)) == (b"here", b"moved")
    assert list(scene.all.list()) == [HERE, MOVED]
    assert [(each.name, each.size_bytes) for each in scene.all.survey()] == [(HERE, 4), (MOVED, 5)]
    assert scene.all.inspect(MOVED) is not None
    scene.store.put(MOVED, b"moved")
    assert list(scene.all.list("originals/m")) == [MOVED]
    assert len(list(scene.all.survey())) == 2


def test_what_neither_has_is_missing_once_the_cold_place_is_there(scene: Scene) -> None:
    scene.moved.add("originals/lost")
    for unknown in ("originals/lost", "originals/never"):
        assert scene.all.stat(unknown) is None
        with pytest.raises(ObjectMissing):
            scene.all.open(unknown)
    scene.mounted = False
    with pytest.raises(StoreUnavailable):
        scene.all.stat("originals/lost")
    with pytest.raises(StoreUnavailable):
        scene.all.open("originals/lost")
    with pytest.raises(StoreUnavailable):
        scene.all.mend("originals/lost")
    with pytest.raises(StoreUnavailable):
        scene.all.require_working()
    assert scene.all.stat("originals/never") is None, "of that the cold place is not asked"


def test_new_objects_are_written_to_the_store_whether_or_not_the_cold_place_is_there(scene: Scene) -> None:
    scene.mounted = False
    scene.all.put("originals/new", b"new")
    with scene.all.create("originals/newer", 3) as writer:
        writer.write(b"abc")
        writer.commit()
    assert list(scene.store.list()) == [HERE, "originals/new", "originals/newer"]
    assert list(scene.cold.list("originals/")) == [MOVED]


def test_what_is_lost_is_mended_and_kept_where_it_lies(scene: Scene) -> None:
    for name, place in ((HERE, scene.store), (MOVED, scene.cold)):
        with scene.all.mend(name, 5) as writer:
            writer.write(b"again")
            writer.commit()
        assert read(place, name) == b"again"
        day = datetime.now(UTC) + timedelta(days=3)
        assert scene.all.keep_until(name, day) == place.keeping(name) == scene.all.keeping(name)
        assert scene.all.hold(name).held
        assert place.keeping(name).held
        assert not scene.all.release(name).held
        with pytest.raises(ObjectKept):
            scene.all.delete(name)
        assert read(scene.all, name) == b"again"


def test_what_is_removed_is_removed_in_both(scene: Scene) -> None:
    scene.store.put(MOVED, b"moved")
    scene.all.delete(MOVED)
    assert scene.store.stat(MOVED) is None
    assert scene.cold.stat(MOVED) is None


def test_where_no_place_is_named_what_was_moved_is_away_and_not_missing(tmp_path: Path) -> None:
    store = TieredStore(FolderStore(tmp_path), Behind(None, {MOVED}.__contains__, lambda: None))
    with pytest.raises(StoreUnavailable, match="LIUHEN_COLD_"):
        store.stat(MOVED)
    with pytest.raises(StoreUnavailable, match="LIUHEN_COLD_"):
        store.open(MOVED)
    assert store.stat(HERE) is None
