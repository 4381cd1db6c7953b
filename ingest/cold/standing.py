"""What is known of the cold place now: how much lies there, what is asked for, and whether it works."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from ingest.cold.errors import ColdFailing, RecallsLate
from storage.catalog.cold import COLD, MOVING, ColdObject, ColdStore

LATE: Final = timedelta(hours=24)
"""Whoever waits longer for what he asked for waits too long."""


@dataclass(frozen=True)
class ColdStanding:
    """`cold`: originals that lie there and not in the store; `moving`: that are to be moved; `wanted`: that were asked
    for, the first of them at `oldest_wanted`. `failure`: the class of what it raised last, since `failing_since`."""

    cold: int
    cold_bytes: int
    moving: int
    wanted: int
    oldest_wanted: datetime | None
    failing_since: datetime | None
    failure: str | None


def read_cold_standing(session: Session, place: str, units: Collection[uuid.UUID] | None = None) -> ColdStanding:
    """Of the cold place at `place`, and of the originals of these units, or of all."""
    ours = true() if units is None else ColdObject.unit_id.in_(units)
    size_bytes = func.coalesce(func.sum(ColdObject.size_bytes), 0)
    cold, cold_bytes = session.execute(select(func.count(), size_bytes).where(ColdObject.state == COLD, ours)).one()
    moving = session.scalars(select(func.count()).where(ColdObject.state == MOVING, ours)).one()
    wanted = select(func.count(), func.min(ColdObject.wanted_since))
    asked_for, oldest = session.execute(wanted.where(ColdObject.wanted_since.is_not(None), ours)).one()
    known = session.get(ColdStore, place)
    return ColdStanding(
        cold,
        int(cold_bytes),
        moving,
        asked_for,
        oldest,
        None if known is None else known.failing_since,
        None if known is None else known.failure,
    )


def require_cold_place(session: Session, place: str, now: datetime) -> None:
    """Return where the cold place works, and nobody has waited too long. Raises ColdFailing, RecallsLate."""
    known = session.get(ColdStore, place)
    if known is not None and known.failing_since is not None:
        raise ColdFailing(place, known.failure or "", f"since {known.failing_since:%Y-%m-%d %H:%M} UTC")
    oldest = session.scalar(select(func.min(ColdObject.wanted_since)))
    if oldest is not None and oldest < now - LATE:
        raise RecallsLate(place, oldest)
