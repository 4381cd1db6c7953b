"""What is missing of a damaged file, as the archive's own word in the manifest: signed at sealing, never revised."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ingest.media.findings import Findings
from ingest.media.sample_tables import TrackExtent
from ingest.metadata.claims import Claim

SOURCE = "probe"


def said_of(track: TrackExtent) -> str:
    """As "2 audio 646000/2646000 samples 14.649/60.0 s"; without the seconds where the track has none."""
    said = f"{track.track} {track.kind} {track.present_samples}/{track.declared_samples} samples"
    seconds = track.declared_seconds
    return said if seconds is None else f"{said} {track.present_seconds}/{seconds} s"


def claims_of_damage(found: Findings) -> Iterator[Claim]:
    """One claim `damage` of a damaged file: the codes of what was found, and every number that could be given.

    "stated" where frames were decoded and counted, or bytes are declared and not there; else "assumed"."""
    if found.state != "damaged":
        return
    missing = {} if found.missing is None else dataclasses.asdict(found.missing)
    value: dict[str, str | float] = {name: number for name, number in missing.items() if number is not None}
    counted = found.extent is not None and found.extent.counted_by == "decoding"
    certain = counted or bool(value.get("missing_bytes"))
    if found.extent is not None and found.extent.tracks:
        value["tracks"] = "; ".join(said_of(track) for track in found.extent.tracks)
    value["reasons"] = " ".join(reason.code for reason in found.reasons)
    yield Claim("damage", value, f"{SOURCE}:{found.tool} {found.tool_version}", "stated" if certain else "assumed")
