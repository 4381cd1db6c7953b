from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.orm import Session

from api.engines.roles import DATABASE
from storage.database import Database
from tests.casework.sample_archive import SampleArchive
from tests.databases import MigratedServer, let_cases_be_of_before


@pytest.fixture(scope="session")
def of_before(server: MigratedServer) -> Iterator[Database]:
    """All cases are of before there were decisions: for what is about other steps of a case than the gate."""
    with server.copy_of(DATABASE) as addresses:
        let_cases_be_of_before(addresses)
        database = Database(addresses.worker, pool_size=1)
        yield database
        database.close()


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
