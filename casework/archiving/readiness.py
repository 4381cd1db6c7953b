"""What keeps a case from being archived (归档), all of it at once; and how long it has to be kept at least."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.archiving.contents import contents_of
from casework.archiving.errors import Missing
from casework.archiving.retention_rules import LeastRetention, least_retention, length_of, rules_on
from casework.archiving.secrecy import STATE_SECRET
from casework.procedure.acts import acts_of_case
from casework.procedure.judgement import judge_acts, open_act
from casework.secrecy import is_stricter, secrecy_of
from casework.stage_machines import optional_stages_in, stages_in
from casework.stages import stages_of
from integrity.catalogue import CatalogueItem
from integrity.local_time import chinese_day
from retention.classes import find_class
from storage.catalog.casework import STAGES, Case, CaseLink, LinkQuestion
from storage.catalog.elements import ElementQuestion


@dataclass(frozen=True)
class Wanted:
    """What whoever archives a case says; `skipped_reason`: why it never came to some of its stages.

    `licensed`: whether this installation may hold state secrets.
    """

    secrecy_class: str | None = None
    retention_class: str | None = None
    skipped_reason: str | None = None
    licensed: bool = False


@dataclass(frozen=True)
class Readiness:
    """`skipped`: stages that the case was closed before. `least`: how long it is kept at least by the rules of now."""

    missing: tuple[Missing, ...]
    items: tuple[CatalogueItem, ...]
    skipped: tuple[str, ...]
    least: LeastRetention


def readiness_of(session: Session, case: Case, wanted: Wanted, now: datetime) -> Readiness:
    """Look at all of it; nothing is changed. Raises UnknownRetentionClass."""
    items = contents_of(session, case)
    least = least_retention_of(session, case, now)
    empty, skipped = stages_without(session, case, items)
    missing = (
        *(() if case.closed_at is not None else (Missing("not_closed"),)),
        *(Missing("stage_empty", stages=(stage,)) for stage in empty),
        *((Missing("stages_skipped", stages=skipped),) if skipped and not wanted.skipped_reason else ()),
        *_open_acts(session, case, now),
        *_open_questions(session, case),
        *_secrecy_missing(session, case, wanted),
        *_retention_missing(session, wanted, least),
    )
    return Readiness(missing, items, skipped, least)


def stages_without(
    session: Session, case: Case, items: Sequence[CatalogueItem]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The stages that hold nothing: those it was in, and those that it never entered and its procedure does not let
    it leave out."""
    filled, entered = {each.stage for each in items}, {row.stage for row in stages_of(session, case.id)}
    optional = optional_stages_in(case.procedure)
    wanted = [stage for stage in STAGES if stage in {*stages_in(case.procedure), *entered} and stage not in filled]
    empty = tuple(stage for stage in wanted if stage in entered)
    return empty, tuple(stage for stage in wanted if stage not in entered and stage not in optional)


def least_retention_of(session: Session, case: Case, now: datetime) -> LeastRetention:
    """By the rules that hold on the (Chinese) day of now."""
    kinds = [each.said.kind for each in acts_of_case(session, case.id)]
    return least_retention(session, rules_on(session, case.unit_id, chinese_day(now)), case.procedure, kinds)


def _open_acts(session: Session, case: Case, now: datetime) -> Iterator[Missing]:
    """Also where the act's own rule would let the case be closed: an archive keeps no gap that nobody explained."""
    for judged in judge_acts(session, acts_of_case(session, case.id), now):
        state = judged.forbids_closing or ("missing" if judged.verdict == "incomplete" else None)
        if state is not None:
            yield Missing("act_incomplete", act=open_act(judged, state))


def _open_questions(session: Session, case: Case) -> Iterator[Missing]:
    named = LinkQuestion.candidates.contains([{"case_id": str(case.id)}])
    asked = select(func.count()).where(LinkQuestion.unit_id == case.unit_id, LinkQuestion.answered_at.is_(None), named)
    linked = select(CaseLink.recording_id).where(CaseLink.case_id == case.id, CaseLink.ended_at.is_(None))
    elements = select(func.count()).where(ElementQuestion.recording_id.in_(linked))
    for code, statement in (("link_questions", asked), ("element_questions", elements)):
        count = session.scalar(statement) or 0
        if count:
            yield Missing(code, count=count)


def _secrecy_missing(session: Session, case: Case, wanted: Wanted) -> Iterator[Missing]:
    stated = secrecy_of(session, case.id)
    secrecy_class = wanted.secrecy_class or (None if stated is None else stated.secrecy_class)
    if stated is not None and secrecy_class is not None and is_stricter(stated.secrecy_class, secrecy_class):
        yield Missing("secrecy_looser", named=secrecy_class, needed=stated.secrecy_class)
    if secrecy_class is None:
        yield Missing("no_secrecy")
    elif secrecy_class == STATE_SECRET and not wanted.licensed:
        yield Missing("state_secret_unlicensed")


def _retention_missing(session: Session, wanted: Wanted, least: LeastRetention) -> Iterator[Missing]:
    needed = least.retention_class.code
    law = tuple(dict.fromkeys(each for demand in least.demands for each in demand.law))
    if wanted.retention_class is None:
        yield Missing("no_retention", needed=needed, law=law)
    elif length_of(find_class(session, wanted.retention_class)) < length_of(least.retention_class):
        yield Missing("retention_too_short", named=wanted.retention_class, needed=needed, law=law)
