"""A recording whose copies leave redacted."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.casework.retrieval.redaction.scene import Scene


@pytest.fixture
def scene(session: Session, archive: Any) -> Scene:
    return Scene(session, archive)
