"""What a document takes from its case: number, officers with certificates, the act, due days. Kept with each text.

Values are JSON, and plain: days as 2026-03-04, instants with their offset; how a document says them is
casework/documents/wording.py. What the case does not have is None or empty, and missing only where the template asks
for it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.checklists.checklists import checklists_on, kinds_of
from casework.deadlines.kinds import KINDS as TERM_KINDS
from casework.deadlines.listing import deadlines_of_case
from casework.handling import handlers_of
from casework.issued import issued_in, version_of
from casework.procedure.acts import ActNow, acts_of_case
from integrity.fields import format_instant
from integrity.local_time import chinese_day
from storage.catalog.casework import Case
from storage.catalog.decisions import DecisionIssue, DecisionVersion
from storage.catalog.devices import OfficerCertificate
from storage.catalog.organisation import Person, Unit

KIND_WORDS: Final = {"inspection": "行政检查", "coercion": "行政强制", "penalty": "行政处罚"}
PROCEDURE_WORDS: Final = {
    "unstated": "",
    "routine_check": "日常检查",
    "random_check": "双随机检查",
    "coercive_measure": "行政强制措施",
    "simple_penalty": "简易程序",
    "ordinary_penalty": "普通程序",
    "hearing_penalty": "听证程序",
}


@dataclass(frozen=True)
class CaseSeen:
    """A case as of a day, asked as far as a template asks. `act_id`: the act that the document is of; `issue_id`: the
    decision that it states."""

    session: Session
    case: Case
    act_id: uuid.UUID | None
    today: date
    issue_id: uuid.UUID | None = None

    @cached_property
    def acts(self) -> tuple[ActNow, ...]:
        return acts_of_case(self.session, self.case.id)

    @cached_property
    def act(self) -> ActNow | None:
        return next((each for each in self.acts if each.act.id == self.act_id), None)

    def act_facts(self) -> dict[str, Any] | None:
        if self.act is None:
            return None
        said = self.act.said
        names = kinds_of(checklists_on(self.session, self.case.unit_id, chinese_day(said.starts_at)))
        return {
            "kind": next((rule.name_zh for rule in names if rule.code == said.kind), said.kind),
            "place": said.place,
            "starts_at": format_instant(said.starts_at),
            "ends_at": None if said.ends_at is None else format_instant(said.ends_at),
        }

    def officers(self) -> list[dict[str, str | None]]:
        """Of the act where the document is of one, else who handles the case and counts; with what certifies them."""
        if self.act is not None:
            people = self._people(self.act.said.officers)
            day = chinese_day(self.act.said.starts_at)
        else:
            people = [each.person for each in handlers_of(self.session, self.case, self.today) if each.problem is None]
            day = self.today
        numbers = certificate_numbers(self.session, {person.id for person in people}, day)
        return [{"name": person.name, "certificate": numbers.get(person.id)} for person in people]

    def filed_on(self) -> str | None:
        days = [each.event.day for each in self._events if each.event.kind == "case_filed"]
        return days[-1].isoformat() if days else None

    def due_on(self, kind: str) -> str | None:
        """Until when; None for an estimate, which is no due day."""
        answers = [row.answer for each in self._events for row in each.deadlines if row.term.kind == kind]
        return answers[-1].due_on.isoformat() if answers and answers[-1].due_on is not None else None

    @cached_property
    def decided(self) -> DecisionVersion | None:
        """What the decision says that the document states; of one that states none, the only penalty of the case."""
        if self.issue_id is not None:
            return version_of(self.session, self.session.get_one(DecisionIssue, self.issue_id))
        penalties = issued_in(self.session, self.case.id, "penalty")
        return version_of(self.session, penalties[0]) if len(penalties) == 1 else None

    def party(self) -> str | None:
        return None if self.decided is None else self.decided.party

    def content(self) -> str | None:
        return None if self.decided is None else self.decided.content

    def amount(self) -> str | None:
        """In yuan; None where it takes no money, or nothing was issued yet."""
        fen = None if self.decided is None else self.decided.amount_fen
        return None if fen is None else f"{fen // 100}.{fen % 100:02}"

    def unit_name(self) -> str:
        return self.session.get_one(Unit, self.case.unit_id).name

    @cached_property
    def _events(self) -> list[Any]:
        return [each for each in deadlines_of_case(self.session, self.case, self.today) if not each.event.withdrawn_at]

    def _people(self, ids: Collection[uuid.UUID]) -> list[Person]:
        found = {row.id: row for row in self.session.scalars(select(Person).where(Person.id.in_(ids)))}
        return [found[each] for each in ids]


@dataclass(frozen=True)
class Fact:
    """`label`: its Chinese and English name; `type`: as a field's, or officers, act."""

    type: str
    label: tuple[str, str]
    of: Callable[[CaseSeen], Any]


FACTS: Final[Mapping[str, Fact]] = {
    "case_number": Fact("line", ("案号", "case number"), lambda seen: seen.case.number),
    "case_title": Fact("line", ("案由", "case title"), lambda seen: seen.case.title),
    "case_kind": Fact("line", ("案件类别", "kind of case"), lambda seen: KIND_WORDS[seen.case.kind]),
    "procedure": Fact("line", ("程序", "procedure"), lambda seen: PROCEDURE_WORDS[seen.case.procedure]),
    "opened_on": Fact("day", ("案件建立日期", "opened on"), lambda seen: chinese_day(seen.case.opened_at).isoformat()),
    "filed_on": Fact("day", ("立案日期", "filed on"), CaseSeen.filed_on),
    "unit_name": Fact("line", ("办案单位", "unit"), CaseSeen.unit_name),
    "officers": Fact("officers", ("执法人员及证件号", "officers and certificates"), CaseSeen.officers),
    # Of a decision nobody types these again: what a document says is what the gate let through.
    "party": Fact("line", ("当事人", "party"), CaseSeen.party),
    "amount": Fact("money", ("罚没金额（元）", "amount in yuan"), CaseSeen.amount),
    "decided": Fact("text", ("决定内容", "what was decided"), CaseSeen.content),
    "act": Fact("act", ("执法行为", "act"), CaseSeen.act_facts),
    **{
        f"due_{name}": Fact("day", (f"期限：{kind.name_zh}", f"due: {name}"), lambda seen, name=name: seen.due_on(name))  # type: ignore[misc]
        for name, kind in TERM_KINDS.items()
        if kind.in_documents
    },
}

OF_DECISION: Final = ("party", "amount", "decided")
"""What every document takes from the decision that it states, whether its template asks for it or not: the database
compares it with that decision's version (migration 0064)."""


def gather_facts(seen: CaseSeen, names: Collection[str]) -> dict[str, Any]:
    """What the case says of these now."""
    return {name: FACTS[name].of(seen) for name in names}


def is_there(value: Any) -> bool:
    """Whether something stands there; of officers, whether each has his certificate."""
    if isinstance(value, list) and value and isinstance(value[0], dict) and "certificate" in value[0]:
        return all(each["certificate"] for each in value)
    return value not in (None, "", [], {})


def certificate_numbers(session: Session, people: Collection[uuid.UUID], day: date) -> dict[uuid.UUID, str]:
    """Of each, the number of a certificate that held on that day."""
    row = OfficerCertificate
    held = select(row.person_id, row.number).where(row.person_id.in_(people), row.voided_at.is_(None))
    return {each.person_id: each.number for each in session.execute(held.where(row.valid.contains(day)))}
