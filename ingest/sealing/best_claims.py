"""The one best word on who made a recording, with what, when and where: stated among its claims, and read from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from ingest.metadata.claims import Claim, Claims, Confidence, Withheld
from ingest.metadata.places import judge_places
from ingest.metadata.times import ClockWord, assess_times, withhold_refused
from ingest.sealing.claims import LONGEST_RAW
from integrity.hidden_signs import without_hidden
from storage.claims import stated_time

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


def state_best(said: Claims, received_at: datetime, duration_seconds: float | None) -> Claims:
    """The claims and, stated with them, when it began and where, as best as can be said, and what was not believed.

    They are signed with the rest: another release may judge otherwise, and this recording keeps what was judged."""
    assessment = assess_times(said, received_at, duration_seconds)
    said = withhold_refused(said, assessment)
    # A place is not weighed like a time: what is doubted is none, and nor is one of two.
    place, contradicted = judge_places(said)
    placed = [] if place is None else [_best_place(place)]
    stated = [*said.stated, _best_start(assessment.best), *placed]
    return said._replace(stated=(*stated, *map(_as_claim, (*said.withheld, *contradicted))))


def state_unjudged(said: Claims) -> Claims:
    """Where judging failed: every claim as it was made, and that no time is believed, with a note of why."""
    unjudged = Claim("best_start", {}, "receipt", "doubtful", (NOT_JUDGED,))
    return said._replace(stated=(*said.stated, unjudged, *map(_as_claim, said.withheld)))


def _best_start(best: ClockWord | None) -> Claim:
    """Of a recording no clock can be believed for, that there is none."""
    if best is None:
        return Claim("best_start", {}, "receipt", "doubtful")
    time = best.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    value: dict[str, str | float] = {"time": time, "uncertainty_seconds": round(best.uncertainty_seconds, 3)}
    confidence: Confidence = "stated" if best.rank < 4 else "assumed" if best.rank < 7 else "doubtful"
    return Claim("best_start", value, best.source, confidence, best.notes)


def _best_place(place: Claim) -> Claim:
    return place._replace(kind="best_place")


def _as_claim(withheld: Withheld) -> Claim:
    words = {"kind": withheld.kind, "raw": withheld.raw, "reason": withheld.reason}
    value = {name: _printable(word) for name, word in words.items()}
    return Claim("withheld", value, _printable(withheld.source), "doubtful")


def _printable(raw: str) -> str:
    return without_hidden(raw.encode("utf-8", "backslashreplace").decode()[:LONGEST_RAW])


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


def _text(claim: Claim | None) -> str | None:
    return claim.value if claim is not None and isinstance(claim.value, str) else None


def _time(claim: Claim | None) -> datetime | None:
    return None if claim is None else stated_time(claim.value)


def _number(claim: Claim | None, name: str) -> float | None:
    value = None if claim is None or isinstance(claim.value, str) else claim.value.get(name)
    return float(value) if isinstance(value, int | float) else None
