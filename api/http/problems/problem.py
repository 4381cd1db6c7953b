"""A problem as it is said: a status, a code, a Chinese sentence over the error's facts, an English one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Facts = Mapping[str, Any]


def _none(_: Any) -> Facts:
    return {}


@dataclass(frozen=True)
class Problem:
    """`chinese` is a template over the error's fields, in Chinese where they are codes, and over what `facts` makes of
    the error, which goes before them. `english` None: the error's own words."""

    status: int
    code: str
    chinese: str
    english: str | None = None
    facts: Callable[[Any], Facts] = _none


Problems = dict[type[Exception], Problem]
