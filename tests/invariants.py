"""docs/invariants.md as rows: what must always hold, and the tests by which `make test` tries it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs/invariants.md"
_ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Invariant:
    number: int
    what: str
    tests: tuple[str, ...]
    """As `file::function`."""


def invariants() -> Iterator[Invariant]:
    for number, what, tests in _ROW.findall(PAGE.read_text("utf-8")):
        yield Invariant(int(number), what, tuple(tests.split(", ")))


def tests_of_invariants() -> tuple[str, ...]:
    return tuple(test for each in invariants() for test in each.tests)
