"""What is refused of a file of rules. The trunk is CaseworkError; nothing was changed.

CaseworkError
└── RuleFileUnusable        where, by line and by name, and why
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from casework.errors import CaseworkError

THE_FILE: Final = "the file"
PROBLEMS: Mapping[str, str] = {
    "not_yaml": "is no YAML of plain values, in UTF-8: mind indentation, colons and quotes; no tags, no merges",
    "too_large": "is larger than 256 KiB: rules are a page or two",
    "not_a_table": "has to be names with values",
    "not_a_list": "has to be a list, each line beginning with a dash",
    "twice": "stands there twice: keep one",
    "unknown": "is not known here",
    "missing": "is missing",
    "empty": "is empty",
    "no_text": "has to be a line of text, of at most 200 signs",
    "no_number": "has to be a whole number from 1 on",
    "no_rank": "has to be a whole number from 1 to 99",
    "no_truth": "has to be true or false",
    "no_day": "is no day: write it as 2026-03-04",
    "no_such_year": "lies outside the years 1990 to 2200",
    "ends_before_it_begins": "lies before valid_from",
    "no_code": "has to be a word of small letters, digits and _, of at most 40",
    "no_jurisdiction": "has to be a word such as CN or CN-plain",
    "never_demanded": "is required for acts, but no act of this file demands it",
    "not_for_acts": "is demanded by an act, but not required: for_acts under elements",
    "not_earlier": "is no earlier version: one supersedes a version of a lower number",
    "law_of_nothing": "is the ground of something that is never required: leave it out, or require the element",
    "circular": "is required for acts: but which act it is, is what is asked; require it always or never",
    "other_spelling": "is written otherwise in this archive",
    "unknown_unit": "is the code of no unit: see liuhen admin unit list",
    "too_many_days": "has to be a number of days, of at most 3660",
    "of_calendar_days": "is for terms of calendar days: leave it out",
    "other_year": "is no day of the year that this table is of, nor of the December before",
    "works_already": "is a day from Monday to Friday, on which people work anyway: leave it out",
    "off_already": "is a Saturday or Sunday, which is off anyway: leave it out",
    "no_year": "has to be a year from 1990 to 2200",
    "same_rank": "both state this term for the same days with one rank: one has to go before the other",
}


@dataclass(eq=False)
class RuleFileUnusable(CaseworkError):
    """`where`: a path in the file (`elements.plaace`); `problem`: a word of PROBLEMS; `known`: choices; `line`: from 1,
    0 where there is none."""

    where: str
    problem: str
    known: tuple[str, ...] = ()
    line: int = 0

    def __str__(self) -> str:
        choices = f"; it is one of: {', '.join(self.known)}" if self.known else ""
        place = f"line {self.line}: {self.where}" if self.line else self.where
        if self.where == THE_FILE and self.line:
            place = f"line {self.line}"
        return f"{place} {PROBLEMS[self.problem]}{choices}; correct the file and load it again"
