"""Three runs, by LIUHEN_TESTS. The quick one, where it is not set: a part of each long table, without the tests marked
`thorough` and what takes long beside the other tests of its file (tests/choosing.py). `ci`, which every change has to
pass: with those, but for what takes longest. `all`: everything, tables whole. `unlisted`: what is chosen from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import pytest

RUN = os.environ.get("LIUHEN_TESTS", "quick")
ALL = RUN == "all"
LEFT_TO_CI = Path(__file__).with_name("left_to_ci.txt")
LEFT_TO_ALL = Path(__file__).with_name("left_to_all.txt")
LISTED = {"quick": LEFT_TO_CI, "ci": LEFT_TO_ALL}
Case = TypeVar("Case")


def some_of(cases: Sequence[Case], *, one_in: int) -> Sequence[Case]:
    """All of a long table in the whole run. In the others so many of them, always the same ones, from all over it."""
    return cases if ALL else cases[::one_in]


def stride(one_in: int) -> int:
    """From one line at which a process is killed to the next: one in the whole run."""
    return 1 if ALL else one_in


def leave_out_what_takes_long(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Unless a test is asked for by its name."""
    if RUN not in LISTED or any("::" in argument for argument in config.args):
        return
    listed = names_in(LISTED[RUN])
    left_out, kept = [], []
    for item in items:
        is_left = name_of(item) in listed or (RUN == "quick" and item.get_closest_marker("thorough"))
        (left_out if is_left else kept).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept


def names_in(list_of_names: Path) -> frozenset[str]:
    """`file::function`, with every case of it."""
    lines = list_of_names.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def name_of(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]
