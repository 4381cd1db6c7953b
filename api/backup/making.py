"""A backup, from an empty folder to a name that everybody sees.

The order is the argument (docs/decisions/0028-backup.md):

    1. the database           as of one instant, the end of PostgreSQL's own base backup
    2. the keys               later: every key that a row names was durable before its row
    3. the trial start        the copy is started, counted, and held against 2: a key that was destroyed between the two
                              is one the copy still needs, and then 1 begins anew
    4. the objects            later still: every object that a row names was durable before its row
    5. lists, signature, keys visible, the backup visible
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from api.archive import Archive
from api.backup.cluster import copy_cluster, started_copy, verify_cluster
from api.backup.digests import ListedFile, copy_durably, digest_file, list_files, write_lines
from api.backup.errors import KeysInFlux
from api.backup.facts import Facts, read_facts, stated_objects
from api.backup.keys_part import (
    KeyFiles,
    destroy_in,
    is_sealed,
    kek_ids,
    kek_path,
    package_key,
    read_keys,
    write_keys,
)
from api.backup.latest import note_backup
from api.backup.moments import note_moment
from api.backup.objects_part import GONE, LOST, ListedObject, ObjectCopier
from api.backup.place import (
    FACTS,
    FILES,
    OBJECTS,
    STATEMENT,
    UNFINISHED,
    BackupPlace,
    destroy_keys,
    disk_errors,
    instant_of,
    new_name,
)
from api.backup.server import DatabaseServer
from api.backup.statement import BackupStatement
from api.object_store import place_of
from api.root_access import root_access, telling_keys
from api.settings import ADDRESSES_IN_FILES, Settings, is_secret, variable_of
from api.trust_folder import FOLDER as TRUST_TSA
from api.wal.leaving import stream_under_way
from ingest.objects.stated import Stated
from integrity.durable_files import PRIVATE, new_folder, sync_folder, write_durably
from integrity.fields import format_instant
from storage.database import Database
from storage.kek_record import KekRecord
from storage.keystore import KeyStore
from storage.ledger.errors import StoreLacksLedger
from storage.ledger.files import LedgerFiles
from storage.objects.folder import FolderStore

_TRIES = 3
# Addresses of servers may hold passwords, and are of the machine that is lost.
_OF_THIS_MACHINE = frozenset(
    {
        *ADDRESSES_IN_FILES,
        *(f"{name}_file" for name in ADDRESSES_IN_FILES),
        *("wake_socket", "ready_file", "data"),
    }
)

Say = Callable[[str], None]


@dataclass(frozen=True)
class BackupOrder:
    """`copies_objects`: into the place's pool, else they are listed. `passphrase`: the keys are sealed with it.
    `authority`: where our own time-stamping authority has its keys, if not in the data folder."""

    copies_objects: bool
    passphrase: str | None
    authority: Path | None = None


@dataclass(frozen=True)
class BackupMade:
    """What was made and verified. `lost`: objects that are not whole in the archive itself. `forgotten`: keys destroyed
    since that were taken out of earlier backups here; `stream`: of write-ahead log that goes on from it, "" where none
    is shipped; `sealed_earlier`: backups of which nobody can take them."""

    name: str
    folder: Path
    facts: Facts
    objects: int
    object_bytes: int
    copied: int
    copied_bytes: int
    gone: int
    lost: tuple[str, ...]
    keys: int
    stream: str
    forgotten: int = 0
    sealed_earlier: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "folder": str(self.folder),
            "rows": self.facts.rows,
            "ledger_entries": self.facts.entries,
            "signed_size": self.facts.signed_size,
            "objects": self.objects,
            "object_bytes": self.object_bytes,
            "copied": self.copied,
            "copied_bytes": self.copied_bytes,
            "lost": list(self.lost),
            "keys": self.keys,
            "stream": self.stream,
            "keys_forgotten": self.forgotten,
            "sealed_earlier": list(self.sealed_earlier),
        }


def make_backup(
    archive: Archive, server: DatabaseServer, place: BackupPlace, order: BackupOrder, say: Say
) -> BackupMade:
    """Of an archive that may be running, whose database is on `server`. Whole and durable on return, or not there.

    Raises the errors under BackupError, UsageRefused, KeysUnusable, DatabaseUnusable, and what the object store raises.
    """
    server.require_copyable()
    with place.opened(), disk_errors(place.folder), telling_keys():
        name = new_name(datetime.now(UTC), place.names())
        try:
            with new_folder(place.folder / name) as folder:
                made = _Making(archive, server, place, order, say, name, folder).run()
        except BaseException:
            destroy_keys(place.keys / name)
            raise
        (place.keys / name / UNFINISHED).unlink()
        note_backup(archive.settings.data, instant_of(name), made.stream)
        with archive.database.transaction() as session:
            note_moment(session, instant_of(name))
        # Only now: whatever fails before, earlier backups are as they were.
        forgotten, sealed = _forget_in_earlier(place, name, made.facts)
        return replace(made, forgotten=forgotten, sealed_earlier=sealed)


class _Making:
    def __init__(
        self,
        archive: Archive,
        server: DatabaseServer,
        place: BackupPlace,
        order: BackupOrder,
        say: Say,
        name: str,
        folder: Path,
    ) -> None:
        self._archive, self._server, self._place, self._order = archive, server, place, order
        self._say, self._name, self._folder = say, name, folder
        self._stated = folder.parent / f".{name}.partial-stated"

    def run(self) -> BackupMade:
        facts, keys = self._copy_database_and_keys()
        _write_configuration(self._archive.settings, self._folder / "config")
        listed = list(self._list_objects())
        write_durably(self._folder / FACTS, facts.to_bytes(), PRIVATE)
        write_lines(self._folder / FILES, self._list_files())
        self._publish_keys(keys)
        self._sign(facts, keys)
        objects = [each for each in listed if each.state != GONE]
        return BackupMade(
            name=self._name,
            folder=self._place.folder / self._name,
            facts=facts,
            objects=len(objects),
            object_bytes=sum(each.size_bytes for each in objects),
            copied=self._copier.copied,
            copied_bytes=self._copier.copied_bytes,
            gone=len(listed) - len(objects),
            lost=tuple(each.name for each in objects if each.state == LOST),
            keys=len(kek_ids(keys)),
            stream=self._stream,
        )

    def _copy_database_and_keys(self) -> tuple[Facts, dict[str, bytes]]:
        missing: list[str] = []
        for attempt in range(_TRIES):
            cluster = self._folder / "database"
            if attempt:
                shutil.rmtree(cluster)
            self._say("复制数据库 / copying the database")
            self._stream = stream_under_way(self._server.url)
            copy_cluster(self._server, cluster)
            self._database_at = datetime.now(UTC)
            verify_cluster(cluster)
            settings = self._archive.settings
            keys = read_keys(settings.data, self._server.secrets, self._order.authority or settings.authority_folder)
            self._say("试启动数据库副本并核对 / starting the copy and counting it")
            facts = self._try_start(cluster)
            missing = [each for each in facts.keys if each not in kek_ids(keys)]
            if not missing:
                self._require_keys_open(keys)
                return facts, keys
        raise KeysInFlux(missing)

    def _try_start(self, cluster: Path) -> Facts:
        """That it starts, what it holds, and that what it signed last is in the store."""
        with started_copy(cluster, self._server.secrets, self._place.folder) as copy:
            facts = read_facts(copy)
            database = Database(copy.addresses().worker, pool_size=1)
            try:
                self._stated.unlink(missing_ok=True)
                write_lines(self._stated, (_StatedLine.of(kind, each) for kind, each in stated_objects(database)))
            finally:
                database.close()
        if facts.signed_size and not LedgerFiles(self._archive.store).has_checkpoint(facts.signed_size):
            raise StoreLacksLedger(facts.signed_size)
        return facts

    def _require_keys_open(self, keys: dict[str, bytes]) -> None:
        """Each as it was copied. Raises KeyStoreError."""
        store = KeyStore(self._archive.settings.data / "keys" / "root", root_access(self._archive.settings))
        for kek_id in sorted(kek_ids(keys)):
            path = kek_path(kek_id)
            store.open_record(KekRecord.parse(Path(path), keys[path], kek_id))

    def _list_objects(self) -> Iterator[ListedObject]:
        self._say("核对存储对象 / looking at the objects")
        archive = self._archive
        stores = [archive.everywhere, *([archive.copies] if archive.copies is not None else [])]
        pool = FolderStore(self._place.pool) if self._order.copies_objects else None
        self._copier = ObjectCopier(archive.database, stores, pool)
        listed: list[ListedObject] = []
        with self._stated.open(encoding="utf-8") as lines:
            stated = (_StatedLine(**json.loads(line)).parse() for line in lines)
            for each in self._copier.take(stated):
                listed.append(each)
                yield each
        write_lines(self._folder / OBJECTS, listed)
        self._stated.unlink()

    def _list_files(self) -> Iterator[ListedFile]:
        for part in ("config", "database"):
            for each in list_files(self._folder / part):
                yield ListedFile(f"{part}/{each.path}", each.size_bytes, each.sha256)

    def _publish_keys(self, keys: dict[str, bytes]) -> None:
        with new_folder(self._place.keys / self._name) as folder:
            write_keys(folder, self._name, keys, self._order.passphrase)
            self._key_digests = {each.path: each.sha256 for each in list_files(folder)}
            write_durably(folder / UNFINISHED, b"", PRIVATE)

    def _sign(self, facts: Facts, keys: KeyFiles) -> None:
        """By the key that is among those copied: another may have taken its place meanwhile."""
        statement = BackupStatement(
            name=self._name,
            made_at=format_instant(datetime.now(UTC)),
            origin=self._archive.keyring.origin,
            lists={each: digest_file(self._folder / each) for each in (FILES, OBJECTS, FACTS)},
            keys=self._key_digests,
            keys_sealed=self._order.passphrase is not None,
            objects="copied" if self._order.copies_objects else "listed",
            store=place_of(self._archive.settings),
            signed_size=facts.signed_size,
            stream=self._stream,
            database_at=format_instant(self._database_at),
        )
        content = statement.sign(package_key(keys))
        write_durably(self._folder / STATEMENT, content, PRIVATE)
        sync_folder(self._folder)


@dataclass(frozen=True, slots=True)
class _StatedLine:
    kind: str
    id: str
    name: str
    size_bytes: int
    sha256: str

    @classmethod
    def of(cls, kind: str, stated: Stated) -> _StatedLine:
        return cls(kind, str(stated.id), stated.object_name, stated.size_bytes, stated.sha256.hex())

    def parse(self) -> tuple[str, Stated]:
        return self.kind, Stated(uuid.UUID(self.id), self.name, self.size_bytes, bytes.fromhex(self.sha256))


def _forget_in_earlier(place: BackupPlace, name: str, facts: Facts) -> tuple[int, tuple[str, ...]]:
    """Keys that the ledger says were destroyed go out of earlier backups here as well, where they lie open."""
    if not facts.destroyed:
        return 0, ()
    earlier = [place.keys / each for each in place.names() if each < name]
    sealed = tuple(folder.name for folder in earlier if is_sealed(folder))
    return sum(destroy_in(folder, facts.destroyed) for folder in earlier), sealed


def _write_configuration(settings: Settings, folder: Path) -> None:
    """What was set, but for secrets; the pins of an authority elsewhere; whether it is a demo."""
    folder.mkdir(mode=0o700)
    said = {
        variable_of(name): str(getattr(settings, name))
        for name in sorted(settings.model_fields_set - _OF_THIS_MACHINE)
        if not is_secret(name)
    }
    write_durably(folder / "settings.json", json.dumps(said, ensure_ascii=False, indent=1).encode() + b"\n", PRIVATE)
    if (settings.data / TRUST_TSA).is_dir():
        copy_durably(settings.data / TRUST_TSA, folder / TRUST_TSA)
    if (settings.data / "demo.json").is_file():
        write_durably(folder / "demo.json", (settings.data / "demo.json").read_bytes(), PRIVATE)
