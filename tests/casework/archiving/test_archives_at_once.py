"""Who archives while somebody else does, or while a recording comes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from casework.archiving.archives import archive_case
from casework.archiving.catalogues import catalogues_of
from casework.archiving.errors import AlreadyArchived
from casework.errors import CaseArchived
from casework.linking.by_hand import link_by_hand
from storage.database import Database
from storage.keystore import KeyStore
from tests.casework.archiving.conftest import ORDINARY
from tests.casework.procedure.conftest import Team


def test_of_two_that_archive_at_once_one_is_told(
    database: Database, archive_in: Any, closed_in: Callable[[Session, Any], Team], keys: KeyStore
) -> None:
    with database.transaction() as session:
        team = closed_in(session, archive_in(session))
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def archive(by: Any) -> None:
        start.wait(10)
        try:
            with database.transaction() as session:
                archive_case(session, by, team.case.id, ORDINARY, keys)
            outcomes.append("archived")
        except AlreadyArchived:
            outcomes.append("told")

    threads = [threading.Thread(target=archive, args=(by,)) for by in (team.supervisor, team.other_supervisor)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["archived", "told"]
    with database.reading() as session:
        assert len(catalogues_of(session, team.case.id)) == 1


def test_a_recording_that_comes_while_a_case_is_archived_waits_and_is_told(
    database: Database, archive_in: Any, closed_in: Callable[[Session, Any], Team], recorded: Any, keys: KeyStore
) -> None:
    with database.transaction() as session:
        team = closed_in(session, archive_in(session))
        late = recorded(team)
    begun, told = threading.Event(), []

    def link() -> None:
        begun.wait(10)
        try:
            with database.transaction() as session:
                said = {"recording_id": late.id, "case_id": team.case.id, "stage": "decision", "reason": "同一现场"}
                link_by_hand(session, team.officer, **said)
        except CaseArchived as error:
            told.append(error)

    thread = threading.Thread(target=link)
    thread.start()
    with database.transaction() as session:
        archive_case(session, team.supervisor, team.case.id, ORDINARY, keys)
        begun.set()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join(30)
    assert len(told) == 1
