"""A document that issues a decision gets no number, final form or seal before the decision is issued."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from casework.documents.drafts import save_document, servable
from casework.documents.errors import DocumentChanged, FieldUnusable
from casework.documents.facts import FACTS
from casework.documents.finalising import finalise_document
from casework.documents.listing import find_document
from casework.review.errors import GateShut, PassForged
from casework.review.passes import ReviewSigner
from casework.review.reviewing import withdraw_review
from casework.stages import enter_stage
from integrity.epoch_keys import EpochKey
from integrity.keys import SigningKey
from storage.catalog.documents import DocumentText
from tests.casework.documents.conftest import DECISION, Office, make_office, now
from tests.casework.documents.test_rendering import text_of
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
    assert caught.value.refusals == ("not_issued",)
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


def test_a_document_says_what_was_issued_and_nobody_types_it(office: Office) -> None:
    office.archive.decide(office.case, office.supervisor, **FINE, party="某建筑公司", content="罚款六万元")
    final = finish(office)
    facts = office.session.get_one(DocumentText, final.text_id).facts
    assert (facts["party"], facts["decided"], facts["amount"]) == ("某建筑公司", "罚款六万元", "60000.00")
    for typed in ("party", "penalty", "amount", "decided"):
        with pytest.raises(FieldUnusable):
            office.begin("penalty_decision", {**DECISION, typed: "900000.00"})


def test_a_decision_not_to_punish_is_called_so(office: Office, tmp_path: Path) -> None:
    office.archive.decide(office.case, office.supervisor, measures=("no_penalty",))
    final = finish(office)
    said = text_of(final.pdf, tmp_path)
    assert "不予行政处罚决定书" in said
    assert "加处罚款" not in said
    seen = find_document(office.session, office.officer, final.document_id)
    assert (seen.title, seen.title_en) == ("不予行政处罚决定书", "Decision not to impose a penalty")
    assert [each["title"] for each in servable(office.session, office.case.id).values()] == [seen.title]


def test_a_decision_to_punish_is_called_as_its_template_says(office: Office, tmp_path: Path) -> None:
    office.archive.decide(office.case, office.supervisor, **FINE)
    said = text_of(finish(office).pdf, tmp_path)
    assert "不予" not in said
    assert "加处罚款" in said


@pytest.mark.parametrize(
    ("fact", "says", "refusal"),
    [
        ("amount", "900000.00", "other_amount"),
        ("amount", None, "other_amount"),
        ("party", "另一公司", "other_party"),
        ("party", None, "other_party"),
        ("decided", "罚款九十万元", "other_content"),
        ("decided", None, "other_content"),
    ],
)
def test_a_small_decision_is_no_leave_for_a_paper_that_says_something_else(
    office: Office, monkeypatch: pytest.MonkeyPatch, fact: str, says: str | None, refusal: str
) -> None:
    office.archive.decide(office.case, office.supervisor, measures=("fine",), amount_fen=20_000)
    draft = office.begin("penalty_decision", DECISION)
    monkeypatch.setitem(FACTS, fact, replace(FACTS[fact], of=lambda _: says))
    monkeypatch.setattr("casework.documents.finalising.missing_of", lambda *_: ())
    monkeypatch.setattr("casework.documents.signing.missing_of", lambda *_: ())
    changed = save_document(office.session, office.officer, draft.document.id, DECISION, 1, now())
    office.sign(changed)
    with pytest.raises(GateShut) as caught:
        finalise_document(office.session, office.officer, draft.document.id, now(), REVIEW_KEYS)
    assert caught.value.refusals == (refusal,)


def test_a_paper_wants_no_more_performed_than_its_decision_orders(office: Office) -> None:
    """It is typed after every review; and honest words of how the fine is paid, and what follows if not, pass."""
    office.archive.decide(office.case, office.supervisor, measures=("no_penalty",))
    draft = office.begin("penalty_decision", {**DECISION, "performance": "罚款六十万元，十五日内缴纳至指定银行。"})
    office.sign(draft)
    with pytest.raises(GateShut) as caught:
        finalise_document(office.session, office.officer, draft.document.id, now(), REVIEW_KEYS)
    assert caught.value.refusals == ("other_performance",)
    honest = {**DECISION, "performance": "无须缴纳罚款，请引以为戒。"}
    office.sign(save_document(office.session, office.officer, draft.document.id, honest, 1, now()))
    assert finalise_document(office.session, office.officer, draft.document.id, now(), REVIEW_KEYS).number_id


@pytest.mark.parametrize(
    "performance",
    [
        "自收到本决定书之日起十五日内到指定银行缴纳。",
        "自收到本决定书之日起十五日内持本决定书到工商银行缴纳罚款200元；逾期不缴纳的，每日按罚款数额的百分之三加处罚款。",
        "当场缴纳罚款贰佰元整，已出具财政票据。",
        "罚款缴至江北区财政局非税收入专户（账号 6222 0200 0000 1234 567）。",
    ],
)
def test_honest_words_of_how_a_fine_is_paid_pass(office: Office, performance: str) -> None:
    office.archive.decide(office.case, office.supervisor, measures=("fine",), amount_fen=20_000)
    assert office.finish("penalty_decision", {**DECISION, "performance": performance}).number_id


def test_a_draft_that_the_case_contradicts_is_saved_anew_first(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.archive.decide(office.case, office.supervisor, **FINE)
    with monkeypatch.context() as patched:
        patched.setitem(FACTS, "party", replace(FACTS["party"], of=lambda _: "另一公司"))
        draft = office.begin("penalty_decision", DECISION)
        office.sign(draft)
    with pytest.raises(DocumentChanged):
        finalise_document(office.session, office.officer, draft.document.id, now(), REVIEW_KEYS)


def test_the_database_asks_whoever_does_not(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    issue = office.archive.decide(office.case, office.supervisor, **FINE)
    withdraw_review(office.session, office.archive.reviewer(office.unit), issue.review_id, "新证据")
    monkeypatch.setattr("casework.documents.finalising.ask_gate", lambda *_: None)
    with pytest.raises(GateShut) as caught:
        finish(office)
    refused = caught.value.__cause__
    assert isinstance(refused, DBAPIError)
    assert getattr(refused.orig, "sqlstate", None) == "LHG01"
    assert "the gate is shut for a document's number" in str(refused)


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
        issue = office.archive.decide(office.case, office.supervisor, **FINE)
        withdraw_review(session, office.archive.reviewer(office.unit), issue.review_id, "新证据")
        assert finish(office).finalised_at <= now()
