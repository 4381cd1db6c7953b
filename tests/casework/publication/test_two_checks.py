"""Two checks in one case: a revocation is of the result that it names, and of no other."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.deadlines.errors import DecisionUnclear, EventEntered, ResultUnfit, RevocationUnclear
from casework.deadlines.events import enter_event, withdraw_event
from casework.publication.errors import StepRefused
from casework.publication.stepping import take_down
from casework.revoked import revocations_of
from integrity.local_time import chinese_day
from storage.catalog.casework import Case
from storage.catalog.deadlines import CaseEvent
from storage.catalog.decisions import DecisionIssue
from tests.casework.publication.press import Press, make_press
from tests.casework.review.conftest import make_bench


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    return chinese_day(now())


@pytest.fixture
def press(session: Session, archive: Any) -> Press:
    return make_press(make_bench(session, archive))


@pytest.fixture
def case(press: Press) -> Case:
    case: Case = press.bench.another_case(procedure="random_check")
    return case


def conclude(press: Press, case: Case, days_ago: int) -> CaseEvent:
    day = today() - timedelta(days=days_ago)
    return enter_event(press.session, press.bench.officer, case.id, "inspection_concluded", day, now())


def revoke(press: Press, case: Case, result_id: uuid.UUID | None = None, day: date | None = None) -> CaseEvent:
    of = press.session, press.bench.supervisor, case.id, "decision_revoked", day or today(), now()
    return enter_event(*of, revokes_id=result_id)


def test_a_revocation_names_its_result_and_the_other_stays_public(press: Press, case: Case) -> None:
    first, second = conclude(press, case, 2), conclude(press, case, 1)
    one, other = press.published(first), press.collect(second)
    press.let_pass(other)
    with pytest.raises(RevocationUnclear) as unclear:
        revoke(press, case)
    assert (unclear.value.decisions, unclear.value.results) == (0, 2)
    event = revoke(press, case, first.id)
    assert (event.revokes_id, event.issue_id) == (first.id, None)
    entry = press.bench.archive.last_entry("case.event_entered")
    assert entry.data["revokes_id"] == str(first.id)
    # The other one is published after it, and its own publication does not meet the term.
    press.publish(other)
    take_down(press.session, press.publisher, other.publication_id, "inaccurate", "结论有误", now())
    assert press.term(event, "withdraw").done_on is None
    take_down(press.session, press.publisher, one.publication_id, "revoked", "检查结果被撤销", now())
    assert press.term(event, "withdraw").done_on == today()


def test_where_nothing_is_said_the_only_one_left_is_meant(press: Press, case: Case) -> None:
    first, second = conclude(press, case, 2), conclude(press, case, 1)
    revoke(press, case, second.id)
    assert revoke(press, case).revokes_id == first.id, "two of one day, each of its own result"
    with pytest.raises(EventEntered):
        revoke(press, case)
    with pytest.raises(EventEntered):
        revoke(press, case, first.id)


def test_what_was_revoked_is_not_published(press: Press, case: Case) -> None:
    first, second = conclude(press, case, 2), conclude(press, case, 1)
    version = press.collect(first)
    press.let_pass(version)
    revoke(press, case, first.id)
    with pytest.raises(StepRefused) as caught:
        press.publish(version)
    assert caught.value.why == "revoked"
    press.published(second)


def test_only_a_result_that_stands_in_the_case_by_then_is_named(press: Press, case: Case) -> None:
    first, second = conclude(press, case, 2), conclude(press, case, 1)
    elsewhere = press.inspected()
    withdraw_event(press.session, press.bench.supervisor, second.id, "误登")
    for result_id in (elsewhere.id, second.id, uuid.uuid4()):
        with pytest.raises(ResultUnfit):
            revoke(press, case, result_id)
    for result_id in (first.id, None):
        with pytest.raises(ResultUnfit):
            revoke(press, case, result_id, first.day - timedelta(days=1))
    of = press.session, press.bench.officer, case.id, "hearing_held", today(), now()
    with pytest.raises(ResultUnfit):
        enter_event(*of, revokes_id=first.id)


def test_a_decision_and_a_result_in_one_case_are_told_apart(press: Press) -> None:
    press.issued()
    case = press.bench.case
    result = conclude(press, case, 0)
    with pytest.raises(RevocationUnclear) as unclear:
        revoke(press, case)
    assert (unclear.value.decisions, unclear.value.results) == (1, 1)
    assert "revokes_id" in str(unclear.value)
    assert revoke(press, case, result.id).revokes_id == result.id
    issue = press.session.scalars(select(DecisionIssue).where(DecisionIssue.case_id == case.id)).one()
    left = revoke(press, case)
    assert (left.issue_id, left.revokes_id) == (issue.id, None)
    assert not isinstance(unclear.value, DecisionUnclear)


def test_one_of_before_that_names_none_revokes_what_was_entered_before_it(press: Press, case: Case) -> None:
    """There is nothing in the case that it could name: as a row of before it could name anything."""
    event = revoke(press, case)
    assert (event.issue_id, event.revokes_id) == (None, None)
    hour = timedelta(hours=1)
    former, later = (
        CaseEvent(id=uuid.uuid4(), case_id=case.id, issue_id=None, entered_at=event.entered_at + by)
        for by in (-hour, hour)
    )
    assert press.session.scalars(revocations_of(former)).all() == [event]
    assert press.session.scalars(revocations_of(later)).all() == []
