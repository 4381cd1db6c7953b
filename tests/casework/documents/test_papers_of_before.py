"""Papers from before papers named their decision: none goes out where what it may state was revoked, or is another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from casework.deadlines.events import withdraw_event
from casework.review.errors import GateShut
from casework.service.papers import papers_to_serve
from casework.stages import enter_stage
from storage.catalog.documents import Document
from storage.database import Database
from tests.casework.documents.conftest import Office, make_office
from tests.casework.documents.test_papers_of_two_parties import HEAVY, LIGHT, Pair, finish, revoke
from tests.casework.review.serving import serve
from tests.databases import rolled_back


@pytest.fixture
def session(never_committed_to: Any) -> Iterator[Session]:
    """As the owner, who alone can make a paper as it was before."""
    database = Database(never_committed_to.owner)
    with rolled_back(database) as session:
        yield session
    database.close()


@pytest.fixture
def office(session: Any, archive: Any) -> Office:
    office = make_office(session, archive)
    enter_stage(session, office.officer, office.case.id, "decision")
    return office


@pytest.fixture
def issued(office: Office) -> Pair:
    heavy, light = (office.archive.decide(office.case, office.supervisor, **said) for said in (HEAVY, LIGHT))
    return light, heavy


def unname(office: Office, document: Document, **fields: str) -> None:
    """As a paper of before is that names no decision: party and penalty were typed in it."""
    session = office.session
    of = {"id": document.id, "fields": json.dumps(fields)}
    session.execute(text("UPDATE document SET issue_id = NULL WHERE id = :id"), of)
    said = "facts = facts - 'party' - 'decided', fields = fields || CAST(:fields AS jsonb)"
    session.execute(text(f"UPDATE document_text SET {said} WHERE document_id = :id"), of)
    session.refresh(document)


@pytest.mark.parametrize("asked", [True, False])
def test_a_paper_of_before_is_served_unless_what_it_may_state_was_revoked(
    office: Office, issued: Pair, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    light, heavy = issued
    paper = finish(office, light)
    unname(office, paper, party=str(LIGHT["party"]), penalty=str(LIGHT["content"]))
    if not asked:
        monkeypatch.setattr("casework.service.serving.ask_leave", lambda *_: None)
    event = revoke(office, heavy)
    assert [each.document.id for each in papers_to_serve(office.session, office.case.id)] == []
    with pytest.raises(GateShut) as caught:
        serve(office, document_id=paper.id)
    assert caught.value.refusals == ("revoked",)
    withdraw_event(office.session, office.supervisor, event.id, "误登")
    assert [each.document.id for each in papers_to_serve(office.session, office.case.id)] == [paper.id]
    with pytest.raises(GateShut) as other:
        serve(office, document_id=paper.id, decision_id=heavy.decision_id)
    assert other.value.refusals == ("other_party", "other_amount", "other_content")
    assert serve(office, document_id=paper.id).version_id is None


@pytest.mark.parametrize("asked", [True, False])
def test_a_paper_of_before_that_states_none_of_the_decisions_is_not_served(
    office: Office, issued: Pair, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    paper = finish(office, issued[0])
    unname(office, paper, party="丙")
    if not asked:
        monkeypatch.setattr("casework.service.serving.ask_leave", lambda *_: None)
    with pytest.raises(GateShut) as caught:
        serve(office, document_id=paper.id)
    assert caught.value.refusals == ("other_party", "other_amount")
