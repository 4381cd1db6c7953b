"""A unit's own patterns of file names: what they read, and what is refused before anything starts."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ingest.metadata.file_name import claims_from_name
from ingest.metadata.own_names import MOST_PATTERNS, PatternRefused, read_patterns


def test_fields_of_a_pattern_become_claims_with_its_label_as_source() -> None:
    own = read_patterns("cz={device:8}-{officer:5}-{day}_{clock}*")
    claims = claims_from_name("CZ000042-01234-20260101_093000-late shift.mp4", own=own)
    assert {claim.source for claim in claims.stated} == {"name:own-cz"}
    assert [claim.value for claim in claims.of("device") + claims.of("officer")] == ["CZ000042", "01234"]
    assert claims.of("started_at")[0].value["time"] == "2026-01-01T01:30:00Z"  # type: ignore[index]


def test_own_patterns_come_before_the_known_ones() -> None:
    name = "AB00001_000123_20260101093000.MP4"
    (officer,) = claims_from_name(name, own=read_patterns("{any:7}_{officer:6}_{time}")).of("officer")
    assert (officer.value, officer.source) == ("000123", "name:own-1")
    assert claims_from_name(name, own=read_patterns("x{time}")).of("device")[0].source == "name:ga/t-947"


def test_words_of_a_pattern_stand_for_themselves() -> None:
    own = read_patterns("执法(1+1).{number}")
    assert claims_from_name("执法(1+1).7.mp4", own=own).of("sequence")[0].value == {"number": 7}
    assert claims_from_name("执法11x7.mp4", own=own).stated == ()


def test_a_file_has_one_a_line_and_remarks(tmp_path: Path) -> None:
    listed = tmp_path / "names"
    listed.write_text("# of the old recorders\n\nold={officer:4}-{time}\n{device}_{number}\n", "utf-8")
    assert [known.source for known in read_patterns(str(listed))] == ["name:own-old", "name:own-2"]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "no pattern"),
        ("# nothing", "no pattern"),
        ("clip", "says nothing"),
        ("{day}", "only one of"),
        ("{badge}_{time}", "no such field"),
        ("{officer}_{officer}", "twice"),
        ("{device}{officer}", "needs a length"),
        ("{device}x{officer}", "needs a length"),
        ("{device}*", "needs a length"),
        ("{device:99}", "1 to 32"),
        ("{time:8}", "one length"),
        ("*_{time}", "not understood from '*_"),
        ("{time", "not understood"),
        ("{time}}", "not understood"),
        ("x" * 300 + "{time}", "letters"),
        (";".join(["{time}"] * (MOST_PATTERNS + 1)), "more than"),
        ("/nonexistent/names", "cannot be read"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(value: str, why: str) -> None:
    with pytest.raises(PatternRefused, match=why.replace("*", r"\*")):
        read_patterns(value)


def test_no_name_makes_an_own_pattern_slow() -> None:
    """All that may be of any length, and a name that fits to the last letter."""
    own = read_patterns("{any}_{any}_{any}_{device}_{officer}_{number}-*")
    begun = time.process_time()
    for letter in "a0_-. ":
        claims_from_name("a_a_a_a0_a_0-" + letter * 241 + "!", own=own)
        claims_from_name(letter * 255, own=own)
    assert time.process_time() - begun < 0.2
