"""Originals that leave, not redacted: asked for with a reason, given with the approver's express consent and his."""

from __future__ import annotations

from casework.errors import TextUnusable
from casework.retrieval.errors import ConsentMissing, ConsentNotAsked
from casework.wording import required_text
from storage.catalog.access import AccessRequest


def checked_reason(kind: str, reason: str | None) -> str | None:
    """Why whoever asks needs the originals; None: he does not. Raises TextUnusable, also where nothing is copied."""
    if reason is None:
        return None
    reason = required_text("unredacted reason", reason)
    if kind != "copy":
        raise TextUnusable("unredacted reason", "is for copies alone")
    return reason


def checked_consent(request: AccessRequest, reason: str | None) -> str | None:
    """Why whoever decides lets the originals go. Raises ConsentMissing, ConsentNotAsked, TextUnusable."""
    if reason is None and request.unredacted:
        raise ConsentMissing(request.id)
    if reason is not None and not request.unredacted:
        raise ConsentNotAsked(request.id)
    return None if reason is None else required_text("consent reason", reason)
