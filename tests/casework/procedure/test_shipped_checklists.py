"""The shipped checklists, end to end: what each kind of act needs, and when its case closes (S3, S5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.closing import close_case
from casework.procedure.errors import CaseIncomplete
from casework.procedure.explanations import decide_explanation, explain_gap
from casework.procedure.judgement import judge_case

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
START = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def explain(team: Any, act: Any, first: float, last: float) -> Any:
    times = {"starts_at": START + first * MINUTE, "ends_at": START + last * MINUTE}
    return explain_gap(team.session, team.officer, act.act.id, **times, reason="当事人要求停止拍摄", now=NOW)


def record(team: Any, first: float, last: float) -> None:
    facts = {"started_at": START + first * MINUTE, "duration_seconds": (last - first) * 60}
    team.archive.link(team.archive.recording(team.unit, **facts), team.case, team.officer)


@pytest.mark.parametrize("kind", ["on_site", "evidence", "preservation", "hearing", "service_posted"])
@pytest.mark.parametrize("how", ["recording", "reason"])
def test_by_circumstances_a_recording_or_a_written_reason(session: Session, team: Any, kind: str, how: str) -> None:
    """S5: one of the two, the reason under an officer's name and confirmed by nobody; without either no end."""
    act = team.act(kind)
    (judged,) = judge_case(session, team.case.id, NOW)
    assert (judged.verdict, judged.forbids_closing) == ("incomplete", "missing")
    with pytest.raises(CaseIncomplete):
        close_case(session, team.supervisor, team.case.id, "结案")
    if how == "recording":
        record(team, 10, 11)
    else:
        # A reason for some of the minutes is a reason for these alone.
        explain(team, act, 0, 20)
        assert judge_case(session, team.case.id, NOW)[0].forbids_closing == "missing"
        explain(team, act, 20, 40)
    (judged,) = judge_case(session, team.case.id, NOW)
    assert judged.verdict == {"recording": "complete", "reason": "complete_with_explanations"}[how]
    close_case(session, team.supervisor, team.case.id, "结案")


@pytest.mark.parametrize("kind", ["seizure", "demolition", "questioning", "hearing_room"])
def test_whole_acts_take_no_reason_that_nobody_confirmed(session: Session, team: Any, kind: str) -> None:
    """S3: minute by minute, whatever the rest shows."""
    act = team.act(kind)
    record(team, -1, 39)
    row = explain(team, act, 39, 40)
    with pytest.raises(CaseIncomplete, match=r"01:39:00\+00:00 – 2026-03-09T01:40:00"):
        close_case(session, team.supervisor, team.case.id, "结案")
    decide_explanation(session, team.supervisor, row.id, confirmed=True)
    close_case(session, team.supervisor, team.case.id, "结案")
