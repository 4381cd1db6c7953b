"""Penalties for the credit system: each in the words of the sealed document that imposed it."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from api.http.credit_table import COLUMNS, credit_csv, credit_xlsx
from casework.archiving.secrecy import state_secrecy
from casework.deadlines.events import enter_event, withdraw_event
from casework.documents.drafts import latest_text, withdraw_document
from casework.documents.pdf_signature import sign_pdf
from casework.documents.sealing import prepare_sealing, record_sealing
from casework.errors import RoleNotAllowed
from casework.stages import enter_stage
from casework.statistics.credit import CreditLine, take_credit_lines
from casework.statistics.errors import DaysUnusable
from integrity.local_time import chinese_day
from storage.seal_keys import SealKeys
from tests.casework.documents.conftest import DECISION, Office, now
from tests.casework.sample_archive import REVIEW_KEYS

COMPANY = {"party_id": "91500105MA5U0000XX", "representative": "吴某"}
PARTY = "重庆某建筑有限公司"


def impose(office: Office, keys: SealKeys, fields: Mapping[str, Any] = DECISION, **said: Any) -> uuid.UUID:
    """A penalty issued, its document sealed; the document's id."""
    if office.case.stage != "decision":
        enter_stage(office.session, office.officer, office.case.id, "decision")
        office.seal_with(keys)
    issue = office.archive.decide(office.case, office.supervisor, **said)
    return write(office, keys, fields, issue.decision_id)


def write(office: Office, keys: SealKeys, fields: Mapping[str, Any], decision_id: uuid.UUID) -> uuid.UUID:
    final = office.finish("penalty_decision", {**DECISION, **fields}, decision_id=decision_id)
    prepared = prepare_sealing(office.session, office.officer, final.document_id, now(), REVIEW_KEYS)
    pdf = sign_pdf(prepared, keys.load(prepared.seal_id), None)
    record_sealing(office.session, office.officer, prepared, pdf, now(), None, REVIEW_KEYS)
    return final.document_id


def taken(office: Office, by: Any = None) -> tuple[CreditLine, ...]:
    today = chinese_day(now())
    return take_credit_lines(office.session, by or office.supervisor, today, today)


def cells(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_a_sealed_penalty_is_handed_on_in_the_words_of_its_document(office: Office, seal_keys: SealKeys) -> None:
    fined = {"party_kind": "organisation", "measures": ("fine",), "amount_fen": 123_456, "content": "罚款若干"}
    impose(office, seal_keys, COMPANY, party=PARTY, **fined)
    (line,) = taken(office)
    assert (line.issuer, line.unit) == ("重庆市江北区城市管理局", office.unit.name)
    (row,) = cells(credit_csv([line]))
    assert tuple(row) == tuple(COLUMNS)
    assert (row["行政相对人名称"], line.penalty) == (PARTY, "罚款若干")
    assert (row["行政相对人类别"], row["统一社会信用代码"], row["证件号码"]) == (
        "法人及非法人组织",
        COMPANY["party_id"],
        "",
    )
    assert (row["违法事实"], row["处罚依据"]) == (DECISION["facts"], DECISION["basis"])
    assert (row["处罚类别"], row["罚款金额（万元）"], row["没收金额（万元）"]) == ("罚款", "0.123456", "")
    assert row["行政处罚决定书文号"].endswith("号")
    assert (row["处罚决定日期"], row["当前状态"]) == (chinese_day(now()).isoformat(), "正常")
    assert credit_xlsx([line])[:2] == b"PK"
    entry = office.archive.last_entry("case.credit_taken")
    assert (entry.actor_id, entry.data["count"]) == (str(office.supervisor.id), 1)


def test_a_citizens_number_stands_where_citizens_have_it_and_one_sum_of_two_measures_is_told(
    office: Office, seal_keys: SealKeys
) -> None:
    said = {"party_kind": "citizen", "measures": ("fine", "confiscation"), "amount_fen": 50_000}
    impose(office, seal_keys, {"party_id": "500105199001011234"}, **said)
    (row,) = cells(credit_csv(taken(office)))
    assert (row["证件类型"], row["证件号码"], row["统一社会信用代码"]) == ("身份证", "500105199001011234", "")
    assert (row["罚款金额（万元）"], row["没收金额（万元）"]) == ("", "")
    assert row["备注"] == "罚款与没收合计 500.00 元，请按决定书分列"


def test_a_revocation_shows_until_it_is_withdrawn_and_not_on_the_decision_that_was_made_after_it(
    office: Office, seal_keys: SealKeys
) -> None:
    impose(office, seal_keys)
    event = enter_event(office.session, office.officer, office.case.id, "decision_revoked", chinese_day(now()), now())
    assert [line.revoked for line in taken(office)] == [True]
    impose(office, seal_keys, {"facts": "重新认定的事实。"})
    assert [(line.facts, line.revoked) for line in taken(office)] == [
        (DECISION["facts"], True),
        ("重新认定的事实。", False),
    ]
    withdraw_event(office.session, office.supervisor, event.id, "误登记")
    assert [line.revoked for line in taken(office)] == [False, False]


def test_of_several_parties_each_document_and_each_line_is_of_the_decision_against_its_own(
    office: Office, seal_keys: SealKeys
) -> None:
    fined = {"measures": ("fine",), "content": "罚款"}
    impose(office, seal_keys, party="甲公司", amount_fen=10_000, **fined)
    second, _ = (
        office.archive.decide(office.case, office.supervisor, party=party, amount_fen=amount, **fined)
        for party, amount in (("乙公司", 20_000), ("丙公司", 30_000))
    )
    document_id = write(office, seal_keys, {}, second.decision_id)
    assert latest_text(office.session, document_id).facts["amount"] == "200.00"
    assert {line.party: line.amount_fen for line in taken(office)} == {"甲公司": 10_000, "乙公司": 20_000}
    today = chinese_day(now())
    of = office.session, office.officer, office.case.id, "decision_revoked", today, now()
    enter_event(*of, decision_id=second.decision_id)
    assert {line.party: line.revoked for line in taken(office)} == {"甲公司": False, "乙公司": True}


def test_what_is_no_decision_any_more_or_not_yet_is_not_handed_on(office: Office, seal_keys: SealKeys) -> None:
    document = impose(office, seal_keys)
    draft = office.begin("penalty_decision", DECISION)
    office.sign(draft)
    assert len(taken(office)) == 1
    withdraw_document(office.session, office.supervisor, document, "作废")
    assert taken(office) == ()


def test_units_classes_and_roles_have_their_bounds(office: Office, seal_keys: SealKeys) -> None:
    impose(office, seal_keys)
    above = office.archive.person(office.bureau, "publisher")
    beside = office.archive.person(office.archive.unit(office.bureau), "supervisor")
    assert [len(taken(office, by)) for by in (office.supervisor, above, beside)] == [1, 1, 0]
    for role in ("officer", "legal_reviewer", "auditor"):
        with pytest.raises(RoleNotAllowed):
            taken(office, office.archive.person(office.unit, role))
    state_secrecy(office.session, office.officer, office.case.id, "privacy", "涉及未成年人", licensed=False)
    assert taken(office, above) == ()


def test_days_are_in_order_and_not_too_many(office: Office) -> None:
    today = chinese_day(now())
    for since, until in ((today, today - timedelta(days=1)), (today - timedelta(days=366), today)):
        with pytest.raises(DaysUnusable):
            take_credit_lines(office.session, office.supervisor, since, until)
    assert take_credit_lines(office.session, office.supervisor, today - timedelta(days=365), today) == ()
