"""Who may do what in retention, and that a reason was given."""

from __future__ import annotations

from collections.abc import Mapping

from retention.errors import DeedNotAllowed, ReasonUnusable
from retention.wording import find_problem, tidy
from storage.catalog.organisation import Person

MAY: Mapping[str, tuple[str, ...]] = {
    "hold": ("supervisor", "legal_reviewer"),
    "lengthen": ("supervisor", "legal_reviewer", "administrator"),
}
LONGEST_REASON = 2000


def require(person: Person, deed: str) -> None:
    """Raises DeedNotAllowed unless the person is active and has a role that may do `deed`."""
    if not person.active or person.role not in MAY[deed]:
        raise DeedNotAllowed(deed, person.role if person.active else "a deactivated person", MAY[deed])


def require_reason(reason: str) -> str:
    """The reason without blanks around it. Raises ReasonUnusable."""
    text = tidy(reason)
    problem = find_problem(text, LONGEST_REASON)
    if problem is not None:
        raise ReasonUnusable(problem)
    return text
