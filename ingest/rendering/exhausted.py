"""One limit that a file breaks decides for all that is left to be made of it: a bomb costs one, and not one a step.

What it did to one tool it would do to the next, in whatever lane that runs. Its bytes are kept like any others, and
that it could not be decoded whole is entered.
"""

from __future__ import annotations

import uuid
from typing import Final

import structlog
from sqlalchemy import select

from ingest.media import findings as code
from ingest.media.stops import Stop
from ingest.media.whole import LIMIT_BROKEN, Decoded
from ingest.rendering.decoding import record_decoding
from ingest.rendering.due import DECODE, DueRenditions
from ingest.rendering.ending import give_up
from ingest.rendering.workshop import Rendering
from storage.catalog.recordings import DECODING, MediaJob, Recording
from storage.database import Database

log = structlog.get_logger()

OVER_LIMIT: Final = "limit_broken"
"""How the outcome of a job begins that was not tried: then the step in which a limit was broken, and which."""
FIRST_LOOK: Final = "probe"


class LimitBroken(Exception):
    """By the file, in a step that has been recorded as failed. `said` names both."""

    def __init__(self, step: str, stop: str) -> None:
        super().__init__(f"{step}: {stop}")
        self.said = f"{step}: {stop}"


def find_broken_limit(database: Database, recording_id: uuid.UUID) -> str | None:
    """In which step a recording broke which, at its first look or since; None where it broke none."""
    failed = select(MediaJob.kind, MediaJob.outcome).where(
        MediaJob.recording_id == recording_id, MediaJob.state == "failed"
    )
    with database.reading() as session:
        findings = session.get_one(Recording, recording_id).findings
        jobs = session.execute(failed.order_by(MediaJob.finished_at)).all()
    steps = [(FIRST_LOOK, str(by)) for by in stopped_by(findings.get("reasons"))]
    steps += [(kind, (outcome or "").partition(":")[0]) for kind, outcome in jobs]
    return next((f"{step}: {word}" for step, word in steps if decides(step, Stop.of(word))), None)


def stopped_by(reasons: object) -> list[object]:
    listed = reasons if isinstance(reasons, list) else []
    stopped = (each for each in listed if isinstance(each, dict) and each.get("code") == code.PROBE_STOPPED)
    return [(each.get("facts") or {}).get("by") for each in stopped]


def decides(step: str, stop: Stop | None) -> bool:
    """A deadline is the machine's, unless a job has failed of it for good (blame.py)."""
    return stop is not None and (stop.is_limit or (stop is Stop.DEADLINE and step != FIRST_LOOK))


def end_over_limit(due: DueRenditions, broken: str, rendering: Rendering) -> None:
    """All that is leased and not made yet, without trying it."""
    log.warning("media.limit_broken", recording=str(due.recording_id), lane=due.lane, broken=broken)
    if due.lane == DECODE:
        unknown = Decoded("not_decoded", LIMIT_BROKEN, None, None, 0, 0, None)
        record_decoding(rendering.database, due, unknown, DECODING, rendering.runner)
    else:
        give_up(rendering.database, due, f"{OVER_LIMIT}: {broken}")
