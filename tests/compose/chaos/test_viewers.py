"""Bytes held against those that were sent."""

from __future__ import annotations

import pytest

from tests.compose.chaos.viewers import count_wrong


@pytest.mark.parametrize(
    ("came", "expected", "wrong"),
    [
        (b"abc", b"abc", 0),
        (b"", b"", 0),
        (b"abd", b"abc", 1),
        (b"xyz", b"abc", 3),
        (b"abcd", b"abc", 1),
        (b"x", b"", 1),
    ],
    ids=["the same", "nothing", "one other", "all others", "one too many", "more than there is"],
)
def test_each_byte_that_is_another_or_too_many_is_counted(came: bytes, expected: bytes, wrong: int) -> None:
    assert count_wrong(came, expected) == wrong
