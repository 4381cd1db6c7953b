"""How far the archive is behind with what it owes, in numbers alone (migration 0072; docs/monitoring.md)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

_ASKED = text("SELECT figure, label, value FROM operating_figures()")


@dataclass(frozen=True)
class Figure:
    """`label` tells those of one `name` apart, a queue or a share; seconds, bytes or a count, as the name says."""

    name: str
    label: str
    value: float


def read_figures(session: Session) -> list[Figure]:
    """Those that there are: a queue in which nothing waits has none."""
    return [Figure(*row) for row in session.execute(_ASKED)]
