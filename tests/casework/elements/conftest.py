from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.casework.elements.team import Team


@pytest.fixture
def team(session: Session, archive: Any) -> Team:
    return Team(session, archive)
