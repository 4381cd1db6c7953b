"""Failing one write: before it lands, or after it has landed and only its answer was lost."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from integrity.errors import AuthorityUnreachable
from tests.sampling import stride
from tests.torture.points import Watch, install, short

MOMENTS = ("before", "after")
TOKEN = "token of the authority"
LOST = "server closed the connection unexpectedly"


@dataclass
class Failing:
    """Lets one write of one step fail, `moment` it lands; without a place it only counts."""

    seen: list[tuple[str, str]] = field(default_factory=list)
    place: int | None = None
    moment: str = "before"
    at: tuple[str, str] | None = None
    failed: str | None = None
    escaped: list[str] = field(default_factory=list)

    def __call__(self, step: str, point: str, moment: str) -> None:
        if point == "step":
            return
        if moment == "before":
            self.seen.append((step, point))
        is_here = self.place == len(self.seen) - 1 if self.at is None else self.at == (short(step), point)
        if self.failed is None and is_here and moment == self.moment:
            self.failed = f"{short(step)}: {point}, {moment}"
            raise _failure(point)


def _failure(point: str) -> Exception:
    if point == "commit":
        return OperationalError("COMMIT", None, Exception(LOST))
    if point == "statement":
        return psycopg.OperationalError(LOST)
    if point == TOKEN:
        return AuthorityUnreachable("unix:///tsa", "connection reset")
    return OSError(errno.ENOSPC if point in ("pwrite", "posix_fallocate") else errno.EIO, "failed on purpose")


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    take_off = install(watch)
    try:
        yield
    finally:
        take_off()


def fail_each_write(run: Callable[[Failing], Failing], wanted: set[str], most_of_a_kind: int | None = None) -> None:
    """`run` does one piece of work, with whatever retries it needs, and judges what came of it.

    First without a failure, to count the writes of each step; then once for each write and moment (in the quick run
    for one write in four). `wanted` are steps that must have writes: were they no longer seen, the test would be about
    nothing. `most_of_a_kind`: of the same writes of one step so many, from its first to its last; None: all of them.
    """
    with capture_logs():  # Each failure is logged with its traceback, as it should be: here there are hundreds.
        writes = run(Failing()).seen
        table = Counter(short(step) for step, _ in writes)
        print("\n" + "\n".join(f"{step:<28} {count:>3} writes" for step, count in table.items()))
        assert set(table) >= wanted
        for place in _places(writes, most_of_a_kind)[:: stride(4)]:
            step, point = writes[place]
            for moment in MOMENTS:
                expected = f"{short(step)}: {point}, {moment}"
                failed = run(Failing(place=place, moment=moment)).failed
                assert failed == expected, f"{failed} failed, and not {expected}"


def _places(writes: Sequence[tuple[str, str]], most_of_a_kind: int | None) -> list[int]:
    places = []
    for kind in dict.fromkeys(writes):
        same = [place for place, write in enumerate(writes) if write == kind]
        count = len(same) if most_of_a_kind is None else min(len(same), most_of_a_kind)
        places += [same[number * (len(same) - 1) // max(count - 1, 1)] for number in range(count)]
    return sorted(places)
