"""The catalogue of an archived case (卷内目录) as a table: CSV that spreadsheets open, with Chinese headings."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from api.pages.shown import show_length
from api.pages.words import CONTENT_KINDS, STAGES
from integrity.catalogue import Catalogue, CatalogueItem

COLUMNS = ("序号", "环节", "类别", "题名", "日期", "责任者", "页数", "时长", "大小（字节）", "SHA-256")
# What a spreadsheet would take for a formula; a name of a file comes from whoever uploaded it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def catalogue_csv(catalogue: Catalogue) -> bytes:
    """UTF-8 with a byte order mark: without one Excel takes Chinese for something else."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    table.writerows(_row(number, each) for number, each in enumerate(catalogue.items, 1))
    return text.getvalue().encode("utf-8-sig")


def _row(number: int, item: CatalogueItem) -> Sequence[str | int]:
    length = "" if item.duration_ms is None else show_length(item.duration_ms / 1000)
    return (
        number,
        STAGES.get(item.stage, item.stage),
        CONTENT_KINDS[item.kind],
        _plain(item.title),
        "" if item.day is None else item.day.isoformat(),
        _plain(item.responsible or ""),
        "" if item.pages is None else item.pages,
        length,
        "" if item.size_bytes is None else item.size_bytes,
        "" if item.sha256 is None else item.sha256.hex,
    )


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
