"""A document that issues a decision gets no number, final form or seal before the decision is issued."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from casework.review.errors import GateShut
from casework.review.reviewing import withdraw_review
from casework.stages import enter_stage
from tests.casework.documents.conftest import DECISION, Office, make_office, now
from tests.casework.sample_archive import SampleArchive

FINE = {"measures": ("fine",), "amount_fen": 6_000_000, "party_kind": "organisation"}


@pytest.fixture
def office(session: Any, archive: Any) -> Office:
    """Its case waits to be decided."""
    office = make_office(session, archive)
    enter_stage(session, office.officer, office.case.id, "decision")
    return office


def finish(office: Office) -> Any:
    with office.session.begin_nested():
        return office.finish("penalty_decision", DECISION)


def test_no_document_without_its_decision(office: Office) -> None:
    with pytest.raises(GateShut) as caught:
        finish(office)
    assert caught.value.refusals == ("undecided",)
    issue = office.archive.decide(office.case, office.supervisor, **FINE)
    assert finish(office).number_id is not None
    assert issue.review_id is not None


def test_no_document_once_the_pass_is_withdrawn(office: Office) -> None:
    issue = office.archive.decide(office.case, office.supervisor, **FINE)
    reviewer = office.archive.reviewer(office.unit)
    withdraw_review(office.session, reviewer, issue.review_id, "新证据")
    with pytest.raises(GateShut) as caught:
        finish(office)
    assert caught.value.refusals == ("no_pass",)


def test_the_database_asks_whoever_does_not(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casework.documents.finalising.ask_gate", lambda *_: None)
    with pytest.raises(DBAPIError, match="the gate is shut for a document's number") as caught:
        finish(office)
    assert getattr(caught.value.orig, "sqlstate", None) == "LHG01"


def test_without_the_databases_question_the_document_would_be_final(
    addresses: Any, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What refuses is document_gate alone: with another body of it the same goes through."""
    import psycopg

    monkeypatch.setattr("casework.documents.finalising.ask_gate", lambda *_: None)
    with psycopg.connect(addresses.owner) as connection:
        connection.execute(
            "CREATE OR REPLACE FUNCTION document_gate(of_document uuid, step text) RETURNS void "
            "LANGUAGE plpgsql AS 'BEGIN RETURN; END'"
        )
    with database.transaction() as session:
        office = make_office(session, SampleArchive(session))
        enter_stage(session, office.officer, office.case.id, "decision")
        assert finish(office).finalised_at <= now()
