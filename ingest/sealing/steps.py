"""The steps of custody, told to whoever listens as they begin and end. Where nobody does, a step is its function."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

Teller = Callable[[str], AbstractContextManager[object]]
"""Entered with a step's name as it begins, left as it ends, also by what it raises, which it must let through."""

_teller: ContextVar[Teller | None] = ContextVar("teller", default=None)
_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


@contextmanager
def steps_told_to(teller: Teller) -> Iterator[None]:
    """Within the block, the steps of this thread are told to `teller`."""
    before = _teller.set(teller)
    try:
        yield
    finally:
        _teller.reset(before)


def step(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """The function, told by its name."""
    name = function.__name__

    @functools.wraps(function)
    def told(*given: _Given.args, **named: _Given.kwargs) -> _Result:
        teller = _teller.get()
        if teller is None:
            return function(*given, **named)
        with teller(name):
            return function(*given, **named)

    return told
