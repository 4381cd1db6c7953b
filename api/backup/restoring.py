"""A backup, put in place on an empty machine and compared with what it says of itself before anybody sees it.

    1. the backup is checked: signature, every file, keys                nothing was written yet
    2. database, keys and configuration, under a passing name; where the write-ahead log goes on, its keys instead, and
       PostgreSQL's recovery to its end or to an instant
    3. keys that the ledger, or a later backup, says were destroyed are destroyed again
    4. the database is started and compared, table by table              before anything writes to it; with a log, what
       can be: the position in its mark was reached, and nothing of the ledger is less than it was
    5. objects: copied or found in place, each read whole and compared
    6. the ledger's files are made anew from its rows                    as far as it was signed by then
    7. every key that a row names opens; the audit of `liuhen verify` finds no more than it found before
    8. the folder gets its name

Nothing is signed here. Where the store, or a later backup, knows of a longer ledger, that is left for the sequencer to
see: it refuses to sign a second one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from api.archive import Archive, open_archive
from api.backup.checking import CheckedBackup, check_backup
from api.backup.cluster import started_cluster
from api.backup.digests import copy_durably
from api.backup.errors import BackupDamaged, RestoreDiffers
from api.backup.facts import Facts, differences, read_facts, stated_objects, steps_back
from api.backup.keys_part import kek_ids, kek_path
from api.backup.objects_part import GONE, KEPT, LOST, ListedObject, kept_by, put_object, read_objects
from api.backup.place import BackupPlace, disk_errors
from api.backup.replaying import Replayed, replay
from api.backup.restored import Restored, RestoreOrder
from api.cold_store import cold_rule
from api.engines.postgres import SUPERUSER, EmbeddedPostgres, hand_passwords, secret_name
from api.engines.running import given_passwords, migrate
from api.errors import UsageRefused
from api.object_store import require_usable_store, store_address
from api.root_access import telling_keys
from api.settings import Settings
from api.trust_folder import FOLDER as TRUST_TSA
from api.verification import verify_archive
from api.wal.errors import InstantOutside
from api.wal.stored import StoredLog, WalRange, find_log
from ingest.cold.restored import note_in_store
from ingest.objects.stated import Stated
from integrity.durable_files import PRIVATE, new_folder, sync_folder, write_durably
from integrity.errors import EvidenceError
from integrity.ledger_entry import parse_entry
from integrity.tiles import TILE_WIDTH, Bundle, decode_bundle
from retention.key_disposal import DESTROYED, forget_disposed
from storage.catalog.data_keys import KEEPS_DATA_KEY
from storage.catalog.recordings import Recording
from storage.errors import ObjectExists, StorageError
from storage.key_errors import KeyMissing
from storage.key_files import make_private_folder
from storage.ledger.errors import LedgerContradiction
from storage.ledger.republishing import republish
from storage.objects.folder import FolderStore
from storage.objects.protocol import ObjectStore

Say = Callable[[str], None]


def restore_backup(place: BackupPlace, name: str, settings: Settings, order: RestoreOrder, say: Say) -> Restored:
    """Into `settings.data`, which is not there yet or empty; whole and durable on return, or not there.

    Raises the errors under BackupError, UsageRefused, KeysUnusable, and what the object store raises.
    """
    _require_empty(settings.data)
    with telling_keys():
        say("核对备份 / checking the backup")
        checked = check_backup(place, name, order.passphrase)
        log = None if order.wal is None else _find_log(checked, order.wal, order.at)
        require_store_of(checked, settings, order.objects)
        if store_address(settings) is not None:
            require_usable_store(settings)
        with disk_errors(settings.data.parent):
            settings.data.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                settings.data.rmdir()
            with new_folder(settings.data) as folder:
                return _Restoring(checked, log, settings, order, say, folder).run()


class _Restoring:
    def __init__(
        self,
        checked: CheckedBackup,
        log: StoredLog | None,
        settings: Settings,
        order: RestoreOrder,
        say: Say,
        folder: Path,
    ) -> None:
        self._checked, self._log, self._order, self._say, self._folder = checked, log, order, say, folder
        self._data, self._settings = settings.data, settings.model_copy(update={"data": folder})
        self._keys = checked.keys if log is None else log.keys(order.passphrase)
        self._passwords = given_passwords(settings)
        # From a server elsewhere, or for one: its passwords lie with whoever runs it, and its settings are not ours.
        self._foreign = bool(self._passwords) or f"secrets/{secret_name(SUPERUSER)}" not in self._keys
        self._destroyed = checked.destroyed if log is None else checked.destroyed | log.destroyed()
        self._signed_size, self._note = checked.signed_size, checked.note
        if log is not None and log.shipped.signed_size > self._signed_size:
            self._signed_size, self._note = log.shipped.signed_size, log.shipped.note
        self._objects = self._bytes = self._lost_before = self._newer = self._gone_since = 0
        self._lost_after: list[str] = []

    def run(self) -> Restored:
        self._say("还原数据库、密钥和设置 / putting database, keys and configuration in place")
        self._put_in_place()
        replayed = self._replay()
        secrets = self._folder / "secrets"
        if self._foreign:
            hand_passwords(secrets, self._passwords)
        with started_cluster(self._folder / "postgres", secrets, foreign=self._foreign) as postgres:
            self._say("逐表比对 / comparing table by table")
            facts = read_facts(postgres)
            compare = differences if self._log is None else steps_back
            _require_none(list(compare(self._checked.facts, facts)))
            migrate(postgres.addresses())
            with self._opened(postgres) as archive:
                destroyed = self._forget_destroyed(archive, facts)
                self._say("逐个核对存储对象 / comparing object by object")
                _require_none(list(self._put_objects(archive, destroyed)))
                ahead = self._put_ledger(archive)
                self._say("核对密钥 / comparing keys")
                _require_none(list(self._keys_that_do_not_open(archive, facts, destroyed)))
                unreadable = _count_under(archive, destroyed)
                self._say("核验 / auditing")
                audit = verify_archive(archive, 0, stands=True)
        for name in ("log", "run", "work"):
            shutil.rmtree(self._folder / name, ignore_errors=True)
        return Restored(
            data=self._data,
            facts=facts,
            objects=self._objects,
            object_bytes=self._bytes,
            keys=len(facts.keys),
            keys_destroyed=len(destroyed),
            unreadable=unreadable,
            lost_before=self._lost_before,
            ahead=ahead,
            audit=audit,
            replayed=replayed,
            log_end=None if self._log is None else self._log.shipped.at,
            newer=self._newer,
            lost_after=tuple(self._lost_after),
            gone_since=self._gone_since,
            foreign=self._foreign,
        )

    def _replay(self) -> Replayed | None:
        if self._log is None:
            return None
        self._say("恢复预写日志 / going on with the write-ahead log")
        return replay(self._folder / "postgres", self._folder / "secrets", self._log, self._order.at)

    def _put_in_place(self) -> None:
        """Keys that were destroyed since are not put in place at all."""
        copy_durably(self._checked.folder / "database", self._folder / "postgres")
        (self._folder / "postgres" / "backup_manifest").unlink()
        left_out = {kek_path(each) for each in self._destroyed}
        for path, content in sorted(self._keys.items()):
            if path not in left_out:
                _write_private(self._folder, path, content)
        make_private_folder(self._folder / "keys" / "root" / "keys", self._folder)
        config = self._checked.folder / "config"
        if (config / TRUST_TSA).is_dir():
            copy_durably(config / TRUST_TSA, self._folder / TRUST_TSA)
        if (config / "demo.json").is_file():
            write_durably(self._folder / "demo.json", (config / "demo.json").read_bytes(), PRIVATE)

    @contextmanager
    def _opened(self, postgres: EmbeddedPostgres) -> Iterator[Archive]:
        addresses = postgres.addresses()
        update = {"database_url": addresses.app, "database_worker_url": addresses.worker}
        archive = open_archive(self._settings.model_copy(update=update), pool_size=2, process="liuhen-restore")
        try:
            yield archive
        finally:
            archive.database.close()

    def _forget_destroyed(self, archive: Archive, facts: Facts) -> set[str]:
        """By the ledger in the database, and by what the store's ledger has beyond it. Gives those that rows here name,
        and those that were there to be put in place."""
        keys = archive.closed_key_store
        with archive.database.reading() as session:
            gone = set(forget_disposed(session, keys))
        beyond = set(_destroyed_beyond(archive, facts.signed_size))
        for kek_id in beyond.intersection(keys.list_keks()):
            keys.destroy_kek(kek_id)
            gone.add(kek_id)
        concerned = set(facts.keys).union(kek_ids(self._checked.keys if self._log is None else self._keys))
        return gone | concerned.intersection(self._destroyed | beyond)

    def _put_objects(self, archive: Archive, destroyed: set[str]) -> Iterator[str]:
        sources, target = self._sources(archive), _target(archive)
        disposed = None if self._log is None else _objects_under(archive, destroyed)
        for each, newer in self._listed(archive, sources):
            if each.state == GONE:
                continue
            if each.state == LOST:
                self._lost_before += 1
                continue
            difference = put_object(sources, target, each)
            if difference is not None and disposed is not None and each.id in disposed:
                self._gone_since += 1
                continue
            if difference is not None and newer:
                self._lost_after.append(each.name)
                if not self._order.accept_lost:
                    yield f"{difference}（备份之后存入，可用 --objects 指明 / newer: name its folder with --objects）"
                continue
            if difference is not None:
                yield difference
            elif archive.everywhere.behind.has(each.name):
                note_in_store(archive.database, archive.store, each.name, cold_rule(self._settings))
            self._newer += newer
            self._objects, self._bytes = self._objects + 1, self._bytes + each.size_bytes

    def _sources(self, archive: Archive) -> tuple[ObjectStore, ...]:
        """Where objects come from that the store lacks: first what is named or in the backup, then the replica."""
        folder = FolderStore(self._order.objects or self._checked.place.pool)
        return (folder,) if archive.copies is None else (folder, archive.copies)

    def _listed(self, archive: Archive, sources: Sequence[ObjectStore]) -> Iterator[tuple[ListedObject, bool]]:
        """As the backup lists them; where the log goes on, as the database names them then. And whether it is newer."""
        if self._log is None:
            for each in read_objects(self._checked.objects):
                yield each, False
            return
        known = {each.name: each for each in read_objects(self._checked.objects)}
        for kind, stated in stated_objects(archive.database):
            before = known.get(stated.object_name)
            yield (_listed_since(sources, kind, stated), True) if before is None else (before, False)

    def _put_ledger(self, archive: Archive) -> int | None:
        """The ledger's files; and the longest checkpoint that is known, for the sequencer to meet."""
        files, vkey = archive.ledger_files, archive.keyring.ledger_vkey
        known, note = self._signed_size, self._note.encode()
        try:
            in_store = files.latest_checkpoint(vkey)
            if in_store is not None and in_store[0].size >= known:
                known, note = in_store[0].size, in_store[1]
            size = republish(archive.database, files, vkey, note)
        except (ObjectExists, EvidenceError, LedgerContradiction) as error:
            raise RestoreDiffers([f"存储中是另一本账 / the store has another ledger: {error}"]) from error
        if known <= size:
            return None
        if in_store is None or in_store[0].size < known:
            files.publish_checkpoint(known, note)
        return known

    def _keys_that_do_not_open(self, archive: Archive, facts: Facts, destroyed: set[str]) -> Iterator[str]:
        """Raises RootKeyError where the root key does not open with what the settings give."""
        store = archive.key_store
        for kek_id in facts.keys:
            if kek_id not in destroyed:
                try:
                    store.open_record(store.read_kek(kek_id))
                except KeyMissing:
                    yield f"密钥缺失 / key missing: {kek_id}"


def _find_log(checked: CheckedBackup, place: Path, at: datetime | None) -> StoredLog:
    """Raises WalMissing, WalDamaged, InstantOutside."""
    try:
        base = WalRange.of(checked.folder / "database")
    except (OSError, ValueError, KeyError) as error:
        raise BackupDamaged([f"缺失 / missing: {checked.folder}/database/backup_manifest ({error})"]) from error
    log = find_log(place, checked.statement.stream, base)
    begin = datetime.fromisoformat(checked.statement.database_at)
    if at is not None and not begin <= at <= log.shipped.at:
        raise InstantOutside(at, begin, log.shipped.at)
    return log


def _listed_since(sources: Sequence[ObjectStore], kind: str, stated: Stated) -> ListedObject:
    until, held = kept_by(sources, stated.object_name)
    return ListedObject(
        id=str(stated.id),
        kind=kind,
        name=stated.object_name,
        size_bytes=stated.size_bytes,
        sha256=stated.sha256.hex(),
        state=KEPT,
        until=until,
        held=held,
    )


def _objects_under(archive: Archive, keks: set[str]) -> set[str]:
    with archive.database.reading() as session:
        found = [session.scalars(select(table.id).where(table.kek_id.in_(keks))).all() for table in KEEPS_DATA_KEY]
    return {str(each) for ids in found for each in ids}


def _target(archive: Archive) -> ObjectStore:
    """Where originals that were moved are looked for, and all others put: in the cold place too where that is there, as
    the backup knew it. Otherwise everything goes into the store."""
    try:
        archive.everywhere.require_working()
    except StorageError:
        return archive.store
    return archive.everywhere


def _count_under(archive: Archive, destroyed: set[str]) -> int:
    with archive.database.reading() as session:
        return session.scalar(select(func.count()).where(Recording.kek_id.in_(destroyed))) or 0


def _destroyed_beyond(archive: Archive, size: int) -> Iterator[str]:
    """Keys that entries destroyed which the store's ledger has, and the database does not know."""
    files = archive.ledger_files
    latest = files.latest_checkpoint(archive.keyring.ledger_vkey)
    end = 0 if latest is None else latest[0].size
    for number in range(size // TILE_WIDTH, -(-end // TILE_WIDTH)):
        width = min(TILE_WIDTH, end - number * TILE_WIDTH)
        content = files.fetch(Bundle(number, width).path)
        for entry in decode_bundle(content, width) if content is not None else ():
            parsed = parse_entry(entry)
            if parsed.action == DESTROYED:
                yield parsed.subject_id


def require_store_of(checked: CheckedBackup, settings: Settings, objects: Path | None) -> None:
    """Raise UsageRefused where objects are neither in the backup nor in what the settings name."""
    if objects is not None or store_address(settings) is not None or settings.replica_place is not None:
        return
    if any(each.state not in (KEPT, GONE, LOST) for each in read_objects(checked.objects)):
        raise UsageRefused(
            f"此备份不含对象，它们在 {checked.statement.store}；请用 --objects 指明其所在目录，"
            "或设置 LIUHEN_S3_URL 或副本存储",
            f"this backup has no objects in it: they are in {checked.statement.store}. Name the folder that has them "
            "with --objects, or set LIUHEN_S3_URL, or the replica, with its neighbours",
        )


def _require_empty(data: Path) -> None:
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise UsageRefused(
            f"{data} 不是空目录；还原只写入新的或空的目录，请另指一处",
            f"{data} is not an empty folder: a restore is made into a new or empty one, name another",
        )


def _require_none(found: list[str]) -> None:
    if found:
        raise RestoreDiffers(found)


def _write_private(folder: Path, path: str, content: bytes) -> None:
    target = folder / path
    make_private_folder(target.parent, folder)
    write_durably(target, content, PRIVATE)
    sync_folder(target.parent)
