"""A shelf with a folder for a store, and another for its cold place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.engines.roles import DatabaseAddresses
from storage.database import Database
from storage.objects.folder import FolderStore
from tests.ingest.cold_shelf import ColdShelf


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def cold_root(tmp_path: Path) -> Path:
    return tmp_path / "cold"


@pytest.fixture
def shelf(addresses: DatabaseAddresses, database: Database, root: Path, cold_root: Path) -> Iterator[ColdShelf]:
    shelf = ColdShelf(addresses, database, FolderStore(root), FolderStore(cold_root))
    yield shelf
    shelf.close()
