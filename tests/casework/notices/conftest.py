from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.casework.notices.told import Telling, make_telling


@pytest.fixture
def telling(session: Session, archive: Any) -> Telling:
    return make_telling(session, archive)


@pytest.fixture
def telling_in() -> Any:
    """The same in a session of the test's choice, for what commits."""
    return make_telling
