"""What is claimed about a recording, from every source.

Claims stay claims: they go into the manifest and the row with their source, and decide nothing about custody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, get_args

from ingest.media.findings import Findings
from ingest.metadata.claims import Claim, ClaimKind, Claims, Confidence, Withheld, gather, join
from ingest.metadata.clock import moment_in, time_claim
from ingest.metadata.container_tags import claims_from_tags
from ingest.metadata.file_name import IsRegistered, NamePattern, claims_from_name
from ingest.metadata.reading import exif_claims
from ingest.metadata.track_facts import claims_of_tracks
from ingest.sealing.damage_claims import claims_of_damage
from integrity.canonical import canonical_json
from integrity.errors import MalformedEvidence
from integrity.hidden_signs import without_hidden

STATION = "station"
UNSTATABLE = "not_statable"
EVIDENCE = "evidence"
LONGEST_RAW = 200
KINDS = get_args(ClaimKind)
CONFIDENCES = get_args(Confidence)


def read_claims(
    station_claims: Mapping[str, Any],
    findings: Findings,
    names: Sequence[NamePattern] = (),
    is_registered: IsRegistered = lambda code: False,
) -> Claims:
    """Everything the station, the file's name and the file itself say. `names`: patterns beside the known ones.

    Never raises for hostile content; what `is_registered` raises, when it is asked, is raised."""
    said = join(
        claims_of_station(station_claims),
        claims_from_name(str(station_claims.get("filename", "")), names, is_registered),
        claims_of_tracks(findings.contents.get("tracks")),
        claims_from_tags(findings),
        exif_claims(findings.contents) if findings.is_photographed else Claims(),
        gather(claims_of_damage(findings)),
    )
    return withhold_unstatable(said)


def withhold_unstatable(said: Claims) -> Claims:
    """What neither manifest nor row can hold (half a surrogate pair, a number past 2^53, NUL) must not stop sealing.

    What they hold is shown to people: no claim keeps a sign that would steer a terminal, wherever it was read."""
    stated, withheld = [], list(said.withheld)
    for claim in said.stated:
        try:
            # A reader in the sandbox may have been led to say anything: only kinds of ours are stated.
            ours = claim.kind in KINDS and claim.confidence in CONFIDENCES and isinstance(claim.value, str | Mapping)
            storable = ours and b"\\u0000" not in canonical_json(claim.as_facts())
        except MalformedEvidence:
            storable = False
        if storable:
            stated.append(without_hidden_signs(claim))
        else:
            raw = repr(claim.value).encode("ascii", "backslashreplace").decode()[:200]
            withheld.append(Withheld(claim.kind, raw, claim.source, UNSTATABLE))
    return Claims(tuple(stated), tuple(withheld), said.tracks)


def without_hidden_signs(claim: Claim) -> Claim:
    """U+FFFD stands where one was: what was read can still be recognised."""
    return Claim(
        claim.kind,
        _shown(claim.value),
        _shown(claim.source),
        claim.confidence,
        tuple(map(_shown, claim.notes)),
    )


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return without_hidden(value)
    if isinstance(value, Mapping):
        return {_shown(name): _shown(each) for name, each in value.items()}
    return [_shown(each) for each in value] if isinstance(value, list | tuple) else value


def claims_of_station(stated: Mapping[str, Any]) -> Claims:
    """What Upload-Metadata says of a file (docs/tus.md). A time without an offset is taken for local time."""
    others = stated.get("others")
    stated = {**(others if isinstance(others, Mapping) else {}), **stated}
    plain: list[Claim] = [
        Claim(kind, str(stated[kind])[:LONGEST_RAW], STATION, "stated") for kind in _PLAIN_KINDS if stated.get(kind)
    ]
    if stated.get("marked") == "1":
        plain.append(Claim("mark", EVIDENCE, STATION, "stated"))
    moment = _parse_moment(str(stated.get("started_at") or ""))
    if moment is None:
        return gather(plain)
    return gather([*plain, time_claim("started_at", moment, str(stated["started_at"]), STATION)])


_PLAIN_KINDS: tuple[ClaimKind, ...] = ("device", "officer", "act", "group")


def claims_by_kind(claims: Claims) -> dict[str, list[dict[str, Any]]]:
    """As the manifest states them: kind → each claim with its source and confidence."""
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for claim in claims.stated:
        facts = claim.as_facts()
        by_kind.setdefault(facts.pop("kind"), []).append(facts)
    return by_kind


def _parse_moment(text: str) -> datetime | None:
    moment = moment_in(text)
    try:
        return moment if moment is None or moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # one of the years 1 and 9999, moved by its zone
        return None
