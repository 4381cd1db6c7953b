"""What a party was told, said and was answered stands in the case's time line, and in its copies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from casework.export import gather_case
from casework.notices.copied import notices_told
from casework.notices.withdrawing import withdraw_answer, withdraw_notice, withdraw_reply
from casework.timeline import TIMELINE_KINDS, case_timeline
from storage.catalog.notices import PartyNotice, PartyReply, ReplyAnswer
from tests.casework.notices.told import Telling

SECOND = timedelta(seconds=1)


def said_and_taken_back(telling: Telling) -> tuple[PartyNotice, PartyReply, ReplyAnswer]:
    session, supervisor = telling.session, telling.bench.supervisor
    notice = telling.tell(telling.draft())
    telling.serve(notice)
    reply = telling.hear(notice, "statement", "不是我摆的")
    answer = telling.answer(reply)
    withdraw_answer(session, supervisor, answer.id, "另行复核")
    withdraw_reply(session, supervisor, reply.id, "误登")
    withdraw_notice(session, supervisor, notice.id, "另行告知")
    return notice, reply, answer


def test_what_a_party_was_told_and_said_is_in_the_time_line(telling: Telling) -> None:
    notice, reply, answer = said_and_taken_back(telling)
    items = case_timeline(telling.session, telling.bench.officer, telling.bench.case.id).items
    steps = {item.kind: item for item in items if item.kind.startswith("party_")}
    assert set(steps) == {kind for kind in TIMELINE_KINDS if kind.startswith("party_")}
    told = steps["party_told"]
    assert (told.at, told.subject_id, told.detail) == (notice.stated_at, notice.id, "penalty")
    said = steps["party_replied"]
    assert (said.at, said.subject_id, said.person_id, said.detail) == (
        reply.said_at,
        reply.id,
        reply.heard_by,
        "statement",
    )
    assert (steps["party_answered"].subject_id, steps["party_answered"].detail) == (answer.id, "not_adopted")
    assert steps["party_told_withdrawn"].person_id == telling.bench.supervisor.id


def test_a_copy_of_the_case_says_what_its_party_was_told_and_said(telling: Telling) -> None:
    notice, reply, answer = said_and_taken_back(telling)
    bench = telling.bench
    grant = bench.archive.grant(bench.case, bench.officer, bench.supervisor, kind="copy")
    copied = gather_case(telling.session, bench.officer, bench.case.id, grant.id, grant.expires_at - SECOND)
    file: Any = copied.case_file
    (told,) = file["party_notices"]
    assert [told] == notices_told(telling.session, bench.case.id)
    assert (told["id"], told["kind"], told["days"]) == (str(notice.id), "penalty", 3)
    assert told["withdraw_reason"] == "另行告知"
    (said,) = told["replies"]
    assert (said["id"], said["content"], said["heard_by"]) == (str(reply.id), "不是我摆的", str(reply.heard_by))
    (answered,) = said["answers"]
    assert (answered["id"], answered["outcome"]) == (str(answer.id), "not_adopted")
