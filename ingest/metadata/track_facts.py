"""Tracks as JSON rows: from the process that read a file to the one that believes it, and into the catalog.

docs/formats/positions.md has the rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from ingest.metadata.claims import Claim, Claims, KeptTrack, Withheld, gather
from ingest.metadata.clock import LATEST, OLDEST
from ingest.metadata.positions import MOST_POINTS, Row
from integrity.canonical import canonical_json

COLUMNS: Final = ("offset_ms", "latitude_e7", "longitude_e7", "altitude_cm", "speed_cm_s", "fix")
# What each may be: the first and the last three may be null.
RANGES: Final = ((0, 1 << 42), (-(9 * 10**8), 9 * 10**8), (-18 * 10**8, 18 * 10**8), *((-(1 << 40), 1 << 40),) * 3)
ALWAYS_THERE: Final = (1, 2)
LONGEST_SOURCE: Final = 40
MOST_TRACKS: Final = 8


def digest_rows(rows: Sequence[Sequence[int | None]]) -> bytes:
    """SHA-256 of the rows as canonical JSON."""
    return hashlib.sha256(canonical_json([list(row) for row in rows], "positions")).digest()


def claims_of_tracks(facts: Any) -> Claims:
    """What the tracks of `read_file_facts` claim, and the tracks themselves. What has not their shape is left out."""
    found: list[Claim | Withheld] = []
    kept: list[KeptTrack] = []
    for track in facts[:MOST_TRACKS] if isinstance(facts, list) else ():
        source = track.get("source") if isinstance(track, Mapping) else None
        if not isinstance(source, str) or not 0 < len(source) <= LONGEST_SOURCE:
            continue
        rows = rows_of(track.get("points"))
        if rows:
            kept.append(KeptTrack(source, rows, digest_rows(rows)))
        found += claims_of_track(f"track:{source}", track, kept[-1] if rows else None)
    return Claims(*(gather(found).stated, gather(found).withheld), tuple(kept))


def claims_of_track(source: str, track: Mapping[str, Any], kept: KeptTrack | None) -> Iterator[Claim | Withheld]:
    left_out = track.get("left_out")
    reasons = {str(r): n for r, n in left_out.items() if type(n) is int} if isinstance(left_out, Mapping) else {}
    if kept is None:
        for reason in reasons:
            yield Withheld("location", f"{reasons[reason]} points", source, reason)
        return
    notes = tuple(f"{reason}:{count}" for reason, count in sorted(reasons.items()))
    fixes = {row[-1] for row in kept.points}
    value: dict[str, str | float] = {"points": len(kept.points), "sha256": kept.sha256.hex()}
    yield Claim("track", value, source, "assumed" if fixes == {None} else "stated", notes)
    _, latitude, longitude, height, _, fix = kept.points[0]
    where: dict[str, str | float] = {"latitude": (latitude or 0) / 1e7, "longitude": (longitude or 0) / 1e7}
    if height is not None:
        where["altitude_metres"] = height / 100
    yield Claim("location", where, source, "assumed" if fix is None else "stated")
    started, spread = track.get("started_at"), track.get("spread_seconds")
    try:
        moment = datetime.fromisoformat(str(started))
    except ValueError:
        return
    if moment.tzinfo is not None and isinstance(spread, int | float) and OLDEST <= moment < LATEST:
        time = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        yield Claim("gps_time", {"time": time, "spread_seconds": round(float(spread), 3)}, source, "stated")


def rows_of(points: Any) -> tuple[Row, ...]:
    """Rows with whole numbers within what a point can be; none at all where one row is something else."""
    if not isinstance(points, list | tuple) or len(points) > MOST_POINTS:
        return ()
    return tuple(map(tuple, points)) if all(map(is_row, points)) else ()


def is_row(row: Any) -> bool:
    if not isinstance(row, list | tuple) or len(row) != len(COLUMNS):
        return False
    return all(
        (value is None and n not in ALWAYS_THERE) or (type(value) is int and RANGES[n][0] <= value <= RANGES[n][1])
        for n, value in enumerate(row)
    )
