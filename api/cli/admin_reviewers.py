"""Reviewers' qualifications from the command line: what `liuhen admin reviewer` does."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from api.cli.admin_people import OPERATOR, Facts
from api.cli.ids import read_id
from api.errors import UsageRefused
from api.http.schema.decisions import QualificationItem
from casework.register.people import find_officer
from casework.review.qualifications import add_qualification, list_qualifications, void_qualification


def qualify(session: Session, person: str, ground: str, number: str, valid_from: str, last_day: str | None) -> Facts:
    """Raises UsageRefused, and casework's errors."""
    row = add_qualification(
        session,
        OPERATOR,
        find_officer(session, OPERATOR, person).id,
        ground=ground,
        number=number,
        valid_from=_day(valid_from),
        last_day=None if last_day is None else _day(last_day),
    )
    return QualificationItem.model_validate(row).model_dump(mode="json")


def held_by(session: Session, person: str) -> list[Facts]:
    rows = list_qualifications(session, OPERATOR, find_officer(session, OPERATOR, person).id)
    return [QualificationItem.model_validate(row).model_dump(mode="json") for row in rows]


def void(session: Session, qualification_id: str, reason: str) -> Facts:
    row_id = read_id(qualification_id)
    return QualificationItem.model_validate(void_qualification(session, OPERATOR, row_id, reason)).model_dump(
        mode="json"
    )


def qualification_line(facts: Facts) -> str:
    words = {"legal_profession": "法律职业资格 / legal profession", "reviewed_before": "此前已从事 / reviewed before"}
    voided = "" if facts["voided_at"] is None else "  已作废 / voided"
    days = f"{facts['valid_from']} — {facts['last_day'] or ''}"
    return f"{words[str(facts['ground'])]}  {facts['number']}  {days}  {facts['id']}{voided}"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageRefused(f"无法识别日期 {text}；例：2026-03-04", f"{text} is no day such as 2026-03-04") from error
