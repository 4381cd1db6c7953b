"""How much of a damaged recording is there: what counts as recorded, and what nobody can say of.

A file that was cut says for how long it was recorded, and shows none of what is gone. As much is believed as was
counted when it was sealed (ingest/media/missing.py), or found when all of it was decoded (ingest/media/whole.py).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.intervals import length_of
from storage.catalog.recordings import Recording, WholeDecoding

LOST_AT_ITS_END: Final = frozenset({"ends_early", "time_missing"})
"""Reasons as findings have them (ingest/media/findings.py): what they speak of is gone from the end."""
COUNTED: Final = frozenset({"frames_missing", "no_decodable_frame"})
"""How much is gone, wherever."""
LOST_ELSEWHERE: Final = frozenset(
    {"zero_filled", "index_unmet", "fragments_broken", "decoder_complained", "moov_missing"}
)
_MOST_TORN_PACKETS: Final = 1
"""Where a file was cut a decoder is given half a packet, and complains of that."""
_LAG_SECONDS: Final = 30.0
"""Decoders say ten times a second how far they are: so much of a film of small pictures may lie between."""
_ABOUT_SECONDS: Final = 2.0
"""How far before that word damage may begin."""


@dataclass(frozen=True)
class Present:
    """In seconds. From its beginning it is there without a break for as long as `surely`. What follows, up to `until`,
    has holes, and all of it together is no longer than `at_most`. All are 0 where it shows nothing."""

    surely: float
    until: float
    at_most: float

    @property
    def word(self) -> Literal["nothing", "beginning", "holes"]:
        """What is left of it."""
        if self.at_most <= 0:
            return "nothing"
        return "beginning" if self.surely >= self.until else "holes"


NOTHING: Final = Present(0.0, 0.0, 0.0)


def fetch_damage(session: Session, recording_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, WholeDecoding]:
    """Of these, those that turned out damaged when all of them was decoded."""
    row = WholeDecoding
    found = session.scalars(select(row).where(row.recording_id.in_(recording_ids), row.state == "damaged"))
    return {each.recording_id: each for each in found}


def present_of(recording: Recording, decoded: WholeDecoding | None) -> Present | None:
    """None: nothing is known against it, or not yet. `decoded`: as fetch_damage has it."""
    known = recording.media_state == "damaged"
    if not known and decoded is None:
        return None
    seconds = length_of(recording.duration_seconds).total_seconds()
    present = _as_sealed(recording.findings, seconds) if known else Present(seconds, seconds, seconds)
    if present is None or decoded is None:
        return present
    return _as_decoded(present, decoded, seconds, was_known=known)


def _as_sealed(findings: Mapping[str, Any], seconds: float) -> Present | None:
    """Of a damaged file that says it is so long. None of a photograph of which a part decodes: it shows that part, and
    how much of what was to be seen, nobody can say."""
    missing = findings.get("missing") or {}
    codes = {str(reason["code"]) for reason in findings.get("reasons") or ()}
    if missing.get("present_frames") == 0 or "no_decodable_frame" in codes:
        return NOTHING
    if findings.get("kind") == "still":
        return None
    said = missing.get("present_seconds")
    if said is None:
        return Present(0.0, seconds, seconds)
    present = max(0.0, min(said, seconds))
    if _lost_its_end_alone(findings, codes):
        return Present(present, present, present)
    return Present(0.0, seconds, present)


def _lost_its_end_alone(findings: Mapping[str, Any], codes: Set[str]) -> bool:
    """An AVI counts its pieces, and says of none when it was: any of them may be those that are gone."""
    if findings.get("container") == "avi" and "time_missing" in codes:
        return False
    return bool(codes & LOST_AT_ITS_END) and not codes & LOST_ELSEWHERE


def _as_decoded(present: Present, decoded: WholeDecoding, seconds: float, was_known: bool) -> Present:
    if decoded.decoded_frames == 0:
        return NOTHING
    if was_known and _says_no_more(present, decoded):
        return present
    surely = min(present.surely, max(0.0, _first_complaint(decoded) - _ABOUT_SECONDS))
    at_most = present.at_most
    if decoded.declared_frames and decoded.decoded_frames is not None:
        at_most = min(at_most, seconds * min(1.0, decoded.decoded_frames / decoded.declared_frames))
    return Present(surely, present.until, max(at_most, surely))


def _says_no_more(present: Present, decoded: WholeDecoding) -> bool:
    """Than was known when it was sealed: no complaint, or one of the place where it was cut."""
    if not decoded.refused_packets and not decoded.complaints:
        return True
    return decoded.refused_packets <= _MOST_TORN_PACKETS and _first_complaint(decoded) + _LAG_SECONDS >= present.surely


def _first_complaint(decoded: WholeDecoding) -> float:
    """About where it was, in seconds; one that came before any word of how far the decoder was, at the beginning."""
    return (decoded.first_complaint_ms or 0) / 1000
