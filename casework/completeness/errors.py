"""What the completeness engine's files are refused for. The trunk is CaseworkError; nothing was judged.

CaseworkError
└── CaseFileUnusable        a file that describes no act and its recordings: where, and why
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from casework.errors import CaseworkError

PROBLEMS: Mapping[str, str] = {
    "not_json": "is no JSON, in UTF-8: mind quotes, commas and brackets",
    "too_large": "is larger than 64 MiB: split the list",
    "no_object": "has to be an object: names with values, in braces",
    "no_list": "has to be a list, in brackets",
    "missing": "is missing",
    "twice": "stands there twice in one object: keep one",
    "no_text": "has to be a text that is not empty",
    "no_instant": "has to be an instant with its offset from UTC, such as 2026-03-09T09:00:00+08:00",
    "no_such_year": "lies outside the years 1990 to 2200",
    "no_count": "has to be a whole number from 1 to 1000",
    "no_seconds": "has to be a number of seconds, of at most ten years",
    "negative_seconds": "has to be a number of seconds that is not negative, of at most ten years",
    "half_a_clock": "says half of a clock: give offset and uncertainty, or null for both if it is worth nothing",
    "no_length": "has to be later than its start",
    "ends_before_it_begins": "lies before its start",
    "other_under_one_id": "is the id of another recording of this device too: an id names one recording",
}


@dataclass(eq=False)
class CaseFileUnusable(CaseworkError):
    """`where`: a path in the file, `[2].recordings[0].start`; `problem`: a word of PROBLEMS."""

    where: str
    problem: str

    def __str__(self) -> str:
        return f"{self.where} {PROBLEMS[self.problem]}; correct the file and try again"
