"""What people write: checked once, where it comes in."""

from __future__ import annotations

from collections.abc import Sequence

from casework.errors import TextUnusable, WordUnknown
from retention.wording import find_problem, tidy

LONGEST_NAME = 200
LONGEST_TEXT = 2000
LONGEST_SHOWN = 80


def required_text(field: str, value: str, longest: int = LONGEST_TEXT) -> str:
    """The text without blanks around it. Raises TextUnusable when it is empty, too long or holds control characters."""
    text = tidy(value)
    problem = find_problem(text, longest)
    if problem is not None:
        raise TextUnusable(field, problem)
    return text


def required_name(field: str, value: str) -> str:
    """A text of one line that fits into a list. Raises TextUnusable."""
    name = required_text(field, value, LONGEST_NAME)
    if "\n" in name or "\t" in name:
        raise TextUnusable(field, "has more than one line")
    return name


def optional_name(field: str, value: str | None) -> str | None:
    """None for nothing or blanks, else as `required_name`."""
    return None if value is None or not value.strip() else required_name(field, value)


def optional_text(field: str, value: str | None) -> str | None:
    """None for nothing or blanks, else as `required_text`."""
    return None if value is None or not value.strip() else required_text(field, value)


def known_word(field: str, value: str, known: Sequence[str]) -> str:
    """The word itself. Raises WordUnknown when it is none of those known."""
    if value not in known:
        raise WordUnknown(field, value, tuple(known))
    return value


def shown(text: str) -> str:
    """The beginning of what stands in somebody's file, for a message: nothing in it that a terminal obeys."""
    return "".join(sign if sign.isprintable() else "�" for sign in text[:LONGEST_SHOWN])
