"""What the quick run leaves to CI (LIUHEN_TESTS=all): the rest of long tables, and tests marked `thorough`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

import pytest

ALL = os.environ.get("LIUHEN_TESTS") == "all"
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
    left_out = [item for item in items if item.get_closest_marker("thorough")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("thorough")]
