"""A yearly report as PDF/A, laid out like the documents of the archive."""

from __future__ import annotations

from typing import Final

from api.http.report_tables import report_rows, report_source
from casework.documents.rendering import render_layout
from casework.statistics.annual import AnnualReport

_LAYOUT: Final = """
#let data = json(bytes(sys.inputs.data))
#let (year, month, day) = data.day
#let thin = 0.5pt + luma(160)
#let rows = data.rows
#set document(title: data.title, date: datetime(year: year, month: month, day: day))
#set page(paper: "a4", flipped: rows.at(0).len() > 6, margin: 20mm,
  footer: context {
    set text(size: 8pt, fill: luma(90))
    align(center)[第 #counter(page).display() 页　共 #counter(page).final().first() 页]
  })
#set text(font: "Noto Sans CJK SC", size: 9pt, lang: "zh", region: "cn")
#align(center, text(size: 16pt, weight: "bold", data.title))
#align(center, text(size: 10pt, data.unit))
#v(0.6em)
#table(
  columns: (auto, 1fr) + (auto,) * (rows.at(0).len() - 2),
  inset: 5pt, stroke: thin,
  align: (column, row) => if row == 0 { center } else if column < 2 { left } else { right },
  table.header(..rows.at(0).map(each => strong(each))),
  ..rows.slice(1).flatten(),
)
#v(0.6em)
#for each in data.source { text(size: 8pt, fill: luma(60), each.at(0) + "：" + each.at(1)); linebreak() }
"""


def report_pdf(report: AnnualReport) -> bytes:
    """Raises RenderingFailed."""
    rows = [[_text(cell) for cell in cells] for cells in report_rows(report)]
    data = {
        "title": f"{report.year} 年度行政执法统计",
        "unit": report.units[0].unit.name,
        "rows": rows,
        "day": [report.signed_at.year, report.signed_at.month, report.signed_at.day],
        "source": [[name, _text(value)] for name, value in report_source(report)],
    }
    return render_layout(_LAYOUT, data, "annual report")


def _text(cell: str | float) -> str:
    return f"{cell:,.2f}" if isinstance(cell, float) else str(cell)
