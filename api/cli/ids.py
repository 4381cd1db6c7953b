"""An id as it is copied from a list to a command line."""

from __future__ import annotations

import uuid

from api.errors import UsageRefused


def read_id(text: str) -> uuid.UUID:
    """Raises UsageRefused."""
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        raise UsageRefused(f"{text} 不是编号", f"{text} is no id: the lists show them") from None
