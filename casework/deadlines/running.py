"""Until when the terms of cases run: worked out once by the version of the event's day, and kept.

Open ones are worked out anew when the version or the calendar that they rest on changes. Every answer stays, with the
reason for the next one.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, aliased

from casework.deadlines.calendar import Calendar
from casework.deadlines.calendars import calendar_now
from casework.deadlines.counting import DueDay, due_day
from casework.deadlines.versions import Ruled, find_term, list_term_rules
from casework.units import Doer, actor_of, line_of
from storage.catalog.deadlines import CaseEvent, CaseTerm, TermAnswer, TermRule
from storage.ledger.append import Change, record_change


@dataclass
class Reckoning:
    """The rules and the calendar as they are now, to be asked about many events."""

    session: Session
    rules: tuple[TermRule, ...]
    calendar: Calendar
    _ruled: dict[tuple[uuid.UUID, str, date], Ruled | None] = field(default_factory=dict)
    _lines: dict[uuid.UUID, tuple[uuid.UUID, ...]] = field(default_factory=dict)

    @classmethod
    def now(cls, session: Session) -> Reckoning:
        return cls(session, list_term_rules(session), calendar_now(session))

    def compute(self, unit_id: uuid.UUID, kind: str, day: date) -> tuple[DueDay, uuid.UUID] | None:
        """Until when, and by which version; None: no version knew such a term on that day."""
        ruled = self._rule(unit_id, kind, day)
        return None if ruled is None else (due_day(ruled.term, day, self.calendar), ruled.rule.id)

    def _rule(self, unit_id: uuid.UUID, kind: str, day: date) -> Ruled | None:
        if unit_id not in self._lines:
            self._lines[unit_id] = line_of(self.session, unit_id)
        key = (unit_id, kind, day)
        if key not in self._ruled:
            self._ruled[key] = find_term(self.rules, self._lines[unit_id], kind, day)
        return self._ruled[key]


def start_term(session: Session, by: Doer, event: CaseEvent, kind: str, reckoning: Reckoning) -> CaseTerm:
    """A term that runs from an event, with its first answer."""
    term = CaseTerm(id=uuid.uuid4(), unit_id=event.unit_id, case_id=event.case_id, event_id=event.id, kind=kind)
    session.add(term)
    session.flush()
    said = _saying(reckoning.compute(event.unit_id, kind, event.day))
    _keep(session, by, _answer(term, 1, said, "entered"), term)
    return term


def compute_anew(session: Session, by: Doer) -> int:
    """Work out every open term again; how many came out otherwise, or by another version.

    Terms of one kind that run from one day in one unit have one answer: each such group is asked about once, so that
    an archive with very many starts as quickly as one with few. The caller keeps others from loading rules. A term
    that somebody ends meanwhile waits for us, or we for him.
    """
    reckoning, count = Reckoning.now(session), 0
    for group in session.execute(_open_terms(*_GROUP).distinct()).all():
        unit_id, kind, day, *before = group
        said = _saying(reckoning.compute(unit_id, kind, day))
        if said == (*before[:2], tuple(before[2]), before[3]):
            continue
        because = "calendar" if said[3] == before[3] else "rules"
        same = [column.is_not_distinct_from(value) for column, value in zip(_GROUP, group, strict=True)]
        statement = _open_terms(CaseTerm, TermAnswer.ordinal).where(*same).order_by(CaseTerm.id)
        for term, ordinal in session.execute(statement.with_for_update(of=CaseTerm, key_share=True)).all():
            _keep(session, by, _answer(term, ordinal + 1, said, because), term)
            count += 1
    return count


_GROUP: Final = (
    CaseTerm.unit_id,
    CaseTerm.kind,
    CaseEvent.day,
    TermAnswer.due_on,
    TermAnswer.estimate,
    TermAnswer.unannounced,
    TermAnswer.rule_id,
)


def _open_terms(*columns: Any) -> Select[*tuple[Any, ...]]:
    """Of terms that run, with their latest answers."""
    later = aliased(TermAnswer)
    is_latest = ~exists().where(later.term_id == TermAnswer.term_id, later.ordinal > TermAnswer.ordinal)
    return (
        select(*columns)
        .select_from(CaseTerm)
        .join(CaseEvent, CaseEvent.id == CaseTerm.event_id)
        .join(TermAnswer, TermAnswer.term_id == CaseTerm.id)
        .where(CaseTerm.done_at.is_(None), CaseEvent.withdrawn_at.is_(None), is_latest)
    )


Saying = tuple[date | None, date | None, tuple[int, ...], uuid.UUID | None]
"""The due day, or the estimate and the years that were not announced, and the version."""


def _saying(computed: tuple[DueDay, uuid.UUID] | None) -> Saying:
    if computed is None:
        return None, None, (), None
    due, rule_id = computed
    return (None, due.day, due.unannounced, rule_id) if due.unannounced else (due.day, None, (), rule_id)


def _answer(term: CaseTerm, ordinal: int, said: Saying, because: str) -> TermAnswer:
    due_on, estimate, unannounced, rule_id = said
    return TermAnswer(
        id=uuid.uuid4(),
        unit_id=term.unit_id,
        case_id=term.case_id,
        term_id=term.id,
        ordinal=ordinal,
        due_on=due_on,
        estimate=estimate,
        unannounced=list(unannounced),
        rule_id=rule_id,
        because=because,
        computed_at=datetime.now(UTC),
    )


def _keep(session: Session, by: Doer, answer: TermAnswer, term: CaseTerm) -> None:
    session.add(answer)
    session.flush()
    data = {
        "term_id": str(term.id),
        "event_id": str(term.event_id),
        "kind": term.kind,
        "answer_id": str(answer.id),
        "ordinal": answer.ordinal,
        "due_on": None if answer.due_on is None else answer.due_on.isoformat(),
        "estimate": None if answer.estimate is None else answer.estimate.isoformat(),
        "unannounced": answer.unannounced,
        "rule_id": None if answer.rule_id is None else str(answer.rule_id),
        "because": answer.because,
    }
    action = "case.term_started" if answer.ordinal == 1 else "case.term_recomputed"
    record_change(session, actor_of(by), Change(action, "case", str(term.case_id), term.unit_id, data))
