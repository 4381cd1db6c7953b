"""Names in the order of their characters, however many there are: what does not fit is set aside on the disk."""

from __future__ import annotations

import heapq
import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from typing import IO

AT_ONCE = 50_000
"""Some five megabytes of names: a folder that holds fewer is sorted in memory."""


def in_order(names: Iterable[str], at_once: int = AT_ONCE) -> Iterator[str]:
    """All of them, sorted, with at most `at_once` in memory. What is read of `names` is read before the first."""
    coming = iter(names)
    run = sorted(islice(coming, at_once))
    if len(run) < at_once:
        yield from run
        return
    with ExitStack() as files:
        runs = []
        while run:
            runs.append(_read_back(files.enter_context(_set_aside(run))))
            run = sorted(islice(coming, at_once))
        yield from heapq.merge(*runs)


def _set_aside(run: list[str]) -> IO[str]:
    """Each as JSON: a stranger's file may have a line's end in its name, or bytes that are no UTF-8."""
    file = tempfile.TemporaryFile("w+", encoding="ascii", prefix="liuhen-names-")  # noqa: SIM115  the caller closes it
    file.writelines(json.dumps(name) + "\n" for name in run)
    file.seek(0)
    return file


def _read_back(file: IO[str]) -> Iterator[str]:
    for line in file:
        name: str = json.loads(line)
        yield name
