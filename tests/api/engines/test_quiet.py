"""Memory goes back once a crowd has gone: when, and that it does."""

from __future__ import annotations

import subprocess
import sys

import pytest

from api.engines.quiet import LEAST_REQUESTS, QUIET_TICKS, Quiet

HOLES = """
import ctypes
from pathlib import Path
from api.engines.quiet import give_back_free_memory

def resident_kib():
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, (ctypes.c_void_p,)
places = [libc.malloc(60_000) for _ in range(400)]
for place in places:
    ctypes.memset(place, 1, 60_000)
for place in places[:-1]:
    libc.free(place)  # The last one lies at the heap's end: glibc by itself gives back nothing before it.
before = resident_kib()
give_back_free_memory()
print(before - resident_kib())
"""


def quiet_after(ticks: list[tuple[int, int]]) -> list[int]:
    """At which of them memory was given back."""
    done, ticked = list[int](), list[int]()
    quiet = Quiet(lambda: done.append(len(ticked)))
    for requests, under_way in ticks:
        quiet.tick(requests, under_way)
        ticked.append(requests)
    return done


def test_a_second_after_a_crowd_and_once_for_each() -> None:
    crowd = [(40, 3), (LEAST_REQUESTS, 0)]
    more = [(LEAST_REQUESTS + 1, 0)] * (3 * QUIET_TICKS) + [(2 * LEAST_REQUESTS, 0)] * (2 * QUIET_TICKS)
    silence = [(LEAST_REQUESTS, 0)] * (3 * QUIET_TICKS)
    first = len(crowd) - 1 + QUIET_TICKS
    assert quiet_after(crowd + silence) == [first]
    second = len(crowd + silence) + 3 * QUIET_TICKS + QUIET_TICKS
    assert quiet_after(crowd + silence + more) == [first, second]


@pytest.mark.parametrize(
    "ticks",
    [
        [(LEAST_REQUESTS - 1, 0)] * (3 * QUIET_TICKS),
        [(LEAST_REQUESTS, 1)] * (3 * QUIET_TICKS),
        [(LEAST_REQUESTS + number // (QUIET_TICKS - 1), 0) for number in range(5 * QUIET_TICKS)],
    ],
    ids=["few", "one under way", "never a second without"],
)
def test_not_while_there_is_work_nor_after_little(ticks: list[tuple[int, int]]) -> None:
    assert quiet_after(ticks) == []


def test_holes_amid_the_heap_are_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 20_000
