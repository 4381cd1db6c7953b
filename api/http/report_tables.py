"""A yearly report as a table: CSV and xlsx, with the checkpoint that its figures are of."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from api.http.spreadsheets import Cell, add_table, csv_bytes, xlsx_book
from api.words.tables import word_for
from casework.statistics.annual import AnnualReport
from casework.statistics.figures import GROUPS, MONEY


def report_rows(report: AnnualReport) -> Iterator[Sequence[Cell]]:
    """A heading, then a row a figure: group, figure, the total, and each unit. Amounts are in yuan."""
    yield ("类别", "指标", "合计", *(each.name for each in report.units))
    for group, codes in GROUPS.items():
        for code in codes:
            numbers = (report.total[code], *(each.figures[code] for each in report.units))
            yield (word_for("figure_group", group), word_for("figure", code), *(shown_figure(code, n) for n in numbers))


def report_source(report: AnnualReport) -> Sequence[tuple[str, Cell]]:
    """What the figures are of, as names and values."""
    return (
        ("年度", report.year),
        ("账本检查点（条目数）", report.size),
        ("账本检查点（根）", report.root.hex()),
        ("检查点签发时间", report.signed_at.isoformat(timespec="seconds")),
    )


def report_csv(report: AnnualReport) -> bytes:
    return csv_bytes((*report_rows(report), (), *report_source(report)))


def report_xlsx(report: AnnualReport) -> bytes:
    """The same bytes for the same figures."""
    out = io.BytesIO()
    with xlsx_book(out) as book:
        book.set_properties(
            {"title": f"{report.year} 年度行政执法统计", "created": report.signed_at.replace(tzinfo=None)}
        )
        sheet = add_table(book, "年度统计", report_rows(report))
        sheet.freeze_panes(1, 3)
        sheet.set_column(0, 0, 12)
        sheet.set_column(1, 1, 28)
        sheet.set_column(2, 2 + len(report.units), 16)
        source, bold = book.add_worksheet("来源"), book.add_format({"bold": True})
        for row, (name, value) in enumerate(report_source(report)):
            source.write(row, 0, name, bold)
            source.write(row, 1, value)
        source.set_column(0, 0, 24)
        source.set_column(1, 1, 70)
    return out.getvalue()


def shown_figure(code: str, number: int) -> int | float:
    """Money in yuan, as a float; all else as it is."""
    return number / 100 if code in MONEY else number
