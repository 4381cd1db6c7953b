"""执法台账 as tables: CSV and xlsx, with Chinese headings; amounts in yuan, days in Chinese time."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from api.http.spreadsheets import Cell, add_table, xlsx_book
from api.words.tables import word_for
from casework.account_book import CaseLine, DocumentLine, IssuedLine
from integrity.local_time import chinese_day

CASES = (
    *("案号", "案由", "单位", "种类", "程序", "环节", "立案日期", "承办人员", "当事人", "决定", "罚没金额（元）"),
    *("其中被撤销（元）", "决定日期", "法制审核", "送达日期", "公示", "结案日期", "归档日期", "记录数", "文书数"),
)
DOCUMENTS = ("文书日期", "文书", "文号", "案号", "单位", "盖章日期", "送达日期", "作废日期")


def case_rows(lines: Iterable[CaseLine]) -> Iterator[Sequence[Cell]]:
    for each in lines:
        case, issued = each.case, each.issued
        amounts = [one for one in issued if one.amount_fen is not None]
        measures = (word_for("measure", measure) for one in issued for measure in one.measures)
        yield (
            *(case.number, case.title, each.unit),
            word_for("case_kind", case.kind),
            word_for("procedure", case.procedure),
            word_for("stage", case.stage),
            _day(case.opened_at),
            "、".join(each.officers),
            "、".join(dict.fromkeys(one.party for one in issued)),
            "、".join(dict.fromkeys(measures)),
            _yuan(amounts),
            _yuan([one for one in amounts if one.revoked]),
            "、".join(dict.fromkeys(one.issued_on.isoformat() for one in issued)),
            "通过" if any(one.reviewed for one in issued) else "",
            _day(each.served_on),
            "已公示" if each.public else "",
            _day(case.closed_at),
            _day(each.archived_at),
            each.recordings,
            each.documents,
        )


def document_rows(lines: Iterable[DocumentLine]) -> Iterator[Sequence[Cell]]:
    for each in lines:
        yield (
            each.dated_on.isoformat(),
            *(each.title, each.number or "", each.case_number, each.unit),
            _day(each.sealed_at),
            _day(each.served_on),
            _day(each.withdrawn_at),
        )


def book_xlsx(cases: Iterable[CaseLine], documents: Iterable[DocumentLine], year: int) -> bytes:
    """A sheet of cases and one of documents."""
    out = io.BytesIO()
    with xlsx_book(out) as book:
        book.set_properties({"title": f"{year} 年执法台账"})
        for name, headings, rows in (("案件", CASES, case_rows(cases)), ("文书", DOCUMENTS, document_rows(documents))):
            sheet = add_table(book, name, (headings, *rows))
            sheet.freeze_panes(1, 1)
            sheet.set_column(0, len(headings) - 1, 16)
    return out.getvalue()


def _yuan(issued: Sequence[IssuedLine]) -> Cell:
    return sum(one.amount_fen or 0 for one in issued) / 100 if issued else ""


def _day(moment: datetime | date | None) -> str:
    if moment is None:
        return ""
    return (chinese_day(moment) if isinstance(moment, datetime) else moment).isoformat()
