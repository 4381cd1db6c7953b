"""Searches and lists over a large archive, as people at work see them: signed in, over HTTP, unit after unit."""

from __future__ import annotations

import math
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.bench.archive_rows import ArchiveSize
from api.bench.errors import BenchError, RoomMissing
from api.bench.filled_archive import FilledArchive, filled_archive
from api.bench.rows import Row
from casework.secrecy import keeps_case_from
from storage.catalog.casework import Case
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording

SEARCH_BAR, SHIFT_BAR, PORTAL_BAR, COMPLETENESS_BAR = 1.0, 1.0, 0.2, 0.05
BYTES_A_RECORDING: Final = 8 << 10
LEAST_BYTES: Final = 1 << 30
MOST_CASES: Final = 30

Facts = Mapping[str, tuple[str, ...]]
"""By the names in addresses what there is to ask for, of which each turn takes the next."""


@dataclass(frozen=True)
class Look:
    """What somebody of `role` asks for ("": nobody is signed in), and how many seconds the 95th of a hundred may take.

    `path` and the values of `query` name facts of the viewer's own unit in braces.
    """

    name: str
    role: str
    path: str
    query: tuple[tuple[str, str], ...]
    bar: float = SEARCH_BAR


def _look(name: str, path: str, role: str = "officer", bar: float = SEARCH_BAR, **query: str) -> Look:
    return Look(name, role, path, tuple((key.rstrip("_"), value) for key, value in query.items()), bar)


TWENTY: Final = (
    _look("recordings of the unit", "/recordings"),
    _look("my recordings", "/recordings", mine="1"),
    _look("recordings of a device", "/recordings", device="{device}"),
    _look("recordings of an officer", "/recordings", officer="{officer}"),
    _look("recordings of a day", "/recordings", from_="{day}T00:00", to="{day}T23:59"),
    _look("damaged recordings", "/recordings", state="damaged", view="table"),
    _look("recordings of a case's number", "/recordings", case="{number}"),
    _look("recordings in no case", "/api/v1/recordings", "supervisor", unlinked="true"),
    _look("a file by its digest", "/api/v1/recordings", sha256="{sha256}"),
    _look("two hundred recordings", "/api/v1/recordings", limit="200"),
    _look("open cases", "/cases"),
    _look("cases by a common word", "/cases", find="占道经营", closed="1"),
    _look("cases by a rare word", "/cases", find="露天烧烤", closed="1"),
    _look("search: a common word", "/search", q="占道经营"),
    _look("search: two signs", "/search", q="火锅"),
    _look("search: a street and what was done", "/search", q="建新北路 垃圾"),
    _look("search: nothing there is", "/search", q="不存在的词"),
    _look("search: recordings of a device", "/search", q="{device}", kind="recordings"),
    _look("search: documents by their text", "/search", q="责令三日内改正", kind="documents"),
    _look("search: people", "/api/v1/search/people", "auditor", q="建国"),
)
"""The twenty commonest: pages and the API, of officers, supervisors and auditors."""
OTHERS: Final = (
    _look("shift overview", "/shift", "supervisor", SHIFT_BAR),
    _look("completeness of a case", "/api/v1/cases/{case}/completeness", "officer", COMPLETENESS_BAR),
    _look("a case's page", "/cases/{case}"),
    _look("portal", "/portal", "", PORTAL_BAR, turn="{turn}"),
    _look("portal: search", "/portal", "", PORTAL_BAR, q="火锅店", turn="{turn}"),
)
# Of the latest of a unit's closed cases that the viewer is shown, each turn asks for another.
# What everybody may read is kept for a moment by its address: each turn asks by another, so that each is made.


def measure_search(folder: Path, size: ArchiveSize, rounds: int) -> list[Row]:
    """p95 of each look, `rounds` times by a viewer of each of the measured units, after one that is not counted.

    Raises BenchError: also where an answer is no answer.
    """
    needed = LEAST_BYTES + size.recordings * BYTES_A_RECORDING
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise RoomMissing(str(folder), needed, free)
    with tempfile.TemporaryDirectory(prefix="bench-search-", dir=folder) as name:
        with filled_archive(Path(name), size) as archive:
            facts = _facts(archive)
            timed = {look: sorted(_timed(archive, look, facts, rounds)) for look in (*TWENTY, *OTHERS)}
    rows = [_row(look, seconds) for look, seconds in timed.items()]
    everything = sorted(second for look in TWENTY for second in timed[look])
    filled = f"{size.recordings} recordings, {size.cases} cases, filled in {archive.filled_seconds:.0f} s"
    whole = f"the twenty searches and lists, p95 ({filled})"
    return [Row.below_bar(whole, "s", ours=percentile(everything, 0.95), bar=SEARCH_BAR), *rows]


def percentile(ordered: list[float], share: float) -> float:
    """The nearest rank: the smallest of which at least that share is no larger."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _row(look: Look, ordered: list[float]) -> Row:
    median = percentile(ordered, 0.5) * 1000
    return Row.below_bar(f"{look.name}, p95 (p50 {median:.0f} ms)", "s", ours=percentile(ordered, 0.95), bar=look.bar)


def _timed(archive: FilledArchive, look: Look, facts: Mapping[str, Facts], rounds: int) -> Iterable[float]:
    viewers = [("", "")] if not look.role else [(str(who), cookie) for who, cookie in archive.viewers[look.role]]
    for who, cookie in viewers:
        known = facts.get(who, {})
        with archive.browser(cookie) as browser:
            for turn in range(rounds + 1):
                address = _address(look, {name: some[turn % len(some)] for name, some in known.items()}, turn)
                began = time.perf_counter()
                answer = browser.get(address)
                seconds = time.perf_counter() - began
                if answer.status_code != 200:
                    raise BenchError(f"{address} was answered with {answer.status_code}: {answer.text[:200]}")
                if turn:  # the first finds the connection and what the process keeps
                    yield seconds


def _address(look: Look, facts: Mapping[str, str], turn: int) -> str:
    named = {**facts, "turn": str(turn)}
    query = urlencode({key: value.format(**named) for key, value in look.query})
    return look.path.format(**named) + (f"?{query}" if query else "")


def _facts(archive: FilledArchive) -> dict[str, Facts]:
    """By viewer: what there is in his unit to ask for."""
    with archive.database.reading() as session:
        people = {who for viewers in archive.viewers.values() for who, _ in viewers}
        return {str(who): _facts_of(session, session.get_one(Person, who)) for who in people}


def _facts_of(session: Session, person: Person) -> Facts:
    latest = select(Recording.device, Recording.officer, Recording.started_at, Recording.sha256)
    latest = latest.where(Recording.unit_id == person.unit_id).order_by(Recording.sealed_at.desc())
    recording = session.execute(latest.offset(3).limit(1)).first()
    cases = select(Case.id, Case.number).where(Case.unit_id == person.unit_id, Case.closed_at.is_not(None))
    shown = cases.where(~keeps_case_from(person, Case.id))
    closed = session.execute(shown.order_by(Case.opened_at.desc()).limit(MOST_CASES)).all()
    if recording is None or not closed:
        raise BenchError("a unit that is measured has no recording or no closed case: make the archive larger")
    return {
        "device": (str(recording.device),),
        "officer": (str(recording.officer),),
        "day": (recording.started_at.date().isoformat(),),
        "sha256": (recording.sha256.hex(),),
        "case": tuple(str(case.id) for case in closed),
        "number": (closed[0].number,),
    }
