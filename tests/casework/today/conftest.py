from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.casework.procedure.conftest import make_team


@pytest.fixture
def team(session: Session, archive: Any) -> Any:
    return make_team(session, archive)
