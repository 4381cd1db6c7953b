"""What was revoked leaves every channel before its term is met, and one decision has one publication: told in words,
and held by the database as the application's role."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.credentials import open_session
from api.engines.roles import DatabaseAddresses
from casework.deadlines.errors import PublicationGoesOn, StillPublic
from casework.deadlines.events import enter_event, fulfil_term, withdraw_event
from casework.publication.collecting import Said, restate
from casework.publication.errors import PublicationUnusable, StepRefused
from casework.publication.posting import post, remove
from casework.publication.pushing import claim_next
from casework.publication.stepping import take_down, withhold
from integrity.local_time import chinese_day
from storage.catalog.deadlines import CaseEvent, CaseTerm
from storage.catalog.publication import Publication, PublicationPosting, PublicationVersion
from storage.database import Database
from tests.casework.publication.press import Press, make_press
from tests.casework.review.conftest import make_bench
from tests.casework.sample_archive import REVIEW_KEYS


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    return chinese_day(now())


@pytest.fixture
def press(session: Session, archive: Any) -> Press:
    return make_press(make_bench(session, archive))


def revoke(press: Press, event: CaseEvent) -> CaseEvent:
    return enter_event(press.session, press.bench.supervisor, event.case_id, "decision_revoked", today(), now())


def by_hand(press: Press, term: CaseTerm) -> CaseTerm:
    return fulfil_term(press.session, press.bench.officer, term.id, today(), now())


def posted(press: Press, version: PublicationVersion) -> PublicationPosting:
    where = {"channel": "website", "place": "https://www.example.gov.cn/gs/1", "posted_on": today()}
    return post(press.session, press.publisher, version.publication_id, **where, keys=REVIEW_KEYS, now=now())


def down(press: Press, version: PublicationVersion, ground: str) -> None:
    take_down(press.session, press.publisher, version.publication_id, ground, "经复核撤下", now())


def withdraw(press: Press, event: CaseEvent) -> CaseEvent:
    return withdraw_event(press.session, press.bench.supervisor, event.id, "日期有误")


def still_public(press: Press, term: CaseTerm) -> tuple[bool, bool, int]:
    with pytest.raises(StillPublic) as caught:
        by_hand(press, term)
    where = caught.value.where
    assert str(where) in str(caught.value)
    return where.portal, where.platform, len(where.channels)


def test_the_term_of_withdrawal_is_not_met_by_hand_while_anything_is_public(press: Press) -> None:
    event = press.issued()
    version = press.published(event)
    posting = posted(press, version)
    claim_next(press.session, REVIEW_KEYS, now())
    term = press.term(revoke(press, event), "withdraw")
    assert still_public(press, term) == (True, True, 1)
    down(press, version, "revoked")
    assert still_public(press, term) == (False, True, 1)
    remove(press.session, press.publisher, posting.id, "已从网站删除", now())
    assert still_public(press, term) == (False, True, 0)
    message = claim_next(press.session, REVIEW_KEYS, now())
    assert message is not None
    assert message.body["action"] == "withdraw"
    with press.session.begin_nested():
        confirm = "UPDATE publication_push SET accepted_at = now(), receipt = 'R' WHERE id = %s"
        press.session.connection().exec_driver_sql(confirm, (message.push_id,))
    assert by_hand(press, term).done_on == today(), "whoever took it down may have left: then it is entered by hand"


def test_of_a_check_the_result_that_is_revoked_has_to_leave_and_no_other(press: Press) -> None:
    case = press.bench.another_case(procedure="random_check")
    result = enter_on(press, case, today() - timedelta(days=1))
    one, other = press.published(result), press.published(enter_on(press, case, today()))
    of = press.session, press.bench.supervisor, case.id, "decision_revoked", today(), now()
    term = press.term(enter_event(*of, revokes_id=result.id), "withdraw")
    down(press, other, "inaccurate")
    press.session.refresh(term)
    assert term.done_on is None, "what was revoked is public still"
    assert still_public(press, term) == (True, False, 0)
    down(press, one, "revoked")
    press.session.refresh(term)
    assert term.done_on == today()


def enter_on(press: Press, case: Any, day: date) -> CaseEvent:
    return enter_event(press.session, press.bench.officer, case.id, "inspection_concluded", day, now())


def test_where_nothing_was_published_here_the_term_is_met_by_hand(press: Press) -> None:
    event = press.issued()
    assert by_hand(press, press.term(revoke(press, event), "withdraw")).done_on == today()


def test_an_event_is_not_withdrawn_while_its_publication_goes_on(press: Press) -> None:
    event = press.issued()
    version = press.collect(event)
    with pytest.raises(PublicationGoesOn) as caught:
        withdraw(press, event)
    assert "stated" not in str(caught.value)
    assert "state it anew as not to be published" in str(caught.value)
    press.let_pass(version)
    press.publish(version)
    posting = posted(press, version)
    with pytest.raises(PublicationGoesOn) as caught:
        withdraw(press, event)
    assert (caught.value.where.portal, len(caught.value.where.channels)) == (True, 1)
    assert "take it down" in str(caught.value)
    down(press, version, "inaccurate")
    with pytest.raises(PublicationGoesOn, match="on the channel website"):
        withdraw(press, event)
    remove(press.session, press.publisher, posting.id, "已从网站删除", now())
    assert withdraw(press, event).withdrawn_at is not None
    assert press.row(version).ended_at == event.withdrawn_at


@pytest.mark.parametrize("ended", ["taken_down", "withheld"])
def test_what_was_ended_is_begun_anew_once_and_goes_no_further(press: Press, ended: str) -> None:
    event = press.issued()
    if ended == "taken_down":
        version = press.published(event)
        down(press, version, "privacy")
    else:
        version = press.collect(event, withhold_ground="minor", withhold_reason="未满十八周岁")
        press.let_pass(version)
        withhold(press.session, press.publisher, version.publication_id, version.id, now())
    withdraw(press, event)
    with pytest.raises(StepRefused) as caught:
        restate(press.session, press.collector, version.publication_id, Said(), "再公示", now(), former=version.id)
    assert caught.value.why == "ended"
    again = press.published(entered_anew(press, event))
    assert again.publication_id != version.publication_id
    shown = press.session.scalars(select(Publication.id).where(Publication.shown_version_id.is_not(None))).all()
    assert shown == [again.publication_id]


def entered_anew(press: Press, event: CaseEvent) -> CaseEvent:
    of = press.session, press.bench.supervisor, event.case_id, "penalty_decided", event.day, now()
    return enter_event(*of)


def test_what_fell_with_its_decision_is_not_published_by_way_of_another_event(press: Press) -> None:
    event = press.issued()
    down(press, press.published(event), "unlawful")
    withdraw(press, event)
    with pytest.raises(PublicationUnusable) as caught:
        press.collect(entered_anew(press, event))
    assert caught.value.problem == "fell"


@pytest.fixture
def committed(database: Database, archive_in: Any) -> tuple[uuid.UUID, str]:
    """A published decision with its posting, revoked; the event it was published from, and its supervisor's cookie."""
    with database.transaction() as session:
        press = make_press(make_bench(session, archive_in(session)))
        event = press.issued()
        posted(press, press.published(event))
        revoke(press, event)
        session.flush()
        return event.id, open_session(session, press.bench.supervisor, now())


@contextmanager
def as_application(addresses: DatabaseAddresses, cookie: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(addresses.app) as connection:
        connection.execute("SELECT enter(%s)", (cookie.encode(),))
        yield connection
        connection.rollback()


MET = (
    "UPDATE case_term t SET done_on = chinese_day(now()), done_at = now(), done_by = e.entered_by FROM case_event e "
    "WHERE e.id = t.event_id AND t.kind = 'withdraw'"
)
WITHDRAWN = (
    "UPDATE case_event SET withdrawn_at = now(), withdrawn_by = entered_by, withdraw_reason = 'x' "
    "WHERE kind = 'penalty_decided'"
)
TAKEN_DOWN = (
    "INSERT INTO publication_step (id, unit_id, case_id, publication_id, version_id, ordinal, step, ground, reason, "
    "taken_by, taken_at) SELECT gen_random_uuid(), s.unit_id, s.case_id, s.publication_id, s.version_id, "
    "s.ordinal + 1, 'taken_down', %s, 'x', s.taken_by, now() FROM publication_step s WHERE s.step = 'published'"
)
REMOVED = "UPDATE publication_posting SET removed_at = now(), removed_by = posted_by, removal = 'x'"
ANEW = (
    "INSERT INTO case_event (id, unit_id, case_id, kind, day, entered_by, entered_at, issue_id) "
    "SELECT gen_random_uuid(), unit_id, case_id, kind, day, entered_by, now(), issue_id FROM case_event "
    "WHERE kind = 'penalty_decided'"
)
COLLECTED = (
    "INSERT INTO publication (id, unit_id, case_id, kind, event_id, issue_id, begun_by, begun_at) "
    "SELECT gen_random_uuid(), p.unit_id, p.case_id, p.kind, e.id, p.issue_id, p.begun_by, now() FROM publication p "
    "JOIN case_event e ON e.issue_id = p.issue_id AND e.kind = 'penalty_decided' AND e.withdrawn_at IS NULL"
)
STATED = (
    "INSERT INTO publication_version (id, unit_id, case_id, publication_id, ordinal, party_full, party_kind, "
    "conclusion_full, names, authority, party, category, conclusion, decided_on, kept, rules, needs_second, reason, "
    "hides_former, stated_by, stated_at) SELECT gen_random_uuid(), unit_id, case_id, publication_id, 2, party_full, "
    "party_kind, conclusion_full, names, authority, party, category, conclusion, decided_on, kept, rules, "
    "needs_second, 'x', hides_former, stated_by, now() FROM publication_version"
)


def test_the_database_keeps_the_term_open_while_anything_is_public(
    addresses: DatabaseAddresses, committed: tuple[uuid.UUID, str]
) -> None:
    _, cookie = committed
    with as_application(addresses, cookie) as connection:
        for step, arguments in ((TAKEN_DOWN, ("revoked",)), (REMOVED, ())):
            with pytest.raises(psycopg.errors.CheckViolation, match="is public still"), connection.transaction():
                connection.execute(MET.encode())
            connection.execute(step.encode(), arguments)
        assert connection.execute(MET.encode()).rowcount == 1


def test_the_database_has_one_publication_of_one_decision(
    addresses: DatabaseAddresses, committed: tuple[uuid.UUID, str]
) -> None:
    _, cookie = committed
    with as_application(addresses, cookie) as connection:
        for step, arguments in ((TAKEN_DOWN, ("privacy",)), (REMOVED, ())):
            with pytest.raises(psycopg.errors.CheckViolation, match="is not ended"), connection.transaction():
                connection.execute(WITHDRAWN.encode())
            connection.execute(step.encode(), arguments)
        connection.execute(WITHDRAWN.encode())
        with pytest.raises(psycopg.errors.CheckViolation, match="is ended"), connection.transaction():
            connection.execute(STATED.encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute("UPDATE publication SET ended_at = NULL")
        connection.execute(ANEW.encode())
        assert connection.execute(COLLECTED.encode()).rowcount == 1
        found = connection.execute("SELECT count(*) FILTER (WHERE ended_at IS NULL), count(*) FROM publication")
        assert found.fetchone() == (1, 2)


def test_the_database_lets_nothing_come_back_of_a_decision_that_fell(
    addresses: DatabaseAddresses, committed: tuple[uuid.UUID, str]
) -> None:
    _, cookie = committed
    with as_application(addresses, cookie) as connection:
        connection.execute(TAKEN_DOWN.encode(), ("unlawful",))
        connection.execute(REMOVED.encode())
        connection.execute(WITHDRAWN.encode())
        connection.execute(ANEW.encode())
        with pytest.raises(psycopg.errors.UniqueViolation, match="uq_publication_issue_id"):
            connection.execute(COLLECTED.encode())
