from __future__ import annotations

from pathlib import Path

import pytest

from tests.storage.root_holders import Secrets


@pytest.fixture
def given(softhsm: None, tmp_path: Path) -> Secrets:
    """The secrets of every holder."""
    return Secrets(tmp_path)
