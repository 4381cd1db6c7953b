"""What may be said of a case (可以对外说明的内容): facts as JSON, every text of them masked as what is published.

Nothing here names a party, an officer or a file. What was published stands in its own words, which anybody may read; of
a decision that is not published, or no more, only that is said. Of a case with a class of secrecy only the class is
said, and what was published of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.documents.listing import documents_of_case
from casework.procedure.judgement import judge_case
from casework.publication.listing import PublicationNow, publications_of_case
from casework.publication.masking import Masking
from casework.publication.portal import PublicHistory, find_public
from casework.publication.running_text import persons_spoken_of
from casework.revoked import is_revoked, standing_revocations
from casework.secrecy import ORDINARY, keeps_nothing_from, may_be_copied
from casework.timeline import DETAIL_WORDS, TimelineItem, case_timeline
from integrity.fields import format_instant
from integrity.local_time import chinese_day
from storage.catalog.archiving import CaseArchive
from storage.catalog.casework import Case, CaseLink
from storage.catalog.decisions import DecisionIssue, DecisionVersion
from storage.catalog.organisation import Person, Unit
from storage.catalog.recordings import Recording
from storage.catalog.review import DecisionReview

FORMAT: Final = 2
"""1 had the texts of decisions whatever their publication came to, and the facts of classified cases."""
SAID: Final = (
    "stage_entered",
    "stage_returned",
    "identity_shown",
    "notice_given",
    "party_told",
    "party_told_withdrawn",
    "party_replied",
    "party_reply_withdrawn",
    "party_answered",
    "party_answer_withdrawn",
    "event_entered",
    "decision_issued",
    "document_sealed",
    "served",
    "closed",
    "archived",
)
"""What of a case's time line is said: steps of the procedure, without whoever took them."""


@dataclass(frozen=True)
class Speaking:
    """For whom, of which case and class, and what hides what speaks of persons (`names`: those the case knows)."""

    by: Person
    case: Case
    secrecy_class: str
    masking: Masking
    names: tuple[str, ...]
    now: datetime

    @property
    def is_open(self) -> bool:
        return self.secrecy_class == ORDINARY

    def mask(self, text: str) -> str:
        return self.masking.mask(text, (*self.names, *persons_spoken_of(text)))


def contents_of_dossier(session: Session, speaking: Speaking) -> dict[str, Any]:
    """All but the question, the contact and who made it."""
    found = publications_of_case(session, speaking.case.id)
    histories = {each.row.id: find_public(session, each.row.id) for each in found}
    facts: dict[str, Any] = {"format": FORMAT, "secrecy_class": speaking.secrecy_class}
    if not speaking.is_open:
        told = [each for each in found if histories[each.row.id] is not None]
        return {**facts, "publications": [_publication(each, histories[each.row.id], False) for each in told]}
    facts["recordings"], facts["recordings_kept"] = _recordings(session, speaking)
    return {
        **facts,
        "case": _case(session, speaking),
        "publications": [_publication(each, histories[each.row.id], True) for each in found],
        "revocations": _revocations(session, speaking.case),
        "decisions": list(_decisions(session, speaking, found)),
        "documents": list(_documents(session, speaking.case)),
        "acts": list(_acts(session, speaking)),
        "timeline": [_step(each) for each in _timeline(session, speaking)],
    }


def _case(session: Session, speaking: Speaking) -> dict[str, Any]:
    case = speaking.case
    archived_at = session.scalar(select(CaseArchive.archived_at).where(CaseArchive.case_id == case.id))
    return {
        "number": case.number,
        "title": speaking.mask(case.title),
        "kind": case.kind,
        "procedure": case.procedure,
        "stage": case.stage,
        "unit": session.get_one(Unit, case.unit_id).name,
        "opened_on": _day(case.opened_at),
        "closed_on": _day(case.closed_at),
        "archived_on": _day(archived_at),
    }


def _decisions(
    session: Session, speaking: Speaking, publications: Sequence[PublicationNow]
) -> Iterator[dict[str, Any]]:
    """Each as far as its publication lets it be told: STANDINGS says how far."""
    issue, said, review = DecisionIssue, DecisionVersion, DecisionReview
    statement = (
        select(issue, said, review, is_revoked(issue.id))
        .join(said, said.id == issue.version_id)
        .outerjoin(review, review.id == issue.review_id)
        .where(issue.case_id == speaking.case.id)
        .order_by(issue.issued_at, issue.id)
    )
    for row, version, passed, was_revoked in session.execute(statement):
        standing, ground, public = _standing_of(row.id, publications)
        told = standing in TOLD
        yield {
            "kind": version.kind,
            "standing": standing,
            "ground": ground,
            "measures": list(version.measures) if told else None,
            "amount_fen": version.amount_fen if told else None,
            "content": (public or speaking.mask(version.content)) if told else None,
            "issued_on": row.issued_on.isoformat(),
            "in_scope": bool(row.scope),
            "reviewed_on": None if passed is None else _day(passed.reviewed_at),
            "revoked": was_revoked,
        }


STANDINGS: Final = ("published", "unpublished", "undecided", "withheld", "taken_down")
"""Of a decision in public: published; not yet; not yet, and it is proposed that it is not; settled so; taken down."""
TOLD: Final = frozenset({"published", "unpublished"})
"""Of these it is told what was decided: in the words that were published, or masked."""


def _standing_of(issue_id: uuid.UUID, publications: Sequence[PublicationNow]) -> tuple[str, str | None, str | None]:
    """A word of STANDINGS; the ground not to publish, or to take down; the conclusion that is public now."""
    of_it = [each for each in publications if each.row.issue_id == issue_id]
    going = [each for each in of_it if each.row.ended_at is None] or of_it
    if not going:
        return "unpublished", None, None
    found = going[-1]
    if found.shown is not None:
        return "published", None, found.shown.conclusion
    settled = [each for each in found.steps if each.step in ("withheld", "taken_down")]
    if not settled:
        return "unpublished" if found.latest.withhold_ground is None else "undecided", None, None
    if settled[-1].step == "taken_down":
        return "taken_down", settled[-1].ground, None
    return "withheld", _withheld_for(found), None


def _withheld_for(found: PublicationNow) -> str | None:
    """The ground of the text that was settled as not to be published, be it the latest or not."""
    settled = next(each for each in reversed(found.steps) if each.step == "withheld")
    return next(each.withhold_ground for each in found.versions if each.id == settled.version_id)


def _documents(session: Session, case: Case) -> Iterator[dict[str, Any]]:
    """What bears a seal: its digest is that of the PDF whose seal verifies."""
    for each in documents_of_case(session, case.id):
        if each.sealed is not None and each.final is not None:
            yield {
                "title": each.row.title_zh,
                "number": None if each.number is None else each.number.written,
                "dated_on": each.final.dated_on.isoformat(),
                "withdrawn": each.state == "withdrawn",
                "sha256": each.sealed.sha256.hex(),
            }


def _revocations(session: Session, case: Case) -> list[str]:
    return [each.day.isoformat() for each in session.scalars(standing_revocations(case.id))]


def _publication(found: PublicationNow, history: PublicHistory | None, is_open: bool) -> dict[str, Any]:
    state = _public_state(found, history)
    return {
        "kind": found.row.kind,
        "state": state,
        "ground": _withheld_for(found) if state == "withheld" and is_open else None,
        "steps": [] if history is None else list(_public_steps(history)),
        "postings": [
            {
                "channel": each.row.channel,
                "place": each.row.place,
                "posted_on": each.row.posted_on.isoformat(),
                "removed_on": _day(each.row.removed_at),
            }
            for each in found.postings
        ],
    }


def _public_state(found: PublicationNow, history: PublicHistory | None) -> str:
    """What of its state is the public's to know: how far its preparation has come is not."""
    if found.row.shown_version_id is not None:
        return "published"
    if history is not None:
        return history.steps[0].step
    return "withheld" if found.state == "withheld" else "pending"


def _public_steps(history: PublicHistory) -> Iterator[dict[str, Any]]:
    """In the order in which they were taken: what anybody could read then, and may still be read."""
    for step in reversed(history.steps):
        text = None if step.text is None else asdict(step.text)
        if text is not None:
            text["decided_on"] = text["decided_on"].isoformat()
        yield {"step": step.step, "on": _day(step.at), "ground": step.ground, "reason": step.reason, "text": text}


def _acts(session: Session, speaking: Speaking) -> Iterator[dict[str, Any]]:
    """Each act with what its recordings come to (完整性)."""
    for each in judge_case(session, speaking.case.id, speaking.now):
        said = each.act.said
        yield {
            "name_zh": each.rule.name_zh,
            "name_en": each.rule.name_en,
            "starts_at": format_instant(said.starts_at),
            "ends_at": None if said.ends_at is None else format_instant(said.ends_at),
            "verdict": str(each.verdict),
            "forbids_closing": each.forbids_closing,
        }


def _recordings(session: Session, speaking: Speaking) -> tuple[list[dict[str, Any]], int]:
    """Which there are, and how many more stand in a case that is kept: of these nothing is said. None is opened."""
    link, row = CaseLink, Recording
    standing = link.case_id == speaking.case.id, link.ended_at.is_(None)
    linked = select(row, link.stage).join(link, link.recording_id == row.id).where(*standing)
    told = linked.where(keeps_nothing_from(speaking.by), may_be_copied())
    rows = session.execute(told.order_by(row.started_at.nulls_last(), row.id)).all()
    count = session.scalar(select(func.count()).select_from(link).where(*standing)) or 0
    found = [
        {
            "started_at": None if each.started_at is None else format_instant(each.started_at),
            "seconds": each.duration_seconds,
            "stage": stage,
        }
        for each, stage in rows
    ]
    return found, count - len(found)


def _timeline(session: Session, speaking: Speaking) -> Iterator[TimelineItem]:
    after = None
    while True:
        page = case_timeline(session, speaking.by, speaking.case.id, after=after)
        yield from (each for each in page.items if each.kind in SAID)
        if page.next is None:
            return
        after = page.next


def _step(item: TimelineItem) -> dict[str, Any]:
    """What somebody wrote is no word that a step could be told by: it would stand here without a mask."""
    detail = item.detail if item.kind in DETAIL_WORDS else None
    return {"at": format_instant(item.at), "kind": item.kind, "detail": detail}


def _day(moment: datetime | None) -> str | None:
    return None if moment is None else chinese_day(moment).isoformat()
