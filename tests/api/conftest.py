from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.engines.roles import DATABASE, DatabaseAddresses
from tests.api.sealing_archive import KeptArchive, kept_archive
from tests.databases import MigratedServer


@pytest.fixture(scope="session")
def bare(server: MigratedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptArchive]:
    """With keys, people, a station and a case: what every archive of `sealing` begins with."""
    with kept_archive(server, tmp_path_factory.mktemp("bare")) as kept:
        yield kept


@pytest.fixture
def begun_with(bare: KeptArchive) -> KeptArchive:
    """What `sealing` is a copy of; a module whose tests all begin with more says so by a fixture of this name."""
    return bare


@pytest.fixture
def template(request: pytest.FixtureRequest) -> str:
    if "sealing" not in request.fixturenames:
        return DATABASE
    kept: KeptArchive = request.getfixturevalue("begun_with")
    return kept.database


@pytest.fixture
def sealing(addresses: DatabaseAddresses, tmp_path: Path, begun_with: KeptArchive) -> Iterator[Any]:
    """A whole archive in this process, with a database of its own."""
    archive = begun_with.copy_into(addresses, tmp_path)
    yield archive
    archive.close()


@pytest.fixture
def commands(sealing: Any, addresses: DatabaseAddresses, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`liuhen …` in this process, on the archive of `sealing`, whose database counts as one elsewhere."""
    from api.cli.main import run

    named = {"LIUHEN_DATA": str(sealing.settings.data), "LIUHEN_DATABASE_URL": addresses.app}
    named |= {"LIUHEN_DATABASE_OWNER_URL": addresses.owner, "LIUHEN_DATABASE_WORKER_URL": addresses.worker}
    named |= {"LIUHEN_DATABASE_SEQUENCER_URL": addresses.sequencer}
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    return lambda *words: run(list(words))
