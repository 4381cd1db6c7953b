"""Decisions and reviews against ledger and signatures: a forged pass never stays unseen, nor does a gate taken out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest

from api.review_keys import review_signer
from api.verification import verify_archive
from casework.cases import open_case
from casework.handling import name_officer
from casework.review.decisions import Said, change_decision, draft_decision, withdraw_decision
from casework.review.issuing import issue_decision
from casework.review.passes import ReviewSigner
from casework.review.qualifications import add_qualification, void_qualification
from casework.review.reviewing import Answer, give_opinion, withdraw_review
from casework.review.scopes import load_shipped_scopes
from casework.review.submitting import submit_decision
from casework.stages import enter_stage
from integrity.epoch_keys import EpochKey
from integrity.keys import SigningKey
from storage.catalog.review import QUESTIONS
from tests.api.tampering import as_superuser, assert_each_is_named
from tests.casework.sample_archive import OPERATOR, SampleArchive

SAID = Said(
    kind="penalty",
    measures=("fine",),
    level="brigade",
    field="construction",
    party="某公司",
    party_kind="organisation",
    content="罚款六万元",
    amount_fen=6_000_000,
)
# What is changed, and the fact that then differs, or the code of what is found.
TAMPERED = (
    ("UPDATE review_scope_rule SET rules = '{\"triggers\": []}'", "of_its_source"),
    ("UPDATE review_scope_rule SET valid = daterange(lower(valid), lower(valid) + 1)", "last_day"),
    ("DELETE FROM review_scope_rule WHERE jurisdiction = 'CN-law'", "logged_row_missing"),
    ("UPDATE decision SET withdrawn_at = now(), withdrawn_by = begun_by, withdraw_reason = 'x'", "withdraw_reason"),
    ("DELETE FROM decision", "logged_row_missing"),
    ("UPDATE decision_version SET amount_fen = 1", "amount_fen"),
    ("UPDATE decision_version SET party = '别人'", "party"),
    ("UPDATE decision_version SET scope = '[]'", "scope"),
    ("UPDATE decision_version SET facts = '[\"complex\"]'", "facts"),
    ("DELETE FROM decision_version WHERE ordinal = 2", "logged_row_missing"),
    ("UPDATE decision_submission SET attests_truth = false", "attests_truth"),
    ("UPDATE decision_submission SET submitted_by = gen_random_uuid()", "submitted_by"),
    ("DELETE FROM decision_submission", "logged_row_missing"),
    ("UPDATE decision_review SET opinion = 'problems'", "opinion"),
    ("UPDATE decision_review SET opinion = 'problems'", "review_invalid"),
    ("UPDATE decision_review SET statement = 'x'", "statement"),
    ("UPDATE decision_review SET answers = jsonb_set(answers, '{law,answer}', '\"no\"')", "answers_sha256"),
    ("UPDATE decision_review SET envelope = 'x'", "envelope_sha256"),
    ("UPDATE decision_review SET envelope = 'x'", "issued_without_pass"),
    ("UPDATE decision_review SET version_id = gen_random_uuid()", "review_invalid"),
    ("UPDATE decision_review SET reviewed_at = now() + interval '1 day'", "issued_without_pass"),
    ("DELETE FROM decision_review", "issued_without_pass"),
    ("UPDATE decision_issue SET review_id = NULL", "issued_without_pass"),
    ("UPDATE decision_issue SET scope = '[]'", "scope"),
    ("UPDATE decision_issue SET issued_on = issued_on - 1", "issued_on"),
    ("DELETE FROM decision_issue", "logged_row_missing"),
    ("UPDATE reviewer_qualification SET valid = '[2020-01-01,)'", "valid_from"),
    ("UPDATE reviewer_qualification SET voided_at = NULL", "voided"),
)
TABLES = (
    "review_scope_rule",
    "decision",
    "decision_version",
    "decision_submission",
    "decision_review",
    "decision_issue",
    "reviewer_qualification",
)
GUARDS = (
    "ALTER TABLE decision_issue DISABLE TRIGGER open_gate",
    "DROP TRIGGER zz_decided ON case_stage",
    "CREATE OR REPLACE FUNCTION gate_refusals(of_version uuid) RETURNS text[] LANGUAGE sql AS 'SELECT NULL::text[]'",
    "ALTER TABLE ledger_entry DISABLE TRIGGER decided_entry",
)


class Bureau:
    """One unit of the archive with a decision that needs a review, in one session."""

    def __init__(self, sealing: Any, session: Any) -> None:
        self.session, self.keyring = session, sealing.archive.keyring
        self.officer, self.supervisor = sealing.people["officer"], sealing.people["supervisor"]
        archive = SampleArchive(session)
        load_shipped_scopes(session, datetime.now(UTC))
        unit = archive.unit_of(self.officer)
        self.reviewer = archive.person(unit, "legal_reviewer")
        days = {"valid_from": date(2021, 1, 1), "last_day": date(2099, 12, 31)}
        for ground in ("reviewed_before", "legal_profession"):
            row = add_qualification(session, OPERATOR, self.reviewer.id, ground=ground, number="A1", **days)
            if ground == "reviewed_before":
                void_qualification(session, OPERATOR, row.id, "录错")
        self.case = open_case(session, self.officer, number="审1", title="违建", procedure="ordinary_penalty")
        handlers = [archive.person(unit, "officer") for _ in range(2)]
        archive.certify(*handlers)
        for each in handlers:
            name_officer(session, self.officer, self.case.id, each.id)
        for stage in ("investigation", "decision"):
            enter_stage(session, self.officer, self.case.id, stage)

    def decide(self, signer: ReviewSigner) -> Any:
        session, case_id = self.session, self.case.id
        gone = draft_decision(session, self.officer, case_id, SAID)
        withdraw_decision(session, self.officer, gone.decision_id, "重复")
        first = draft_decision(session, self.officer, case_id, SAID)
        version = change_decision(session, self.officer, first.decision_id, SAID, "补充", former=first.id)
        whole = {"true": True, "accurate": True, "complete": True}
        submission = submit_decision(session, self.officer, first.decision_id, version_id=version.id, **whole)
        said = (f"version:{version.id}",)
        given = {
            "opinion": "agreed",
            "answers": {each: Answer("no" if each == "crime" else "yes", said) for each in QUESTIONS},
            "statement": "同意",
            "signer": signer,
        }
        review = give_opinion(session, self.reviewer, submission.id, **given)
        withdraw_review(session, self.reviewer, review.id, "再议")
        give_opinion(session, self.reviewer, submission.id, **given)
        keys = (EpochKey(signer.epoch, signer.key.public),)
        return issue_decision(session, self.supervisor, first.decision_id, keys, datetime.now(UTC))


@pytest.fixture
def decided(sealing: Any) -> Any:
    """A decision that was changed, reviewed twice, and issued; and one that was withdrawn."""
    with sealing.archive.database.transaction() as session:
        bureau = Bureau(sealing, session)
        bureau.decide(review_signer(bureau.keyring))
    sealing.settle()
    return sealing


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    """Who can do everything: guards off, and no constraint in the way."""
    with as_superuser(server, addresses, autocommit=False) as connection:
        yield connection


def codes(archive: Any) -> dict[str, int]:
    return dict(verify_archive(archive, 0).findings_by_code)


@pytest.mark.timeout(900)
def test_whatever_is_changed_of_decisions_and_reviews_is_named(decided: Any, superuser: Any) -> None:
    assert_each_is_named(decided.archive, superuser, TABLES, TAMPERED)


def test_a_forged_pass_with_all_its_entries_is_found_by_its_signature(sealing: Any) -> None:
    """All that the application's role can write is there, as a deed would have written it; only the key is another."""
    with sealing.archive.database.transaction() as session:
        Bureau(sealing, session).decide(ReviewSigner(SigningKey.generate(), 1))
    sealing.settle()
    assert codes(sealing.archive) == {"review_invalid": 2, "issued_without_pass": 1}


def test_a_forgers_key_that_is_announced_by_a_row_is_no_key(sealing: Any) -> None:
    forger = SigningKey.generate()
    with sealing.archive.database.transaction() as session:
        Bureau(sealing, session).decide(ReviewSigner(forger, 0))
    with psycopg.connect(sealing.settings.database_worker_url) as connection:
        connection.execute(
            "INSERT INTO signing_key_epoch (purpose, epoch, key_id, public_key, entry_id) "
            "SELECT 'review', 2, %s, %s, entry_id FROM signing_key_epoch LIMIT 1",
            (forger.key_id, forger.public.raw),
        )
    sealing.settle()
    found = codes(sealing.archive)
    assert (found["review_invalid"], found["issued_without_pass"]) == (2, 1)


@pytest.mark.parametrize("statement", GUARDS)
def test_a_gate_that_somebody_took_out_is_named(decided: Any, superuser: Any, statement: str) -> None:
    superuser.execute("SET session_replication_role = origin")
    superuser.execute(statement.encode())
    superuser.commit()
    assert codes(decided.archive) == {"guard_missing": 1}
