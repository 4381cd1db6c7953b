from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy.orm import Session


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


sample_archive = _load(Path(__file__).parent.parent / "casework" / "sample_archive.py")


@pytest.fixture
def archive(session: Session) -> Any:
    """The sample archive in the test's own session, rolled back at its end."""
    return sample_archive.SampleArchive(session)


@pytest.fixture
def archive_in() -> Any:
    """The sample archive in a session of the test's choice, for what commits."""
    return sample_archive.SampleArchive
