"""What a pattern over a row's words is made of."""

from __future__ import annotations

from casework.search.sought import doubled


def test_signs_that_mean_something_in_a_pattern_mean_themselves() -> None:
    assert doubled("违建") == "违违建建"
    assert doubled("5%_\\") == "55\\%\\%\\_\\_\\\\\\\\"
