from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.orm import Session

from storage.database import Database
from tests.casework.procedure.conftest import make_team
from tests.databases import rolled_back


@pytest.fixture
def session(of_before: Database) -> Iterator[Session]:
    """Cases come to their last stage here, and what was decided in them is tried elsewhere."""
    with rolled_back(of_before) as session:
        yield session


@pytest.fixture
def team(session: Session, archive: Any) -> Any:
    return make_team(session, archive)
