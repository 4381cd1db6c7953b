"""What is overdue of publishing (逾期公示报表) as a table: CSV that spreadsheets open, with Chinese headings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from api.http.schema.publication import DuePublication
from api.http.spreadsheets import Cell, csv_bytes
from api.words.tables import word_for

COLUMNS = ("案号", "案由", "事项", "起算日", "到期日", "逾期工作日", "公示状态", "待办职责")
NOT_COLLECTED = "not_collected"


def overdue_csv(rows: Iterable[DuePublication]) -> bytes:
    return csv_bytes((COLUMNS, *(_row(each) for each in rows)))


def _row(each: DuePublication) -> Sequence[Cell]:
    return (
        each.case.number,
        each.case.title,
        word_for("term_kind", each.term),
        each.event_day.isoformat(),
        "" if each.due_on is None else each.due_on.isoformat(),
        "" if each.days_left is None else -each.days_left,
        word_for("publication_state", each.publication_state or NOT_COLLECTED),
        "" if each.next_duty is None else word_for("publication_duty", each.next_duty),
    )
