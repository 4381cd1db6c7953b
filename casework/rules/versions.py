"""Versions of rules as rows: taken in, superseded, come into force. Whatever they rule, they do it in one way.

Each jurisdiction has a series of versions for all units, and each unit may have one of its own; within a series no two
hold on one day. A version that was taken in is never changed: a later one ends it, from a day that has not come.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from psycopg.errors import ExclusionViolation
from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from casework.rules.errors import (
    NothingToSupersede,
    PolicyBegun,
    PolicyOverlaps,
    PolicyVersionTaken,
    RuleFileUnusable,
)
from casework.rules.heading import VersionFile
from casework.units import Doer, actor_of, require_live
from integrity.local_time import chinese_day
from storage.catalog.organisation import Person, Unit
from storage.catalog.rules import RuleVersion
from storage.ledger.append import Actor, Change, record_change

LOADER = Actor.system("policies")
RowT = TypeVar("RowT", bound=RuleVersion)
FileT = TypeVar("FileT", bound=VersionFile)


@dataclass(frozen=True)
class Versions(Generic[RowT]):
    """The versions of one kind of rules: their table, and the word their entries begin with (`policy.loaded`)."""

    model: type[RowT]
    word: str

    def find(self, session: Session, file: VersionFile, unit_id: uuid.UUID | None) -> RowT | None:
        return session.scalars(self._series(file, unit_id).where(self.model.version == file.version)).first()

    def overlapping(self, session: Session, file: VersionFile, unit_id: uuid.UUID | None) -> RowT | None:
        days = Range(file.valid_from, _day_after(file.last_day))
        statement = self._series(file, unit_id).where(self.model.valid.overlaps(days))
        return session.scalars(statement.order_by(self.model.version.desc())).first()

    def missing(self, session: Session, files: Sequence[FileT]) -> list[FileT]:
        """Those of the package, for all units, that this archive has never had. Nobody else loads any until the end.

        A version the archive has under that number stays as it is, whatever the package says by now.
        """
        missing = [file for file in files if self.find(session, file, None) is None]
        if missing:
            self.let_one_load(session)
        return [file for file in missing if self.find(session, file, None) is None]

    def load_shipped(self, session: Session, files: Sequence[FileT], take: Callable[[FileT], object]) -> int:
        """Take in those that are missing, and whose days no other version holds; how many there were."""
        missing = self.missing(session, files)
        free = [file for file in missing if self.overlapping(session, file, None) is None]
        for file in free:
            take(file)
        return len(free)

    def let_one_load(self, session: Session) -> None:
        """Two that load at once wait for each other: what overlaps is looked at before it is refused."""
        key = f"{self.model.__tablename__} versions"
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))

    def let_none_load(self, session: Session) -> None:
        """Whoever works by the versions that hold now: those who load wait for it, and it for them."""
        key = f"{self.model.__tablename__} versions"
        session.execute(select(func.pg_advisory_xact_lock_shared(func.hashtextextended(key, 0))))

    def take(
        self,
        session: Session,
        by: Doer,
        file: VersionFile,
        now: datetime,
        refuse_nonsense: Callable[[], None],
        taken: Callable[[RowT], None] = lambda _: None,
    ) -> RowT:
        """Take a version in. The same file again changes nothing; `taken` is told of one that is new.

        Raises RuleFileUnusable, PolicyOverlaps, PolicyVersionTaken, PolicyBegun, NothingToSupersede, and whatever
        `refuse_nonsense` does, which is asked of new versions alone: what an earlier release took in, stays.
        """
        unit_id = _unit_of(session, file)
        self.let_one_load(session)
        self._refuse_other_spelling(session, file)
        same = self.find(session, file, unit_id)
        if same is not None:
            if same.source_sha256 != file.sha256:
                raise PolicyVersionTaken(file.jurisdiction, file.version)
            return same
        refuse_nonsense()
        earliest = chinese_day(now) + timedelta(days=1)
        if (file.supersedes is not None or unit_id is not None) and file.valid_from < earliest:
            raise PolicyBegun(file.valid_from, earliest)
        if file.supersedes is not None:
            self._end_superseded(session, by, file, unit_id)
        other = self.overlapping(session, file, unit_id)
        if other is not None:
            raise PolicyOverlaps(file.jurisdiction, file.version, other.version, other.valid_from, other.last_day)
        row = self._insert(session, by, file, unit_id)
        self.come_into_force(session, now)
        taken(row)
        return row

    def come_into_force(self, session: Session, now: datetime) -> int:
        """Enter in the ledger which versions have begun to hold since this was asked last; how many."""
        today, model = chinese_day(now), self.model
        waiting = select(model).where(model.in_force_at.is_(None)).order_by(model.loaded_at)
        begun = [row for row in session.scalars(waiting.with_for_update(skip_locked=True)) if row.valid_from <= today]
        for row in begun:
            row.in_force_at = now
            session.flush()
            self._record(session, LOADER, row, "came_into_force", {"valid_from": row.valid_from.isoformat()})
        return len(begun)

    def all(self, session: Session) -> tuple[RowT, ...]:
        """Every version, by jurisdiction, those of all units first, the latest first."""
        rows = session.scalars(select(self.model).order_by(self.model.jurisdiction, self.model.version.desc()))
        return tuple(sorted(rows, key=lambda row: (row.jurisdiction, row.unit_id is not None, str(row.unit_id))))

    def _series(self, file: VersionFile, unit_id: uuid.UUID | None) -> Select[RowT]:
        model = self.model
        return select(model).where(model.jurisdiction == file.jurisdiction, model.unit_id.is_not_distinct_from(unit_id))

    def _refuse_other_spelling(self, session: Session, file: VersionFile) -> None:
        """`cn` beside `CN` would be a series of its own, and nobody would see that it is."""
        named = func.lower(self.model.jurisdiction) == file.jurisdiction.lower()
        spellings = set(session.scalars(select(self.model.jurisdiction).where(named)))
        if spellings and file.jurisdiction not in spellings:
            raise RuleFileUnusable(f"jurisdiction {file.jurisdiction}", "other_spelling", tuple(sorted(spellings)))

    def _end_superseded(self, session: Session, by: Doer, file: VersionFile, unit_id: uuid.UUID | None) -> None:
        assert file.supersedes is not None
        row = session.scalars(self._series(file, unit_id).where(self.model.version == file.supersedes)).first()
        if row is None or row.last_day is not None or row.valid_from >= file.valid_from:
            raise NothingToSupersede(file.jurisdiction, file.supersedes)
        row.valid = Range(row.valid_from, file.valid_from)
        session.flush()
        assert row.last_day is not None
        self._record(session, by, row, "superseded", {"last_day": row.last_day.isoformat()})

    def _insert(self, session: Session, by: Doer, file: VersionFile, unit_id: uuid.UUID | None) -> RowT:
        if unit_id is not None:
            require_live(session, unit_id)
        row = self.model(
            id=uuid.uuid4(),
            unit_id=unit_id,
            jurisdiction=file.jurisdiction,
            version=file.version,
            valid=Range(file.valid_from, _day_after(file.last_day)),
            title_zh=file.title_zh,
            title_en=file.title_en,
            rules=file.rules_as_json(),
            source=file.source,
            source_sha256=file.sha256,
            loaded_by=by.id if isinstance(by, Person) else None,
            loaded_at=datetime.now(UTC),
        )
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError as error:  # Somebody who does not take the lock, such as psql: the constraint decides.
            if isinstance(error.orig, ExclusionViolation):
                raise PolicyOverlaps(file.jurisdiction, file.version, file.version, file.valid_from, None) from error
            raise
        data: dict[str, str | int | None] = {
            "jurisdiction": row.jurisdiction,
            "version": row.version,
            "valid_from": row.valid_from.isoformat(),
            "last_day": None if row.last_day is None else row.last_day.isoformat(),
            "source_sha256": row.source_sha256.hex(),
        }
        self._record(session, by, row, "loaded", data)
        return row

    def _record(self, session: Session, by: Doer, row: RowT, deed: str, data: dict[str, str | int | None]) -> None:
        change = Change(f"{self.word}.{deed}", self.model.__tablename__, str(row.id), row.unit_id, data)
        record_change(session, actor_of(by), change)


class InSeries(Protocol):
    """A version as it is asked for a unit and a day."""

    @property
    def jurisdiction(self) -> str: ...

    @property
    def unit_id(self) -> uuid.UUID | None: ...

    def holds_on(self, day: date) -> bool: ...


HeldT = TypeVar("HeldT", bound=InSeries)


def held_on(versions: Iterable[HeldT], line: Sequence[uuid.UUID], day: date) -> tuple[HeldT, ...]:
    """Those that hold for a unit on a day. `line`: the unit, then those above it, the nearest first."""
    nearness: dict[uuid.UUID | None, int] = {unit_id: place for place, unit_id in enumerate((*line, None))}
    held = [version for version in versions if version.unit_id in nearness and version.holds_on(day)]
    return tuple(sorted(held, key=lambda version: (version.jurisdiction, nearness[version.unit_id])))


def is_read_from_source(row: RuleVersion, read: Callable[[bytes], VersionFile]) -> bool:
    """Whether rules, digest and all the rest of a row are what its YAML says, as `read` reads it. Never raises."""
    try:
        return says_its_source(row, read(row.source.encode()))
    except RuleFileUnusable:
        return False


def shipped_in(folder: Path, read: Callable[[bytes], FileT]) -> tuple[FileT, ...]:
    """The files of the package, in the order in which they are taken in."""
    files = (read(path.read_bytes()) for path in sorted(folder.glob("*.yaml")))
    return tuple(sorted(files, key=lambda file: (file.jurisdiction, file.version)))


def says_its_source(row: RuleVersion, file: VersionFile) -> bool:
    """Whether the rules, the digest and all the rest of a row are what `file`, read of its YAML, says."""
    said = (file.jurisdiction, file.version, file.valid_from, file.title_zh, file.title_en, file.sha256)
    kept = (row.jurisdiction, row.version, row.valid_from, row.title_zh, row.title_en, row.source_sha256)
    return said == kept and file.rules_as_json() == row.rules


def _unit_of(session: Session, file: VersionFile) -> uuid.UUID | None:
    if file.unit_code is None:
        return None
    unit_id = session.scalar(select(Unit.id).where(Unit.code == file.unit_code))
    if unit_id is None:
        raise RuleFileUnusable(f"unit {file.unit_code}", "unknown_unit")
    return unit_id


def _day_after(day: date | None) -> date | None:
    return None if day is None else day + timedelta(days=1)
