"""What `liuhen admin device import` and `liuhen admin officer import` do."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.cli.admin_people import OPERATOR, find_unit
from api.errors import ApiError, UsageRefused
from api.http.errors import MOST_BODY_BYTES
from api.http.schema.imports import ImportResult, Kind
from casework.register.imports import ImportAt, import_table
from storage.catalog.organisation import Unit


class ImportRefused(ApiError):
    """The rows were told before."""

    def __init__(self, bad_rows: int) -> None:
        super().__init__(
            f"{bad_rows} 行有误，未导入任何内容；请更正后重试",
            f"{bad_rows} bad rows: nothing was changed; correct them",
        )


def take_file(session: Session, kind: Kind, file: Path, trial: bool, unit_code: str | None) -> ImportResult:
    """Raises UsageRefused for a file that cannot be read, and casework's errors for one that is no table."""
    try:
        content = file.read_bytes()[: MOST_BODY_BYTES + 1]
    except OSError as error:
        raise UsageRefused(f"无法读取 {file}", f"cannot read {file}: {error.strerror}") from error
    if len(content) > MOST_BODY_BYTES:
        raise UsageRefused(f"{file} 超过 1 MiB，请拆分", f"{file} has more than 1 MiB: split it")
    at = ImportAt(_unit_id(session, unit_code), datetime.now(UTC))
    return ImportResult.of(kind, import_table(session, OPERATOR, kind, content, at, trial=trial), "zh")


def result_lines(result: ImportResult, trial: bool) -> Iterator[str]:
    """Each bad row with its line and reason, then the sum."""
    for bad in result.problems:
        yield f"第 {bad.line} 行 / line {bad.line}: {bad.sentences['zh-CN']} / {bad.sentences['en']}"
    if result.ignored_columns:
        yield f"未使用的列 / columns not used: {', '.join(result.ignored_columns)}"
    chinese = f"{result.rows} 行：新增 {result.added}，更改 {result.changed}，已有 {result.unchanged}"
    english = f"{result.rows} rows: {result.added} added, {result.changed} changed, {result.unchanged} there already"
    state = ("试读，未更改", "a trial, nothing changed") if trial else ("已导入", "done")
    if not result.problems:
        yield f"{chinese}（{state[0]}） / {english} ({state[1]})"


def _unit_id(session: Session, code: str | None) -> uuid.UUID | None:
    """The only unit where none is named; of several the table has to say it itself."""
    if code is not None:
        return find_unit(session, code).id
    units = session.scalars(select(Unit.id).limit(2)).all()
    return units[0] if len(units) == 1 else None
