"""Yearly figures (年度统计): of the ledger at a checkpoint, as JSON, CSV, xlsx and PDF."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from api.http.deeds import looking
from api.http.report_pdf import report_pdf
from api.http.report_tables import report_csv, report_xlsx
from api.http.schema.reports import AnnualReportItem, UnitFiguresItem
from api.http.sessions import SignedIn, TheArchive
from casework.statistics.annual import AnnualReport, annual_report

router = APIRouter(prefix="/reports", tags=["reports"])

Year = Annotated[int, Query(description="年度 / year", examples=[2026])]
Size = Annotated[int | None, Query(ge=0, description="账本检查点；不填为最新 / checkpoint; the latest if absent")]
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
                UnitFiguresItem(unit_id=each.unit.id, name=each.unit.name, depth=each.depth, figures=dict(each.figures))
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
    make, media_type = FORMATS[kind]
    name = f"annual-{report.year}-{report.size}.{kind}"
    headers = {"Content-Disposition": f"attachment; filename={name}", "Cache-Control": "no-store"}
    return Response(make(report), media_type=media_type, headers=headers)
