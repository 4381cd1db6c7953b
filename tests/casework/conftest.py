from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.casework.sample_archive import SampleArchive


@pytest.fixture
def archive(session: Session) -> Any:
    """The sample archive in the test's own session, rolled back at its end."""
    return SampleArchive(session)


@pytest.fixture
def archive_in() -> Any:
    """The sample archive in a session of the test's choice, for what commits."""
    return SampleArchive


@pytest.fixture
def officer(archive: Any) -> Any:
    """Who has had the device AB00001 for a month."""
    officer = archive.person(archive.unit(), "officer")
    archive.issue(archive.unit_of(officer), officer)
    return officer


@pytest.fixture
def unit(archive: Any, officer: Any) -> Any:
    """The officer's."""
    return archive.unit_of(officer)
