"""Two parties are punished in one case on one day: each decision is published, served and revoked for itself."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from casework.account_book import case_lines
from casework.deadlines.errors import DecisionUnclear, DecisionUnfit, EventEntered
from casework.deadlines.events import enter_event, fulfil_term, withdraw_event
from casework.publication.errors import StepRefused
from casework.publication.stepping import take_down
from casework.review.reviewing import withdraw_review
from casework.service.errors import NotServed, ServiceCounts
from casework.service.serving import withdraw_service
from integrity.local_time import chinese_day
from storage.catalog.deadlines import CaseEvent, CaseTerm
from storage.catalog.decisions import DecisionIssue
from storage.catalog.review import DecisionReview
from tests.casework.publication.press import Press, make_press
from tests.casework.review.conftest import make_bench
from tests.casework.review.serving import serve

FIRST = {"party": "某商贸有限公司", "content": "罚款二百元", "amount_fen": 20_000}
SECOND = {"party": "某运输有限公司", "content": "罚款三百元", "amount_fen": 30_000}


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    return chinese_day(now())


@pytest.fixture
def press(session: Session, archive: Any) -> Press:
    return make_press(make_bench(session, archive))


def decide(press: Press, **said: Any) -> tuple[DecisionIssue, CaseEvent]:
    """A penalty in the press's own case, issued today; its event."""
    version = press.bench.draft(press.bench.small(**said))
    if version.scope:
        press.bench.review(version)
    issue = press.bench.issue(version)
    return issue, press.session.scalars(select(CaseEvent).where(CaseEvent.issue_id == issue.id)).one()


def revoke(press: Press, issue: DecisionIssue | None = None, day: date | None = None) -> CaseEvent:
    of = press.session, press.bench.supervisor, press.bench.case.id, "decision_revoked", day or today(), now()
    return enter_event(*of, decision_id=None if issue is None else issue.decision_id)


def test_each_is_published_with_its_own_text_and_ends_its_own_terms(press: Press) -> None:
    (_, one), (_, other) = decide(press, **FIRST), decide(press, **SECOND)
    assert (one.day, other.day) == (today(), today())
    entered = [entry.data for entry in press.bench.archive.entries("case.event_entered")][-2:]
    assert [each["issue_id"] for each in entered] == [str(one.issue_id), str(other.issue_id)]
    version = press.published(one)
    assert (version.party, version.conclusion) == (FIRST["party"], FIRST["content"])
    assert press.term(one, "publish_penalty").done_on == today()
    assert press.term(other, "publish_penalty").done_on is None
    second = press.published(other)
    assert (second.party, second.conclusion) == (SECOND["party"], SECOND["content"])
    assert press.term(other, "publish_penalty").done_on == today()


def ended(press: Press) -> list[date | None]:
    """When each was served, in the order of their issue."""
    of_service = select(CaseTerm.done_on).join(CaseEvent, CaseEvent.id == CaseTerm.event_id)
    in_order = of_service.join(DecisionIssue, DecisionIssue.id == CaseEvent.issue_id).order_by(DecisionIssue.issued_at)
    return list(press.session.scalars(in_order.where(CaseTerm.kind == "service")))


def test_each_is_served_and_ends_its_own_term_of_service(press: Press) -> None:
    (first, one), (second, other) = decide(press, **FIRST), decide(press, **SECOND)
    served = serve(press.bench, decision_id=first.decision_id)
    assert ended(press) == [today(), None]
    # By what was served on the other party nobody ends this one's, at the desk or by SQL.
    term = press.term(other, "service")
    with pytest.raises(NotServed):
        fulfil_term(press.session, press.bench.officer, term.id, today(), now())
    done = text("UPDATE case_term SET done_on = :day, done_by = :by, done_at = now() WHERE id = :id")
    with pytest.raises(DBAPIError, match="by which its term ends"), press.session.begin_nested():
        press.session.execute(done, {"day": today(), "by": press.bench.officer.id, "id": term.id})
    serve(press.bench, decision_id=second.decision_id, document_number="江综执罚决字〔2026〕第8号")
    assert ended(press) == [today(), today()]
    # The one's service is not withdrawn under its term because the other was served on that day, too.
    with pytest.raises(ServiceCounts), press.session.begin_nested():
        withdraw_service(press.session, press.bench.supervisor, served.id, "误登")
    withdraw_event(press.session, press.bench.supervisor, one.id, "误登")
    withdraw_service(press.session, press.bench.supervisor, served.id, "误登")


def test_a_number_alone_is_served_on_neither_of_two(press: Press) -> None:
    (_, one), _ = decide(press, **FIRST), decide(press, **SECOND)
    serve(press.bench)
    assert ended(press) == [None, None]
    with pytest.raises(NotServed, match="which decision it was of"):
        fulfil_term(press.session, press.bench.officer, press.term(one, "service").id, today(), now())


def test_a_number_alone_may_be_the_only_penalty_of_its_case(press: Press) -> None:
    _, event = decide(press, **FIRST)
    serve(press.bench)
    assert ended(press) == [None]
    fulfil_term(press.session, press.bench.officer, press.term(event, "service").id, today(), now())
    assert ended(press) == [today()]


def test_a_revocation_says_which_decision_it_is_of_and_is_of_no_other(press: Press) -> None:
    (first, one), (second, other) = decide(press, **FIRST), decide(press, **SECOND)
    shown = press.published(one)
    with pytest.raises(DecisionUnclear) as unclear:
        revoke(press)
    assert unclear.value.count == 2
    event = revoke(press, first)
    assert event.issue_id == first.id
    with pytest.raises(EventEntered):
        revoke(press, first)
    # What was revoked comes off the portal, and its term is met by that; the other one goes its way.
    press.published(other)
    assert press.term(event, "withdraw").done_on is None
    take_down(press.session, press.publisher, shown.publication_id, "revoked", "复议机关撤销", now())
    assert press.term(event, "withdraw").done_on == today()
    # Now it is clear which one is meant.
    assert revoke(press).issue_id == second.id
    with pytest.raises(EventEntered):
        revoke(press)


def test_what_was_revoked_is_not_published_and_the_book_says_which_it_was(press: Press) -> None:
    (first, one), (_, other) = decide(press, **FIRST), decide(press, **SECOND)
    version = press.collect(one)
    press.let_pass(version)
    revoke(press, first)
    with pytest.raises(StepRefused) as caught:
        press.publish(version)
    assert caught.value.why == "revoked"
    press.published(other)
    (line,) = [each for each in case_lines(press.session, press.bench.supervisor, today().year) if each.issued]
    assert [(each.party, each.revoked) for each in line.issued] == [(FIRST["party"], True), (SECOND["party"], False)]


def test_an_event_is_of_a_penalty_of_its_case_and_of_its_day(press: Press) -> None:
    first, one = decide(press, **FIRST)
    decide(press, **SECOND)
    elsewhere = press.issued(press.bench.another_case())
    foreign = press.session.get_one(DecisionIssue, elsewhere.issue_id)
    for issue, day in ((foreign, today()), (first, date(2026, 3, 9)), (None, date(2026, 3, 9))):
        with pytest.raises(DecisionUnfit):
            revoke(press, issue, day)
    of = press.session, press.bench.supervisor, press.bench.case.id
    with pytest.raises(DecisionUnfit):
        enter_event(*of, "hearing_held", today(), now(), decision_id=first.decision_id)
    # Withdrawn by mistake, it is entered anew: only this one can be meant.
    withdraw_event(press.session, press.bench.supervisor, one.id, "误撤")
    assert enter_event(*of, "penalty_decided", today(), now()).issue_id == first.id
    with pytest.raises(EventEntered):
        enter_event(*of, "penalty_decided", today(), now())


def test_one_whose_review_was_withdrawn_keeps_no_other_back(press: Press) -> None:
    _, large = decide(press, **FIRST | {"amount_fen": 6_000_000, "content": "罚款六万元"})
    review = press.session.scalars(select(DecisionReview)).one()
    withdraw_review(press.session, press.bench.reviewer, review.id, "新证据")
    _, small = decide(press, **SECOND)
    assert press.published(small).party == SECOND["party"]
    assert press.term(large, "publish_penalty").done_on is None
