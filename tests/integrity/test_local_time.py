"""Times as people in China read them: eight hours on, to the second, and never without saying so."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest.metadata import clock
from integrity.fields import format_instant
from integrity.local_time import CHINA, show_in_china, show_written

INSTANT = datetime(2026, 3, 3, 19, 20, 7, 999_999, UTC)


def test_an_instant_is_chinese_time_to_the_second_with_its_label() -> None:
    assert show_in_china(INSTANT) == "2026-03-04 03:20:07（北京时间 / UTC+8）"
    assert show_written(format_instant(INSTANT)) == show_in_china(INSTANT)
    assert show_written(None) == "—"


def test_a_time_without_a_zone_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        show_in_china(datetime(2026, 3, 4))


def test_readers_in_the_sandbox_where_this_package_is_not_keep_the_same_time() -> None:
    assert (clock.CHINA, str(clock.CHINA)) == (CHINA, str(CHINA)) == (CHINA, "Asia/Shanghai")
