"""Values as people read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.shown import input_instant, parse_local, show_claim, show_instant, show_length, show_size
from api.words.elements import LINK_REASONS


@pytest.mark.parametrize(
    ("size_bytes", "shown"),
    [
        (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (355121, "347 KiB"), (1 << 20, "1.0 MiB"),
        (73400320, "70.0 MiB"), (5 << 40, "5.0 TiB"), (5 << 50, "5120 TiB"),
    ],
)  # fmt: skip
def test_sizes_have_three_digits_that_count(size_bytes: int, shown: str) -> None:
    assert show_size(size_bytes) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "—"), (0.4, "0:00"), (59.6, "1:00"), (3723, "1:02:03"), (float("nan"), "—"), (-1, "—"), (1e300, "—")],
)
def test_lengths_are_a_clock_whatever_a_file_claims(seconds: float | None, shown: str) -> None:
    assert show_length(seconds) == shown


def test_times_are_chinese_time_and_come_back_from_a_form() -> None:
    moment = datetime(2026, 3, 9, 16, 30, 5, tzinfo=UTC)
    assert show_instant(moment) == "2026-03-10 00:30:05"
    assert parse_local(input_instant(moment)) == moment.replace(second=0)
    assert parse_local("yesterday") is None
    assert parse_local("") is None


def test_a_claim_is_one_line_whatever_it_holds() -> None:
    assert show_claim("AB00001") == "AB00001"
    assert show_claim({"time": "2026-03-09T01:00:00Z"}) == "2026-03-09 09:00:00"
    assert show_claim({"latitude": 30.5, "longitude": 114.3}) == "30.5, 114.3"
    assert show_claim({"odd": [1]}) == "odd: [1]"


def test_every_reason_of_the_linker_has_its_words() -> None:
    """Codes as the table of docs/linking.md has them: one without words would stand on a page as a code."""
    page = (Path(__file__).parents[2] / "docs" / "linking.md").read_text("utf-8")
    table = page.partition("\n## The linker\n")[2].partition("\n## ")[0]
    codes = {code for row in table.splitlines() if row.startswith("|") for code in re.findall(r"`([a-z_]+)`", row)}
    assert len(codes) > 12
    assert codes - set(LINK_REASONS) == set()
