"""Tables as Excel writes them: taken whole or not at all, each bad row with its line and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.errors import RoleNotAllowed, TextUnusable
from casework.register.devices import add_device
from casework.register.errors import (
    CellMissing,
    CellUnusable,
    CertificateTaken,
    ColumnMissing,
    DeviceIsOut,
    DeviceUnknown,
    OfficerUnknown,
    RowRepeated,
    TableUnreadable,
    TimeUnusable,
    UnitUnknown,
)
from casework.register.holding import issued_to
from casework.register.imports import ImportAt, ImportOutcome, import_table
from casework.register.table import MOST_ROWS
from storage.catalog.devices import Device, DeviceIssue, OfficerCertificate
from storage.catalog.ledger import LedgerEntryRow

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Office:
    session: Session
    unit: Any
    administrator: Any
    supervisor: Any
    officers: tuple[Any, ...]

    def take(
        self, kind: str, text: str, *, encoding: str = "utf-8", trial: bool = False, by: Any = None
    ) -> ImportOutcome:
        at = ImportAt(self.unit.id, NOW)
        by = by or (self.supervisor if kind == "issues" else self.administrator)
        return import_table(self.session, by, kind, text.encode(encoding), at, trial=trial)

    def refused(self, kind: str, *rows: str) -> list[tuple[int, type[Exception]]]:
        outcome = self.take(kind, "\n".join(rows))
        assert not outcome.applied
        return [(problem.line, type(problem.error)) for problem in outcome.problems]

    def count(self, table: Any) -> int:
        return self.session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def office(session: Session, archive: Any) -> Office:
    unit = archive.unit()
    people = [archive.person(unit, role) for role in ("administrator", "supervisor", "officer", "officer")]
    return Office(session, unit, people[0], people[1], tuple(people[2:]))


DEVICES = "设备编号,型号,序列号,备注\r\nAB00001,DSJ-A9,SN1,新\r\nAB00002,,,\r\n,,,\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_a_table_is_read_in_each_encoding_that_excel_writes(office: Office, encoding: str) -> None:
    outcome = office.take("devices", DEVICES, encoding=encoding)
    assert (outcome.applied, outcome.rows, outcome.counts) == (True, 2, {"added": 2})
    assert outcome.ignored == ("备注",)
    found = office.session.scalars(select(Device).order_by(Device.code)).all()
    assert [(device.code, device.model) for device in found] == [("AB00001", "DSJ-A9"), ("AB00002", None)]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_columns_have_english_names_too_and_stand_in_any_order(office: Office, delimiter: str) -> None:
    rows = [["Serial", "CODE"], ["SN1", '="00007"'], ["SN2", '"two\nlines"'], ["SN3", "AB00003"]]
    outcome = office.take("devices", "\n".join(delimiter.join(row) for row in rows))
    ((line, error),) = [(problem.line, problem.error) for problem in outcome.problems]
    assert (line, type(error)) == (3, TextUnusable)
    assert office.count(Device) == 0
    del rows[2]
    office.take("devices", "\n".join(delimiter.join(row) for row in rows))
    assert office.session.scalars(select(Device.code).order_by(Device.code)).all() == ["00007", "AB00003"]


def test_the_same_table_again_changes_nothing(office: Office, archive: Any) -> None:
    badge = office.officers[0].badge_number
    tables = {
        "devices": DEVICES,
        "issues": "设备编号,人员编号,配发时间,交还时间\n"
        f"AB00001,{badge},2026/3/1 9:05,2026年3月2日\nAB00001,{badge},2026-3-3,",
        "certificates": f"人员编号,证号,有效期起,有效期至\n{badge},0042,2026/1/1,2028/12/31\n",
    }
    for kind, text in tables.items():
        assert office.take(kind, text).counts == {"added": text.strip("\r\n,").count("\n")}
    entries = office.count(LedgerEntryRow)
    for kind, text in tables.items():
        outcome = office.take(kind, text)
        assert (outcome.applied, outcome.counts) == (True, {"unchanged": outcome.rows})
    assert office.count(LedgerEntryRow) == entries

    # What has changed since is taken over, and only that.
    came_back = tables["issues"].replace("2026-3-3,", "2026-3-3,2026-3-9 18:00")
    assert office.take("issues", came_back).counts == {"unchanged": 1, "changed": 1}
    assert office.take("devices", DEVICES.replace("SN1", "SN9")).counts == {"unchanged": 1, "changed": 1}
    assert archive.last_entry("device.returned").data["returned_at"] == "2026-03-09T10:00:00.000000Z"


def test_one_device_in_two_rows_is_refused_with_both_lines(office: Office, archive: Any) -> None:
    text = "设备编号,型号,单位代码\nAB00001,DSJ-A9,{0}\nAB00002,,{0}\n AB00001,DSJ-B1,{0}\nAB00001,DSJ-A9,{1}\n"
    text = text.format(office.unit.code, archive.unit(office.unit).code)
    outcome = office.take("devices", text)
    ((line, error),) = [(problem.line, problem.error) for problem in outcome.problems]
    assert line == 4
    assert isinstance(error, RowRepeated)
    assert (error.code, error.first_line, error.line) == ("AB00001", 2, 4)
    assert office.count(Device) == 0


def test_a_trial_says_what_would_become_of_it_and_changes_nothing(office: Office) -> None:
    entries = office.count(LedgerEntryRow)
    outcome = office.take("devices", DEVICES, trial=True)
    assert (outcome.applied, outcome.counts, outcome.problems) == (False, {"added": 2}, ())
    assert (office.count(Device), office.count(LedgerEntryRow)) == (0, entries)


def test_with_one_bad_row_nothing_is_taken_and_every_bad_row_is_named(office: Office, session: Session) -> None:
    for code in ("AB00001", "AB00002"):
        add_device(session, office.administrator, unit_id=office.unit.id, code=code)
    badge, other = (person.badge_number for person in office.officers)
    found = office.refused(
        "issues",
        "设备编号,人员编号,配发时间,交还时间",
        f"AB00001,{badge},2026-03-01 09:00,",
        f"AB00009,{badge},2026-03-01,",
        "AB00002,0815,2026-03-01,",
        f"AB00001,{other},2026-03-05,",
        f"AB00002,{badge},gestern,",
        f"AB00002,{badge},,",
        f"AB00002,{badge},2026-02-30,",
        f"AB00002,{badge},2026-03-05,2026-03-10",
        f"AB00002,{badge},2026-03-05,2026-03-04",
        f"AB00002,{badge},2026-03-10 23:00,",
        f"1.2E+11,{badge},2026-03-01,",
        f'"AB00002","{other}","2026-03-06 10:00","2026-03-06 11:00"',
    )
    assert found == [
        (3, DeviceUnknown),
        (4, OfficerUnknown),
        (5, DeviceIsOut),
        (6, CellUnusable),
        (7, CellMissing),
        (8, CellUnusable),
        (9, CellUnusable),
        (10, TimeUnusable),
        (11, TimeUnusable),
        (12, CellUnusable),
    ]
    assert office.count(DeviceIssue) == 0
    found = office.refused(
        "certificates",
        "officer,number,valid_from,last_day",
        f"{badge},0042,2026-01-01,2028-12-31",
        f"{other},0042,2028-12-31,",
        f"{other},0043,20260101,",
    )
    assert found == [(3, CertificateTaken), (4, CellUnusable)]
    assert office.count(OfficerCertificate) == 0
    assert office.refused("devices", "device,unit", "AB00003,NOWHERE") == [(2, UnitUnknown)]


def test_days_at_the_ends_of_the_calendar_are_named_by_their_line(office: Office) -> None:
    add_device(office.session, office.administrator, unit_id=office.unit.id, code="AB00001")
    badge = office.officers[0].badge_number
    rows = (
        "device,officer,issued_at,returned_at",
        f"AB00001,{badge},0001-01-01,",
        f"AB00001,{badge},2026-03-01,9999-12-31",
        f"AB00001,{badge},9999-12-31T20:00:00Z,",
        f"AB00001,{badge},0000-00-00,",
    )
    assert office.refused("issues", *rows) == [(line, CellUnusable) for line in (2, 3, 4, 5)]
    rows = (
        "officer,number,valid_from,last_day",
        f"{badge},0042,0001-01-01,",
        f"{badge},0042,2026-01-01,9999-12-30",
        f"{badge},0042,9999-12-31,9999-12-31",
    )
    assert office.refused("certificates", *rows) == [(line, CellUnusable) for line in (2, 3, 4)]


@pytest.mark.parametrize("end", ["", "长期", "9999-12-31", "9999年12月31日", "9999/12/31"])
def test_a_certificate_for_good_has_no_end(office: Office, end: str) -> None:
    rows = f"人员编号,证号,有效期起,有效期至\n{office.officers[0].badge_number},0042,2026-01-01,{end}\n"
    assert office.take("certificates", rows).counts == {"added": 1}
    assert office.session.scalars(select(OfficerCertificate)).one().last_day is None
    assert office.take("certificates", rows).counts == {"unchanged": 1}


def test_a_day_alone_is_that_whole_day_in_china(office: Office, session: Session) -> None:
    add_device(session, office.administrator, unit_id=office.unit.id, code="AB00001")
    badge = office.officers[0].badge_number
    text = f"device,officer,issued_at,returned_at\nAB00001,{badge},2026-03-01,2026-03-01\n"
    assert office.take("issues", text).applied
    instants = [
        datetime(2026, 2, 28, 16, tzinfo=UTC),
        datetime(2026, 3, 1, 15, 59, tzinfo=UTC),
        datetime(2026, 3, 1, 16, tzinfo=UTC),
    ]
    had = [issued_to(session, office.unit.id, "AB00001", instant).person_id is not None for instant in instants]
    assert had == [True, True, False]


def test_a_file_that_is_no_table_is_refused_whole(office: Office) -> None:
    at = ImportAt(office.unit.id, NOW)
    many = "编号\n" + "".join(f"AB{number:06}\n" for number in range(MOST_ROWS + 1))
    for content, problem in (
        (b"PK\x03\x04 a workbook", "workbook"),
        (b"\xff\xfe\x00", "not_text"),
        ("编号\n\0".encode(), "not_text"),
        ("编号\n".encode(), "no_rows"),
        ('编号\n"AB00001'.encode(), "quotes"),
        (many.encode(), "too_many_rows"),
    ):
        with pytest.raises(TableUnreadable) as refused:
            import_table(office.session, office.administrator, "devices", content, at, trial=False)
        assert refused.value.problem == problem
    for content in (b"", b"a,b\n1,2\n"):
        with pytest.raises(ColumnMissing, match="设备编号"):
            import_table(office.session, office.administrator, "devices", content, at, trial=False)
    with pytest.raises(RoleNotAllowed):
        office.take("devices", DEVICES, by=office.supervisor)
    outcome = office.take("devices", "编号\n" + "x" * 100_000)
    assert isinstance(outcome.problems[0].error, CellUnusable)
    assert len(str(outcome.problems[0].error)) < 200


def test_devices_go_to_the_unit_that_the_table_names(office: Office, archive: Any) -> None:
    below = archive.unit(office.unit)
    assert office.take("devices", f"编号,单位代码\nAB00001,{below.code}\nAB00001,\n").applied
    assert set(office.session.scalars(select(Device.unit_id))) == {below.id, office.unit.id}
    stranger = archive.unit()
    assert office.refused("devices", "编号,单位代码", f"AB00002,{stranger.code}") == [(2, UnitUnknown)]
