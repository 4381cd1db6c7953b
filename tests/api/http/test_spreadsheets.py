"""What somebody typed is text in a spreadsheet, and money is a number."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest

from api.http.spreadsheets import FORMULA, Cell, add_table, csv_bytes, xlsx_book


@pytest.mark.parametrize("sign", FORMULA)
def test_no_cell_of_csv_begins_as_a_formula_does(sign: str) -> None:
    written = csv_bytes((("案号", "金额"), (f"{sign}1+1", -2.5)))
    assert written.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline="")))
    assert rows == [["案号", "金额"], [f"'{sign}1+1", "-2.5"]]


def test_a_text_in_xlsx_is_as_it_was_typed_and_is_no_formula_and_no_link() -> None:
    rows: tuple[tuple[Cell, ...], ...] = (("案号", "来源", "金额"), ("=1+1", "https://a.example", 10.5))
    out = io.BytesIO()
    with xlsx_book(out) as book:
        add_table(book, "案件", rows)
    with zipfile.ZipFile(out) as parts:
        sheet, texts = (parts.read(f"xl/{name}.xml").decode() for name in ("worksheets/sheet1", "sharedStrings"))
    assert "<t>=1+1</t>" in texts
    assert "<v>10.5</v>" in sheet
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
