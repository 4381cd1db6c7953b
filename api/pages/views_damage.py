"""What a damaged recording lacks, and what was recovered of it, as its page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.http.reading.damage import missing_of
from api.http.reading.recovery import recovery_references
from api.http.schema.recordings import MissingItem, RecoveryReference
from api.pages.visit import Visit
from ingest.media.recovered import Recovered
from ingest.rendering.asking import MAY_ASK
from storage.catalog.recordings import MediaJob, Recording, Rendition


@dataclass(frozen=True)
class DamageShown:
    """`missing` is None of recordings that were sealed before it was worked out; their reasons are there.

    `state`: made, due, failed, or the code why there is no recovery copy; `how` it was made, where it was."""

    missing: MissingItem | None
    reasons: tuple[str, ...]
    state: str
    how: Recovered | None = None
    offered: tuple[RecoveryReference, ...] = ()
    copy: Rendition | None = None


def damage_of(
    visit: Visit, recording: Recording, jobs: Mapping[str, MediaJob], renditions: Mapping[str, Rendition]
) -> DamageShown | None:
    """None of a recording that is not damaged."""
    if recording.media_state != "damaged":
        return None
    job, made = jobs.get("recovery"), renditions.get("recovery")
    missing, reasons = missing_of(recording.findings), reason_codes(recording.findings)
    if made is not None:
        return DamageShown(missing, reasons, "made", Recovered.of(made.settings), copy=made)
    state = "none" if job is None else job.state if job.state in ("due", "failed") else job.outcome or "none"
    offered = recovery_references(visit.session, recording) if state != "due" and visit.person.role in MAY_ASK else ()
    return DamageShown(missing, reasons, state, offered=tuple(offered))


def reason_codes(findings: dict[str, Any]) -> tuple[str, ...]:
    """Why the file is not intact, as the codes the probe found."""
    reasons = findings.get("reasons") or ()
    return tuple(str(reason.get("code", "")) for reason in reasons if isinstance(reason, dict))
