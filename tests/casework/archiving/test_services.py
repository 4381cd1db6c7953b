"""What is archived takes no service, and gives none up: whoever writes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from casework.archiving.archives import archive_case
from casework.errors import CaseArchived
from casework.service.serving import Served, state_service, withdraw_service
from storage.catalog.casework import CaseLink
from storage.catalog.service import CaseService
from storage.keystore import KeyStore
from tests.casework.archiving.conftest import ORDINARY
from tests.casework.procedure.conftest import Team
from tests.casework.sample_archive import REVIEW_KEYS


def serve(team: Team) -> CaseService:
    now = datetime.now(UTC)
    linked = select(CaseLink.recording_id).where(CaseLink.case_id == team.case.id).limit(1)
    proof = {"receiver": "陈强，本人", "recording_id": team.session.scalars(linked).one()}
    served = Served("in_person", now, "陈强", document_number="江综执罚决〔2026〕7号", **proof)
    return state_service(team.session, team.officer, team.case.id, served, REVIEW_KEYS, now)


def test_a_closed_case_takes_a_service_and_an_archived_one_neither_takes_nor_gives_one_up(
    closed: Team, keys: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = serve(closed)
    archive_case(closed.session, closed.supervisor, closed.case.id, ORDINARY, keys)

    def take_back() -> Any:
        return withdraw_service(closed.session, closed.supervisor, row.id, "误登")

    for deed in (lambda: serve(closed), take_back):
        with pytest.raises(CaseArchived):
            deed()
    monkeypatch.setattr("casework.service.serving.refuse_archived", lambda *_: None)
    for deed in (lambda: serve(closed), take_back):
        with pytest.raises(DBAPIError, match="is archived"), closed.session.begin_nested():
            deed()
    assert closed.session.scalars(select(CaseService.id)).all() == [row.id]
