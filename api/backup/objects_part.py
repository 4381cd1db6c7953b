"""Stored objects of a backup: copied once into the pool of all backups, and each listed with its digest.

They are copied after the database: every object that its rows name was durable before its row was. What was disposed of
between has neither row nor object any more, and is listed as gone. The pool never shares a file with the store by a
hard link: a bit that rots would rot in both.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from ingest.objects.stated import Stated
from integrity.fields import format_instant
from storage.catalog.object_looks import ObjectLook
from storage.database import Database
from storage.errors import ObjectMissing, ObjectStoreError
from storage.objects.folder import FolderStore
from storage.objects.protocol import ObjectStore

PIECE_BYTES = 1 << 20
KEPT, IN_STORE, GONE, LOST = "kept", "in_store", "gone", "lost"
"""In the pool; in the archive's own store and listed only; disposed of while the backup was made; not whole there."""


@dataclass(frozen=True, slots=True)
class ListedObject:
    """`sha256` of the stored bytes, in hex, as it was signed; "" where nothing signed says so. `until`, `held`: why the
    store refuses to delete it, known where it was copied."""

    id: str
    kind: str
    name: str
    size_bytes: int
    sha256: str
    state: str
    version_id: str = ""
    until: str | None = None
    held: bool = False


class ObjectCopier:
    """Copies from `stores`, the first that gives the right bytes, into `pool`; without one it only looks."""

    def __init__(self, database: Database, stores: Collection[ObjectStore], pool: FolderStore | None) -> None:
        self._database, self._stores, self._pool = database, tuple(stores), pool
        self.copied = self.copied_bytes = 0

    def take(self, stated: Iterable[tuple[str, Stated]]) -> Iterator[ListedObject]:
        """Each object as it is listed. Raises what the stores raise when they do not answer."""
        for kind, each in stated:
            yield self._take(kind, each)

    def _take(self, kind: str, stated: Stated) -> ListedObject:
        store = self._stores[0]
        state, until, held = IN_STORE, None, False
        found = store.stat(stated.object_name)
        if self._pool is not None:
            state = KEPT if self._is_in_pool(stated) or self._copy(stated) else LOST
            with suppress(ObjectMissing):
                keeping = store.keeping(stated.object_name)
                until, held = keeping.until, keeping.held
        elif found is None or found.size_bytes != stated.size_bytes:
            state = LOST
        if state == LOST and not self._is_still_named(stated.id):
            state = GONE
        return ListedObject(
            id=str(stated.id),
            kind=kind,
            name=stated.object_name,
            size_bytes=stated.size_bytes,
            sha256=stated.sha256.hex(),
            state=state,
            version_id="" if found is None else found.version_id,
            until=None if until is None else format_instant(until),
            held=held,
        )

    def _is_in_pool(self, stated: Stated) -> bool:
        assert self._pool is not None
        found = self._pool.stat(stated.object_name)
        return found is not None and found.size_bytes == stated.size_bytes

    def _copy(self, stated: Stated) -> bool:
        assert self._pool is not None
        for store in self._stores:
            try:
                if copy_object(store, self._pool, stated.object_name, stated.size_bytes, stated.sha256.hex()):
                    self.copied, self.copied_bytes = self.copied + 1, self.copied_bytes + stated.size_bytes
                    return True
            except ObjectMissing:
                continue
        return False

    def _is_still_named(self, object_id: uuid.UUID) -> bool:
        with self._database.reading() as session:
            return session.scalar(select(ObjectLook.id).where(ObjectLook.id == object_id)) is not None


def copy_object(
    source: ObjectStore, target: ObjectStore, name: str, size_bytes: int, sha256: str, *, mends: bool = False
) -> bool:
    """Whether it is in `target` now with these bytes: hashed on the way, then read back from the medium.

    `sha256` "": of what is read, whatever it is. `mends`: it takes the place of what was lost, and says so. Raises
    ObjectMissing, and what the stores raise.
    """
    hasher = hashlib.sha256()
    with source.open(name) as reader:
        if reader.size_bytes != size_bytes:
            return False
        reader.expect(0, size_bytes)
        with (target.mend if mends else target.create)(name, size_bytes) as writer:
            for offset in range(0, size_bytes, PIECE_BYTES):
                piece = reader.read_span(offset, min(PIECE_BYTES, size_bytes - offset))
                hasher.update(piece)
                writer.write(piece)
            if sha256 and hasher.hexdigest() != sha256:
                return False
            writer.commit()
    return digest_object(target, name) == hasher.hexdigest()


def digest_object(store: ObjectStore, name: str) -> str:
    """SHA-256 in hex, read from the medium. Raises what the store raises."""
    hasher, buffer = hashlib.sha256(), memoryview(bytearray(PIECE_BYTES))
    with store.open(name, cold=True) as reader:
        for offset in range(0, reader.size_bytes, PIECE_BYTES):
            hasher.update(buffer[: reader.read_into(offset, buffer)])
    return hasher.hexdigest()


def read_objects(path: Path) -> Iterator[ListedObject]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield ListedObject(**json.loads(line))


def find_object_flaws(pool: FolderStore, listed: Iterable[ListedObject]) -> Iterator[str]:
    """What the pool should hold and does not, byte for byte."""
    for each in listed:
        if each.state != KEPT:
            continue
        path = pool.root / each.name
        try:
            found = pool.stat(each.name)
            if found is None:
                yield f"缺失 / missing: {path}"
            elif found.size_bytes != each.size_bytes:
                yield f"大小不符 / another size: {path}"
            elif each.sha256 and digest_object(pool, each.name) != each.sha256:
                yield f"内容不符 / other bytes: {path}"
        except ObjectStoreError as error:
            yield f"无法读取 / unreadable: {path} ({error})"


def put_object(sources: Sequence[ObjectStore], target: ObjectStore, each: ListedObject) -> str | None:
    """See that an object is in the new store, byte for byte, and kept there as long; what is not so, or None. What it
    lacks comes from the first of `sources` that gives the right bytes."""
    until, held = each.until, each.held
    try:
        found = target.stat(each.name)
        if found is None:
            if not any(_copied(source, target, each) for source in sources):
                return f"对象缺失 / object missing: {each.name}"
            if each.state == IN_STORE:
                # Only who copied it asked why it is kept.
                until, held = kept_by(sources, each.name)
        elif found.size_bytes != each.size_bytes:
            return f"对象大小不符 / object of another size: {each.name}"
        elif each.sha256 and digest_object(target, each.name) != each.sha256:
            return f"对象内容不符 / object of other bytes: {each.name}"
        if until is not None:
            target.keep_until(each.name, datetime.fromisoformat(until))
        if held:
            target.hold(each.name)
    except ObjectMissing:
        return f"对象缺失 / object missing: {each.name}"
    return None


def kept_by(stores: Iterable[ObjectStore], name: str) -> tuple[str | None, bool]:
    """Until when the first of the stores that has it refuses to delete it, and whether for good.

    Raises what a store raises that does not answer: what nobody could ask would be put in place without its lock.
    """
    for store in stores:
        with suppress(ObjectMissing):
            keeping = store.keeping(name)
            return None if keeping.until is None else format_instant(keeping.until), keeping.held
    return None, False


def _copied(source: ObjectStore, target: ObjectStore, each: ListedObject) -> bool:
    try:
        # It gets another version there than was sealed, which the store itself has to explain.
        return copy_object(source, target, each.name, each.size_bytes, each.sha256, mends=True)
    except ObjectMissing:
        return False


def prune_pool(pool: FolderStore, named: Iterable[Path]) -> int:
    """Remove what no list of `named` names any more; how many objects that were."""
    wanted = {each.name for path in named for each in read_objects(path)}
    condemned = [name for name in pool.list() if name not in wanted]
    for name in condemned:
        pool.delete(name)
    return len(condemned)
