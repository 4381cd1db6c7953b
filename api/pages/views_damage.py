"""What a damaged recording lacks, as its page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.http.reading.damage import missing_of
from api.http.schema.recordings import MissingItem
from storage.catalog.recordings import Recording


@dataclass(frozen=True)
class DamageShown:
    """`missing` is None of recordings that were sealed before it was worked out; their reasons are there."""

    missing: MissingItem | None
    reasons: tuple[str, ...]


def damage_of(recording: Recording) -> DamageShown | None:
    """None of a recording that is not damaged."""
    if recording.media_state != "damaged":
        return None
    return DamageShown(missing_of(recording.findings), reason_codes(recording.findings))


def reason_codes(findings: dict[str, Any]) -> tuple[str, ...]:
    """Why the file is not intact, as the codes the probe found."""
    reasons = findings.get("reasons") or ()
    return tuple(str(reason.get("code", "")) for reason in reasons if isinstance(reason, dict))
