"""An id as it is copied from a list to a command line."""

from __future__ import annotations

import uuid

from api.errors import UsageRefused


def read_id(text: str) -> uuid.UUID:
    """Raises UsageRefused."""
    found = id_in(text)
    if found is None:
        raise UsageRefused(f"{text} 不是编号，列表中有各项的编号", f"{text} is no id: the lists show them")
    return found


def id_in(text: str) -> uuid.UUID | None:
    """None for what is no id: a name or a number that stands in its place."""
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        return None
