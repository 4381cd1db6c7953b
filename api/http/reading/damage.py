"""What is missing of a damaged recording, out of the findings that were kept when it was sealed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.http.schema.recordings import MissingItem


def missing_of(findings: Mapping[str, Any]) -> MissingItem | None:
    """None of a file that is whole, or was sealed before this was worked out."""
    missing, extent = findings.get("missing"), findings.get("extent")
    if not isinstance(missing, dict):
        return None
    counts = extent if isinstance(extent, dict) else {}
    kept = ("declared_bytes", "present_bytes", "counted_by")
    tracks = counts.get("tracks") or []
    return MissingItem.model_validate({**{name: counts.get(name) for name in kept}, **missing, "tracks": tracks})
