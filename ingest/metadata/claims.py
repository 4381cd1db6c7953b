"""What a file says about itself. A claim is kept with where it was read; what was read and not believed, with why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

ClaimKind = Literal[
    "location",
    "clock",
    "gps_time",
    "device",
    "officer",
    "started_at",
    "sequence",
    "mark",
    "act",
    "group",
    "track",
    "withheld",
    "best_start",
    "best_place",
    "damage",
    "contents",
]
# "stated": the source says so plainly. "assumed": a zone or a field had to be supposed. "doubtful": known to be
# wrong often. None of them is a fact: that a clock was right is found out elsewhere.
Confidence = Literal["stated", "assumed", "doubtful"]


class Claim(NamedTuple):
    """`value`: text for device, officer, mark ("evidence": the recorder's key-file mark), act (a code) and group (a
    name that files of one recorder share); {"latitude", "longitude"[, "altitude_metres"]} for a location in WGS 84
    degrees; {"time"[, "zone"]} for clock, gps_time and started_at, the time in UTC as RFC 3339; {"number"[, "group"]}
    for a sequence, the group naming what is counted together; {"points", "sha256"} for a track.
    For best_start, best_place, damage, contents and withheld: docs/metadata.md, docs/media.md."""

    kind: ClaimKind
    value: str | Mapping[str, str | float]
    source: str
    confidence: Confidence
    notes: tuple[str, ...] = ()

    def as_facts(self) -> dict[str, Any]:
        value = self.value if isinstance(self.value, str) else dict(self.value)
        return {
            "kind": self.kind,
            "value": value,
            "source": self.source,
            "confidence": self.confidence,
            "notes": list(self.notes),
        }


class Withheld(NamedTuple):
    """Something was there and no claim was made of it. `reason` is a stable code."""

    kind: ClaimKind
    raw: str
    source: str
    reason: str


class KeptTrack(NamedTuple):
    """A track as it is stored: rows as docs/formats/positions.md has them, and their digest, which a claim states."""

    source: str
    points: tuple[tuple[int | None, ...], ...]
    sha256: bytes


class Claims(NamedTuple):
    stated: tuple[Claim, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    tracks: tuple[KeptTrack, ...] = ()

    def of(self, kind: ClaimKind) -> tuple[Claim, ...]:
        return tuple(claim for claim in self.stated if claim.kind == kind)

    def best(self, kind: ClaimKind) -> Claim | None:
        """The one to show when there is room for one; the first among those of equal confidence."""
        order = ("stated", "assumed", "doubtful")
        return min(self.of(kind), key=lambda claim: order.index(claim.confidence), default=None)


def claims_as_facts(claims: Claims) -> dict[str, Any]:
    """As JSON, to be handed from the process that read them to the one that keeps them."""
    withheld = [{"kind": w.kind, "raw": w.raw, "source": w.source, "reason": w.reason} for w in claims.withheld]
    return {"stated": [claim.as_facts() for claim in claims.stated], "withheld": withheld}


def claims_from_facts(facts: Mapping[str, Any]) -> Claims:
    """The inverse of claims_as_facts. Raises KeyError, TypeError or ValueError for anything else."""
    stated = tuple(Claim(**{**said, "notes": tuple(said["notes"])}) for said in facts["stated"])
    return Claims(stated, tuple(Withheld(**said) for said in facts["withheld"]))


def claims_of_row(kept: Iterable[Any]) -> Claims:
    """Those of a recording's row, as they were stated at sealing."""
    rows = (facts for facts in kept if isinstance(facts, Mapping))
    return Claims(
        tuple(
            Claim(facts["kind"], facts["value"], facts["source"], facts["confidence"], tuple(facts.get("notes") or ()))
            for facts in rows
        )
    )


def gather(found: Iterable[Claim | Withheld]) -> Claims:
    """Once each, in the order found."""
    unique: list[Claim | Withheld] = []
    for item in found:
        if item not in unique:
            unique.append(item)
    return Claims(
        tuple(item for item in unique if isinstance(item, Claim)),
        tuple(item for item in unique if isinstance(item, Withheld)),
    )


def join(*parts: Claims) -> Claims:
    everything: list[Claim | Withheld] = []
    for part in parts:
        everything += [*part.stated, *part.withheld]
    tracks = tuple(track for part in parts for track in part.tracks)
    return gather(everything)._replace(tracks=tracks)
