"""待补正: what recordings lack or contradict, a sheet a device's day or card, each question answered in two clicks."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select

from api.http.reading.elements import case_ids, nearest_of
from api.pages.views_named import NamedWords, named_in
from api.pages.views_recording import open_cases
from api.pages.views_requests import cases_by_id
from api.pages.visit import Visit
from api.words.elements import ELEMENT_PROBLEMS, basis_in_words, reasons_in_words
from casework.elements.candidates import Nearest
from casework.elements.clock_offsets import fetch_claimed_starts
from casework.elements.queue import (
    QuestionGroup,
    QuestionSheet,
    count_asked_about,
    count_judged_anew,
    list_failed,
    list_sheets,
    other_fingerprints,
)
from casework.organisation import names_of
from casework.permission import MAY
from casework.recordings.answered import NOTHING, fetch_said
from integrity.local_time import chinese_day
from retention.own_units import of_own
from storage.catalog.casework import Case
from storage.catalog.devices import Device
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.catalog.stations import Station

SHEETS = 8
SAMPLE = 3
"""So many of a group are looked at for candidates: they share device, day and question, and so nearly always these."""
OF_EACH = ("time", "place")
"""Elements in which every recording of a group has a candidate of its own."""


@dataclass(frozen=True)
class Option:
    """One candidate as a choice of a form: `value` is what the form sends."""

    value: str
    label: str
    words: str
    reasons: tuple[tuple[str, int], ...] = ()
    score: int | None = None


@dataclass(frozen=True)
class FilledQuestion:
    """What somebody had filled in of one question; `clock` is what was said of a clock, by field."""

    choice: str
    own: str
    reason: str
    clock: Mapping[str, str]


@dataclass(frozen=True)
class Filled:
    """What somebody had filled in of the sheet of this key, when the question `refused` was: `questions` by the keys of
    their groups, `recordings` the ids that were ticked."""

    sheet: str
    refused: str
    questions: Mapping[str, FilledQuestion]
    recordings: frozenset[str]


@dataclass(frozen=True)
class Question:
    """A group of one question. `others`: what may be chosen beyond the candidates, each with its label. `shown`: all
    its recordings with what was seen of each. `filled`: what had been filled in when the sheet was refused. `named`:
    whom or what the files name, where that is what is asked about. `has_clock`: of some a clock says when it began."""

    group: QuestionGroup
    problem: str
    shown: str
    options: tuple[Option, ...]
    others: tuple[tuple[str, str], ...]
    named: NamedWords
    has_clock: bool
    filled: FilledQuestion | None
    refused: bool


@dataclass(frozen=True)
class Listed:
    """One recording of a sheet. `started_at`: as it was answered, else the best estimate. `asked`: the elements that
    are asked of it, in words; `clock`: what its own clock says, where the time is among them."""

    row: Any
    started_at: datetime | None
    asked: tuple[str, ...]
    times_asked: bool
    clock: datetime | None


@dataclass(frozen=True)
class Sheet:
    """All that is asked about one source. `of_receipt`: its day is that on which the recordings came in. `is_mixed`:
    not all is asked of each recording."""

    sheet: QuestionSheet
    station: str | None
    officer: str | None
    of_receipt: bool
    recordings: tuple[Listed, ...]
    questions: tuple[Question, ...]
    filled: Filled | None

    @property
    def is_chosen(self) -> bool:
        """Whether all of it is chosen beforehand: one device's day is. Of others nobody says that the same is true."""
        return self.sheet.device is not None

    @property
    def is_mixed(self) -> bool:
        return any(question.group.count < self.sheet.count for question in self.questions)

    @property
    def is_refused(self) -> bool:
        """Whether the question that was refused is still here."""
        return any(question.refused for question in self.questions)

    @property
    def asks_time(self) -> bool:
        return any(question.group.element == "time" for question in self.questions)


def build_queue(visit: Visit, filled: Filled | None = None) -> Mapping[str, Any]:
    visit.require(*MAY["answer_elements"])
    only = visit.asked_id("recording")
    mine = bool(visit.asked("mine")) or visit.person.role == "officer"
    together = bool(visit.asked("together"))
    page = list_sheets(
        visit.session,
        visit.person,
        mine=mine,
        together=together,
        recording_id=only,
        after=visit.after,
        limit=SHEETS,
    )
    groups = [group for sheet in page.items for group in sheet.groups]
    return {
        "sheets": show_sheets(visit, page.items, filled),
        "no_open_case": any(group.element == "case" for group in groups) and not has_open_case(visit),
        "next": visit.next_page(page.next),
        "count": count_asked_about(visit.session, visit.person, mine=mine) if only is None else len(groups),
        "anew": count_judged_anew(visit.session, visit.person, mine=mine),
        "only": only,
        "failed": () if visit.after or only else list_failed(visit.session, visit.person, mine=mine),
        "mine": mine,
        "together": together,
        "views": _views(visit),
        "answered": number(visit.asked("answered")),
        "left": number(visit.asked("left")),
        "back": _address(mine=bool(visit.asked("mine")), together=together, only=only),
        "again": visit.with_query(answered=None, left=None),
        "problem": None,
    }


def has_open_case(visit: Visit) -> bool:
    """Of this person's unit: what a recording of today would belong to."""
    open_now = select(Case.id).where(of_own(visit.person, Case.unit_id), Case.closed_at.is_(None))
    return visit.session.scalars(open_now.limit(1)).first() is not None


def _views(visit: Visit) -> tuple[tuple[str, str], ...]:
    """Links to the other ways to see it, each with its words."""
    mine, together = bool(visit.asked("mine")), bool(visit.asked("together"))
    words = visit.translate("按设备、存储卡和日期分列") if together else visit.translate("同一问题合并为一项")
    found = [(_address(mine=mine, together=not together), words)]
    if visit.person.role == "supervisor":
        whose = visit.translate("全单位") if mine else visit.translate("仅本人")
        found.append((_address(mine=not mine, together=together), whose))
    return tuple(found)


def _address(*, mine: bool, together: bool, only: uuid.UUID | None = None) -> str:
    said = {name: "1" for name, wanted in (("mine", mine), ("together", together)) if wanted}
    said |= {} if only is None else {"recording": str(only)}
    return "/queue?" + urlencode(said) if said else "/queue"


def show_sheets(visit: Visit, sheets: Sequence[QuestionSheet], filled: Filled | None = None) -> tuple[Sheet, ...]:
    groups = [group for sheet in sheets for group in sheet.groups]
    seen = _Seen(visit, groups)
    stations = dict(
        visit.session.execute(
            select(Station.id, Station.name).where(Station.id.in_({sheet.station_id for sheet in sheets}))
        ).all()
    )
    names = names_of(visit.session, (sheet.officer_id for sheet in sheets if sheet.officer_id is not None))
    found = []
    for sheet in sheets:
        kept = filled if filled is not None and filled.sheet == sheet.key.strip() else None
        listed = seen.list_recordings(sheet)
        found.append(
            Sheet(
                sheet=sheet,
                station=None if sheet.station_id is None else stations.get(sheet.station_id),
                officer=None if sheet.officer_id is None else names.get(sheet.officer_id),
                of_receipt=all(_by_receipt(each, sheet) for each in listed),
                recordings=listed,
                questions=tuple(seen.show_group(group, kept) for group in sheet.groups),
                filled=kept,
            )
        )
    return tuple(found)


class _Seen:
    """What a page of questions shows, each query once for all of them."""

    def __init__(self, visit: Visit, groups: Sequence[QuestionGroup]) -> None:
        session = visit.session
        pairs = [(recording_id, group.element) for group in groups for recording_id, _ in group.recordings]
        self._visit = visit
        sampled = [(recording_id, group.element) for group in groups for recording_id, _ in group.recordings[:SAMPLE]]
        self._nearest = nearest_of(session, sampled)
        self._cases = cases_by_id(visit, case_ids(each for some in self._nearest.values() for each in some))
        self._rows = recordings_of(visit, groups)
        self._said = fetch_said(session, list(self._rows))
        self._of_other = other_fingerprints(session, pairs)
        self._others = {element: other_values(visit, element) for element in {group.element for group in groups}}
        self._named = named_in(visit, groups)
        self._clocks = fetch_claimed_starts(session, {each for each, element in pairs if element == "time"})

    def show_group(self, group: QuestionGroup, filled: Filled | None) -> Question:
        sample = group.recordings[:SAMPLE]
        found = [each for recording_id, _ in sample for each in self._nearest[recording_id, group.element]]
        return Question(
            group=group,
            problem=problem_of(self._visit, group.codes),
            shown=";".join(self._with_fingerprints(group)),
            options=options_of(self._visit, found, self._cases, group.count > 1),
            others=self._others[group.element],
            named=self._named[group.key],
            has_clock=group.element == "time" and any(each in self._clocks for each, _ in group.recordings),
            filled=None if filled is None else filled.questions.get(group.key.strip()),
            refused=filled is not None and filled.refused == group.key.strip(),
        )

    def _with_fingerprints(self, group: QuestionGroup) -> Iterator[str]:
        """What was seen of each, of officer or device the other's too: what is answered where it is confirmed."""
        for recording_id, seen in group.recordings:
            yield " ".join(filter(None, (str(recording_id), seen, self._of_other.get((recording_id, group.element)))))

    def list_recordings(self, sheet: QuestionSheet) -> tuple[Listed, ...]:
        """Each once, as they were made: somebody who looks for the minutes of a case finds them beside each other."""
        asked: dict[uuid.UUID, list[str]] = {}
        for group in sheet.groups:
            for recording_id, _ in group.recordings:
                asked.setdefault(recording_id, []).append(group.element)
        return tuple(sorted((self._listed(*each) for each in asked.items()), key=_in_order))

    def _listed(self, recording_id: uuid.UUID, elements: Sequence[str]) -> Listed:
        row, said = self._rows[recording_id], self._said.get(recording_id, NOTHING)
        return Listed(
            row=row,
            started_at=said.started_at or row.started_at,
            asked=tuple(self._visit.word("element", each) for each in elements),
            times_asked="time" in elements,
            clock=self._clocks.get(recording_id),
        )


def _in_order(each: Listed) -> tuple[datetime, str]:
    return each.started_at or each.clock or each.row.received_at, each.row.original_name


def _by_receipt(each: Listed, sheet: QuestionSheet) -> bool:
    """Whether the day of its sheet is that of its receipt, and not of its time."""
    if chinese_day(each.row.received_at) != sheet.day:
        return False
    return sheet.device is None or each.started_at is None or chinese_day(each.started_at) != sheet.day


def problem_of(visit: Visit, codes: Iterable[str]) -> str:
    return visit.translate("；").join(visit.translate(ELEMENT_PROBLEMS.get(code, code)) for code in codes)


def options_of(
    visit: Visit, nearest: Sequence[Nearest], cases: Mapping[uuid.UUID, Case], many: bool
) -> tuple[Option, ...]:
    """None twice. For many recordings at once what each has of its own goes by its kind, not by its value."""
    found: dict[tuple[str, str], Option] = {}
    for each in nearest:
        own = many and each.element in OF_EACH
        means = (each.element, each.basis if own else each.value)
        value = f"{each.element}|{each.basis}|{'' if own else each.value}"
        label = "" if own else label_of(visit, each, cases)
        words = basis_in_words(visit.translate, each.basis, each.facts)
        if each.element == "case":
            words = visit.word("stage", str(each.facts["stage"]))
        elif each.element == "act":
            words = "" if each.basis == "act" else words
        option = Option(value, label or words, words if label else "", reasons_of(visit, each), each.score)
        found.setdefault(means, option)
    return tuple(found.values())


def label_of(visit: Visit, nearest: Nearest, cases: Mapping[uuid.UUID, Case]) -> str:
    if nearest.element == "case":
        case = cases[uuid.UUID(nearest.value)]
        return case_words(visit, case)
    if nearest.element == "act":
        return str(nearest.facts["en" if visit.translate("登录") == "Sign in" else "zh"])
    if nearest.element == "time":
        return visit.show_instant(nearest.facts["at"])
    if nearest.element == "unit":
        return ""
    return nearest.label or nearest.value


def case_words(visit: Visit, case: Case) -> str:
    """A closed one says so: footage of it comes late, but who means the open one beside it has to see which it is."""
    return f"{case.number} {case.title}{visit.translate('（已结案）') if case.closed_at else ''}"


def reasons_of(visit: Visit, nearest: Nearest) -> tuple[tuple[str, int], ...]:
    return reasons_in_words(visit.translate, nearest.reasons)


def recordings_of(visit: Visit, groups: Sequence[QuestionGroup]) -> dict[uuid.UUID, Any]:
    """Only what a list of names shows."""
    ids = {recording_id for group in groups for recording_id, _ in group.recordings}
    columns = (
        Recording.id,
        Recording.original_name,
        Recording.started_at,
        Recording.duration_seconds,
        Recording.received_at,
    )
    return {row.id: row for row in visit.session.execute(select(*columns).where(Recording.id.in_(ids)))}


def other_values(visit: Visit, element: str) -> tuple[tuple[str, str], ...]:
    """What may be chosen beyond the candidates: everybody, every device, every case of the unit."""
    if element == "case":
        return tuple((str(row.id), case_words(visit, row)) for row in open_cases(visit))
    if element == "officer":
        people = select(Person).where(Person.unit_id == visit.person.unit_id, Person.active, Person.role == "officer")
        rows = visit.session.scalars(people.order_by(Person.badge_number, Person.name).limit(500))
        return tuple((str(row.id), f"{row.name}（{row.badge_number or row.sign_in_name}）") for row in rows)
    if element == "device":
        devices = select(Device).where(Device.unit_id == visit.person.unit_id).order_by(Device.code).limit(500)
        return tuple((str(row.id), row.code) for row in visit.session.scalars(devices))
    return ()


def number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None
