"""What the commands about versions of rules do alike, whatever they rule: listed, shown, tried and loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.cli.admin_people import OPERATOR, Facts, find_unit
from api.errors import UsageRefused
from casework.units import Doer
from integrity.fields import format_instant
from integrity.local_time import chinese_day
from storage.catalog.organisation import Unit
from storage.catalog.rules import RuleVersion

RowT = TypeVar("RowT", bound=RuleVersion)


def nothing_more(_: Session, __: Any, ___: bytes) -> Facts:
    return {}


@dataclass(frozen=True)
class RuleAdmin(Generic[RowT]):
    """One kind of rules. `says`: what a version rules; `consequences`: what taking it in would change besides."""

    command: str
    all: Callable[[Session], Sequence[RowT]]
    load: Callable[[Session, Doer, bytes, datetime], RowT]
    says: Callable[[RowT], Facts]
    consequences: Callable[[Session, RowT, bytes], Facts] = nothing_more
    lines: Callable[[Facts], Sequence[str]] = lambda _: ()

    def list_all(self, session: Session) -> list[Facts]:
        codes = {row.id: row.code for row in session.execute(select(Unit.id, Unit.code))}
        return [self._facts(row, codes.get(row.unit_id) if row.unit_id else None) for row in self.all(session)]

    def show(self, session: Session, jurisdiction: str, version: int | None, unit_code: str | None) -> Facts:
        """With the YAML as it was loaded. Raises UsageRefused when there is none."""
        unit_id = None if unit_code is None else find_unit(session, unit_code).id
        for row in self.all(session):
            if (row.jurisdiction, row.unit_id) == (jurisdiction, unit_id) and version in (None, row.version):
                return {**self._facts(row, unit_code), "source": row.source}
        raise UsageRefused(
            f"没有这一版：{jurisdiction} {version or ''}；见 liuhen admin {self.command} list",
            f"there is no such version: {jurisdiction} {version or ''}; see liuhen admin {self.command} list",
        )

    def take(self, session: Session, file: Path) -> Facts:
        """Load the file as the operator. Raises UsageRefused for one that cannot be read, and casework's errors."""
        content = read_file(file)
        row = self.load(session, OPERATOR, content, datetime.now(UTC))
        code = None if row.unit_id is None else session.get_one(Unit, row.unit_id).code
        return {**self._facts(row, code), **self.consequences(session, row, content)}

    def _facts(self, row: RowT, unit_code: str | None) -> Facts:
        return {
            "id": str(row.id),
            "jurisdiction": row.jurisdiction,
            "version": row.version,
            "unit": unit_code,
            "title_zh": row.title_zh,
            "title_en": row.title_en,
            "valid_from": row.valid_from.isoformat(),
            "last_day": None if row.last_day is None else row.last_day.isoformat(),
            "in_force": row.holds_on(chinese_day(datetime.now(UTC))),
            "loaded_at": format_instant(row.loaded_at),
            "source_sha256": row.source_sha256.hex(),
            **self.says(row),
        }


def version_line(facts: Facts) -> str:
    state = "有效 / in force" if facts["in_force"] else "　"
    days = f"{facts['valid_from']} – {facts['last_day'] or '…'}"
    scope = facts["unit"] or "全部单位 / all units"
    name = f"{facts['jurisdiction']} {facts['version']}"
    return f"{name}  {days}  {scope}  {state}  {facts['title_zh']} / {facts['title_en']}"


def read_file(file: Path) -> bytes:
    """Raises UsageRefused for one that cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageRefused(f"无法读取 {file}", f"{file} cannot be read") from error
