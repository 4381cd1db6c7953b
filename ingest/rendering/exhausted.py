"""One limit that a file breaks decides for all that is left to be made of it: a bomb costs one, and not one a step.

What it did to one tool it would do to the next, in whatever lane that runs. Its bytes are kept like any others, and
that it could not be decoded whole is entered.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import exists, select

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


@dataclass(frozen=True)
class Broken:
    """Which limit, and in which step."""

    step: str
    stop: Stop

    def __str__(self) -> str:
        return f"{self.step}: {self.stop}"


class LimitBroken(Exception):
    """By the file, in a step that has been recorded as failed."""

    def __init__(self, broken: Broken) -> None:
        super().__init__(str(broken))
        self.broken = broken


def find_broken_limit(database: Database, recording_id: uuid.UUID) -> Broken | None:
    """In which step a recording broke which, at its first look or since; None where it broke none.

    Once a person had it tried again, the first look is no reason any more not to."""
    mine = MediaJob.recording_id == recording_id
    failed = select(MediaJob.kind, MediaJob.outcome).where(mine, MediaJob.state == "failed")
    with database.reading() as session:
        findings = session.get_one(Recording, recording_id).findings
        jobs = session.execute(failed.order_by(MediaJob.finished_at)).all()
        retried = session.scalar(select(exists().where(mine, MediaJob.retried_at.is_not(None))))
    steps = [] if retried else [(FIRST_LOOK, str(by)) for by in stopped_by(findings.get("reasons"))]
    steps += [(kind, (outcome or "").partition(":")[0]) for kind, outcome in jobs]
    broken = (Broken(step, stop) for step, word in steps if (stop := Stop.of(word)) is not None)
    return next((each for each in broken if decides(each)), None)


def stopped_by(reasons: object) -> list[object]:
    listed = reasons if isinstance(reasons, list) else []
    stopped = (each for each in listed if isinstance(each, dict) and each.get("code") == code.PROBE_STOPPED)
    return [(each.get("facts") or {}).get("by") for each in stopped]


def decides(broken: Broken) -> bool:
    """A deadline is the machine's, unless a job has failed of it for good (blame.py)."""
    return broken.stop.is_limit or (broken.stop is Stop.DEADLINE and broken.step != FIRST_LOOK)


def end_over_limit(due: DueRenditions, broken: Broken, rendering: Rendering) -> None:
    """All that is leased and not made yet, without trying it. Of a file that broke a limit it is entered that nobody
    knows whether it decodes; what was never in time may have been the machine's doing, and is no word on the file."""
    log.warning("media.limit_broken", recording=str(due.recording_id), lane=due.lane, broken=str(broken))
    if due.lane == DECODE and broken.stop.is_limit:
        unknown = Decoded("not_decoded", LIMIT_BROKEN, None, None, 0, 0, None)
        record_decoding(rendering.database, due, unknown, DECODING, rendering.runner)
    else:
        give_up(rendering.database, due, f"{OVER_LIMIT}: {broken}")
