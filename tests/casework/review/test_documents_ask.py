"""A document that issues a decision gets no number, final form or seal before the decision is issued."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from casework.documents.errors import DocumentChanged, FieldUnusable
from casework.documents.facts import FACTS
from casework.documents.finalising import finalise_document
from casework.review.errors import GateShut, PassForged
from casework.review.passes import ReviewSigner
from casework.review.reviewing import withdraw_review
from casework.stages import enter_stage
from integrity.keys import SigningKey
from integrity.trust import EpochKey
from storage.catalog.documents import DocumentText
from tests.casework.documents.conftest import DECISION, Office, make_office, now
from tests.casework.sample_archive import REVIEW_KEYS, SampleArchive

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


def test_no_document_by_a_pass_that_was_never_signed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has the application's password writes rows; the database takes them, and no paper comes of it."""
    forger = ReviewSigner(SigningKey.generate(), 1)
    monkeypatch.setattr("tests.casework.sample_archive.REVIEW_SIGNER", forger)
    monkeypatch.setattr("tests.casework.sample_archive.REVIEW_KEYS", (EpochKey(1, forger.key.public),))
    office.archive.decide(office.case, office.supervisor, **FINE)
    with pytest.raises(PassForged):
        finish(office)


def test_a_document_says_the_amount_that_was_issued(office: Office) -> None:
    early = office.begin("penalty_decision", DECISION)
    assert early.text.facts["amount"] is None
    office.archive.decide(office.case, office.supervisor, **FINE)
    office.sign(early)
    with pytest.raises(DocumentChanged):
        finalise_document(office.session, office.officer, early.document.id, now(), REVIEW_KEYS)
    final = finish(office)
    assert office.session.get_one(DocumentText, final.text_id).facts["amount"] == "60000.00"
    with pytest.raises(FieldUnusable):
        office.begin("penalty_decision", {**DECISION, "amount": "900000.00"})


@pytest.mark.parametrize("amount", ["900000.00", None])
def test_a_small_decision_is_no_leave_for_a_paper_with_another_amount(
    office: Office, monkeypatch: pytest.MonkeyPatch, amount: str | None
) -> None:
    office.archive.decide(office.case, office.supervisor, measures=("fine",), amount_fen=20_000)
    monkeypatch.setitem(FACTS, "amount", replace(FACTS["amount"], of=lambda _: amount))
    with pytest.raises(DBAPIError, match="other_amount") as caught:
        finish(office)
    assert getattr(caught.value.orig, "sqlstate", None) == "LHG01"


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
