"""How well a month was recorded, as a table: CSV and xlsx, a line a unit and a line for each of one unit's people."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

from api.http.spreadsheets import Cell, add_table, csv_bytes, xlsx_book
from casework.statistics.indicators import Indicators, RecordedMonth
from casework.units import shown_unit
from integrity.local_time import CHINA

_HOUR: Final = 3600
COLUMNS: Final[dict[str, Callable[[Indicators], Cell]]] = {
    "记录（份）": lambda found: found.recordings,
    "时长（小时）": lambda found: round(found.seconds / _HOUR, 2),
    "大小（字节）": lambda found: found.size_bytes,
    "迟传（份）": lambda found: found.late,
    "迟传率（%）": lambda found: _share(found.late_share),
    "时间不明（份）": lambda found: found.undated,
    "损坏（份）": lambda found: found.damaged,
    "未归入案件（份）": lambda found: found.without_case,
    "要素待补（份）": lambda found: found.lacking,
    "已调阅（份）": lambda found: found.viewed,
    "调阅率（%）": lambda found: _share(found.viewed_share),
    "执法行为（次）": lambda found: found.acts,
    "其中：记录完整": lambda found: found.acts_complete,
    "其中：缺口已说明": lambda found: found.acts_explained,
    "其中：记录存疑": lambda found: found.acts_doubtful,
    "其中：记录不全": lambda found: found.acts_incomplete,
    "应记录（分钟）": lambda found: round(found.wanted_seconds / 60, 1),
    "缺失未说明（分钟）": lambda found: round(found.missing_seconds / 60, 1),
    "缺失已说明（分钟）": lambda found: round(found.explained_seconds / 60, 1),
    "存疑（分钟）": lambda found: round(found.doubtful_seconds / 60, 1),
    "记录覆盖率（%）": lambda found: _share(found.coverage),
}


def month_csv(month: RecordedMonth, now: datetime) -> bytes:
    return csv_bytes((*_units(month), (), *_people(month), (), *_source(month, now)))


def month_xlsx(month: RecordedMonth, now: datetime) -> bytes:
    out = io.BytesIO()
    with xlsx_book(out) as book:
        for name, rows in (("单位", _units(month)), ("人员", _people(month)), ("来源", iter(_source(month, now)))):
            sheet = add_table(book, name, rows)
            sheet.freeze_panes(1, 1)
            sheet.set_column(0, 0, 24)
            sheet.set_column(1, len(COLUMNS) + 1, 16)
    return out.getvalue()


def _units(month: RecordedMonth) -> Iterator[Sequence[Cell]]:
    yield ("单位", *COLUMNS)
    yield ("合计", *_cells(month.total))
    for each in month.units:
        yield (shown_unit(each.unit), *_cells(each.found))


def _people(month: RecordedMonth) -> Iterator[Sequence[Cell]]:
    yield ("人员", "编号", *COLUMNS)
    for each in month.people:
        name, badge = ("人员不详", "") if each.person is None else (each.person.name, each.person.badge_number or "")
        yield (name, badge, *_cells(each.found))


def _source(month: RecordedMonth, now: datetime) -> Sequence[Sequence[Cell]]:
    """What a reader has to know of the figures, later."""
    counted = now.astimezone(CHINA).isoformat(timespec="seconds")
    return (("月份", f"{month.month:%Y-%m}"), ("人员所属单位", shown_unit(month.unit)), ("统计时间", counted))


def _cells(found: Indicators) -> Iterator[Cell]:
    return (cell(found) for cell in COLUMNS.values())


def _share(part: float | None) -> Cell:
    return "" if part is None else round(100 * part, 2)
