"""Tables for spreadsheets: CSV that Excel reads as Chinese, and xlsx; what somebody typed is never a formula there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from xlsxwriter import Workbook

Cell: TypeAlias = "str | int | float"
"""Days as ISO 8601; an amount of money is a float, in yuan."""
# What a spreadsheet takes for a formula where it stands first in a cell of CSV, in Chinese width too. In xlsx a text
# is a text.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", *"\uff1d\uff0b\uff0d\uff20")


def csv_bytes(rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with a byte order mark: without one Excel takes Chinese for something else."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_quoted(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


@contextmanager
def xlsx_book(out: io.BytesIO) -> Iterator[Workbook]:
    """A workbook that is written to `out` when the block ends; its texts stay texts."""
    import xlsxwriter  # only who sends one needs it

    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        yield book


def add_table(book: Workbook, name: str, rows: Iterable[Sequence[Cell]]) -> Any:
    """A sheet with the first row as its heading, which stays in sight."""
    bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
    sheet = book.add_worksheet(name)
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            style = bold if number == 0 else money if isinstance(cell, float) else None
            sheet.write(number, column, cell, style)
    return sheet


def _quoted(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
