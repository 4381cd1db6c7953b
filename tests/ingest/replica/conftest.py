"""A shelf with a folder for a store, and another for its replica."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.engines.roles import DatabaseAddresses
from storage.database import Database
from storage.objects.folder import FolderStore
from tests.ingest.replica_shelf import ReplicaShelf


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def second_root(tmp_path: Path) -> Path:
    return tmp_path / "replica"


@pytest.fixture
def shelf(addresses: DatabaseAddresses, database: Database, root: Path, second_root: Path) -> Iterator[ReplicaShelf]:
    shelf = ReplicaShelf(addresses, database, FolderStore(root), FolderStore(second_root))
    yield shelf
    shelf.close()
