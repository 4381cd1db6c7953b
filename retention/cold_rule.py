"""Which originals may lie in the cold place (冷存储): what was sealed long ago, and that nobody needs now.

Being cold takes nothing away: it is brought back for whoever may have it. So this asks for what is likely to be looked
at, and need not be exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, true

from integrity.local_time import chinese_day
from storage.catalog.access import AccessRequest, Grant, PlaybackWindow
from storage.catalog.casework import Case, CaseLink, LinkQuestion
from storage.catalog.recordings import MediaJob, Recording
from storage.catalog.redaction import RedactedCopy
from storage.catalog.retention import Hold


@dataclass(frozen=True)
class ColdRule:
    """Sealed `after_days` ago or more, and shown to nobody for `quiet_days`. `classes`: of these; empty: of all."""

    after_days: int
    quiet_days: int
    classes: frozenset[str] = frozenset()

    @property
    def quiet(self) -> timedelta:
        return timedelta(days=self.quiet_days)


def may_be_cold(rule: ColdRule, now: datetime) -> ColumnElement[bool]:
    """Of a row of `recording`. Never what is past its last day: that waits to be appraised, and not to be moved."""
    return and_(
        Recording.sealed_at < now - timedelta(days=rule.after_days),
        Recording.retention_class.in_(rule.classes) if rule.classes else true(),
        or_(Recording.retain_until.is_(None), Recording.retain_until >= chinese_day(now)),
        ~is_needed(now),
        ~exists().where(PlaybackWindow.recording_id == Recording.id, PlaybackWindow.opened_at > now - rule.quiet),
    )


def is_needed(now: datetime) -> ColumnElement[bool]:
    """Of a row of `recording`: held, in an open case, under a grant or a request for one, or somebody's work."""
    live = and_(CaseLink.recording_id == Recording.id, CaseLink.ended_at.is_(None))
    return or_(
        exists().where(Hold.recording_id == Recording.id, Hold.released_at.is_(None)),
        exists().where(live, Hold.case_id == CaseLink.case_id, Hold.released_at.is_(None)),
        exists().where(live, Case.id == CaseLink.case_id, Case.closed_at.is_(None)),
        exists().where(live, Grant.case_id == CaseLink.case_id, Grant.revoked_at.is_(None), Grant.expires_at > now),
        exists().where(live, AccessRequest.case_id == CaseLink.case_id, AccessRequest.state == "pending"),
        exists().where(LinkQuestion.recording_id == Recording.id, LinkQuestion.answered_at.is_(None)),
        exists().where(MediaJob.recording_id == Recording.id, MediaJob.state == "due"),
        exists().where(RedactedCopy.recording_id == Recording.id, RedactedCopy.state == "due"),
    )
