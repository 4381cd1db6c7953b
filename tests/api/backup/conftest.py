"""An archive on a database server of its own, as on one box: what is backed up here is the whole server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.archive import Archive, open_archive
from api.backup.making import BackupMade, BackupOrder, make_backup
from api.backup.place import BackupPlace
from api.backup.restored import Restored, RestoreOrder
from api.backup.restoring import restore_backup
from api.backup.server import DatabaseServer
from api.engines.postgres import EmbeddedPostgres
from api.engines.roles import DatabaseAddresses
from api.settings import Settings
from storage.migrations.upgrading import upgrade
from storage.roots.given_secret import GivenSecret
from tests.api.sealing_archive import SealingArchive
from tests.conftest import QUICK

NO_PASSPHRASE = GivenSecret("LIUHEN_BACKUP_PASSPHRASE")


@dataclass
class Box:
    """A machine: its folder `data`, its database server, and the archive at work on them."""

    folder: Path
    postgres: EmbeddedPostgres
    addresses: DatabaseAddresses
    archive: SealingArchive

    def back_up(self, place: BackupPlace, *, objects: bool = True, passphrase: str | None = None) -> BackupMade:
        self.archive.settle()
        return make_backup(
            self.archive.archive,
            DatabaseServer.own(self.postgres),
            place,
            BackupOrder(objects, passphrase),
            lambda line: None,
        )


def restore(place: BackupPlace, name: str, data: Path, given: GivenSecret = NO_PASSPHRASE, **more: Any) -> Restored:
    log = {name: more.pop(name) for name in ("wal", "at", "accept_lost") if name in more}
    order = RestoreOrder(more.pop("objects", None), given, **log)
    return restore_backup(place, name, Settings(data=data, **more), order, lambda line: None)


@contextmanager
def started(folder: Path) -> Iterator[Box]:
    """The archive whose data folder is `folder`/data, made there or restored."""
    postgres = EmbeddedPostgres(folder / "data" / "postgres", folder / "data" / "secrets", options=QUICK)
    addresses = postgres.start()
    try:
        upgrade(addresses.owner)
        archive = SealingArchive(addresses, folder)
        try:
            yield Box(folder, postgres, addresses, archive)
        finally:
            archive.close()
    finally:
        postgres.stop()
        shutil.rmtree(postgres.sockets, ignore_errors=True)


@contextmanager
def opened(data: Path) -> Iterator[tuple[Archive, DatabaseAddresses]]:
    """A restored archive at rest, for looking."""
    postgres = EmbeddedPostgres(data / "postgres", data / "secrets", options=QUICK)
    addresses = postgres.start()
    archive = open_archive(Settings(data=data, database_url=addresses.app, database_worker_url=addresses.worker))
    try:
        yield archive, addresses
    finally:
        archive.database.close()
        postgres.stop()


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with started(tmp_path_factory.mktemp("box")) as box:
        yield box


@pytest.fixture
def place(tmp_path: Path) -> BackupPlace:
    return BackupPlace.at(tmp_path / "place")
