"""Publications pushed to a platform: a real receiver over HTTP that is down, slow, busy, refuses, and takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from api.platform_client import HttpPlatform
from casework.archiving.secrecy import state_secrecy
from casework.deadlines.events import enter_event
from casework.publication.collecting import Said, restate
from casework.publication.duties import name_to_duty
from casework.publication.errors import DutyLacking, StepRefused
from casework.publication.listing import list_overdue_pushes, list_refused, publication_now
from casework.publication.pushing import (
    GATE_WAIT,
    LONGEST_ASKED,
    LONGEST_WAIT,
    PAUSE,
    Message,
    Told,
    claim_next,
    push_due,
    retry_push,
    settle,
)
from casework.publication.stepping import take_down, withhold
from casework.review.reviewing import withdraw_review
from integrity.local_time import chinese_day
from retention.errors import OutsideUnit
from storage.catalog.publication import PublicationPush, PublicationVersion
from storage.catalog.review import DecisionReview
from tests.casework.publication.press import CITIZEN, Press
from tests.casework.sample_archive import OPERATOR, REVIEW_KEYS
from tests.platform_receiver import Receiver, says, says_nothing, takes
from tests.ports import find_free_port

A_MOMENT = timedelta(seconds=1)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver(takes())
    yield receiver
    receiver.close()


def now() -> datetime:
    return datetime.now(UTC)


def push(press: Press, platform: Any, at: datetime | None = None) -> int:
    @contextmanager
    def transaction() -> Iterator[Session]:
        with press.session.begin_nested():
            yield press.session

    return push_due(transaction, platform, REVIEW_KEYS, at or now(), 10)


def rows(press: Press) -> list[PublicationPush]:
    statement = select(PublicationPush).order_by(PublicationPush.due_at, PublicationPush.ordinal)
    return list(press.session.scalars(statement.execution_options(populate_existing=True)))


def states(press: Press, version: PublicationVersion) -> list[str]:
    return [each.state for each in publication_now(press.session, version.publication_id).pushes]


def down(press: Press, version: PublicationVersion, ground: str = "inaccurate", reason: str = "金额有误") -> None:
    take_down(press.session, press.publisher, version.publication_id, ground, reason, now())


def test_what_is_published_corrected_and_taken_down_is_pushed_in_this_order(press: Press, receiver: Receiver) -> None:
    platform = receiver.platform()
    first = press.published(press.issued(**CITIZEN))
    assert push(press, platform) == 1
    said = Said(conclusion="罚款伍拾元")
    second = restate(press.session, press.collector, first.publication_id, said, "大写", now(), former=first.id)
    press.let_pass(second)
    press.publish(second)
    assert push(press, platform) == 1
    down(press, second)
    assert push(press, platform) == 1
    assert push(press, platform) == 0
    assert states(press, first) == ["accepted"] * 3
    assert {(row.receipt, row.problem, row.attempts) for row in rows(press)} == {("CQ-2026-1", None, 1)}
    assert {each.path for each in receiver.asked} == {f"/v1/publications/{first.publication_id}"}
    bodies = [each.body for each in receiver.asked]
    assert [each["action"] for each in bodies] == ["publish", "publish", "withdraw"]
    assert [each["sequence"] for each in bodies] == sorted({each["sequence"] for each in bodies})
    assert (bodies[0]["item"]["party"], bodies[1]["item"]["conclusion"]) == ("张某某", "罚款伍拾元")
    assert (bodies[2]["ground"], bodies[2]["reason"], "item" in bodies[2]) == ("inaccurate", "金额有误", False)
    assert len({each.headers["idempotency-key"] for each in receiver.asked}) == 3
    assert len(press.bench.archive.entries("publication.pushed")) == 3


def test_nothing_but_what_the_portal_shows_is_in_a_message(press: Press, receiver: Receiver) -> None:
    secret = "对张三丰（身份证500105199001011234，电话13800138000，住建新东路88号）及李四罚款五十元"
    press.published(press.issued(**{**CITIZEN, "content": secret}), names=("李四",))
    push(press, receiver.platform())
    (asked,) = receiver.asked
    sent = json.dumps([asked.body, dict(asked.headers)], ensure_ascii=False)
    for each in ("张三丰", "李四", "500105199001011234", "13800138000", "88号"):
        assert each not in sent
    assert set(asked.body) == {"protocol", "id", "sequence", "action", "unit", "at", "kind", "item"}
    assert set(asked.body["item"]) == {
        *("version", "authority", "party", "category", "conclusion", "document_number", "legal_basis", "decided_on")
    }


def test_a_platform_that_is_down_or_busy_is_asked_again_later_and_later(press: Press) -> None:
    nobody = HttpPlatform(f"http://127.0.0.1:{find_free_port()}", None, timeout_seconds=2)
    version = press.published()
    at = now() - timedelta(hours=14)  # Nobody attempts anything in the future: the database looks at its clock.
    rows(press)[0].due_at = at
    assert push(press, nobody, at) == 0
    (row,) = rows(press)
    assert (row.attempts, row.due_at, row.problem) == (1, at + timedelta(minutes=1), "unreachable")
    assert states(press, version) == ["retrying"]
    assert push(press, nobody, at + timedelta(seconds=30)) == 0
    assert rows(press)[0].attempts == 1
    for attempt in range(2, 9):
        at = rows(press)[0].due_at
        push(press, nobody, at)
        assert rows(press)[0].due_at == at + min(timedelta(minutes=2 ** (attempt - 1)), LONGEST_WAIT)
    busy = Receiver(says(503, b"busy", retry_after="7200"), says(429, retry_after="9999999"), says(500), takes())
    try:
        at = rows(press)[0].due_at
        push(press, busy.platform(), at)
        assert (rows(press)[0].due_at, rows(press)[0].detail) == (at + timedelta(hours=2), "HTTP 503: busy")
        at = rows(press)[0].due_at
        push(press, busy.platform(), at)
        assert rows(press)[0].due_at == at + LONGEST_ASKED
        push(press, busy.platform(), rows(press)[0].due_at)
        assert push(press, busy.platform(), rows(press)[0].due_at) == 1
        assert len({each.headers["idempotency-key"] for each in busy.asked}) == 1
        assert [each.body for each in busy.asked] == [busy.asked[0].body] * 4
    finally:
        busy.close()
    assert (states(press, version), rows(press)[0].problem) == (["accepted"], None)


def test_a_slow_platform_keeps_nobody_and_is_left_alone_for_a_minute(press: Press) -> None:
    first, second = press.published(), press.published(press.issued(case=press.bench.another_case()))
    silent, at = Receiver(says_nothing), now()
    try:
        push(press, silent.platform(timeout_seconds=0.3), at)
        assert len(silent.asked) == 1
        push(press, silent.platform(timeout_seconds=0.3), at + PAUSE - A_MOMENT)
        assert len(silent.asked) == 1
        push(press, silent.platform(timeout_seconds=0.3), at + PAUSE)
    finally:
        silent.close()
    assert len(silent.asked) == 2
    assert sorted([*states(press, first), *states(press, second)]) in (["retrying"] * 2, ["retrying", "waiting"])
    well = Receiver(takes())
    try:
        assert push(press, well.platform(), at + 5 * PAUSE) == 2
    finally:
        well.close()


def test_what_the_platform_refuses_waits_for_a_person(press: Press) -> None:
    version = press.published()
    receiver = Receiver(says(422, "缺少字段".encode()), takes())
    platform = receiver.platform()
    try:
        assert push(press, platform) == 0
        (row,) = rows(press)
        assert (states(press, version), row.problem, row.detail) == (["refused"], "status", "HTTP 422: 缺少字段")
        (found,) = list_refused(press.session, press.publisher)
        assert found.row.id == version.publication_id
        assert push(press, platform, now() + timedelta(days=9)) == 0
        with pytest.raises(DutyLacking):
            retry_push(press.session, press.collector, row.id, now())
        stranger = press.bench.archive.person(press.bench.archive.unit(), "publisher")
        name_to_duty(press.session, OPERATOR, stranger.id, "publish")
        with pytest.raises(OutsideUnit):
            retry_push(press.session, stranger, row.id, now())
        retry_push(press.session, press.publisher, row.id, now())
        assert list_refused(press.session, press.publisher) == ()
        assert push(press, platform, now() + A_MOMENT) == 1
        with pytest.raises(StepRefused) as caught:
            retry_push(press.session, press.publisher, row.id, now())
        assert caught.value.why == "not_refused"
    finally:
        receiver.close()
    for deed in ("push_refused", "push_retried", "pushed"):
        (entry,) = press.bench.archive.entries(f"publication.{deed}")
        assert entry.data["step_id"] == str(rows(press)[0].step_id)
    assert press.row(version).shown_version_id == version.id


def test_what_the_platform_does_not_have_after_six_hours_is_overdue(press: Press, receiver: Receiver) -> None:
    version = press.published()
    late = now() + LONGEST_ASKED
    assert list_overdue_pushes(press.session, press.publisher, late - timedelta(minutes=5)) == ()
    (found,) = list_overdue_pushes(press.session, press.publisher, late)
    assert found.row.id == version.publication_id
    (message,) = found.pushes
    assert (message.is_overdue(late), message.overdue_from) == (True, found.steps[-1].taken_at + LONGEST_ASKED)
    assert push(press, receiver.platform()) == 1
    assert list_overdue_pushes(press.session, press.publisher, late) == ()
    assert publication_now(press.session, version.publication_id).pushes[0].overdue_from is None


def test_nothing_is_put_off_for_longer_than_the_rules_of_retrying_have_it(press: Press) -> None:
    press.published()
    sent = claim_next(press.session, REVIEW_KEYS, now())
    assert sent is not None
    settle(press.session, sent.push_id, Told(problem="no_answer", wait_seconds=9e9), now())
    (row,) = rows(press)
    for name, moment in (("due_at", now() + timedelta(hours=7)), ("attempted_at", now() + A_MOMENT)):
        with pytest.raises(DBAPIError, match=r"put off|counted"), press.session.begin_nested():
            press.session.execute(update(PublicationPush).values({name: moment}))
    assert rows(press)[0].due_at == row.due_at


def test_what_was_overtaken_is_not_sent(press: Press, receiver: Receiver) -> None:
    version = press.published()
    down(press, version)
    assert push(press, receiver.platform()) == 1
    assert states(press, version) == ["superseded", "accepted"]
    assert [each.body["action"] for each in receiver.asked] == ["withdraw"]


def test_what_was_overtaken_while_it_was_sent_is_followed_by_its_withdrawal(press: Press) -> None:
    """The platform takes the one on its way, or refuses it for it has the later one: neither ends the matter."""
    for told, state in (
        (Told(receipt="CQ-1"), "accepted"),
        (Told(problem="status", detail="HTTP 409", refused=True), "superseded"),
    ):
        version = press.published(press.issued(case=press.bench.another_case()))
        sent = claim_next(press.session, REVIEW_KEYS, now())
        assert isinstance(sent, Message)
        down(press, version)
        settle(press.session, sent.push_id, told, now())
        assert states(press, version) == [state, "waiting"]
        follows = claim_next(press.session, REVIEW_KEYS, now())
        assert follows is not None
        assert (follows.publication_id, follows.body["action"]) == (version.publication_id, "withdraw")
        settle(press.session, follows.push_id, Told(receipt="CQ-2"), now())
        assert states(press, version) == [state, "accepted"]


def test_whoever_dies_between_sending_and_keeping_sends_the_same_again(press: Press, receiver: Receiver) -> None:
    press.published()
    sent = claim_next(press.session, REVIEW_KEYS, now())
    assert sent is not None
    receiver.platform().send(sent)
    assert claim_next(press.session, REVIEW_KEYS, now()) is None
    assert push(press, receiver.platform(), now() + timedelta(minutes=2)) == 1
    first, second = receiver.asked
    assert (first.body, first.headers["idempotency-key"]) == (second.body, second.headers["idempotency-key"])
    settled = settle(press.session, sent.push_id, Told(receipt="another"), now())
    assert settled.receipt == "CQ-2026-1"
    assert len(press.bench.archive.entries("publication.pushed")) == 1


def test_nothing_is_pushed_past_the_gate_and_a_withdrawal_asks_nobody(press: Press, receiver: Receiver) -> None:
    version = press.published(press.issued(amount_fen=6_000_000, content="罚款六万元"))
    review = press.session.query(DecisionReview).one()
    withdraw_review(press.session, press.bench.reviewer, review.id, "新证据")
    at = now()
    assert push(press, receiver.platform(), at) == 0
    (row,) = rows(press)
    assert (row.attempts, row.due_at, row.problem, receiver.asked) == (0, at + GATE_WAIT, "gate", [])
    down(press, version)
    assert push(press, receiver.platform()) == 1
    assert [each.body["action"] for each in receiver.asked] == ["withdraw"]


def test_neither_what_was_revoked_nor_what_became_a_state_secret_is_pushed(press: Press, receiver: Receiver) -> None:
    revoked = press.issued()
    press.published(revoked)
    enter_event(press.session, press.bench.supervisor, revoked.case_id, "decision_revoked", chinese_day(now()), now())
    secret = press.published(press.issued(case=press.bench.another_case()))
    state_secrecy(press.session, press.bench.officer, secret.case_id, "state_secret", licensed=True)
    whole = press.published(press.issued(case=press.bench.another_case()))
    assert push(press, receiver.platform()) == 1
    assert [each.body["id"] for each in receiver.asked] == [str(whole.publication_id)]
    assert sorted(str(row.problem) for row in rows(press)) == ["None", "gate", "gate"]


def test_a_review_that_was_forged_lets_nothing_through(press: Press, receiver: Receiver) -> None:
    press.published(press.issued(amount_fen=6_000_000, content="罚款六万元"))
    assert claim_next(press.session, (), now()) is None
    assert rows(press)[0].problem == "gate"


def test_the_term_of_withdrawal_is_met_when_the_platform_has_confirmed_it(press: Press, receiver: Receiver) -> None:
    event = press.issued()
    version = press.published(event)
    push(press, receiver.platform())
    revoked = enter_event(
        press.session, press.bench.supervisor, event.case_id, "decision_revoked", chinese_day(now()), now()
    )
    down(press, version, "revoked", "复议机关撤销")
    term = press.term(revoked, "withdraw")
    assert term.done_on is None
    push(press, receiver.platform())
    press.session.refresh(term)
    assert (term.done_on, term.done_by) == (chinese_day(now()), press.publisher.id)
    entry = press.bench.archive.last_entry("case.term_fulfilled")
    assert (entry.actor_kind, entry.actor_id, entry.data["done_by"]) == ("system", "pushing", str(press.publisher.id))


def test_what_never_went_to_the_platform_keeps_no_term_open(press: Press) -> None:
    event = press.issued()
    version = press.published(event)
    revoked = enter_event(
        press.session, press.bench.supervisor, event.case_id, "decision_revoked", chinese_day(now()), now()
    )
    down(press, version, "revoked", "复议机关撤销")
    assert press.term(revoked, "withdraw").done_on == chinese_day(now())


def test_what_is_public_is_taken_down_before_it_is_withheld(press: Press) -> None:
    version = press.published()
    said = Said(withhold_ground="business_secret", withhold_reason="涉及商业秘密")
    again = restate(press.session, press.collector, version.publication_id, said, "商业秘密", now(), former=version.id)
    press.let_pass(again)
    with pytest.raises(StepRefused) as caught:
        withhold(press.session, press.publisher, version.publication_id, again.id, now())
    assert caught.value.why == "still_shown"
    down(press, version)
    withhold(press.session, press.publisher, version.publication_id, again.id, now())
    assert states(press, version) == ["superseded", "waiting"]
