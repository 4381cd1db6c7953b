"""A return as it is sent (报表): CSV and xlsx, with who made it, by which rule, and the checkpoint of its figures."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator, Mapping, Sequence

from api.http.report_tables import shown_figure
from api.http.spreadsheets import Cell, add_table, csv_bytes, xlsx_book
from api.words.tables import word_for
from casework.returns.listing import ReturnVersion
from casework.units import shown_unit
from integrity.local_time import CHINA

Names = Mapping[uuid.UUID, str]


def return_csv(version: ReturnVersion, names: Names) -> bytes:
    return csv_bytes((*_rows(version), (), *_source(version, names)))


def return_xlsx(version: ReturnVersion, names: Names) -> bytes:
    """The same bytes for the same version in the same state."""
    out = io.BytesIO()
    with xlsx_book(out) as book:
        created = version.row.drawn_up_at.replace(tzinfo=None)
        book.set_properties({"title": f"{version.owed.kind.name_zh} {version.owed.period.code}", "created": created})
        sheet = add_table(book, "报表", _rows(version))
        sheet.freeze_panes(1, 3)
        sheet.set_column(0, 0, 12)
        sheet.set_column(1, 1, 28)
        sheet.set_column(2, 2 + len(version.units), 16)
        source = add_table(book, "报送说明", _source(version, names))
        source.set_column(0, 0, 24)
        source.set_column(1, 1, 70)
    return out.getvalue()


def _rows(version: ReturnVersion) -> Iterator[Sequence[Cell]]:
    """A heading, then a row a figure: group, figure, the total, and each unit where there are several."""
    units, total = version.units if len(version.units) > 1 else (), version.total
    yield ("类别", "指标", "合计", *(each["name"] for each in units))
    for group, codes in version.groups.items():
        for code in codes:
            numbers = (total[code], *(each["figures"][code] for each in units))
            cells = (shown_figure(code, number) for number in numbers)
            yield (word_for("figure_group", group), word_for("figure", code), *cells)


def _source(version: ReturnVersion, names: Names) -> Iterator[Sequence[Cell]]:
    owed, row = version.owed, version.row
    yield ("报表", owed.kind.name_zh)
    yield ("填报单位", shown_unit(owed.unit))
    yield ("报告期", f"{owed.period.code}（{owed.period.first_day} 至 {owed.period.last_day}）")
    yield ("报送期限", owed.due.day.isoformat())
    yield ("报送对象", "、".join(owed.kind.recipients))
    yield ("依据", "；".join(owed.kind.law))
    yield ("稿次", row.ordinal if row.reason is None else f"{row.ordinal}（更正：{row.reason}）")
    yield ("制表人", f"{names.get(row.drawn_up_by, '')} {row.drawn_up_at.astimezone(CHINA):%Y-%m-%d %H:%M}")
    if row.checked_by is not None and row.checked_at is not None:
        yield ("审核人", f"{names.get(row.checked_by, '')} {row.checked_at.astimezone(CHINA):%Y-%m-%d %H:%M}")
    if row.set_aside_at is not None:
        yield ("状态", "已退回，不得报送")
    yield ("账本检查点（条目数）", row.checkpoint_size)
    yield ("账本检查点（根）", row.root.hex())
