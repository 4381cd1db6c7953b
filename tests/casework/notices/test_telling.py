"""What is missing before a penalty: told by what says the same, served, its days over or given up, heard, answered."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from casework.documents.finalising import finalise_document
from casework.errors import CaseworkError, RoleNotAllowed
from casework.handling import handlers_of
from casework.notices.errors import NoticeSettled, NoticeUnusable, ReplyUnusable
from casework.notices.replies import Said, state_reply
from casework.notices.standing import drafts_told_of, notices_of_case
from casework.notices.telling import tell_by_document
from casework.notices.withdrawing import withdraw_answer, withdraw_notice, withdraw_reply
from casework.review.decisions import change_decision
from casework.service.serving import withdraw_service
from integrity.local_time import chinese_day
from storage.catalog.deadlines import CaseEvent
from storage.catalog.decisions import DecisionVersion
from tests.casework.notices.told import Telling
from tests.casework.sample_archive import REVIEW_KEYS


def harder(telling: Telling, version: DecisionVersion, **said: Any) -> DecisionVersion:
    small = telling.bench.small(**said)
    of = telling.session, telling.bench.officer, version.decision_id
    return change_decision(*of, small, "重新裁量", former=version.id)


def problem_of(error: CaseworkError) -> str:
    assert isinstance(error, NoticeUnusable | ReplyUnusable | NoticeSettled)
    return error.state if isinstance(error, NoticeSettled) else error.problem


def test_step_by_step_nothing_is_missing_any_more(telling: Telling) -> None:
    version = telling.draft()
    assert telling.missing(version) == ("untold",)
    notice = telling.tell(version)
    assert (notice.days, telling.missing(version)) == (3, ("notice_unserved",))
    telling.serve(notice)
    assert telling.missing(version) == ("statement_days",)
    reply = telling.hear(notice, "statement", "摊位是昨天才摆的")
    assert telling.missing(version) == ("statement_days", "unanswered")
    telling.hear(notice, "statement_waived")
    answer = telling.answer(reply)
    assert telling.missing(version) == ()
    supervisor = telling.bench.supervisor
    withdraw_answer(telling.session, supervisor, answer.id, "另行核实")
    assert telling.missing(version) == ("unanswered",)
    telling.answer(reply, "partly_adopted")
    ((row, missing),) = drafts_told_of(telling.session, version.case_id)
    assert (row.id, missing) == (version.id, ())
    actions = ("case.party_told", "case.party_replied", "case.reply_answered", "case.answer_withdrawn")
    assert [len(telling.bench.archive.entries(each)) for each in actions] == [1, 2, 2, 1]
    assert "昨天" not in telling.bench.archive.ledger_text()


def test_what_is_taken_back_is_missing_again(telling: Telling) -> None:
    version, supervisor, session = telling.draft(), telling.bench.supervisor, telling.session
    notice = telling.tell_all(version)
    ((now,),) = [notices_of_case(session, telling.bench.case, chinese_day(datetime.now(UTC)))]
    assert (now.given_up, now.counts_on) == (True, chinese_day(datetime.now(UTC)))
    withdraw_reply(session, supervisor, now.replies[0].row.id, "误登")
    assert telling.missing(version) == ("statement_days",)
    service = session.execute(text("SELECT id FROM case_service")).scalar_one()
    withdraw_service(session, supervisor, service, "误登")
    assert telling.missing(version) == ("notice_unserved",)
    withdraw_notice(session, supervisor, notice.id, "误登")
    assert telling.missing(version) == ("untold",)
    with pytest.raises(NoticeSettled):
        withdraw_notice(session, supervisor, notice.id, "再次")
    with pytest.raises(RoleNotAllowed):
        withdraw_notice(session, telling.bench.officer, notice.id, "误登")


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ({"amount_fen": 30_000, "content": "罚款三百元"}, ("told_less",)),
        ({"amount_fen": 20_000, "content": "罚款二百元，并公开道歉"}, ("told_less",)),
        ({"measures": ("fine", "warning"), "content": "罚款二百元"}, ("told_less",)),
        ({"party": "重庆某建筑公司江北分公司"}, ("told_less",)),
        ({"amount_fen": 10_000, "content": "罚款一百元"}, ()),
        ({"content": "罚款 二百元"}, ()),
    ],
)
def test_what_is_harder_than_what_was_told_is_told_anew(
    telling: Telling, said: dict[str, Any], missing: tuple[str, ...]
) -> None:
    version = telling.draft()
    telling.tell_all(version)
    changed = harder(telling, version, **said)
    assert telling.missing(changed) == missing
    if missing:
        telling.tell_all(changed)
        assert telling.missing(changed) == ()


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ({"party": "另一家公司"}, "other_party"),
        ({"proposed": "罚款一百元"}, "other_content"),
        ({"amount": "100.00"}, "other_amount"),
    ],
)
def test_a_notice_that_says_something_else_tells_of_nothing(
    telling: Telling, other: dict[str, Any], problem: str
) -> None:
    with pytest.raises(NoticeUnusable) as refused:
        telling.tell(telling.draft(), **other)
    assert refused.value.problem == problem


def test_a_paper_tells_of_one_draft_of_its_case_once_it_is_final(telling: Telling) -> None:
    session, officer, version = telling.session, telling.bench.officer, telling.draft()
    draft = telling.office.begin("penalty_notice", {"party": version.party}).document.id
    paper = telling.paper(version)
    for document, kind, problem in (
        (draft, "penalty", "not_final"),
        (paper, "hearing", "other_kind"),
        (telling.film(version.case_id).id, "penalty", "not_here"),
    ):
        with pytest.raises(NoticeUnusable) as refused:
            tell_by_document(session, officer, version.decision_id, kind, document)
        assert refused.value.problem == problem
    tell_by_document(session, officer, version.decision_id, "penalty", paper)
    with pytest.raises(NoticeSettled):
        tell_by_document(session, officer, version.decision_id, "penalty", paper)


def test_the_days_run_from_service_and_the_papers_own_bind(telling: Telling) -> None:
    version = telling.draft()
    notice = telling.tell(version, days=10)
    telling.serve(notice)
    (now,) = notices_of_case(telling.session, telling.bench.case, chinese_day(datetime.now(UTC)))
    assert now.until is not None
    assert now.until.day > chinese_day(datetime.now(UTC)) + timedelta(days=10)
    assert now.days_run_on(chinese_day(datetime.now(UTC)))
    assert telling.missing(version) == ("statement_days",)


def test_served_on_somebody_else_it_is_not_served(telling: Telling) -> None:
    version = telling.draft()
    notice = telling.tell(version)
    telling.serve(notice, "路人甲")
    assert telling.missing(version) == ("notice_unserved",)
    telling.serve(notice, "重庆某建筑公司（法定代表人陈强）")
    assert telling.missing(version) == ("statement_days",)


def test_a_large_fine_owes_the_offer_of_a_hearing(telling: Telling) -> None:
    version = telling.bench.draft()
    telling.tell_all(version)
    assert telling.missing(version) == ("hearing_untold",)
    notice = telling.tell(version, "hearing")
    assert telling.missing(version) == ("hearing_unserved",)
    telling.serve(notice)
    assert telling.missing(version) == ("hearing_days",)
    offered = select(CaseEvent.kind).where(CaseEvent.case_id == version.case_id, CaseEvent.kind == "hearing_offered")
    assert telling.session.scalars(offered).all() == ["hearing_offered"]
    telling.hear(notice, "hearing_waived")
    assert telling.missing(version) == ()


def test_a_hearing_that_was_asked_for_is_held(telling: Telling) -> None:
    version = telling.bench.draft()
    telling.tell_all(version)
    notice = telling.offer_hearing(version)
    telling.hear(notice, "hearing_waived")
    telling.hear(notice, "hearing_requested", "要求公开举行")
    assert telling.missing(version) == ("hearing_unheld",)
    telling.hear(notice, "hearing_request_withdrawn")
    assert telling.missing(version) == ()
    telling.hear(notice, "hearing_requested")
    assert telling.missing(version) == ("hearing_unheld",)
    telling.hold_hearing()
    assert telling.missing(version) == ()


@pytest.mark.parametrize(
    ("said", "owes"),
    [
        ({"measures": ("licence_revoked",), "amount_fen": None, "content": "吊销许可证"}, True),
        ({"measures": ("closure",), "amount_fen": None, "content": "责令关闭"}, True),
        ({"measures": ("warning",), "amount_fen": None, "content": "警告"}, False),
        ({"amount_fen": 4_999_999, "content": "罚款"}, False),
        ({"amount_fen": 5_000_000, "content": "罚款"}, True),
        ({"party": "陈强", "party_kind": "citizen", "amount_fen": 500_000, "content": "罚款"}, True),
        ({"party": "陈强", "party_kind": "citizen", "amount_fen": 499_999, "content": "罚款"}, False),
    ],
)
def test_which_penalties_owe_a_hearing(telling: Telling, said: dict[str, Any], owes: bool) -> None:
    assert ("hearing_untold" in telling.missing(telling.draft(**said))) is owes


def test_two_fines_of_one_party_are_one_amount(telling: Telling) -> None:
    first = telling.draft(amount_fen=2_500_000, content="罚款")
    assert telling.missing(first) == ("untold",)
    telling.draft(amount_fen=2_500_000, content="另罚款")
    assert telling.missing(first) == ("untold", "hearing_untold")


def test_in_the_simple_procedure_he_is_told_and_heard_on_the_spot(telling: Telling) -> None:
    case = telling.bench.another_case("simple_penalty")
    version = telling.draft(case)
    assert telling.missing(version) == ("untold",)
    notice = telling.tell_on_the_spot(version)
    assert telling.missing(version) == ("unheard",)
    telling.hear(notice, "statement_waived", proven=False)
    assert telling.missing(version) == ()
    with pytest.raises(NoticeUnusable) as refused:
        telling.tell_on_the_spot(telling.draft())
    assert refused.value.problem == "not_simple"
    with pytest.raises(NoticeUnusable) as refused:
        telling.tell_on_the_spot(version, datetime.now(UTC) - timedelta(days=1))
    assert refused.value.problem == "not_today"


def test_nothing_is_said_to_what_was_not_given_and_nothing_given_up_without_proof(telling: Telling) -> None:
    version, session, officer = telling.draft(), telling.session, telling.bench.officer
    notice, now = telling.tell(version), datetime.now(UTC)

    def refused(kind: str, **said: Any) -> str:
        facts = {"said_at": datetime.now(UTC), "heard_by": officer.id, **said}
        with pytest.raises((ReplyUnusable, NoticeSettled)) as caught:
            state_reply(session, officer, notice.id, Said(kind, **facts), datetime.now(UTC))
        return problem_of(caught.value)

    assert refused("statement", content="不服") == "not_given"
    telling.serve(notice)
    assert refused("statement") == "no_content"
    assert refused("statement_waived") == "no_proof"
    assert refused("hearing_requested") == "other_notice"
    assert refused("statement_waived", document_id=notice.document_id) == "other_document"
    elsewhere = telling.bench.archive.recording(telling.bench.unit, device=None).id
    assert refused("statement_waived", recording_id=elsewhere) == "not_in_case"
    assert refused("statement", content="不服", said_at=now - timedelta(hours=1)) == "not_given"
    assert refused("statement", content="不服", said_at=now + timedelta(hours=1)) == "in_the_future"
    assert refused("statement", content="不服", said_at=datetime(2026, 1, 1)) == "without_zone"


def test_a_paper_that_the_party_signed_shows_what_he_gave_up(telling: Telling) -> None:
    case = telling.bench.another_case(stage="investigation")
    version = telling.draft(case)
    first, second = handlers_of(telling.session, case, chinese_day(datetime.now(UTC)))
    office = dataclasses.replace(telling.office_in(case.id), officer=first.person, second=second.person)
    draft, now = office.begin(), datetime.now(UTC)
    office.sign(draft, party=False)
    office.party(draft, signed_at=now - timedelta(minutes=5))
    signed_before = finalise_document(telling.session, office.officer, draft.document.id, now, REVIEW_KEYS).document_id
    notice = telling.tell(version)
    telling.serve(notice)
    signed = office.finish().document_id
    said = Said("statement_waived", datetime.now(UTC), telling.bench.officer.id, document_id=signed)
    before = Said("statement_waived", datetime.now(UTC), telling.bench.officer.id, document_id=signed_before)
    with pytest.raises(ReplyUnusable) as refused:
        state_reply(telling.session, telling.bench.officer, notice.id, before, datetime.now(UTC))
    assert refused.value.problem == "other_document"
    state_reply(telling.session, telling.bench.officer, notice.id, said, datetime.now(UTC))
    assert telling.missing(version) == ()


@pytest.mark.parametrize("measures", [("no_penalty",), ("correction",), ("no_penalty", "correction")])
def test_what_is_no_penalty_owes_no_notice(telling: Telling, measures: tuple[str, ...]) -> None:
    assert telling.missing(telling.draft(measures=measures, amount_fen=None)) == ()
