"""How it stands with what a party is told: each notice, until when its days run, what was said; and what is missing."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import ARRAY, Uuid, exists, func, literal, select
from sqlalchemy.orm import Session, aliased

from casework.deadlines.calendar import Calendar
from casework.deadlines.calendars import calendar_now
from casework.deadlines.counting import DueDay, due_day
from casework.deadlines.terms import WhichDays
from casework.notices.announcing import SHORT, is_heard_on_short_notice
from casework.notices.days import NoticeDays
from casework.notices.replies import GIVES_UP
from casework.notices.rules import Owed, owed_on
from casework.service.proof import proven_services
from casework.units import line_of
from storage.catalog.casework import Case, CaseLink
from storage.catalog.decisions import Decision, DecisionIssue, DecisionVersion
from storage.catalog.documents import Document
from storage.catalog.notices import TAKEN_BACK_BY_TWO, NoticeBegan, PartyNotice, PartyReply, ReplyAnswer

ENDS_DAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "penalty": ("statement_waived",),
    "hearing": ("hearing_waived", "hearing_request_withdrawn"),
}
"""By which replies the days of a notice need not run out."""
RUNS: Final[Mapping[str, str]] = {"penalty": "statement_days", "hearing": "hearing_days"}
LEAST_REQUEST_DAYS: Final = 5
"""Working days in which a hearing is asked for, whatever rules say (处罚法 64, 85)."""
NO_PENALTY: Final = frozenset(("no_penalty", "correction"))
"""不予处罚, 责令改正: as `told_refusals` of the database has it."""


@dataclass(frozen=True)
class ReplyNow:
    """What was said, and every answer to it. `is_shown`: what shows it, where anything has to, is there still."""

    row: PartyReply
    answers: tuple[ReplyAnswer, ...]
    is_shown: bool = True

    @property
    def answer(self) -> ReplyAnswer | None:
        """The one that stands."""
        return next((each for each in self.answers if each.withdrawn_at is None), None)

    @property
    def awaits_answer(self) -> bool:
        return self.row.kind == "statement" and self.row.withdrawn_at is None and self.answer is None

    @property
    def awaits_confirmation(self) -> bool:
        """One person withdrew it; another one has to find that it had been entered wrongly."""
        return self.row.kind in TAKEN_BACK_BY_TWO and self.row.withdrawn_at is not None and self.answer is None

    @property
    def counts(self) -> bool:
        return self.row.withdrawn_at is None and (self.is_shown or self.row.kind not in GIVES_UP)


@dataclass(frozen=True)
class NoticeNow:
    """`counts_on`: the day on which it counts as served; `until`: the last of the party's days, an estimate where the
    year's days off are not announced; both None while it was not served, and of what was told on the spot."""

    row: PartyNotice
    counts_on: date | None
    until: DueDay | None
    replies: tuple[ReplyNow, ...]

    @property
    def given_up(self) -> bool:
        kinds = ENDS_DAYS[self.row.kind]
        return any(each.row.kind in kinds and each.counts for each in self.replies)

    @property
    def was_asked_for(self) -> bool:
        """A hearing, and not taken back since."""
        return any(each.row.kind == "hearing_requested" and each.row.withdrawn_at is None for each in self.replies)

    def days_run_on(self, day: date) -> bool:
        """Whether that is still one of the party's days."""
        return self.until is not None and not self.given_up and day <= self.until.day


def notices_of_case(session: Session, case: Case, today: date) -> tuple[NoticeNow, ...]:
    """Every notice of a case, by when it was stated, withdrawn ones too."""
    of_case = PartyNotice.case_id == case.id
    rows = session.scalars(select(PartyNotice).where(of_case).order_by(PartyNotice.stated_at, PartyNotice.id)).all()
    if not rows:
        return ()
    served, replies = _served_on(session, case.id), _replies(session, case.id)
    owed, calendar = owed_on(session, line_of(session, case.unit_id), today, case.procedure), calendar_now(session)

    def now(row: PartyNotice) -> NoticeNow:
        on = None if row.document_id is None else served.get(row.document_id)
        until = None if on is None else until_day(row, on, owed, calendar)
        return NoticeNow(row, on, until, tuple(replies[row.id]))

    return tuple(now(row) for row in rows)


def until_day(row: PartyNotice, counts_on: date, owed: Owed, calendar: Calendar) -> DueDay:
    """The last of the party's days by the official calendar."""
    days, counted = max(owed.request_days, LEAST_REQUEST_DAYS), "working_days"
    if row.kind == "penalty":
        days, counted = max(owed.days, row.days or 0, 1), owed.counted
    which: WhichDays = "calendar_days" if counted == "calendar_days" else "working_days"
    return due_day(NoticeDays(days, which), counts_on, calendar)


def missing_before(session: Session, version_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, tuple[str, ...]]:
    """By version, what is missing before it may be issued, for what the party is told: words of MISSING. One query."""
    asked = select(func.unnest(literal(list(version_ids), ARRAY(Uuid))).label("id")).subquery()
    rows = session.execute(select(asked.c.id, func.told_refusals(asked.c.id)))
    return {version_id: tuple(dict.fromkeys(words or ())) for version_id, words in rows}


def days_that_run(session: Session, version: DecisionVersion, day: date) -> tuple[str, ...]:
    """Words of MISSING: the party's days that run on that day by the official calendar, which no database has; and a
    hearing of which he was told too late by it.

    The latest notice of each kind that stands; of a hearing not where one was asked for.
    """
    if version.kind != "penalty" or set(version.measures) <= NO_PENALTY:
        return ()
    case = session.get_one(Case, version.case_id)
    its = [each for each in notices_of_case(session, case, day) if each.row.decision_id == version.decision_id]
    standing = {each.row.kind: each for each in its if each.row.withdrawn_at is None}
    if "hearing" in standing and standing["hearing"].was_asked_for:
        del standing["hearing"]
    running = tuple(RUNS[kind] for kind, each in standing.items() if each.days_run_on(day))
    return (*running, *_announced_late(session, case, its, day))


def _announced_late(session: Session, case: Case, notices: Sequence[NoticeNow], day: date) -> tuple[str, ...]:
    replies = [reply.row for notice in notices for reply in notice.replies if reply.counts]
    if not any(each.kind == "hearing_requested" for each in replies):
        return ()
    owed = owed_on(session, line_of(session, case.unit_id), day, case.procedure)
    return (SHORT,) if is_heard_on_short_notice(session, case, replies, owed, day, calendar_now(session)) else ()


def drafts_told_of(session: Session, case_id: uuid.UUID) -> tuple[tuple[DecisionVersion, tuple[str, ...]], ...]:
    """What each penalty's draft of the case says now, with what is missing before it may be issued."""
    later = aliased(DecisionVersion)
    changed = exists().where(later.decision_id == DecisionVersion.decision_id, later.ordinal > DecisionVersion.ordinal)
    settled = exists().where(DecisionIssue.decision_id == DecisionVersion.decision_id)
    drafts = select(DecisionVersion).join(Decision, Decision.id == DecisionVersion.decision_id)
    mine = DecisionVersion.case_id == case_id, DecisionVersion.kind == "penalty", Decision.withdrawn_at.is_(None)
    rows = session.scalars(drafts.where(*mine, ~changed, ~settled).order_by(Decision.begun_at, Decision.id)).all()
    missing = missing_before(session, [row.id for row in rows])
    return tuple((row, missing[row.id]) for row in rows)


def days_that_ran(session: Session, issues: Sequence[DecisionIssue]) -> dict[uuid.UUID, tuple[str, ...]]:
    """By issue, as `days_that_run` on its day: of those alone of which anything was told, in cases that owe notices."""
    began, told = select(NoticeBegan.began_at).scalar_subquery(), PartyNotice.decision_id == DecisionVersion.decision_id
    statement = select(DecisionVersion).join(Case, Case.id == DecisionVersion.case_id)
    owing = statement.where(Case.opened_at >= began, exists().where(told, PartyNotice.withdrawn_at.is_(None)))
    rows = session.scalars(owing.where(DecisionVersion.id.in_({issue.version_id for issue in issues})))
    versions = {row.id: row for row in rows}
    return {
        issue.id: days_that_run(session, versions[issue.version_id], issue.issued_on)
        for issue in issues
        if issue.version_id in versions
    }


def _served_on(session: Session, case_id: uuid.UUID) -> dict[uuid.UUID, date]:
    """By document, the first day on which it counts as served."""
    found: dict[uuid.UUID, date] = {}
    for row in proven_services(session, [case_id]).get(case_id, ()):
        if row.document_id is not None:
            found[row.document_id] = min(found.get(row.document_id, row.counts_on), row.counts_on)
    return found


def _replies(session: Session, case_id: uuid.UUID) -> Mapping[uuid.UUID, list[ReplyNow]]:
    """By notice, in the order in which they were said."""
    answers: dict[uuid.UUID, list[ReplyAnswer]] = defaultdict(list)
    given = select(ReplyAnswer).where(ReplyAnswer.case_id == case_id)
    for answer in session.scalars(given.order_by(ReplyAnswer.answered_at, ReplyAnswer.id)):
        answers[answer.reply_id].append(answer)
    found: dict[uuid.UUID, list[ReplyNow]] = defaultdict(list)
    said = select(PartyReply).where(PartyReply.case_id == case_id).order_by(PartyReply.said_at, PartyReply.id)
    rows: Sequence[PartyReply] = session.scalars(said).all()
    gone = _proofs_gone(session, case_id) if rows else frozenset()
    for row in rows:
        shown_by = {row.document_id, row.recording_id} - {None}
        found[row.notice_id].append(ReplyNow(row, tuple(answers[row.id]), not shown_by or not shown_by <= gone))
    return found


def _proofs_gone(session: Session, case_id: uuid.UUID) -> frozenset[uuid.UUID]:
    """Papers of the case that were withdrawn, and recordings that stand in it no more."""
    papers = select(Document.id).where(Document.case_id == case_id, Document.withdrawn_at.is_not(None))
    again = aliased(CaseLink)
    stands = exists().where(
        again.case_id == case_id, again.recording_id == CaseLink.recording_id, again.ended_at.is_(None)
    )
    films = select(CaseLink.recording_id).where(CaseLink.case_id == case_id, ~stands)
    return frozenset((*session.scalars(papers), *session.scalars(films)))
