"""What a worker does in a backlog for a measurement: it leases as custody does, and each upload once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from api.bench.storage import backlog, backlog_worker
from api.bench.storage.backlog_worker import WARMING_UP, work_through
from api.engines.roles import DatabaseAddresses
from storage.catalog.uploads import Upload
from storage.database import Database


@pytest.fixture
def filled(addresses: DatabaseAddresses, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], str]:
    monkeypatch.setattr(backlog, "STATIONS", 3)

    def fill(uploads: int) -> str:
        backlog._fill(addresses.worker, uploads)
        return addresses.worker

    return fill


def test_each_item_is_leased_once_and_given_up(filled: Callable[[int], str], database: Database) -> None:
    (seconds,) = work_through([filled(WARMING_UP + 12)], 10)
    assert seconds > 0
    with database.reading() as session:
        states = session.execute(select(Upload.state, func.count()).group_by(Upload.state)).all()
        assert dict(states) == {"terminated": WARMING_UP + 10, "finished": 2}
        assert session.scalar(select(func.max(Upload.attempts))) == 1
        assert session.scalar(select(func.count(Upload.leased_by))) == 0


def test_a_backlog_that_ends_is_no_measurement(filled: Callable[[int], str]) -> None:
    url = filled(WARMING_UP + 3)
    with pytest.raises(RuntimeError, match="nothing is due"):
        work_through([url], 10)


def test_a_lease_that_was_lost_is_no_measurement(filled: Callable[[int], str], monkeypatch: pytest.MonkeyPatch) -> None:
    real = backlog_worker.lease_due_upload

    def lose(database: Database, *arguments: object, **named: object) -> object:
        due = real(database, *arguments, **named)  # type: ignore[arg-type]
        with database.transaction() as session:
            session.get_one(Upload, due.id).leased_by = "another"  # type: ignore[union-attr]
        return due

    monkeypatch.setattr(backlog_worker, "lease_due_upload", lose)
    with pytest.raises(RuntimeError, match="another's"):
        work_through([filled(WARMING_UP)], 1)
