"""What is missing of a damaged file, as the archive's own word in the manifest: signed at sealing, never revised."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ingest.media.findings import Findings
from ingest.metadata.claims import Claim

SOURCE = "probe"


def claims_of_damage(found: Findings) -> Iterator[Claim]:
    """One claim `damage` of a damaged file: the codes of what was found, and every number that could be given.

    "stated" where frames were decoded and counted, or bytes are declared and not there; else "assumed"."""
    if found.state != "damaged":
        return
    missing = {} if found.missing is None else dataclasses.asdict(found.missing)
    value: dict[str, str | float] = {name: number for name, number in missing.items() if number is not None}
    counted = found.extent is not None and found.extent.counted_by == "decoding"
    certain = counted or bool(value.get("missing_bytes"))
    value["reasons"] = " ".join(reason.code for reason in found.reasons)
    yield Claim("damage", value, f"{SOURCE}:{found.tool} {found.tool_version}", "stated" if certain else "assumed")
