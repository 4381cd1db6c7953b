"""What an upload says of a file that is sealed already: kept beside the recording, and compared with what was sealed.

Whoever sends the bytes first decides nothing for whoever sends them next. Left out is what the bytes themselves say,
which was said at sealing, and the `group`: the same card has another whenever it is put in.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.metadata.claims import Claim, ClaimKind, Claims, claims_of_row
from ingest.sealing.best_claims import best_claims
from ingest.sealing.claims import STATION
from ingest.sealing.due import DueUpload
from storage.catalog.recordings import ReceivedAgain, Recording
from storage.claims import stated_time

AGREES_WITHIN: Final = 300.0
"""How many seconds a claimed start may be off and still agree: docs/metadata.md."""
_IN_WORDS: Final[tuple[ClaimKind, ...]] = ("device", "officer", "act", "mark")


@dataclass(frozen=True)
class WordsOfPeople:
    """What the station or the file's name says of it: nothing that the bytes say."""

    device: str | None
    officer: str | None
    act: str | None
    started_at: datetime | None
    started_at_source: str | None
    started_at_uncertainty_seconds: float | None


def words_of_people(said: Claims) -> WordsOfPeople:
    """As they stand in the row, which its claims alone decide."""
    return WordsOfPeople(_first(said, "device"), _first(said, "officer"), _first(said, "act"), *_start(said))


def received_again(session: Session, upload: DueUpload, recording_id: uuid.UUID, said: Claims) -> ReceivedAgain:
    """The row, not yet added. `said` is judged as it would be of a new file."""
    columns = (
        Recording.unit_id,
        Recording.original_name,
        Recording.claims,
        Recording.started_at,
        Recording.started_at_uncertainty_seconds,
    )
    sealed = session.execute(select(*columns).where(Recording.id == recording_id)).one()
    unit_id, name, claims, start, uncertainty = sealed
    before = claims_of_row(claims)
    row = ReceivedAgain(
        upload_id=upload.id,
        recording_id=recording_id,
        unit_id=unit_id,
        station_id=upload.station_id,
        original_name=upload.filename,
        claims=[claim.as_facts() for claim in said.stated],
        received_at=upload.finished_at,
        **asdict(words_of_people(said)),
    )
    differs: list[str] = [kind for kind in _IN_WORDS if set(_values(said, kind)) - _all_values(before, kind)]
    if upload.filename != name:
        differs.append("name")
    if row.started_at is not None and _is_another_start(row.started_at, before, start, uncertainty):
        differs.append("time")
    row.differs = sorted(differs)
    return row


def _of_people(said: Claims, kind: ClaimKind) -> Iterator[Claim]:
    return (claim for claim in said.of(kind) if claim.source == STATION or claim.source.startswith("name:"))


def _values(said: Claims, kind: ClaimKind) -> Iterator[str]:
    return (claim.value for claim in _of_people(said, kind) if isinstance(claim.value, str))


def _all_values(said: Claims, kind: ClaimKind) -> set[str]:
    return {claim.value for claim in said.of(kind) if isinstance(claim.value, str)}


def _first(said: Claims, kind: ClaimKind) -> str | None:
    return next(_values(said, kind), None)


def _start(said: Claims) -> tuple[datetime | None, str | None, float | None]:
    """As it was judged where it was judged by such a word; else the first of them."""
    best = best_claims(said)
    words = {claim.source: time for claim in _of_people(said, "started_at") if (time := stated_time(claim.value))}
    if best.started_at is not None and best.started_at_source in words:
        return best.started_at, best.started_at_source, best.started_at_uncertainty_seconds
    source, time = next(iter(words.items()), (None, None))
    return time, source, None if time is None else AGREES_WITHIN


def _is_another_start(word: datetime, before: Claims, start: datetime | None, uncertainty: float | None) -> bool:
    told = (stated_time(claim.value) for claim in before.of("started_at"))
    if any(time is not None and abs(word - time) <= timedelta(seconds=AGREES_WITHIN) for time in told):
        return False
    return start is None or abs(word - start).total_seconds() > AGREES_WITHIN + (uncertainty or 0.0)
