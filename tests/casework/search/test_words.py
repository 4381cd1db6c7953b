"""What is typed into a search, and why something is found by it."""

from __future__ import annotations

import pytest

from casework.errors import TextUnusable
from casework.search.words import Matched, Words


def test_words_are_divided_at_blanks_of_any_width_and_each_counts_once() -> None:
    assert Words.parse(" 占道经营　建新路  占道经营 ").each == ("占道经营", "建新路")


def test_neither_case_nor_width_of_signs_counts() -> None:
    assert Words.parse("ＤＳＪ００１２").each == ("dsj0012",)


@pytest.mark.parametrize(
    "text", ["", "  ", "违", "占道 违", "长" * 201, "一\n二", " ".join(f"词{n}" for n in range(9))]
)
def test_what_cannot_be_searched_for_is_refused(text: str) -> None:
    with pytest.raises(TextUnusable, match="search words"):
        Words.parse(text)


def test_why_something_was_found_is_the_fields_that_have_a_word_with_what_stands_around_it() -> None:
    words = Words.parse("占道 DSJ")
    long = "经查，" + "当事人" * 30 + "占道经营" + "，责令改正" * 30
    (found,) = words.found_in((("title", "乱倒垃圾"), ("text", long), ("empty", None)))
    assert found.field == "text"
    assert "占道经营" in found.text
    assert found.text.startswith("…")
    assert found.text.endswith("…")
    assert len(found.text) < 70
    assert words.found_in((("device", "dsj0001"),)) == (Matched("device", "dsj0001"),)
