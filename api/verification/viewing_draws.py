"""What is drawn of each month's viewings (随机复核), by the ledger, and by the rows that the auditors' page draws from.

No entry states the sample: whoever looks computes it. So it is drawn twice here, and a row that would move it shows by
the month and the unit whose auditors would be shown another one (docs/decisions/0020-draws.md).
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.verification.audit import Audit
from casework.playback import is_poster, shows_poster
from casework.retrieval.sampling import next_month, sample_of, seed_after, start_of
from casework.units import lines_of
from integrity.errors import EvidenceError
from integrity.fields import parse_instant, parse_uuid
from integrity.ledger_entry import LedgerEntry
from integrity.local_time import chinese_day
from storage.catalog.access import PlaybackWindow


@dataclass(frozen=True, slots=True, order=True)
class Viewing:
    """One recording's film, shown under one grant, in the recording's unit at that time."""

    grant_id: uuid.UUID
    recording_id: uuid.UUID
    unit_id: uuid.UUID


@dataclass
class Shown:
    """When each viewing began, as the entries have it that opened its windows."""

    begun: dict[Viewing, datetime] = field(default_factory=dict)

    def take(self, entry: LedgerEntry) -> None:
        """Preview pictures count neither as a viewing nor as its beginning. An entry that names no grant or instant is
        none that this archive writes; its row is held against it all the same."""
        if is_poster(str(entry.data.get("object_name"))) or entry.unit_id is None:
            return
        try:
            grant_id = parse_uuid(str(entry.data.get("grant_id")), "grant_id")
            viewing = Viewing(grant_id, parse_uuid(entry.subject_id, "subject"), entry.unit_id)
            opened_at = parse_instant(str(entry.data.get("opened_at")), "opened_at")
        except EvidenceError:
            return
        self.begun[viewing] = min(opened_at, self.begun.get(viewing, opened_at))


def check_viewing_draws(audit: Audit, session: Session, shown: Shown) -> None:
    """Name each month of each unit of which another sample would be drawn from the rows than the ledger draws."""
    by_ledger, by_rows = _by_month(shown.begun.items()), _by_month(_begun_by_rows(session))
    now = datetime.now(UTC)
    for month in sorted(by_ledger.keys() | by_rows.keys()):
        said, kept = by_ledger.get(month, set()), by_rows.get(month, set())
        if said == kept or (until := start_of(next_month(month))) > now:
            continue
        seed = seed_after(session, until)
        if seed is not None:
            _compare(audit, month, seed.root, _of_units(session, said), _of_units(session, kept))


def _compare(
    audit: Audit,
    month: date,
    root: bytes,
    said: Mapping[uuid.UUID, set[Viewing]],
    kept: Mapping[uuid.UUID, set[Viewing]],
) -> None:
    for unit_id in sorted(said.keys() | kept.keys()):
        expected, found = (sample_of(root, sorted(each.get(unit_id, ()))) for each in (said, kept))
        if expected != found:
            subject = f"viewings of {month:%Y-%m}, unit {unit_id}"
            audit.findings.add("sample_differs", subject, _told(expected), _told(found))


def _of_units(session: Session, viewings: Iterable[Viewing]) -> Mapping[uuid.UUID, set[Viewing]]:
    """By each unit whose auditors they are drawn for: their own, and those above it."""
    viewings = list(viewings)
    lines = lines_of(session, {each.unit_id for each in viewings})
    of_units: dict[uuid.UUID, set[Viewing]] = defaultdict(set)
    for each in viewings:
        for unit_id in lines.get(each.unit_id, ()):
            of_units[unit_id].add(each)
    return of_units


def _begun_by_rows(session: Session) -> Iterable[tuple[Viewing, datetime]]:
    window = PlaybackWindow
    key = window.grant_id, window.recording_id, window.unit_id
    statement = select(*key, func.min(window.opened_at)).where(~shows_poster()).group_by(*key)
    for *of, begun in session.execute(statement.execution_options(yield_per=500)):
        yield Viewing(*of), begun


def _by_month(begun: Iterable[tuple[Viewing, datetime]]) -> dict[date, set[Viewing]]:
    months: dict[date, set[Viewing]] = defaultdict(set)
    for viewing, at in begun:
        months[chinese_day(at).replace(day=1)].add(viewing)
    return months


def _told(sample: Iterable[Viewing]) -> str:
    return " ".join(f"{each.grant_id}/{each.recording_id}" for each in sample)
