"""Whether a container declares more time than there is picture or sound for.

Of a file whose last pieces were taken out, and closed so well that no byte is missing, headers and tags say still how
long it was. What counts as more is what would be a jump of the clock in its middle (stream_clock.py): a picture that
stays for a while, or sound that ends a little sooner, is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ingest.media import findings as code
from ingest.media.description import decimal, film_of, read_pairs
from ingest.media.findings import Extent, Findings, Reason

LEAST_SECONDS: Final = 2.0
MATROSKA_KINDS: Final = {1: "video", 2: "audio"}
_DURATION: Final = re.compile(r"(\d{1,4}):(\d\d):(\d\d(?:\.\d{1,9})?)")


def time_missing(found: Findings, film: object, extent: Extent | None) -> tuple[Reason, ...]:
    """`film` is the reader's word (ingest/metadata/reading.py)."""
    said = film_of(found.container, film)
    declared, present = decimal(said.get("declared_seconds")), decimal(said.get("reached_seconds"))
    if declared is None or present is None:
        declared, present = by_tags(found, said) or by_index(extent) or (None, None)
    if declared is None or present is None:
        return ()
    return (Reason(code.TIME_MISSING, {"declared_seconds": declared, "present_seconds": present}),)


def by_tags(found: Findings, film: Mapping[str, Any]) -> tuple[float, float] | None:
    """Of Matroska, the first track that ends long before its tag says."""
    least = max(LEAST_SECONDS, decimal(film.get("break_seconds")) or 0.0)
    ends = [(MATROSKA_KINDS.get(int(kind)), end) for kind, end in read_pairs(film.get("ends"))]
    streams = [each for each in found.streams if each.kind in MATROSKA_KINDS.values() and not each.is_picture]
    if [each.kind for each in streams] != [kind for kind, _ in ends]:
        return None
    for stream, (_, end) in zip(streams, ends, strict=True):
        tag = _DURATION.fullmatch(stream.tags.get("DURATION", ""))
        seconds = 0.0 if tag is None else int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3])
        if seconds > end + least:
            return round(seconds, 3), end
    return None


def by_index(extent: Extent | None) -> tuple[float, float] | None:
    """Of an AVI: its header counts chunks, and its index has fewer, or there are fewer in one that was never closed."""
    chunks = None if extent is None else extent.chunks
    if chunks is None:
        return None
    declared = chunks.declared_seconds
    there = chunks.there_seconds if chunks.indexed_seconds is None else chunks.indexed_seconds
    if declared is None or there is None:
        return None
    return (declared, there) if declared > there + LEAST_SECONDS else None
