"""待补正: what recordings lack or contradict, grouped so that one answer serves a device's whole day, in two clicks."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
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
from casework.elements.queue import QuestionGroup, count_questions, list_failed, list_groups, other_fingerprints
from casework.organisation import names_of
from casework.permission import MAY
from integrity.local_time import chinese_day
from retention.own_units import of_own
from storage.catalog.casework import Case
from storage.catalog.devices import Device
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.catalog.stations import Station

GROUPS = 8
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
class Filled:
    """What somebody had filled in of the sheet whose group has this key, when it was refused; `recordings` are ids,
    `clock` what was said of a clock, by field."""

    sheet: str
    choice: str
    own: str
    reason: str
    recordings: frozenset[str]
    clock: Mapping[str, str]


@dataclass(frozen=True)
class Question:
    """A group of one question. `others`: what may be chosen beyond the candidates, each with its label. `of_receipt`:
    its day is that on which the recordings came in. `filled`: what had been filled in when it was refused. `named`:
    whom or what the files name, where that is what is asked about. `claimed`: where the time is, when each recording's
    own clock says that it began, by its id."""

    group: QuestionGroup
    filled: Filled | None
    station: str | None
    of_receipt: bool
    problem: str
    officer: str | None
    recordings: tuple[tuple[Recording, str], ...]
    options: tuple[Option, ...]
    others: tuple[tuple[str, str], ...]
    named: NamedWords
    claimed: Mapping[uuid.UUID, datetime]

    @property
    def is_chosen(self) -> bool:
        """Whether all of it is chosen beforehand: one device's day is. Of others nobody says that the same is true."""
        return self.group.device is not None

    @property
    def shown(self) -> str:
        """All that is listed with what was seen of it: what is answered where all of it is confirmed."""
        return ";".join(f"{row.id} {seen}" for row, seen in self.recordings)


def build_queue(visit: Visit, filled: Filled | None = None) -> Mapping[str, Any]:
    visit.require(*MAY["answer_elements"])
    only = visit.asked_id("recording")
    mine = bool(visit.asked("mine")) or visit.person.role == "officer"
    together = bool(visit.asked("together"))
    page = list_groups(
        visit.session,
        visit.person,
        mine=mine,
        together=together,
        recording_id=only,
        after=visit.after,
        limit=GROUPS,
    )
    return {
        "questions": show_groups(visit, page.items, filled),
        "no_open_case": any(group.element == "case" for group in page.items) and not has_open_case(visit),
        "next": visit.next_page(page.next),
        "count": count_questions(visit.session, visit.person, mine=mine, recording_id=only),
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


def show_groups(visit: Visit, groups: Sequence[QuestionGroup], filled: Filled | None = None) -> tuple[Question, ...]:
    sampled = [(recording_id, group.element) for group in groups for recording_id, _ in group.recordings[:SAMPLE]]
    nearest = nearest_of(visit.session, sampled)
    cases = cases_by_id(visit, case_ids(each for some in nearest.values() for each in some))
    stations = dict(
        visit.session.execute(
            select(Station.id, Station.name).where(Station.id.in_({group.station_id for group in groups}))
        ).all()
    )
    names = names_of(visit.session, (group.officer_id for group in groups if group.officer_id is not None))
    rows = recordings_of(visit, groups)
    seen_of_other = other_fingerprints(
        visit.session, [(recording_id, group.element) for group in groups for recording_id, _ in group.recordings]
    )
    others = {element: other_values(visit, element) for element in {group.element for group in groups}}
    named = named_in(visit, groups)
    timed = {recording_id for group in groups if group.element == "time" for recording_id, _ in group.recordings}
    claimed = fetch_claimed_starts(visit.session, timed)
    questions = []
    for group in groups:
        found = [each for recording_id, _ in group.recordings[:SAMPLE] for each in nearest[recording_id, group.element]]
        questions.append(
            Question(
                group=group,
                filled=filled if filled is not None and filled.sheet == group.key.strip() else None,
                station=None if group.station_id is None else stations.get(group.station_id),
                of_receipt=all(_by_receipt(rows[recording_id], group) for recording_id, _ in group.recordings),
                problem=problem_of(visit, group.codes),
                officer=None if group.officer_id is None else names.get(group.officer_id),
                recordings=tuple(
                    (
                        rows[recording_id],
                        " ".join(filter(None, (seen, seen_of_other.get((recording_id, group.element))))),
                    )
                    for recording_id, seen in sorted(
                        group.recordings, key=lambda each: _in_order(rows[each[0]], claimed.get(each[0]))
                    )
                ),
                options=options_of(visit, found, cases, group.count > 1),
                others=others[group.element],
                named=named[group.key],
                claimed={each: claimed[each] for each, _ in group.recordings if each in claimed}
                if group.element == "time"
                else {},
            )
        )
    return tuple(questions)


def _in_order(row: Any, claimed: datetime | None) -> tuple[datetime, str]:
    """As they were made: so somebody who looks for the minutes of a case finds them beside each other."""
    return row.started_at or claimed or row.received_at, row.original_name


def _by_receipt(row: Any, group: QuestionGroup) -> bool:
    """Whether the day of its sheet is that of its receipt, and not of its time."""
    if chinese_day(row.received_at) != group.day:
        return False
    return group.device is None or row.started_at is None or chinese_day(row.started_at) != group.day


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
