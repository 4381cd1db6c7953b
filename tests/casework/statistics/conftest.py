from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from tests.casework.documents.conftest import Office, make_office, seal_keys

__all__ = ["seal_keys"]


@pytest.fixture
def office(session: Session, archive: object) -> Office:
    return make_office(session, archive)
