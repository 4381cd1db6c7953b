"""What is claimed about a recording, from every source, and the one best word on who, with what and when.

Claims stay claims: they go into the manifest and the row with their source, and decide nothing about custody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from ingest.media.findings import Findings
from ingest.metadata.claims import Claim, ClaimKind, Claims, Withheld, gather, join
from ingest.metadata.clock import SHANGHAI, time_claim
from ingest.metadata.container_tags import claims_from_tags
from ingest.metadata.file_name import claims_from_name
from ingest.metadata.reading import exif_claims
from integrity.canonical import canonical_json
from integrity.errors import MalformedEvidence

STATION = "station"
UNSTATABLE = "not_statable"


@dataclass(frozen=True)
class BestClaims:
    """One answer a question, or None: what lists show and linking goes by."""

    device: str | None
    officer: str | None
    started_at: datetime | None


def read_claims(station_claims: Mapping[str, Any], findings: Findings, zone: tzinfo = SHANGHAI) -> Claims:
    """Everything the station, the file's name and the file itself say. Never raises for hostile content."""
    said = join(
        claims_of_station(station_claims, zone),
        claims_from_name(str(station_claims.get("filename", "")), zone),
        claims_from_tags(findings, zone),
        exif_claims(findings.contents) if findings.is_still else Claims(),
    )
    return withhold_unstatable(said)


def withhold_unstatable(said: Claims) -> Claims:
    """What neither manifest nor row can hold (half a surrogate pair, a number past 2^53, NUL) must not stop sealing."""
    stated, withheld = [], list(said.withheld)
    for claim in said.stated:
        try:
            storable = b"\\u0000" not in canonical_json(claim.as_facts())
        except MalformedEvidence:
            storable = False
        if storable:
            stated.append(claim)
        else:
            raw = repr(claim.value).encode("ascii", "backslashreplace").decode()[:200]
            withheld.append(Withheld(claim.kind, raw, claim.source, UNSTATABLE))
    return Claims(tuple(stated), tuple(withheld))


def claims_of_station(stated: Mapping[str, Any], zone: tzinfo) -> Claims:
    """`device`, `officer` and `started_at` of Upload-Metadata. A time without an offset is taken for local time."""
    plain: list[Claim] = [
        Claim(kind, str(stated[kind]), STATION, "stated") for kind in _PLAIN_KINDS if stated.get(kind)
    ]
    moment = _parse_moment(str(stated.get("started_at") or ""))
    if moment is None:
        return gather(plain)
    return gather([*plain, time_claim("started_at", moment, zone, str(stated["started_at"]), STATION)])


_PLAIN_KINDS: tuple[ClaimKind, ...] = ("device", "officer")


def best_claims(claims: Claims) -> BestClaims:
    """The station's word before the name's, the name's before the file's; a clock only where no start is claimed."""
    started = claims.best("started_at") or claims.best("clock")
    return BestClaims(
        device=_text(claims.best("device")), officer=_text(claims.best("officer")), started_at=_moment(started)
    )


def claims_by_kind(claims: Claims) -> dict[str, list[dict[str, Any]]]:
    """As the manifest states them: kind → each claim with its source and confidence."""
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for claim in claims.stated:
        facts = claim.as_facts()
        by_kind.setdefault(facts.pop("kind"), []).append(facts)
    return by_kind


def _text(claim: Claim | None) -> str | None:
    return claim.value if claim is not None and isinstance(claim.value, str) else None


def _moment(claim: Claim | None) -> datetime | None:
    if claim is None or isinstance(claim.value, str):
        return None
    return _parse_moment(str(claim.value.get("time", "")))


def _parse_moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # no time at all, or one of the years 1 and 9999 moved by its zone
        return None
