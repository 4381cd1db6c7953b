"""A recording that may be viewed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.http.playback.viewing import consented


@pytest.fixture
def granted(served: Any, scene: Any) -> Any:
    consented(served, scene)
    return scene
