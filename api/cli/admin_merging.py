"""What `liuhen admin unit merge` does: one transaction over all that a merge takes with it (机构撤并)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import UTC, date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.cli.admin_people import OPERATOR, Facts, end_token, find_unit
from api.errors import UsageRefused
from api.signin import end_sessions
from casework.merging import merge_unit
from ingest.stations.moving import move_stations
from storage.catalog.casework import Case
from storage.catalog.organisation import Person
from storage.catalog.signin import ApiToken


def merge(session: Session, code: str, into_code: str, on: str, ground: str) -> Facts:
    """What went over, and what the operator has to do about it. Raises UsageRefused, and what casework does."""
    unit, into, now = find_unit(session, code), find_unit(session, into_code), datetime.now(UTC)
    merged = merge_unit(session, OPERATOR, unit.id, into.id, on=_day(on), ground=ground, now=now)
    stations = move_stations(session, OPERATOR, unit.id, into.id)
    for person in merged.people:
        end_sessions(session, person.id, now)
    tokens = _end_tokens(session, merged.people, now)
    return {
        "unit": unit.code,
        "into": into.code,
        "ended_on": on,
        "people": [person.sign_in_name for person in merged.people],
        "posts_ended": merged.posts,
        "duties_ended": merged.duties,
        "stations": [station.name for station in stations],
        "devices": [device.code for device in merged.devices],
        "tokens_revoked": tokens,
        "open_cases": _open_cases(session, unit.id),
    }


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageRefused(
            f"日期 {text} 无效，须写作 2026-11-30", f"{text} is no day: write it as 2026-11-30"
        ) from error


def _end_tokens(session: Session, people: Collection[Person], now: datetime) -> list[Facts]:
    """A program that goes on gets a new one: what it may reach is another unit's from now on."""
    live = select(ApiToken).where(
        ApiToken.person_id.in_([person.id for person in people]), ApiToken.revoked_at.is_(None)
    )
    rows = session.scalars(live.order_by(ApiToken.created_at, ApiToken.id).with_for_update()).all()
    for row in rows:
        end_token(session, row, now)
    return [{"token_id": str(row.id), "label": row.label} for row in rows]


def _open_cases(session: Session, unit_id: uuid.UUID) -> int:
    return session.scalar(select(func.count()).where(Case.unit_id == unit_id, Case.closed_at.is_(None))) or 0
