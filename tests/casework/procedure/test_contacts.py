"""What officers owe whom an act concerns: listed until it is entered; forbidding only where a checklist says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from casework.checklists.checklists import load_checklist
from casework.closing import close_case
from casework.errors import CaseClosed, PersonUnusable, RoleNotAllowed
from casework.handling import state_identity_shown
from casework.procedure.contacts import notices_in, state_notice_given
from casework.procedure.errors import ActTimeUnusable, CaseIncomplete
from casework.procedure.gaps import list_gaps
from casework.procedure.judgement import judge_case
from retention.errors import OutsideUnit
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")
NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
START = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def missing(team: Any) -> tuple[str, ...]:
    (judged,) = judge_case(team.session, team.case.id, NOW)
    return judged.duties_missing


def show(team: Any, at: datetime = START, **more: Any) -> Any:
    facts = {"person_id": team.officer.id, "shown_at": at, "now": NOW}
    return state_identity_shown(team.session, team.officer, team.case.id, **facts, **more)


def tell(team: Any, at: datetime = START, **more: Any) -> Any:
    facts = {"person_id": team.officer.id, "given_at": at, "now": NOW}
    return state_notice_given(team.session, team.officer, team.case.id, **facts, **more)


def test_an_act_lacks_what_was_not_entered_of_it_and_closes_all_the_same(session: Session, team: Any) -> None:
    act = team.act()
    team.archive.link(
        team.archive.recording(team.unit, started_at=START, duration_seconds=2400), team.case, team.officer
    )
    assert missing(team) == ("identity_shown", "notice_given")
    (gap,) = list_gaps(session, team.officer, NOW).items
    assert (gap.judged.verdict, gap.judged.forbids_closing) == ("complete", None)
    team.archive.certify(team.officer)
    show(team)
    assert missing(team) == ("notice_given",)
    row = tell(team, START - 5 * MINUTE, act_id=act.act.id, document_number="江综执告〔2026〕7号")
    assert missing(team) == ()
    assert list_gaps(session, team.officer, NOW).items == ()
    assert notices_in(session, team.case.id) == (row,)
    entry = team.archive.last_entry("case.notice_given")
    assert entry.data["act_id"] == str(act.act.id)
    assert "江综执告" not in team.archive.ledger_text()
    close_case(session, team.supervisor, team.case.id, "结案")
    with pytest.raises(CaseClosed):
        tell(team)


def test_what_was_shown_at_another_time_or_in_another_act_is_no_contact_of_this_one(team: Any) -> None:
    team.act()
    other = team.act("evidence", starts_at=START + 60 * MINUTE, ends_at=START + 70 * MINUTE)
    team.archive.certify(team.officer)
    show(team, START - MINUTE)
    show(team, START + 40 * MINUTE + MINUTE)
    tell(team, START, act_id=other.act.id)
    seizure, evidence = judge_case(team.session, team.case.id, NOW)
    assert seizure.duties_missing == ("identity_shown", "notice_given")
    assert evidence.duties_missing == ("identity_shown",)


def test_a_checklist_may_say_that_no_case_closes_without(session: Session, team: Any) -> None:
    strict = (
        "jurisdiction: CN-strict\nversion: 1\ntitle: {zh: 严, en: strict}\nvalid_from: 2026-01-01\nacts:\n"
        "  - {code: other, name: {zh: 其他, en: Other}, recording: none, duties: [notice_given], "
        "closes_without_duties: false}"
    )
    load_checklist(session, OPERATOR, strict.encode(), NOW)
    act = team.act("other", officers=(team.officer.id,))
    (judged,) = judge_case(session, team.case.id, NOW)
    assert judged.forbids_closing == "duties"
    with pytest.raises(CaseIncomplete, match="that notice of reasons, grounds and rights was given"):
        close_case(session, team.supervisor, team.case.id, "结案")
    tell(team, act_id=act.act.id)
    close_case(session, team.supervisor, team.case.id, "结案")


def test_acts_of_before_the_checklist_owe_nothing(session: Session, team: Any) -> None:
    act = team.act("other", officers=(team.officer.id,))
    stated = (
        "jurisdiction: CN-later\nversion: 1\ntitle: {zh: 后, en: later}\nvalid_from: 2026-01-01\nacts:\n"
        "  - {code: other, name: {zh: 其他, en: Other}, recording: none, duties: [notice_given]}"
    )
    load_checklist(session, OPERATOR, stated.encode(), NOW)
    assert (act.said.kind, missing(team)) == ("other", ())


def test_what_cannot_have_been_told_is_refused(session: Session, team: Any) -> None:
    other_case = team.archive.case(team.officer)
    act = team.act()
    with pytest.raises(ActTimeUnusable, match="future"):
        tell(team, NOW + MINUTE)
    with pytest.raises(ActTimeUnusable, match="time zone"):
        tell(team, START.replace(tzinfo=None))
    facts = {"person_id": team.officer.id, "given_at": START, "now": NOW}
    with pytest.raises(PersonUnusable):
        state_notice_given(session, team.officer, other_case.id, **facts, act_id=act.act.id)
    stranger = team.archive.person(team.archive.unit(), "officer")
    with pytest.raises(OutsideUnit):
        state_notice_given(session, stranger, team.case.id, **facts)
    with pytest.raises(RoleNotAllowed):
        state_notice_given(session, team.archive.person(team.unit, "publisher"), team.case.id, **facts)
    assert notices_in(session, team.case.id) == ()


def test_a_notice_stays_as_it_was_entered(session: Session, team: Any) -> None:
    row = tell(team)
    other = team.act()
    for sql in ("UPDATE notice_given SET given_at = now()", "DELETE FROM notice_given"):
        with pytest.raises(Exception, match="permission denied"), session.begin_nested():
            session.execute(text(sql))
    foreign = "INSERT INTO notice_given SELECT gen_random_uuid(), unit_id, :case, :act, person_id, given_at, NULL, stated_by, stated_at FROM notice_given WHERE id = :id"  # noqa: E501
    values = {"case": team.archive.case(team.officer).id, "act": other.act.id, "id": row.id}
    with pytest.raises(IntegrityError, match="of another case"), session.begin_nested():
        session.execute(text(foreign), values)
