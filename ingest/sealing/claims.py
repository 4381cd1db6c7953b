"""What is claimed about a recording, from every source, and the one best word on who, with what and when.

Claims stay claims: they go into the manifest and the row with their source, and decide nothing about custody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, get_args

from ingest.media.findings import Findings
from ingest.metadata.claims import Claim, ClaimKind, Claims, Confidence, Withheld, gather, join
from ingest.metadata.clock import SHANGHAI, time_claim
from ingest.metadata.container_tags import claims_from_tags
from ingest.metadata.file_name import NamePattern, claims_from_name
from ingest.metadata.reading import exif_claims
from ingest.metadata.times import ClockWord, assess_times
from ingest.metadata.track_facts import claims_of_tracks
from ingest.sealing.damage_claims import claims_of_damage
from integrity.canonical import canonical_json
from integrity.errors import MalformedEvidence
from storage.claims import stated_time

STATION = "station"
UNSTATABLE = "not_statable"
EVIDENCE = "evidence"


LONGEST_RAW = 200
KINDS = get_args(ClaimKind)
CONFIDENCES = get_args(Confidence)
NOT_JUDGED = "not_judged"


@dataclass(frozen=True)
class BestClaims:
    """One answer a question, or None: what lists show and linking goes by."""

    device: str | None
    officer: str | None
    started_at: datetime | None
    started_at_source: str | None = None
    started_at_uncertainty_seconds: float | None = None
    latitude: float | None = None
    longitude: float | None = None
    place_source: str | None = None


def read_claims(
    station_claims: Mapping[str, Any], findings: Findings, zone: tzinfo = SHANGHAI, names: Sequence[NamePattern] = ()
) -> Claims:
    """Everything the station, the file's name and the file itself say. `names`: patterns beside the known ones.

    Never raises for hostile content."""
    said = join(
        claims_of_station(station_claims, zone),
        claims_from_name(str(station_claims.get("filename", "")), zone, names),
        claims_of_tracks(findings.contents.get("tracks")),
        claims_from_tags(findings, zone),
        exif_claims(findings.contents) if findings.is_still else Claims(),
        gather(claims_of_damage(findings)),
    )
    return withhold_unstatable(said)


def state_best(said: Claims, received_at: datetime, duration_seconds: float | None, zone: tzinfo = SHANGHAI) -> Claims:
    """The claims and, stated with them, when it began and where, as best as can be said, and what was not believed.

    They are signed with the rest: another release may judge otherwise, and this recording keeps what was judged."""
    best = assess_times(said, received_at, duration_seconds, zone).best
    place = said.best("location")
    stated = [*said.stated, _best_start(best), *([] if place is None else [_best_place(place)])]
    return replace(said, stated=(*stated, *map(_as_claim, said.withheld)))


def state_unjudged(said: Claims) -> Claims:
    """Where judging failed: every claim as it was made, and that no time is believed, with a note of why."""
    unjudged = Claim("best_start", {}, "receipt", "doubtful", (NOT_JUDGED,))
    return replace(said, stated=(*said.stated, unjudged, *map(_as_claim, said.withheld)))


def _best_start(best: ClockWord | None) -> Claim:
    """Of a recording no clock can be believed for, that there is none."""
    if best is None:
        return Claim("best_start", {}, "receipt", "doubtful")
    time = best.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    value: dict[str, str | float] = {"time": time, "uncertainty_seconds": round(best.uncertainty_seconds, 3)}
    confidence: Confidence = "stated" if best.rank < 4 else "assumed" if best.rank < 7 else "doubtful"
    return Claim("best_start", value, best.source, confidence, best.notes)


def _best_place(place: Claim) -> Claim:
    return replace(place, kind="best_place")


def _as_claim(withheld: Withheld) -> Claim:
    words = {"kind": withheld.kind, "raw": withheld.raw, "reason": withheld.reason}
    value = {name: _printable(word) for name, word in words.items()}
    return Claim("withheld", value, _printable(withheld.source), "doubtful")


def _printable(raw: str) -> str:
    return raw.encode("utf-8", "backslashreplace").decode()[:LONGEST_RAW].replace("\0", "\N{REPLACEMENT CHARACTER}")


def withhold_unstatable(said: Claims) -> Claims:
    """What neither manifest nor row can hold (half a surrogate pair, a number past 2^53, NUL) must not stop sealing."""
    stated, withheld = [], list(said.withheld)
    for claim in said.stated:
        try:
            # A reader in the sandbox may have been led to say anything: only kinds of ours are stated.
            ours = claim.kind in KINDS and claim.confidence in CONFIDENCES and isinstance(claim.value, str | Mapping)
            storable = ours and b"\\u0000" not in canonical_json(claim.as_facts())
        except MalformedEvidence:
            storable = False
        if storable:
            stated.append(claim)
        else:
            raw = repr(claim.value).encode("ascii", "backslashreplace").decode()[:200]
            withheld.append(Withheld(claim.kind, raw, claim.source, UNSTATABLE))
    return Claims(tuple(stated), tuple(withheld), said.tracks)


def claims_of_station(stated: Mapping[str, Any], zone: tzinfo) -> Claims:
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
    return gather([*plain, time_claim("started_at", moment, zone, str(stated["started_at"]), STATION)])


_PLAIN_KINDS: tuple[ClaimKind, ...] = ("device", "officer", "act", "group")


def best_claims(claims: Claims) -> BestClaims:
    """The station's word before the name's, the name's before the file's; when and where as they were judged.

    Manifests of before there was such a judgement state none: there a start before a clock, the surest first.
    """
    who = BestClaims(device=_text(claims.best("device")), officer=_text(claims.best("officer")), started_at=None)
    judged = next(iter(claims.of("best_start")), None)
    if judged is None:
        return replace(who, started_at=_time(claims.best("started_at") or claims.best("clock")))
    place = next(iter(claims.of("best_place")), None)
    started_at = _time(judged)
    return replace(
        who,
        started_at=started_at,
        started_at_source=None if started_at is None else judged.source,
        started_at_uncertainty_seconds=_number(judged, "uncertainty_seconds"),
        latitude=_number(place, "latitude"),
        longitude=_number(place, "longitude"),
        place_source=None if place is None else place.source,
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


def _time(claim: Claim | None) -> datetime | None:
    return None if claim is None else stated_time(claim.value)


def _number(claim: Claim | None, name: str) -> float | None:
    value = None if claim is None or isinstance(claim.value, str) else claim.value.get(name)
    return float(value) if isinstance(value, int | float) else None


def _parse_moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # no time at all, or one of the years 1 and 9999 moved by its zone
        return None
