"""The catalogue of an archived case (卷内目录) as a table: CSV that spreadsheets open, with Chinese headings."""

from __future__ import annotations

from collections.abc import Sequence

from api.http.spreadsheets import Cell, csv_bytes
from api.shown import show_length
from api.words.archiving import CONTENT_KINDS
from api.words.cases import STAGES
from integrity.catalogue import Catalogue, CatalogueItem

COLUMNS = ("序号", "环节", "类别", "题名", "日期", "责任者", "页数", "时长", "大小（字节）", "SHA-256")


def catalogue_csv(catalogue: Catalogue) -> bytes:
    return csv_bytes((COLUMNS, *(_row(number, each) for number, each in enumerate(catalogue.items, 1))))


def _row(number: int, item: CatalogueItem) -> Sequence[Cell]:
    length = "" if item.duration_ms is None else show_length(item.duration_ms / 1000)
    return (
        number,
        STAGES.get(item.stage, item.stage),
        CONTENT_KINDS[item.kind],
        item.title,
        "" if item.day is None else item.day.isoformat(),
        item.responsible or "",
        "" if item.pages is None else item.pages,
        length,
        "" if item.size_bytes is None else item.size_bytes,
        "" if item.sha256 is None else item.sha256.hex,
    )
