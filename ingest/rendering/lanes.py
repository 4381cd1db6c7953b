"""Which copies take long enough that nobody else's pictures should wait for them."""

from __future__ import annotations

from typing import Final

from ingest.media.encoding import plan_proxy
from ingest.media.findings import Findings

LONGEST_QUICK_SOUND_SECONDS: Final = 1800.0
"""Sound alone is encoded some fifty times as fast as it plays."""


def takes_long(kind: str, found: Findings) -> bool:
    """Salvage of a film without its index, with all that is made of it; whatever is encoded, but short sound."""
    if found.lost_its_index:
        return True
    plan = plan_proxy(found)
    short = (found.duration_seconds or 0.0) <= LONGEST_QUICK_SOUND_SECONDS
    return kind == "proxy" and (plan.video == "encode" or (plan.audio == "encode" and not short))
