"""What shows that a party gave something up, what nobody alone takes back, and a hearing announced in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from casework.notices.errors import ReplyUnusable
from casework.notices.replies import Said, answer_reply, state_reply
from casework.notices.standing import days_that_run
from casework.notices.withdrawing import withdraw_reply
from integrity.local_time import chinese_day
from storage.catalog.notices import PartyNotice, PartyReply, ReplyAnswer
from storage.catalog.recordings import Recording
from tests.casework.notices.told import Telling

HOUR = timedelta(hours=1)


def filmed(telling: Telling, **facts: Any) -> Recording:
    bench = telling.bench
    recording: Recording = bench.archive.recording(bench.unit, device=None, **facts)
    bench.archive.link(recording, bench.case, bench.officer)
    return recording


def waive(telling: Telling, notice: PartyNotice, film: Recording) -> PartyReply:
    now = datetime.now(UTC)
    said = Said("statement_waived", now, telling.bench.officer.id, recording_id=film.id)
    return state_reply(telling.session, telling.bench.officer, notice.id, said, now)


def served(telling: Telling) -> PartyNotice:
    notice = telling.tell(telling.draft())
    telling.serve(notice)
    return notice


@pytest.mark.parametrize(
    ("started", "received", "uncertain"), [(-HOUR, HOUR, 1.0), (None, -HOUR, None), (2 * HOUR, -HOUR, 1.0)]
)
def test_a_film_of_before_he_was_told_gives_nothing_up(
    telling: Telling, started: timedelta | None, received: timedelta, uncertain: float | None
) -> None:
    notice, now = served(telling), datetime.now(UTC)
    started_at = None if started is None else now + started
    film = filmed(telling, started_at=started_at, uncertainty_seconds=uncertain, received_at=now + received)
    with pytest.raises(ReplyUnusable) as refused:
        waive(telling, notice, film)
    assert refused.value.problem == "recorded_before"


@pytest.mark.parametrize(("started", "uncertain"), [(timedelta(0), 1.0), (-HOUR, 7200.0), (None, None)])
def test_a_film_that_may_be_of_afterwards_shows_it(
    telling: Telling, started: timedelta | None, uncertain: float | None
) -> None:
    """Surely of before it has to be, to be refused: by a clock that may be two hours off nobody knows."""
    notice, now = served(telling), datetime.now(UTC)
    started_at = None if started is None else now + started
    film = filmed(telling, started_at=started_at, uncertainty_seconds=uncertain, received_at=now + HOUR)
    assert waive(telling, notice, film).recording_id == film.id


def test_a_film_of_another_unit_that_is_in_another_case_shows_nothing(telling: Telling) -> None:
    notice, bench, now = served(telling), telling.bench, datetime.now(UTC)
    film = bench.archive.recording(bench.archive.unit(bench.bureau), device=None, started_at=now, received_at=now)
    with pytest.raises(ReplyUnusable) as refused:
        waive(telling, notice, film)
    assert refused.value.problem == "not_in_case"


@pytest.mark.parametrize("kind", ["statement", "hearing_requested"])
def test_what_the_party_said_is_not_made_unsaid_by_one(telling: Telling, kind: str) -> None:
    version, bench, session = telling.draft(), telling.bench, telling.session
    telling.tell_all(version)
    notice = telling.offer_hearing(version)
    reply = telling.hear(notice, kind, "不是我摆的")
    withdraw_reply(session, bench.supervisor, reply.id, "误登")
    telling.hear(notice, "hearing_waived")
    assert telling.missing(version) == ("withdrawal_unconfirmed",)

    def confirm(by: Any, outcome: str = "entered_wrongly") -> ReplyAnswer:
        return answer_reply(session, by, reply.id, outcome=outcome, reason="是另一当事人所述")

    for by, outcome, problem in (
        (bench.supervisor, "entered_wrongly", "same_person"),
        (bench.officer, "not_adopted", "was_withdrawn"),
    ):
        with pytest.raises(ReplyUnusable) as refused:
            confirm(by, outcome)
        assert refused.value.problem == problem
    confirm(bench.officer)
    assert telling.missing(version) == ()


def test_what_stands_was_not_entered_wrongly(telling: Telling) -> None:
    reply = telling.hear(served(telling), "statement", "不是我摆的")
    with pytest.raises(ReplyUnusable) as refused:
        telling.answer(reply, "entered_wrongly")
    assert refused.value.problem == "not_withdrawn"


@pytest.mark.parametrize(
    ("told_days_before", "agreed", "runs"),
    [(30, False, ()), (6, False, ("hearing_short",)), (None, False, ("hearing_short",)), (None, True, ())],
)
def test_a_hearing_on_short_notice_is_none(
    telling: Telling, told_days_before: int | None, agreed: bool, runs: tuple[str, ...]
) -> None:
    version = telling.bench.draft()
    telling.tell_all(version)
    notice = telling.offer_hearing(version)
    telling.hear(notice, "hearing_requested")
    if agreed:
        telling.hear(notice, "hearing_short_notice_agreed")
    telling.hold_hearing(told_days_before=told_days_before)
    assert telling.missing(version) == runs
    assert days_that_run(telling.session, version, chinese_day(datetime.now(UTC))) == runs


def test_seven_days_that_are_not_all_working_days_are_too_few(telling: Telling) -> None:
    """By the official calendar, which the database has not: that asks for seven days of any kind."""
    version = telling.bench.draft()
    telling.tell_all(version)
    telling.hear(telling.offer_hearing(version), "hearing_requested")
    telling.hold_hearing(told_days_before=7)
    assert telling.missing(version) == ()
    assert days_that_run(telling.session, version, chinese_day(datetime.now(UTC))) == ("hearing_short",)
