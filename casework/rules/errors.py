"""What is refused of a file of rules. The trunk is CaseworkError; nothing was changed.

CaseworkError
├── RuleFileUnusable        where, by line and by name, and why
├── PolicyOverlaps          days on which another version holds
├── PolicyVersionTaken      that version was loaded before, with other words
├── PolicyBegun             days that have come are judged already: a version ends on one that has not
└── NothingToSupersede      there is no such version without an end
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
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
    "one_or_two": "has to be 1 or 2",
    "too_many_devices": "has to be a number of devices, of at most 20",
    "too_long_a_gap": "has to be a whole number of seconds, of at most 3600",
    "of_duties": "says nothing where no duties are stated: state them, or leave it out",
    "of_whole_recordings": "cannot matter to this act, for its `recording` is none, or some: leave it out",
    "months_or_permanent": "says either keep_months, or permanent: true",
    "too_many_months": "has to be a number of months, of at most 1200",
    "other_class": "is known by that code and keeps for another time: a class is never changed, give it another code",
    "no_word": "has to be one to eight Chinese signs, such as 罚决",
    "too_many_signatures": "has to be a number of signatures, from 1 to 5",
    "of_other_type": "belongs to fields of one type alone",
    "no_layout": "has to be typst text, of at most 40,000 signs",
    "reaches_out": "asks for files, pictures, plugins or packages: a layout has nothing but its data and form.typ",
    "no_amount": "has to hold amount: a decision on a penalty states what was issued",
    "no_decision": "has to hold party and decided: what states a decision says whom it is against, and what was issued",
    "of_decision": "is taken from the decision, and not filled in: leave the field out, and use the fact",
    "unsaid": "is not laid out: whom a decision is against, and what was decided, stands on its paper",
    "not_rendered": "cannot be rendered",
    "same_kind": "is of a kind of document that another series has on the same days",
    "not_without_approval": "lets the case's own officers view, and nobody else: name the post whose holder says yes",
    "no_papers": "is for outsiders, who have no account: leave it out",
    "no_identity": "has to hold identity: no outsider is let in unknown",
    "too_many_hours": "has to be a whole number of hours, of at most 4320",
    "no_long_text": "has to be text, of at most 4,000 signs",
    "not_a_hundred": "has points that do not sum up to 100: correct them",
    "no_pattern": "has to be a regular expression of at most 500 signs that does not match nothing at all",
    "still_masked": "would be masked by its own pattern: show something else",
    "same_rank_way": "both state this way for the same days with one rank: one has to go before the other",
    "same_return": "is what another series states for the same units and days: give the return another code",
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


@dataclass(eq=False)
class PolicyOverlaps(CaseworkError):
    jurisdiction: str
    version: int
    other: int
    valid_from: date
    last_day: date | None

    def __str__(self) -> str:
        until = "without an end" if self.last_day is None else f"to {self.last_day}"
        return (
            f"{self.jurisdiction} version {self.version} overlaps version {self.other}, which holds from "
            f"{self.valid_from} {until}: choose other days, or write `supersedes: {self.other}` to end that one the "
            "day before"
        )


@dataclass(eq=False)
class PolicyVersionTaken(CaseworkError):
    jurisdiction: str
    version: int

    def __str__(self) -> str:
        return (
            f"{self.jurisdiction} version {self.version} was loaded before, with other words: a version is never "
            "changed; give the file the next number"
        )


@dataclass(eq=False)
class PolicyBegun(CaseworkError):
    """`earliest` is the first day that can be chosen by a version that supersedes another, or is a unit's own."""

    valid_from: date
    earliest: date

    def __str__(self) -> str:
        return (
            f"a version that supersedes another, or is a unit's own, cannot begin on {self.valid_from}: what is of "
            f"that day is judged already; begin on {self.earliest} or later"
        )


@dataclass(eq=False)
class NothingToSupersede(CaseworkError):
    jurisdiction: str
    version: int

    def __str__(self) -> str:
        return (
            f"there is no version {self.version} of {self.jurisdiction} without an end that this one could supersede: "
            "see the list of liuhen admin policy, checklist, terms, retention or retrieval"
        )
