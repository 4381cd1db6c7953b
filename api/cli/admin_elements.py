"""What `liuhen admin element` looks up: groups of questions, and the elements of one recording."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.archive import Archive
from api.cli.admin_people import OPERATOR, ROW_LIMIT, Facts, find_unit
from api.cli.ids import read_id
from api.errors import UsageRefused
from api.http.reading.elements import describe_elements, problem_words
from api.tasks.judging import judge_all_noted
from api.words.tables import word_for
from casework.elements.again import ask_for_another_judgement_of_all
from casework.elements.queue import QuestionGroup, list_all_groups
from casework.organisation import names_of
from casework.register.people import find_officer
from storage.catalog.recordings import Recording
from storage.catalog.stations import Station


def groups(session: Session, officer: str | None, unit_code: str | None) -> list[Facts]:
    """One group is asked the same: what one device recorded on one day, or came in at one station without its name.
    The latest first."""
    officer_id = None if officer is None else find_officer(session, OPERATOR, officer).id
    unit_id = None if unit_code is None else find_unit(session, unit_code).id
    found = list_all_groups(session, unit_id, officer_id, ROW_LIMIT)
    names = names_of(session, (each.officer_id for each in found if each.officer_id is not None))
    in_groups = Station.id.in_({each.station_id for each in found})
    stations: dict[uuid.UUID | None, str] = dict(
        session.execute(select(Station.id, Station.name).where(in_groups)).all()
    )
    return [{**_facts(each, names), "station": stations.get(each.station_id)} for each in found]


def elements_of(session: Session, recording_id: str) -> Facts:
    """Raises UsageRefused for what is no recording here."""
    row = session.get(Recording, read_id(recording_id))
    if row is None:
        raise UsageRefused(f"没有编号为 {recording_id} 的记录", f"there is no recording {recording_id}")
    return dict(describe_elements(session, row).model_dump(mode="json"))


def judge_all_again(archive: Archive) -> Facts:
    """In batches; where the archive's housekeeping is at it, that does the rest. How many recordings."""
    with archive.database.transaction() as session:
        judged = ask_for_another_judgement_of_all(session)
    judge_all_noted(archive.database)
    return {"judged": judged}


def group_line(facts: Facts) -> str:
    element = word_for("element", str(facts["element"]))
    asked_of = facts["officer"] or "主管 / the supervisors"
    words = f"{facts['problem_zh']} / {facts['problem_en']}"
    made_by = facts["device"] or facts["station"] or "—"
    return f"{facts['day']}  {made_by}  {asked_of}  {facts['count']}  {element}：{words}"


def element_lines(facts: Facts) -> Iterator[str]:
    elements: Any = facts["elements"]
    for each in elements:
        codes = f"  {', '.join(each['codes'])}" if each["codes"] else ""
        yield f"{each['element']}: {each['state']}  {each['value'] or '—'}  {each['source'] or ''}{codes}".rstrip()


def _facts(group: QuestionGroup, names: dict[uuid.UUID, str]) -> Facts:
    words = problem_words(group.codes)
    return {
        "day": group.day.isoformat(),
        "device": group.device,
        "officer": None if group.officer_id is None else names.get(group.officer_id),
        "element": group.element,
        "codes": list(group.codes),
        "problem_zh": words.zh,
        "problem_en": words.en,
        "count": group.count,
        "recordings": [str(recording_id) for recording_id, _ in group.recordings],
    }
