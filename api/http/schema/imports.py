"""What becomes of a table of devices, issues or certificates."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.http.problems import problem_of
from api.http.schema.base import Answer
from casework.register.imports import ImportOutcome, RowProblem

Kind = Literal["devices", "issues", "certificates"]


class BadRow(Answer):
    """`line` of the file; the headings are line 1. `detail` is in the language that was asked for."""

    line: int = Field(examples=[3])
    type: str = Field(examples=["urn:liuhen:problem:officer-unknown"])
    detail: str
    sentences: dict[str, str] = Field(description="the detail in both languages")

    @classmethod
    def of(cls, problem: RowProblem, language: str) -> BadRow:
        document = problem_of(problem.error, language)
        kept = {name: document[name] for name in ("type", "detail", "sentences")}
        return cls(line=problem.line, **kept)


class ImportResult(Answer):
    """`applied`: it is done, all of it. Otherwise nothing was changed, and the counts say what would have been."""

    kind: str
    applied: bool
    state: str = Field(description="applied, tried, or refused: there are problems", examples=["applied"])
    rows: int
    added: int
    changed: int
    unchanged: int
    problems: list[BadRow]
    ignored_columns: list[str]

    @classmethod
    def of(cls, kind: str, outcome: ImportOutcome, language: str) -> ImportResult:
        return cls(
            kind=kind,
            applied=outcome.applied,
            state="applied" if outcome.applied else "refused" if outcome.problems else "tried",
            rows=outcome.rows,
            added=outcome.counts.get("added", 0),
            changed=outcome.counts.get("changed", 0),
            unchanged=outcome.counts.get("unchanged", 0),
            problems=[BadRow.of(problem, language) for problem in outcome.problems],
            ignored_columns=list(outcome.ignored),
        )
