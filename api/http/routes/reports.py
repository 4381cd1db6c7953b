"""Figures of a year (年度统计) at a checkpoint; how a month was recorded; the book of cases (执法台账)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Final

from fastapi import Path, Query
from fastapi.responses import Response

from api.http.api_router import api_router
from api.http.book_tables import CASES, DOCUMENTS, book_xlsx, case_rows, document_rows
from api.http.credit_table import credit_csv, credit_xlsx
from api.http.deeds import doing, looking
from api.http.errors import NotFound
from api.http.month_tables import month_csv, month_xlsx
from api.http.report_pdf import report_pdf
from api.http.report_tables import report_csv, report_xlsx
from api.http.schema.base import PersonRef
from api.http.schema.reports import (
    AnnualReportItem,
    IndicatorsItem,
    PersonIndicatorsItem,
    RecordedMonthItem,
    UnitFiguresItem,
    UnitIndicatorsItem,
)
from api.http.sessions import SignedIn, TheArchive
from api.http.spreadsheets import csv_bytes
from casework.account_book import Book, take_book
from casework.statistics.annual import FIRST_COUNTED_YEAR, AnnualReport, annual_report
from casework.statistics.credit import take_credit_lines
from casework.statistics.indicators import Indicators, OfPerson, parse_month, recorded_month
from casework.units import shown_unit

router = api_router(prefix="/reports", tags=["reports"])

Year = Annotated[int, Query(description="年度 / year", examples=[2026])]
Size = Annotated[
    int | None, Query(ge=0, le=2**63 - 1, description="账本检查点；不填为最新 / checkpoint; the latest if absent")
]
Month = Annotated[str, Query(description="月份 / month", examples=["2026-03"])]
OfUnit = Annotated[uuid.UUID | None, Query(description="列出其人员的单位 / the unit whose people are listed")]
LAST_YEAR: Final = 9998
FORMATS: Final[dict[str, tuple[Callable[[AnnualReport], bytes], str]]] = {
    "csv": (report_csv, "text/csv; charset=utf-8"),
    "xlsx": (report_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "pdf": (report_pdf, "application/pdf"),
}


@router.get("/annual", summary="年度统计 / Figures of a year")
def show_annual(viewer: SignedIn, archive: TheArchive, year: Year, size: Size = None) -> AnnualReportItem:
    """Of the viewer's unit and those below it."""
    with looking(archive, viewer) as session:
        report = annual_report(session, viewer.person, year, datetime.now(UTC), size=size)
        return AnnualReportItem(
            year=report.year,
            checkpoint_size=report.size,
            checkpoint_root=report.root.hex(),
            signed_at=report.signed_at,
            total=dict(report.total),
            units=[
                UnitFiguresItem(unit_id=each.unit.id, name=each.name, depth=each.depth, figures=dict(each.figures))
                for each in report.units
            ],
        )


@router.get("/annual.{kind}", summary="年度统计表 / Figures of a year as a file", response_class=Response)
def send_annual(
    viewer: SignedIn,
    archive: TheArchive,
    kind: Annotated[str, Path(pattern="^(csv|xlsx|pdf)$")],
    year: Year,
    size: Size = None,
) -> Response:
    """CSV in UTF-8 with a mark, as spreadsheets take it; xlsx; PDF. Each names the checkpoint."""
    with looking(archive, viewer) as session:
        report = annual_report(session, viewer.person, year, datetime.now(UTC), size=size)
    return _file(FORMATS[kind][0](report), f"annual-{report.year}-{report.size}", kind)


@router.get("/recordings", summary="音像记录数据分析 / How a month was recorded")
def show_recorded_month(
    viewer: SignedIn, archive: TheArchive, month: Month, unit_id: OfUnit = None
) -> RecordedMonthItem:
    """Of the viewer's unit and those below it; with the people of his own, or of the one among them asked for."""
    with looking(archive, viewer) as session:
        found = recorded_month(session, viewer.person, parse_month(month), datetime.now(UTC), unit_id=unit_id)
        return RecordedMonthItem(
            month=f"{found.month:%Y-%m}",
            total=_item(found.total),
            units=[
                UnitIndicatorsItem(
                    unit_id=each.unit.id, name=shown_unit(each.unit), depth=each.depth, found=_item(each.found)
                )
                for each in found.units
            ],
            unit_id=found.unit.id,
            people=[_of_person(each) for each in found.people],
        )


def _of_person(of: OfPerson) -> PersonIndicatorsItem:
    if of.person is None:
        return PersonIndicatorsItem(person=None, badge_number=None, found=_item(of.found))
    who = PersonRef(id=of.person.id, name=of.person.name)
    return PersonIndicatorsItem(person=who, badge_number=of.person.badge_number, found=_item(of.found))


def _item(found: Indicators) -> IndicatorsItem:
    return IndicatorsItem.model_validate(found)


@router.get(
    "/recordings.{kind}",
    summary="音像记录数据分析表 / How a month was recorded, as a file",
    response_class=Response,
)
def send_recorded_month(
    viewer: SignedIn,
    archive: TheArchive,
    kind: Annotated[str, Path(pattern="^(csv|xlsx)$")],
    month: Month,
    unit_id: OfUnit = None,
) -> Response:
    """A line a unit, then a line for each of one unit's people."""
    with looking(archive, viewer) as session:
        now = datetime.now(UTC)
        found = recorded_month(session, viewer.person, parse_month(month), now, unit_id=unit_id)
    make = {"csv": month_csv, "xlsx": month_xlsx}[kind]
    return _file(make(found, now), f"recordings-{found.month:%Y-%m}", kind)


@router.get("/credit.{kind}", summary="行政处罚信用信息 / Penalties for the credit system", response_class=Response)
def send_credit(
    viewer: SignedIn,
    archive: TheArchive,
    kind: Annotated[str, Path(pattern="^(csv|xlsx)$")],
    since: Annotated[date, Query(description="起始日期 / first day", examples=["2026-03-01"])],
    until: Annotated[date, Query(description="截止日期 / last day", examples=["2026-03-31"])],
) -> Response:
    """Sealed penalty decisions of those days, of the unit and those below it. That they were taken is an entry."""
    with doing(archive, viewer) as session:
        lines = take_credit_lines(session, viewer.person, since, until)
    make = {"csv": credit_csv, "xlsx": credit_xlsx}[kind]
    return _file(make(lines), f"credit-{since}-{until}", kind)


@router.get("/{name}.{kind}", summary="执法台账 / The book of a year's cases and documents", response_class=Response)
def send_book(
    viewer: SignedIn,
    archive: TheArchive,
    name: Annotated[str, Path(pattern="^(cases|documents|book)$")],
    kind: Annotated[str, Path(pattern="^(csv|xlsx)$")],
    year: Year,
) -> Response:
    """`cases.csv` and `documents.csv`, or both as `book.xlsx`: of the unit and those below it. That it was taken is an
    entry."""
    if (name == "book") != (kind == "xlsx") or not FIRST_COUNTED_YEAR <= year <= LAST_YEAR:
        raise NotFound(f"{name}.{kind}")
    with doing(archive, viewer) as session:
        content = _written(take_book(session, viewer.person, name, year), name, year)
    return _file(content, f"{name}-{year}", kind)


def _file(content: bytes, name: str, kind: str) -> Response:
    """To be kept by whoever asked, under that name, and by nothing in between."""
    headers = {"Content-Disposition": f"attachment; filename={name}.{kind}", "Cache-Control": "no-store"}
    return Response(content, media_type=FORMATS[kind][1], headers=headers)


def _written(book: Book, name: str, year: int) -> bytes:
    if name == "cases":
        return csv_bytes((CASES, *case_rows(book.cases)))
    if name == "documents":
        return csv_bytes((DOCUMENTS, *document_rows(book.documents)))
    return book_xlsx(book.cases, book.documents, year)
