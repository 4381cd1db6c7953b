from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.casework.publication.press import Press, make_press
from tests.casework.review.conftest import make_bench


@pytest.fixture
def press(session: Session, archive: Any) -> Press:
    return make_press(make_bench(session, archive))


@pytest.fixture
def bench_in() -> Any:
    """The bench of decisions in a session of the test's choice, for what commits."""
    return make_bench
