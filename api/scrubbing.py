"""The scrubber of an archive: for one command, and for housekeeping, which goes on with it a little at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import structlog

from api.archive import Archive
from api.pace import AWAY_SECONDS, Pace
from api.trust_folder import announced_keys
from ingest.lease import name_worker
from ingest.scrub.conclusion import Seen
from ingest.scrub.due import Selection
from ingest.scrub.scrubber import Scrubber
from storage.errors import StorageError

IDLE_SECONDS: Final = 30.0
"""So long nothing is asked for after nothing was due."""

log = structlog.get_logger()


def open_scrubber(archive: Archive, selection: Selection) -> Scrubber:
    """A worker of a name of its own. Raises nothing: keys are asked for when the first batch is taken."""
    keys = partial(announced_keys, archive, "manifest")
    return Scrubber(archive.database, archive.everywhere, keys, name_worker(), selection, archive.replica)


class SteadyScrub:
    """What housekeeping has of it. An object that is begun stays open between two wake-ups, which renew its lease;
    where they come too late, another looks at it, and what was seen here does not count."""

    def __init__(self, archive: Archive, clock: Callable[[], float] = time.monotonic) -> None:
        self._scrubber = open_scrubber(archive, Selection.in_rounds(archive.settings.scrub_days))
        self._pace = Pace(archive.database, archive.settings.scrub_rate, clock)

    def go_on(self) -> Sequence[Seen]:
        """As much as is allowed by now; never longer than a moment. A store that is away is waited for."""
        allowed = self._pace.allowed()
        if not allowed:
            return ()
        try:
            step = self._scrubber.go_on(allowed)
        except StorageError as error:
            log.warning("scrub.waits", error=type(error).__name__)
            self._pace.rest(AWAY_SECONDS)
            return ()
        except Exception:
            self._pace.rest(AWAY_SECONDS)  # what is wrong stays so for a while: said twice a minute, not every second
            raise
        self._pace.spend(step.read_bytes)
        if step.idle:
            self._pace.rest(IDLE_SECONDS)
        _log(step.seen)
        return step.seen


def _log(seen: Sequence[Seen]) -> None:
    """What is lost every time that it is found so, for whoever watches the log and nothing else."""
    for each in seen:
        facts = {"kind": each.due.kind, "id": str(each.due.id), "object": each.stated.object_name}
        if not each.is_whole:
            log.error("scrub.lost", **facts, found=each.found, why=each.why)
        elif each.is_whole_again:
            log.warning("scrub.healed" if each.healed else "scrub.whole_again", **facts)
