"""What the quick run leaves to CI (LIUHEN_TESTS=all): the rest of long tables, tests marked `thorough`, and what takes
long beside the other tests of its file (tests/choosing.py)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import pytest

ALL = os.environ.get("LIUHEN_TESTS") == "all"
LEFT_TO_CI = Path(__file__).with_name("left_to_ci.txt")
Case = TypeVar("Case")


def some_of(cases: Sequence[Case], *, one_in: int) -> Sequence[Case]:
    """All of a long table in CI. In the quick run so many of them, always the same ones, from all over it."""
    return cases if ALL else cases[::one_in]


def stride(one_in: int) -> int:
    """From one line at which a process is killed to the next: one in CI."""
    return 1 if ALL else one_in


def leave_out_thorough(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Unless everything is tried, or a test is asked for by its name."""
    if ALL or any("::" in argument for argument in config.args):
        return
    listed = left_to_ci() if os.environ.get("LIUHEN_TESTS") != "unlisted" else frozenset()
    left_out, kept = [], []
    for item in items:
        is_left = item.get_closest_marker("thorough") or name_of(item) in listed
        (left_out if is_left else kept).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept


def left_to_ci() -> frozenset[str]:
    """`file::function`, with every case of it."""
    lines = LEFT_TO_CI.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def name_of(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]
