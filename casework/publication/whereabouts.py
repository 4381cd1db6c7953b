"""Where publications stand in public: on the portal, on channels, with the city's platform; and which are ended.

The database says the same (`stands_in_public` and `is_ended_publication` in migration 0065).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from storage.catalog.deadlines import CaseEvent
from storage.catalog.publication import (
    FOR_GOOD,
    Publication,
    PublicationPosting,
    PublicationPush,
    PublicationStep,
    PublicationVersion,
)


@dataclass(frozen=True)
class Whereabouts:
    """Where something stands: `portal` and `platform` say whether there; `channels` are codes with their places."""

    portal: bool = False
    platform: bool = False
    channels: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return self.portal or self.platform or bool(self.channels)

    def __str__(self) -> str:
        named = ["on the portal"] if self.portal else []
        named += [f"on the channel {channel} ({place})" for channel, place in self.channels]
        named += ["with the city's platform, which has not confirmed that it withdrew it"] if self.platform else []
        return "; ".join(named)


def revoked_publications(revoked: CaseEvent) -> Select[Publication]:
    """Of what the event revokes, every publication: of the decision that it names, or of the result of a check, as
    casework/revoked.py has it."""
    of_case = select(Publication).where(Publication.case_id == revoked.case_id)
    if revoked.issue_id is not None:
        return of_case.where(Publication.issue_id == revoked.issue_id)
    if revoked.revokes_id is not None:
        return of_case.where(Publication.event_id == revoked.revokes_id)
    before = exists().where(CaseEvent.id == Publication.event_id, CaseEvent.entered_at < revoked.entered_at)
    return of_case.where(Publication.issue_id.is_(None), before)


def whereabouts_of_revoked(session: Session, revoked: CaseEvent) -> Whereabouts:
    """Where anything of what the event revokes is public still."""
    ids = revoked_publications(revoked).with_only_columns(Publication.id)
    return whereabouts(session, session.scalars(ids).all())


def whereabouts(session: Session, publication_ids: Sequence[uuid.UUID]) -> Whereabouts:
    """Of all of them together."""
    shown = select(Publication.id).where(Publication.id.in_(publication_ids), Publication.shown_version_id.is_not(None))
    posted = select(PublicationPosting.channel, PublicationPosting.place).where(
        PublicationPosting.publication_id.in_(publication_ids), PublicationPosting.removed_at.is_(None)
    )
    posted = posted.order_by(PublicationPosting.posted_at, PublicationPosting.id)
    return Whereabouts(
        portal=session.scalars(shown.limit(1)).first() is not None,
        platform=any(may_stand_at_the_platform(session, each) for each in publication_ids),
        channels=tuple((channel, place) for channel, place in session.execute(posted)),
    )


def may_stand_at_the_platform(session: Session, publication_id: uuid.UUID) -> bool:
    """Whether the city's platform was ever sent it, and has not confirmed yet that it withdrew it."""
    sent = select(PublicationPush).where(PublicationPush.publication_id == publication_id)
    rows = session.scalars(sent.order_by(PublicationPush.ordinal).execution_options(populate_existing=True)).all()
    if not any(each.action == "publish" and each.attempts for each in rows):
        return False
    return rows[-1].action == "publish" or rows[-1].accepted_at is None


def fell_with_its_decision(session: Session, publication_id: uuid.UUID) -> bool:
    """Whether it was taken down because the decision fell: nothing of it is public ever again."""
    step = PublicationStep
    fell = select(step.id).where(step.publication_id == publication_id, step.ground.in_(FOR_GOOD))
    return session.scalars(fell.limit(1)).first() is not None


def last_step_of(session: Session, publication_id: uuid.UUID) -> str | None:
    """The last step of its latest text; None: nobody has done anything about it yet."""
    version, step = PublicationVersion, PublicationStep
    taken = (
        select(step.step)
        .select_from(version)
        .outerjoin(step, step.version_id == version.id)
        .where(version.publication_id == publication_id)
        .order_by(version.ordinal.desc(), step.ordinal.desc())
    )
    return session.scalars(taken.limit(1)).first()


def is_settled(session: Session, publication_id: uuid.UUID) -> bool:
    """Whether it was taken down, or settled that it is not published, and nothing of it is on its way."""
    if fell_with_its_decision(session, publication_id):
        return True
    return last_step_of(session, publication_id) in ("taken_down", "withheld")
