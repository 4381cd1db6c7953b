"""Devices, issues and certificates out of a table: looked at row by row, taken all together or not at all.

Every row goes the way that the same deed goes by hand. Taken again, the same table changes nothing.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.errors import CaseworkError
from casework.linking.looks import looks_together
from casework.permission import require
from casework.register.certificates import add_certificate
from casework.register.devices import add_device, describe_device, find_device, require_in_use
from casework.register.errors import AlreadyReturned, RowRepeated, UnitUnknown
from casework.register.issues import issue_device, return_device
from casework.register.people import find_officer
from casework.register.table import Column, TableRow, read_table
from casework.units import Doer, in_reach
from retention.errors import RetentionError
from storage.catalog.devices import Device, DeviceIssue, OfficerCertificate
from storage.catalog.organisation import Person, Unit

DeviceNamed = tuple[uuid.UUID, str]
"""A unit, and a code there."""
ADDED, CHANGED, UNCHANGED = "added", "changed", "unchanged"
_DEVICE = Column("device", ("设备编号", "编号", "device", "code"))
_OFFICER = Column("officer", ("人员编号", "警号", "执法人员", "officer", "badge"))
_UNIT = Column("unit", ("单位代码", "unit"), needed=False)


@dataclass(frozen=True)
class ImportKind:
    """`take` does what one row says and tells which of ADDED, CHANGED, UNCHANGED that was. `describes`: what no two
    rows may describe, of a kind of which a later row would silently take back what an earlier one said.
    """

    deed: str
    columns: tuple[Column, ...]
    take: Callable[[Session, Doer, TableRow, ImportAt], str]
    describes: Callable[[Session, Doer, TableRow, ImportAt], DeviceNamed] | None = None


@dataclass(frozen=True)
class ImportAt:
    """`unit_id`: whose the devices are where the table does not say so."""

    unit_id: uuid.UUID | None
    now: datetime


@dataclass(frozen=True)
class RowProblem:
    """Why a row cannot be taken; `error` is what the same deed by hand would raise."""

    line: int
    error: CaseworkError | RetentionError


@dataclass(frozen=True)
class ImportOutcome:
    """`counts` by ADDED, CHANGED, UNCHANGED: of a trial, what would be. `applied`: it is done."""

    rows: int
    counts: Mapping[str, int]
    problems: tuple[RowProblem, ...]
    ignored: tuple[str, ...]
    applied: bool


def import_table(session: Session, by: Doer, kind: str, content: bytes, at: ImportAt, *, trial: bool) -> ImportOutcome:
    """Take a table, or on `trial` find out what would become of it. With a single bad row nothing is taken.

    Raises TableUnreadable, ColumnMissing, RoleNotAllowed.
    """
    wanted = KINDS[kind]
    if isinstance(by, Person):
        require(by, wanted.deed)
    table = read_table(content, wanted.columns)
    counts: Counter[str] = Counter()
    problems: list[RowProblem] = []
    described: dict[DeviceNamed, int] = {}
    with looks_together(session) as looks:
        whole = session.begin_nested()
        for row in table.rows:
            try:
                with session.begin_nested():
                    if wanted.describes is not None:
                        _describe_once(wanted.describes(session, by, row, at), row, described)
                    counts[wanted.take(session, by, row, at)] += 1
            except (CaseworkError, RetentionError) as error:
                problems.append(RowProblem(row.line, error))
        applied = not (trial or problems)
        if applied:
            whole.commit()
        else:
            whole.rollback()
            looks.forget()
    return ImportOutcome(len(table.rows), dict(counts), tuple(problems), table.ignored, applied)


def _describe_once(named: DeviceNamed, row: TableRow, described: dict[DeviceNamed, int]) -> None:
    """Raises RowRepeated."""
    first_line = described.setdefault(named, row.line)
    if first_line != row.line:
        raise RowRepeated(named[1], first_line, row.line)


def _device_of(session: Session, by: Doer, row: TableRow, at: ImportAt) -> DeviceNamed:
    return _unit_of(session, by, row, at), row.needed("device")


def _take_device(session: Session, by: Doer, row: TableRow, at: ImportAt) -> str:
    unit_id, code = _device_of(session, by, row, at)
    words = {name: row.optional(name) for name in ("serial", "model", "name")}
    there = select(Device).where(Device.unit_id == unit_id, Device.code == code)
    device = session.scalars(there).first()
    if device is None:
        add_device(session, by, unit_id=unit_id, code=code, **words)
        return ADDED
    changed = describe_device(session, by, require_in_use(device).id, **words)
    return CHANGED if changed else UNCHANGED


def _take_issue(session: Session, by: Doer, row: TableRow, at: ImportAt) -> str:
    unit_id = None if row.optional("unit") is None else _unit_of(session, by, row, at)
    device, officer = (
        find_device(session, by, row.needed("device"), unit_id),
        find_officer(session, by, row.needed("officer")),
    )
    issued_at, returned_at = row.begin("issued_at"), row.optional_end("returned_at", at.now)
    same = select(DeviceIssue).where(
        DeviceIssue.device_id == device.id, DeviceIssue.person_id == officer.id, DeviceIssue.voided_at.is_(None)
    )
    issue = session.scalars(same.where(func.lower(DeviceIssue.span) == issued_at)).first()
    if issue is None:
        times = {"issued_at": issued_at, "returned_at": returned_at}
        issue_device(session, by, device.id, officer.id, now=at.now, **times)
        return ADDED
    if returned_at is None or issue.returned_at == returned_at:
        return UNCHANGED
    if issue.returned_at is not None:
        raise AlreadyReturned(device.code, issue.returned_at)
    return_device(session, by, issue.id, now=at.now, returned_at=returned_at)
    return CHANGED


def _take_certificate(session: Session, by: Doer, row: TableRow, at: ImportAt) -> str:
    officer, number = find_officer(session, by, row.needed("officer")), row.needed("number")
    valid_from, last_day = row.day("valid_from"), row.optional_last_day("last_day")
    same = select(OfficerCertificate).where(
        OfficerCertificate.person_id == officer.id,
        OfficerCertificate.number == number,
        OfficerCertificate.voided_at.is_(None),
    )
    if any((each.valid_from, each.last_day) == (valid_from, last_day) for each in session.scalars(same)):
        return UNCHANGED
    add_certificate(session, by, officer.id, number=number, valid_from=valid_from, last_day=last_day)
    return ADDED


def _unit_of(session: Session, by: Doer, row: TableRow, at: ImportAt) -> uuid.UUID:
    code = row.optional("unit")
    if code is None and at.unit_id is not None:
        return at.unit_id
    found = session.scalar(select(Unit.id).where(Unit.code == (code or row.needed("unit")), in_reach(by, Unit.id)))
    if found is None:
        raise UnitUnknown(code or "")
    return found


KINDS: Mapping[str, ImportKind] = {
    "devices": ImportKind(
        "keep_devices",
        (
            _DEVICE,
            Column("serial", ("序列号", "serial"), needed=False),
            Column("model", ("型号", "model"), needed=False),
            Column("name", ("名称", "name"), needed=False),
            _UNIT,
        ),
        _take_device,
        _device_of,
    ),
    "issues": ImportKind(
        "issue_devices",
        (
            _DEVICE,
            _OFFICER,
            Column("issued_at", ("配发时间", "配发日期", "issued_at")),
            Column("returned_at", ("交还时间", "交还日期", "returned_at"), needed=False),
            _UNIT,
        ),
        _take_issue,
    ),
    "certificates": ImportKind(
        "keep_certificates",
        (
            _OFFICER,
            Column("number", ("证号", "执法证号", "number")),
            Column("valid_from", ("有效期起", "valid_from")),
            Column("last_day", ("有效期至", "last_day"), needed=False),
        ),
        _take_certificate,
    ),
}
