"""Lengths of time, and how a clock goes, as pages and the administrator's terminal say them."""

from __future__ import annotations

import pytest

from api.i18n import translator
from api.words.durations import clock_words, span_words


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (2.53, "2.5 秒", "2.5 s"), (9.97, "10 秒", "10 s"), (59.7, "1 分", "1 min"),
        (28782, "7 小时 59 分 42 秒", "7 h 59 min 42 s"), (3 * 86400, "3 天", "3 days"),
        (700 * 86400, "700 天", "700 days"), (6614 * 86400, "约 18 年", "about 18 years"),
    ],
)  # fmt: skip
def test_a_length_is_in_the_units_that_a_person_reads(seconds: float, zh: str, en: str) -> None:
    assert (span_words(seconds, translator("zh")), span_words(seconds, translator("en"))) == (zh, en)


@pytest.mark.parametrize(
    ("offset_seconds", "zh", "en"),
    [
        (10800.0, "快 3 小时", "3 h fast"), (-125.2, "慢 2 分 5 秒", "2 min 5 s slow"),
        (-1.5, "慢 1.5 秒", "1.5 s slow"), (0.4, "相差不到 1 秒", "within 1 s"), (-0.0, "相差不到 1 秒", "within 1 s"),
    ],
)  # fmt: skip
def test_a_clock_above_zero_is_fast(offset_seconds: float, zh: str, en: str) -> None:
    assert (clock_words(offset_seconds, translator("zh")), clock_words(offset_seconds, translator("en"))) == (zh, en)
