"""What `liuhen admin assignment` does: assignments of a case listed, entered, corrected, withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.cli.admin_people import OPERATOR, Facts, find_unit
from api.cli.ids import read_id
from api.cli.instants import read_local_instant
from api.errors import UsageRefused
from api.http.reading.assignments import assignment_items
from api.words.tables import word_for
from casework.cases import (
    assign,
    assignments_of,
    correct_assignment,
    find_cases_by_number,
    withdraw_assignment,
)
from casework.errors import Unknown
from integrity.local_time import show_written
from storage.catalog.casework import Case, CaseAssignment
from storage.catalog.organisation import Unit


def assignments(session: Session, number: str, unit_code: str | None) -> list[Facts]:
    """Of one case, by time."""
    rows = assignments_of(session, _case(session, number, unit_code).id)
    return [item.model_dump(mode="json") for item in assignment_items(session, rows)]


def add(
    session: Session, number: str, unit_code: str | None, starts_at: str, ends_at: str, words: Mapping[str, Any]
) -> Facts:
    """Raises casework's errors, as all of these do."""
    case = _case(session, number, unit_code)
    begun, ended = read_local_instant(starts_at), read_local_instant(ends_at)
    return _facts(session, assign(session, OPERATOR, case.id, starts_at=begun, ends_at=ended, **words))


def correct(
    session: Session,
    assignment_id: str,
    reason: str,
    starts_at: str | None,
    ends_at: str | None,
    words: Mapping[str, Any],
    *,
    no_place: bool,
) -> Facts:
    """What is not named stays as it was."""
    before = session.get(CaseAssignment, read_id(assignment_id))
    if before is None:
        raise Unknown("case_assignment", assignment_id)
    said: dict[str, Any] = {
        "starts_at": before.span.lower if starts_at is None else read_local_instant(starts_at),
        "ends_at": before.span.upper if ends_at is None else read_local_instant(ends_at),
        "officer": before.officer if words["officer"] is None else words["officer"],
        "device": before.device if words["device"] is None else words["device"],
        "stage": words["stage"],
        **_place(before, words, no_place),
    }
    return _facts(session, correct_assignment(session, OPERATOR, before.id, reason, **said))


def withdraw(session: Session, assignment_id: str, reason: str) -> Facts:
    return _facts(session, withdraw_assignment(session, OPERATOR, read_id(assignment_id), reason))


def assignment_line(facts: Facts) -> str:
    """One assignment in a line for a person."""
    who = " · ".join(str(each) for each in (facts["officer"], facts["device"]) if each)
    span = f"{show_written(facts['starts_at'])} — {show_written(facts['ends_at'])}"
    ended = "" if facts["withdrawn_at"] is None else f"  {_ended(facts)}"
    return f"{who}  {word_for('stage', str(facts['stage']))}  {span}  {facts['id']}{ended}"


def _ended(facts: Facts) -> str:
    by = facts["withdrawn_by"]
    who = str(by["name"]) if isinstance(by, dict) else word_for("system_actor", "admin")
    what = "已撤回 / withdrawn" if facts["replaced_by"] is None else "已更正 / corrected"
    return f"{what} · {who} · {show_written(facts['withdrawn_at'])} · {facts['withdraw_reason']}"


def _place(before: CaseAssignment, words: Mapping[str, Any], no_place: bool) -> dict[str, Any]:
    """Both or neither, as ever: half a place is refused by whoever takes it."""
    named = {name: words[name] for name in ("latitude", "longitude")}
    if no_place or any(value is not None for value in named.values()):
        return named
    return {"latitude": before.latitude, "longitude": before.longitude}


def _case(session: Session, number: str, unit_code: str | None) -> Case:
    """By its number, in one unit or in whichever has it."""
    units = session.scalars(select(Unit.id)).all() if unit_code is None else [find_unit(session, unit_code).id]
    found = find_cases_by_number(session, units, number)
    if not found:
        raise UsageRefused(f"没有案号为 {number} 的案件", f"there is no case with the number {number}")
    if len(found) > 1:
        raise UsageRefused(
            f"有多个单位的案件案号为 {number}，请用 --unit 指定其一",
            f"several units have a case with the number {number}: say which unit with --unit CODE",
        )
    return found[0]


def _facts(session: Session, row: CaseAssignment) -> Facts:
    session.flush()
    session.refresh(row)
    (item,) = assignment_items(session, [row])
    return item.model_dump(mode="json")
