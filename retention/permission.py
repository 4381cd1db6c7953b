"""Who may do what in retention, and the one way in which a role is asked for: in the packages above as well."""

from __future__ import annotations

from collections.abc import Mapping

from retention.errors import DeedNotAllowed
from storage.catalog.organisation import Person

MAY: Mapping[str, tuple[str, ...]] = {
    "hold": ("supervisor", "legal_reviewer"),
    "lengthen": ("supervisor", "legal_reviewer", "administrator"),
}


def require(person: Person, deed: str) -> None:
    """Raises DeedNotAllowed unless the person is active and has a role that may do `deed`."""
    require_role(person, deed, MAY[deed])


def require_role(
    person: Person, deed: str, roles: tuple[str, ...], refusal: type[DeedNotAllowed] = DeedNotAllowed
) -> None:
    """Raises `refusal` unless the person is active and has one of `roles`."""
    if not person.active or person.role not in roles:
        raise refusal(deed, person.role if person.active else "a deactivated person", roles)
