"""The composition root: one frozen value with every part of an archive, built from the settings and handed down."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from api.cold_store import open_cold_place
from api.errors import UsageRefused
from api.keyring import Keyring, open_keyring
from api.logs import write_warnings
from api.object_store import TriedStore, open_store
from api.replica_store import open_replica
from api.root_access import root_access
from api.settings import Settings
from ingest.cold.place import ColdPlace
from ingest.cold.whereabouts import everywhere
from ingest.replica.mark import Replica
from ingest.uploads.staging import Staging
from integrity.errors import AuthorityUnreachable
from storage.database import Database
from storage.keystore import KeyStore
from storage.ledger.files import LedgerFiles
from storage.ledger.reading import LedgerReader
from storage.objects.protocol import ObjectStore
from storage.objects.tiered import TieredStore
from storage.seal_keys import SealKeys

if TYPE_CHECKING:
    from integrity.timestamp import TimestampToken

TSA_TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Archive:
    """Parts are made when first used: a worker that never signs never loads a private key."""

    settings: Settings
    database: Database
    store: ObjectStore
    keyring: Keyring

    @cached_property
    def key_store(self) -> KeyStore:
        return KeyStore(self.keyring.key_store_folder, root_access(self.settings))

    @property
    def closed_key_store(self) -> KeyStore:
        """The same for whoever only destroys: the root key is not asked for."""
        return KeyStore(self.keyring.key_store_folder, root_access(self.settings), opened=False)

    @property
    def seal_keys(self) -> SealKeys:
        """The private keys of the units' seals."""
        return SealKeys(self.keyring.folder / "seals")

    @cached_property
    def ledger_files(self) -> LedgerFiles:
        return LedgerFiles(self.store)

    @cached_property
    def ledger(self) -> LedgerReader:
        return LedgerReader(self.database, self.ledger_files, self.keyring.ledger_vkey)

    @property
    def staging_folder(self) -> Path:
        """This node's own: where it is set, or in the data folder, on a disk of its own where one is mounted there."""
        return self.settings.staging_folder or self.settings.data / "staging"

    @property
    def staging(self) -> Staging:
        """That folder, made where it is missing, for the node that this process is of."""
        return Staging(self.staging_folder, self.settings.node)

    @property
    def work_folder(self) -> Path:
        """Private; short-lived plaintext for the media tools. What an ended worker left in it, the next one removes."""
        return self.settings.data / "work"

    @cached_property
    def replica(self) -> Replica | None:
        """The second store, where one is named. Raises UsageRefused."""
        return open_replica(self.settings)

    @property
    def copies(self) -> ObjectStore | None:
        """Where whoever reads turns to when the store fails: the second one, if any."""
        return None if self.replica is None else self.replica.store

    @cached_property
    def cold(self) -> ColdPlace | None:
        """The cold place, where one is named. Raises UsageRefused."""
        return open_cold_place(self.settings)

    @cached_property
    def everywhere(self) -> TieredStore:
        """The store, and behind it the cold place: for whoever looks after what is sealed, wherever it lies. People are
        given what is in the store alone."""
        return everywhere(self.database, self.store, self.cold)

    @cached_property
    def tried_store(self) -> TriedStore:
        """Whether objects can be written, for whoever only asks."""
        return TriedStore(self.store)

    def request_token(self, data: bytes) -> TimestampToken:
        """A token from the first authority that answers. Raises AuthorityUnreachable, TimestampRefused."""
        # Who seals asks for tokens; the processes that answer people do without the client.
        from integrity.timestamp import request_timestamp

        if not self.settings.tsa_urls:
            raise UsageRefused(
                "没有时间戳服务地址；请用 liuhen up 启动，或设置 LIUHEN_TSA_URLS",
                "no time-stamping authority is named: start with `liuhen up`, or set LIUHEN_TSA_URLS",
            )
        *others, last = self.settings.tsa_urls
        for url in others:
            try:
                return request_timestamp(url, data, TSA_TIMEOUT_SECONDS)
            except AuthorityUnreachable:
                continue
        return request_timestamp(last, data, TSA_TIMEOUT_SECONDS)


def open_archive(settings: Settings, *, pool_size: int = 5, process: str = "liuhen") -> Archive:
    """The archive that the settings describe, for what acts for nobody: workers and commands.

    Nothing is connected to yet. What is worth a warning goes to stderr from here on, unless this process said before
    where its log goes. Raises UsageRefused without a database.
    """
    write_warnings()
    url = _named(settings.database_worker_url, "LIUHEN_DATABASE_WORKER_URL")
    return _open(settings, Database(url, pool_size=pool_size, application_name=process))


def open_archive_for_people(settings: Settings, *, pool_size: int = 5, process: str = "liuhen-http") -> Archive:
    """As `open_archive`, by the login for what answers people, each of whom sees his own."""
    url = _named(settings.database_url, "LIUHEN_DATABASE_URL")
    return _open(settings, Database(url, pool_size=pool_size, application_name=process, for_people=True))


def _named(url: str | None, variable: str) -> str:
    if url is None:
        raise UsageRefused(
            f"没有数据库地址；请用 liuhen up 启动，或设置 {variable}",
            f"no database is named: start with `liuhen up`, or set {variable}",
        )
    return url


def _open(settings: Settings, database: Database) -> Archive:
    return Archive(
        settings=settings,
        database=database,
        store=open_store(settings),
        keyring=open_keyring(settings),
    )
