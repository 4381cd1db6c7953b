"""What the deadline engine refuses besides files of rules. The trunk is CaseworkError; nothing was computed.

CaseworkError
└── StartsUnusable          a table of days to start from that cannot be read: where, and why
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from casework.errors import CaseworkError

PROBLEMS: Mapping[str, str] = {
    "not_text": "is no text in UTF-8: save it as CSV UTF-8",
    "too_large": "is larger than 16 MiB: split it",
    "no_columns": "has to begin with a line that names the columns kind and start_date",
    "columns": "has another number of cells than the first line, or the first line names a column twice",
    "quotes": "is no proper CSV: a quotation mark has no partner, or a cell is too long",
    "kind": "names no kind of term: see liuhen rules terms",
    "no_day": "holds no day: write it as 2026-03-04",
    "no_such_year": "lies outside the years 1990 to 2200",
}


@dataclass(eq=False)
class StartsUnusable(CaseworkError):
    """`line` counts from 1, 0 is the whole file; `text` is what stands there; `problem` is a word of PROBLEMS."""

    line: int
    text: str
    problem: str

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else "the file"
        return f"{place}{f' “{self.text}”' if self.text else ''} {PROBLEMS[self.problem]}; correct it and try again"
