from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.engines.roles import DatabaseAddresses
from tests.api.sealing_archive import SealingArchive


@pytest.fixture
def sealing(addresses: DatabaseAddresses, tmp_path: Path) -> Iterator[Any]:
    """A whole archive in this process, with a database of its own."""
    archive = SealingArchive(addresses, tmp_path)
    yield archive
    archive.close()


@pytest.fixture
def commands(sealing: Any, addresses: DatabaseAddresses, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`liuhen …` in this process, on the archive of `sealing`, whose database counts as one elsewhere."""
    from api.cli.main import run

    named = {"LIUHEN_DATA": str(sealing.settings.data), "LIUHEN_DATABASE_URL": addresses.app}
    named |= {"LIUHEN_DATABASE_OWNER_URL": addresses.owner, "LIUHEN_DATABASE_SEQUENCER_URL": addresses.sequencer}
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    return lambda *words: run(list(words))
