"""Decisions that were issued, in words by which one of them is chosen: against whom, and what was decided."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.catalog.decisions import DecisionIssue, DecisionVersion

MOST_OF_CONTENT: Final = 40


def said_of(session: Session, issued: Sequence[DecisionIssue]) -> Mapping[uuid.UUID, str]:
    """By issue, which decision it is; its day stands beside it."""
    wanted = {each.version_id for each in issued}
    versions = session.scalars(select(DecisionVersion).where(DecisionVersion.id.in_(wanted)))
    said = {row.id: f"{row.party} {row.content[:MOST_OF_CONTENT]}" for row in versions}
    return {each.id: said[each.version_id] for each in issued}
