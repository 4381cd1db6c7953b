"""The list of recordings: what a unit holds, found by device, officer, time, case, state or digest."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from api.pages.visit import Visit
from api.shown import parse_local
from casework.access import may_see_poster
from casework.recordings.states import is_in_state
from casework.search.sought import found_among
from casework.secrecy import keeps_nothing_from
from retention.own_units import Units, of_own, of_units, own_units
from retention.paging import Cursor, newest_first, take_page
from storage.catalog.casework import Case, CaseLink
from storage.catalog.organisation import Person
from storage.catalog.recordings import MEDIA_STATES, Recording, Rendition

ROWS = 48
_DIGEST = re.compile(r"[0-9a-f]{6,64}")


@dataclass(frozen=True)
class Card:
    """A recording in a list. `poster`: there is one that is not all of it, and this person may see it now."""

    recording: Recording
    kind: str
    poster: bool
    may_see: bool
    officer_name: str | None
    cases: tuple[Case, ...]


def build_recordings(visit: Visit) -> Mapping[str, Any]:
    statement, problems = filter_recordings(visit)
    rows = visit.session.scalars(newest_first(statement, Recording.sealed_at, Recording.id, visit.after, ROWS)).all()
    page = take_page(rows, ROWS, lambda row: Cursor(row.sealed_at, str(row.id)))
    names = ("mine", "device", "officer", "from", "to", "case", "state", "digest")
    return {
        "cards": make_cards(visit, page.items),
        "next": visit.next_page(page.next),
        "filters": {name: visit.asked(name) for name in names},
        "filtered": any(visit.asked(name) for name in names if name != "mine"),
        "problems": problems,
        "as_table": visit.asked("view") == "table",
        "media_states": MEDIA_STATES,
        "devices": known_values(visit, Recording.device),
    }


def filter_recordings(visit: Visit) -> tuple[Select[Recording], list[str]]:
    """The statement of the list, and what was asked for that cannot be understood, in the reader's words."""
    statement = select(Recording).where(of_own(visit.person, Recording.unit_id), keeps_nothing_from(visit.person))
    problems: list[str] = []
    if visit.asked("mine"):
        statement = statement.where(Recording.officer == (visit.person.badge_number or ""))
    if device := visit.asked("device"):
        statement = statement.where(Recording.device == device)
    if officer := visit.asked("officer"):
        statement = statement.where(officer_is(visit, officer))
    if state := visit.asked("state"):
        statement = statement.where(is_in_state(state, own_units(visit.person)))
    if case := visit.asked("case"):
        statement = statement.where(stands_in(visit, case))
    for name, condition in (("from", Recording.made_at.__ge__), ("to", Recording.made_at.__le__)):
        if text := visit.asked(name):
            moment = parse_local(text)
            if moment is None:
                problems.append(visit.translate("时间“{text}”无法识别，未按此筛选。").format(text=text))
            else:
                statement = statement.where(condition(moment))
    if digest := visit.asked("digest").lower().replace(" ", ""):
        if _DIGEST.fullmatch(digest):
            statement = statement.where(digest_starts_with(digest))
        else:
            problems.append(visit.translate("摘要须为十六进制，至少 6 位；未按此筛选。"))
    return statement, problems


def officer_is(visit: Visit, text: str) -> ColumnElement[bool]:
    """By the number a recording claims, or by the name of whoever has that number in the unit."""
    numbers = select(Person.badge_number).where(of_own(visit.person, Person.unit_id), Person.name == text)
    return or_(Recording.officer == text, Recording.officer.in_(numbers))


def stands_in(visit: Visit, number: str) -> ColumnElement[bool]:
    """In a case of that number, or of a number or title that contains the words."""
    cases = select(Case.id).where(of_own(visit.person, Case.unit_id), found_among(visit.session, Case.sought, number))
    linked = select(CaseLink.recording_id).where(CaseLink.case_id.in_(cases), CaseLink.ended_at.is_(None))
    return Recording.id.in_(linked)


def digest_starts_with(digest: str) -> ColumnElement[bool]:
    """SHA-256 or SM3, whole or its beginning. A span of values, so that an index on the digest serves."""
    low = bytes.fromhex(digest.ljust(64, "0"))
    high = bytes.fromhex(digest.ljust(64, "f"))
    return or_(Recording.sha256.between(low, high), Recording.sm3.between(low, high))


def make_cards(visit: Visit, recordings: Sequence[Recording]) -> tuple[Card, ...]:
    """Everything a list shows, found at once for all of it."""
    session, ids = visit.session, [recording.id for recording in recordings]
    visible = may_see_poster(session, visit.person, ids, visit.now)
    posters = posters_of(session, [row for row in recordings if row.id in visible])
    names = officer_names(session, own_units(visit.person), (row.officer for row in recordings))
    cases = cases_of(session, ids)
    return tuple(
        Card(
            recording=row,
            kind=found_kind(row),
            poster=row.id in posters,
            may_see=row.id in visible,
            officer_name=names.get(row.officer or ""),
            cases=cases.get(row.id, ()),
        )
        for row in recordings
    )


def posters_of(session: Session, recordings: Sequence[Recording]) -> set[uuid.UUID]:
    """Those that have a poster a list may show. Of a photograph it is the whole picture: whoever opens a list or a case
    has not looked at it, and where he does, on its own page, it bears a watermark."""
    made = select(Rendition.recording_id, Rendition.name).where(
        Rendition.recording_id.in_([row.id for row in recordings]), Rendition.name.in_(("poster", "proxy"))
    )
    names: dict[uuid.UUID, set[str]] = defaultdict(set)
    for recording_id, name in session.execute(made):
        names[recording_id].add(name)
    return {row.id for row in recordings if "poster" in names[row.id] and not _is_photograph(row, names[row.id])}


def _is_photograph(recording: Recording, names: Set[str]) -> bool:
    """Also one that nobody had the time to look at when it came: that has a poster, and nothing to play."""
    return found_kind(recording) == "still" or (recording.media_state == "unreadable" and "proxy" not in names)


def found_kind(recording: Recording) -> str:
    """A word of MEDIA_KINDS. What is no picture and no sound, yet says where somebody went, is a log of that."""
    kind = str(recording.findings.get("kind", "none"))
    tells_a_way = any(claim.get("kind") == "track" for claim in recording.claims)
    return "track" if kind == "none" and tells_a_way else kind


def officer_names(session: Session, units: Units, numbers: Iterable[str | None]) -> dict[str, str]:
    """Who has which number in a unit or in several. That a recording claims the number proves nothing about him."""
    wanted = {number for number in numbers if number}
    statement = select(Person.badge_number, Person.name).where(
        of_units(Person.unit_id, units), Person.badge_number.in_(wanted)
    )
    return {str(row.badge_number): row.name for row in session.execute(statement)}


def cases_of(session: Session, recording_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[Case, ...]]:
    statement = (
        select(CaseLink.recording_id, Case)
        .join(Case, Case.id == CaseLink.case_id)
        .where(CaseLink.recording_id.in_(recording_ids), CaseLink.ended_at.is_(None))
        .order_by(CaseLink.created_at)
    )
    found: dict[uuid.UUID, tuple[Case, ...]] = {}
    for recording_id, case in session.execute(statement):
        found[recording_id] = (*found.get(recording_id, ()), case)
    return found


def known_values(visit: Visit, column: Any, limit: int = 50) -> list[str]:
    """What a field may be filled with: the latest values of the unit, for a list of suggestions."""
    latest = (
        select(column.label("value"), Recording.sealed_at)
        .where(of_own(visit.person, Recording.unit_id), column.is_not(None))
        .order_by(Recording.sealed_at.desc())
        .limit(500)
        .subquery()
    )
    return sorted(visit.session.scalars(select(latest.c.value).distinct().limit(limit)))
