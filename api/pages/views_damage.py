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


@dataclass(frozen=True)
class LengthShown:
    """In seconds. `is_less`: not all that is declared is there; `present` is None where nobody can say how much is."""

    declared: float | None
    present: float | None = None
    is_less: bool = False


def length_of(recording: Recording) -> LengthShown:
    """What its head says: never the declared length alone, where less is known to be there."""
    missing = missing_of(recording.findings) if recording.media_state == "damaged" else None
    if missing is None or missing.declared_seconds is None:
        return LengthShown(recording.duration_seconds)
    declared = missing.declared_seconds
    if missing.present_seconds is not None and missing.present_seconds < declared:
        return LengthShown(declared, missing.present_seconds, is_less=True)
    is_less = missing.present_seconds is None and bool(missing.missing_bytes or _lacks_frames(missing))
    return LengthShown(declared, is_less=is_less)


def _lacks_frames(missing: MissingItem) -> bool:
    counted = missing.declared_frames, missing.present_frames
    return None not in counted and (missing.present_frames or 0) < (missing.declared_frames or 0)


def counted_at_sealing(recording: Recording) -> bool:
    """Whether pictures were decoded already, to say how many are left: that is no decoding of the whole."""
    missing = missing_of(recording.findings) if recording.media_state == "damaged" else None
    return missing is not None and missing.counted_by == "decoding" and missing.present_frames is not None


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
