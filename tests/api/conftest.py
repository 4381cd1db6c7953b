from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from api.engines.roles import DatabaseAddresses


def _load(path: Path) -> ModuleType:
    """Tests are no package: what several of them share is loaded by its path, once."""
    name = f"liuhen_tests_{path.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


sealing_archive = _load(Path(__file__).parent / "sealing_archive.py")


@pytest.fixture
def sealing(addresses: DatabaseAddresses, tmp_path: Path) -> Iterator[Any]:
    """A whole archive in this process, with a database of its own."""
    archive = sealing_archive.SealingArchive(addresses, tmp_path)
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
