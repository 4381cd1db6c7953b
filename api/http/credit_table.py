"""Penalties as the credit system takes them: the columns of 行政处罚信息 (发改办财金〔2018〕424号), as CSV and xlsx.

What the archive does not know is left empty, in its column, for whoever hands the table on.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from api.http.spreadsheets import Cell, add_table, csv_bytes, xlsx_book
from casework.statistics.credit import CreditLine

_FEN_IN_TEN_THOUSAND_YUAN: Final = 1_000_000
KINDS: Final[Mapping[str, str]] = {"citizen": "自然人", "organisation": "法人及非法人组织"}
MEASURES: Final[Mapping[str, str]] = {
    "warning": "警告",
    "criticism": "通报批评",
    "fine": "罚款",
    "confiscation": "没收违法所得、没收非法财物",
    "licence_suspended": "暂扣许可证件",
    "licence_revoked": "吊销许可证件",
    "business_restricted": "限制开展生产经营活动",
    "business_suspended": "责令停产停业",
    "closure": "责令关闭",
}
"""行政处罚法 第九条; all else is 其他."""


def _note(line: CreditLine) -> str:
    """Of a fine and a confiscation the decision states one sum."""
    if line.amount_fen is None or not {"fine", "confiscation"} <= set(line.measures):
        return ""
    return f"罚款与没收合计 {line.amount_fen / 100:.2f} 元，请按决定书分列"


COLUMNS: Final[Mapping[str, Callable[[CreditLine], Cell]]] = {
    "行政相对人名称": lambda line: line.party,
    "行政相对人类别": lambda line: KINDS[line.party_kind],
    "统一社会信用代码": lambda line: line.party_id if line.party_kind == "organisation" else "",
    "法定代表人": lambda line: line.representative,
    "证件类型": lambda line: "身份证" if line.party_kind == "citizen" and line.party_id else "",
    "证件号码": lambda line: line.party_id if line.party_kind == "citizen" else "",
    "行政处罚决定书文号": lambda line: line.number,
    "违法行为类型": lambda line: line.case_title,
    "违法事实": lambda line: line.facts,
    "处罚依据": lambda line: line.basis,
    "处罚类别": lambda line: "、".join(dict.fromkeys(MEASURES.get(each, "其他") for each in line.measures)),
    "处罚内容": lambda line: line.penalty,
    "罚款金额（万元）": lambda line: _amount(line, "fine"),
    "没收金额（万元）": lambda line: _amount(line, "confiscation"),
    "暂扣或吊销证照名称及编号": lambda line: "",
    "处罚决定日期": lambda line: line.decided_on.isoformat(),
    "处罚有效期": lambda line: "",
    "公示截止期": lambda line: "",
    "处罚机关": lambda line: line.issuer,
    "处罚机关统一社会信用代码": lambda line: "",
    "当前状态": lambda line: "撤销" if line.revoked else "正常",
    "数据来源单位": lambda line: line.unit,
    "备注": _note,
}


def credit_csv(lines: Iterable[CreditLine]) -> bytes:
    return csv_bytes(_rows(lines))


def credit_xlsx(lines: Iterable[CreditLine]) -> bytes:
    out = io.BytesIO()
    with xlsx_book(out) as book:
        sheet = add_table(book, "行政处罚", _rows(lines))
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, len(COLUMNS) - 1, 18)
    return out.getvalue()


def _rows(lines: Iterable[CreditLine]) -> Iterator[Sequence[Cell]]:
    yield tuple(COLUMNS)
    for line in lines:
        yield tuple(cell(line) for cell in COLUMNS.values())


def _amount(line: CreditLine, measure: str) -> Cell:
    """In units of ten thousand yuan, to the fen; as text, for a spreadsheet would round it to two places."""
    both = {"fine", "confiscation"} <= set(line.measures)
    if line.amount_fen is None or measure not in line.measures or both:
        return ""
    return f"{line.amount_fen / _FEN_IN_TEN_THOUSAND_YUAN:.6f}"
