"""`liuhen verify` holds what a party was told, what he said and how it was answered against the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from api.review_keys import review_keys
from api.verification import verify_archive
from casework.notices.withdrawing import withdraw_answer, withdraw_notice, withdraw_reply
from casework.review.issuing import issue_decision
from tests.api.tampering import as_superuser, assert_each_is_named
from tests.casework.notices.told import make_telling
from tests.casework.sample_archive import SampleArchive

TAMPERED = (
    ('UPDATE notice_rule SET rules = \'{"procedures": {}, "hearings": []}\'', "of_its_source"),
    ("UPDATE notice_rule SET valid = daterange(lower(valid), lower(valid) + 1)", "last_day"),
    ("DELETE FROM notice_rule WHERE jurisdiction = 'CN-CQ-jiangbei'", "logged_row_missing"),
    ("UPDATE party_notice SET version_id = gen_random_uuid()", "version_id"),
    ("UPDATE party_notice SET days = 1 WHERE days IS NOT NULL", "days"),
    ("UPDATE party_notice SET told_at = told_at - interval '1 day'", "told_at"),
    ("UPDATE party_notice SET place = '别处' WHERE place IS NOT NULL", "place"),
    ("UPDATE party_notice SET withdrawn_at = NULL, withdrawn_by = NULL, withdraw_reason = NULL", "withdrawn"),
    ("DELETE FROM party_notice WHERE document_id IS NOT NULL", "logged_row_missing"),
    ("UPDATE party_reply SET kind = 'statement_waived' WHERE kind = 'statement'", "kind"),
    ("UPDATE party_reply SET content = '没有意见' WHERE content IS NOT NULL", "content"),
    ("UPDATE party_reply SET said_at = said_at - interval '1 day'", "said_at"),
    ("UPDATE party_reply SET heard_by = gen_random_uuid()", "heard_by"),
    ("DELETE FROM party_reply", "issued_untold"),
    ("UPDATE party_notice SET told_at = told_at - interval '1 day'", "issued_untold"),
    ("DELETE FROM reply_answer", "issued_untold"),
    ("DELETE FROM party_reply WHERE withdrawn_at IS NOT NULL", "logged_row_missing"),
    ("UPDATE reply_answer SET outcome = 'adopted'", "outcome"),
    ("UPDATE reply_answer SET reason = '采纳'", "reason"),
    (
        "UPDATE reply_answer SET withdrawn_at = now(), withdrawn_by = answered_by, withdraw_reason = 'x' "
        "WHERE withdrawn_at IS NULL",
        "withdraw_reason",
    ),
    ("DELETE FROM reply_answer WHERE withdrawn_at IS NULL", "logged_row_missing"),
)
TABLES = ("notice_rule", "party_notice", "party_reply", "reply_answer")


@pytest.fixture
def told(sealing: Any) -> Any:
    """One party told in writing, twice; another on the spot, who stated something, was answered, and answered anew."""
    with sealing.archive.database.transaction() as session:
        telling = make_telling(session, SampleArchive(session))
        supervisor = telling.bench.supervisor
        version = telling.draft()
        withdraw_notice(session, supervisor, telling.tell(version).id, "误登")
        telling.tell(version)
        spoken = telling.tell_on_the_spot(telling.draft(telling.bench.another_case("simple_penalty")))
        statement = telling.hear(spoken, "statement", "是昨天才摆的")
        withdraw_answer(session, supervisor, telling.answer(statement).id, "另行核实")
        telling.answer(statement)
        withdraw_reply(session, supervisor, telling.hear(spoken, "statement_waived", proven=False).id, "误登")
        keys = review_keys(sealing.archive.keyring)
        issue_decision(session, supervisor, spoken.decision_id, keys, datetime.now(UTC), version_id=spoken.version_id)
    sealing.settle()
    return sealing


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    with as_superuser(server, addresses, autocommit=False) as connection:
        yield connection


@pytest.mark.timeout(900)
def test_whatever_is_changed_of_notices_and_replies_is_named(told: Any, superuser: Any) -> None:
    assert dict(verify_archive(told.archive, 0).findings_by_code) == {}
    assert_each_is_named(told.archive, superuser, TABLES, TAMPERED)
