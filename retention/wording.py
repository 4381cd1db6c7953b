"""What people write as a reason or a purpose: brought into one form, and looked at before it is kept."""

from __future__ import annotations

from integrity.hidden_signs import is_hidden
from retention.errors import ReasonUnusable

LONGEST_REASON = 2000


def tidy(text: str) -> str:
    """Without blanks around it, and with the line ends that forms send as \\r\\n made \\n."""
    return text.replace("\r\n", "\n").strip()


def find_problem(text: str, longest: int) -> str | None:
    """What is wrong with a tidy text: empty, too long, or characters that hide or that PostgreSQL cannot keep."""
    if not text:
        return "is empty"
    if len(text) > longest:
        return f"has {len(text)} characters, at most {longest} fit"
    if any(is_hidden(character) and character not in "\n\t" for character in text):
        return "holds control characters"
    return None


def require_reason(reason: str) -> str:
    """The reason without blanks around it. Raises ReasonUnusable."""
    text = tidy(reason)
    problem = find_problem(text, LONGEST_REASON)
    if problem is not None:
        raise ReasonUnusable(problem)
    return text
