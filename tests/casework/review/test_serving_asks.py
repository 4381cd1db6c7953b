"""Whatever makes a decision known is served by leave of the gate, and of the pass's signature."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from casework.checklists.checklists import load_shipped_checklists
from casework.deadlines.loading import load_shipped_terms
from casework.procedure.acts import add_act
from casework.procedure.stating import Stated
from casework.review.errors import GateShut, PassForged
from casework.review.passes import ReviewSigner
from casework.review.reviewing import withdraw_review
from casework.service.errors import NotServed, ServedUnusable, ServiceTimeUnusable
from casework.service.proof import refuse_unserved
from casework.service.serving import services_of
from casework.stages import enter_stage
from integrity.epoch_keys import EpochKey
from integrity.keys import SigningKey
from integrity.local_time import chinese_day
from storage.catalog.deadlines import CaseEvent, CaseTerm
from tests.casework.documents.conftest import DECISION, NOTICE, Office, make_office
from tests.casework.review.serving import NUMBER, serve

RIGHTS = {
    "party": "陈强",
    "facts": "占用人行道经营。",
    "basis": "《重庆市市容环境卫生管理条例》",
    "proposed": "罚款六万元",
    "contact": "李伟",
    "phone": "023-67000000",
    "address": "江北区观音桥 12 号",
}
RECEIPT = {
    "addressee": "陈强",
    "place": "江北区观音桥 12 号",
    "way": "直接送达",
    "served_at": "2026-03-09T09:00:00+08:00",
    "receiver": "陈强，本人",
}
FINE = {"measures": ("fine",), "amount_fen": 6_000_000, "party_kind": "organisation"}


def issued(bench: Any, **said: Any) -> Any:
    version = bench.draft(bench.said(**said))
    if version.scope:
        bench.review(version)
    bench.issue(version)
    return version


def nothing_served(bench: Any) -> bool:
    return services_of(bench.session, bench.case.id) == () and bench.archive.entries("case.service_stated") == []


def test_no_decision_is_served_before_it_is_issued(bench: Any) -> None:
    version = bench.draft(bench.small())
    for what in ({"decision_id": version.decision_id}, {}):
        with pytest.raises(GateShut) as caught:
            serve(bench, **what)
        assert caught.value.refusals == ("not_issued",)
    assert nothing_served(bench)
    bench.issue(version)
    assert serve(bench, decision_id=version.decision_id).version_id == version.id


def test_no_decision_is_served_once_its_pass_is_withdrawn(bench: Any) -> None:
    version = issued(bench)
    (review_id,) = bench.session.scalars(text("SELECT id FROM decision_review")).all()
    withdraw_review(bench.session, bench.reviewer, review_id, "新证据")
    for what in ({"decision_id": version.decision_id}, {}):
        with pytest.raises(GateShut) as caught:
            serve(bench, **what)
        assert caught.value.refusals == ("no_pass",)
    assert nothing_served(bench)


def test_no_decision_is_served_by_a_pass_that_was_never_signed(bench: Any) -> None:
    """Whoever has the application's password writes rows; the database takes them, and nothing is served by them."""
    version = issued(bench)
    forger = ReviewSigner(SigningKey.generate(), 1)
    for what in ({"decision_id": version.decision_id}, {}):
        with pytest.raises(PassForged):
            serve(bench, (EpochKey(1, forger.key.public),), **what)
    assert nothing_served(bench)


def test_the_database_asks_whoever_does_not(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casework.service.serving.ask_leave", lambda *_: None)
    bench.draft()
    with pytest.raises(GateShut, match="issue it first"):
        serve(bench)
    assert nothing_served(bench)


def test_a_decision_of_another_case_and_a_day_before_it_was_issued(bench: Any) -> None:
    version = bench.draft(bench.small(), bench.another_case())
    bench.issue(version)
    with pytest.raises(ServedUnusable, match="none of this case"):
        serve(bench, decision_id=version.decision_id)
    own = issued(bench, measures=("warning",), amount_fen=None)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with pytest.raises(ServiceTimeUnusable, match="before the day on which the decision was issued"):
        serve(bench, decision_id=own.decision_id, served_at=yesterday)
    with pytest.raises(ServedUnusable, match="say what was served"):
        serve(bench, document_number=None)


def test_the_service_of_a_penalty_ends_its_term_and_that_of_a_seizure_does_not(bench: Any) -> None:
    load_shipped_terms(bench.session, datetime.now(UTC))
    seizure = issued(bench, kind="coercion", measures=("seizure",), amount_fen=None)
    penalty = issued(bench, measures=("warning",), amount_fen=None)
    term = bench.session.scalars(select(CaseTerm).where(CaseTerm.kind == "service")).one()
    today = chinese_day(datetime.now(UTC))
    serve(bench, decision_id=seizure.decision_id)
    assert term.done_on is None
    with pytest.raises(NotServed):
        refuse_unserved(bench.session, bench.session.get_one(CaseEvent, term.event_id), today)
    done = text("UPDATE case_term SET done_on = :day, done_by = :by, done_at = now() WHERE id = :id")
    with pytest.raises(DBAPIError, match="was served on"), bench.session.begin_nested():
        bench.session.execute(done, {"day": today, "by": bench.officer.id, "id": term.id})
    serve(bench, decision_id=penalty.decision_id, document_number=f"{NUMBER}之一")
    assert (term.done_on, term.done_by) == (today, bench.officer.id)


def test_acts_of_service_are_of_what_is_issued(bench: Any) -> None:
    load_shipped_checklists(bench.session, datetime.now(UTC))
    officers = (bench.handlers[0].id, bench.handlers[1].id)
    version, now = bench.draft(bench.small()), datetime.now(UTC)
    with pytest.raises(GateShut, match="no decision of this case was issued"):
        add_act(bench.session, bench.officer, bench.case.id, Stated("service", now, None, None, officers), now)
    bench.issue(version)
    now = datetime.now(UTC)
    act = add_act(bench.session, bench.officer, bench.case.id, Stated("service", now, None, None, officers), now)
    assert serve(bench, decision_id=version.decision_id, act_id=act.act.id).act_id == act.act.id


@pytest.fixture
def office(session: Any, archive: Any) -> Office:
    return make_office(session, archive)


def test_the_paper_of_a_decision_is_served_with_its_number_and_ends_the_term(office: Office) -> None:
    enter_stage(office.session, office.officer, office.case.id, "decision")
    issue = office.archive.decide(office.case, office.supervisor, **FINE)
    draft = office.begin("penalty_decision", DECISION)
    with pytest.raises(ServedUnusable, match="make it final first"):
        serve(office, document_id=draft.document.id)
    final = office.finish("penalty_decision", DECISION)
    with pytest.raises(ServedUnusable, match="bears another number"):
        serve(office, document_id=final.document_id, document_number=NUMBER)
    row = serve(office, document_id=final.document_id)
    assert (row.version_id, row.document_number[:3]) == (issue.version_id, "江综执")
    term = office.session.scalars(select(CaseTerm).where(CaseTerm.kind == "service")).one()
    assert term.done_on == issue.issued_on
    renumbered = text(
        "INSERT INTO case_service SELECT (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(), "
        "'document_number', 'x', 'stated_at', clock_timestamp()))).* FROM case_service s"
    )
    with pytest.raises(DBAPIError, match="bears another number"), office.session.begin_nested():
        office.session.execute(renumbered)


def test_who_is_told_of_his_right_to_a_hearing_has_his_days_from_the_service(office: Office) -> None:
    final = office.finish("hearing_rights_notice", RIGHTS)
    row = serve(office, document_id=final.document_id)
    event = office.session.scalars(select(CaseEvent).where(CaseEvent.kind == "hearing_offered")).one()
    assert event.day == row.counts_on
    serve(office, document_id=final.document_id, served_at=row.served_at + timedelta(microseconds=1))
    assert len(office.session.scalars(select(CaseEvent).where(CaseEvent.kind == "hearing_offered")).all()) == 1


def test_a_receipt_that_was_made_here_proves_a_service(office: Office) -> None:
    notice = office.finish("correction_notice", NOTICE)
    receipt = office.finish("service_receipt", {**RECEIPT, "documents": [str(notice.document_id)]})
    with pytest.raises(ServedUnusable, match="is not served"):
        serve(office, document_id=receipt.document_id)
    row = serve(office, document_id=notice.document_id, recording_id=None, receipt_id=receipt.document_id)
    assert (row.receipt_id, row.recording_id, row.version_id) == (receipt.document_id, None, None)
