"""The station's word about itself, once a minute and as the agent ends (docs/stations.md, POST station-reports).

A thread of its own, because a report must neither wait for footage nor hold it up: one that fails is told once and
tried again a minute later.
"""

from __future__ import annotations

import importlib.metadata
import shutil
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ingest.dock.archive import Archive
from ingest.dock.clock import ClockReading
from ingest.dock.errors import DockError, Interrupted, StationRefused, TransferRefused, TryAgain
from ingest.dock.events import ClockMeasured, Listener, ReportFailed, ReportTaken
from ingest.dock.words import Words, reason_of

# How far two measurements must be apart, beyond what either does not know, to be told anew.
_NEWS_SECONDS = 0.5
_LAST_WORD_SECONDS = 5.0
_NOT_TAKEN = Words("this archive takes no reports", "该档案系统不接收状态报告")


class Reporter:
    """Reports while it is open. `waiting_files` is asked each time: how many files are not received yet."""

    def __init__(
        self,
        archive: Archive,
        state_folder: Path,
        waiting_files: Callable[[], int],
        tell: Listener,
        interval_seconds: float = 60.0,
    ) -> None:
        self._archive = archive
        self._state_folder = state_folder
        self._waiting_files = waiting_files
        self._tell = tell
        self._interval_seconds = interval_seconds
        self._over = threading.Event()
        self._failing = False
        self._told: ClockReading | None = None
        self._thread = threading.Thread(target=self._run, name="dock-report", daemon=True)

    def __enter__(self) -> Reporter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """A last word on how it ended, if the archive takes it soon enough."""
        self._over.set()
        self._thread.join(_LAST_WORD_SECONDS)

    def _run(self) -> None:
        while True:
            ending = self._over.is_set()
            before = self._archive.clock.read()
            taken = self._report()
            if taken is None or ending:
                return
            if taken and before is None and self._archive.clock.read() is not None:
                continue  # The clock has just been measured for the first time: say so.
            self._over.wait(self._interval_seconds)

    def _report(self) -> bool | None:
        """Whether the archive took it; None when it never will."""
        try:
            self._archive.send_report(self._say())
        except TryAgain as error:
            return self._failed(error.reason)
        except TransferRefused:
            self._failed(_NOT_TAKEN)
            return None
        except StationRefused as error:
            # Whoever sends footage hears the same and ends the run; that is not for a report to do.
            return self._failed(error.detail)
        except Interrupted:
            return None
        except DockError as error:
            return self._failed(error.words)
        except OSError as error:
            return self._failed(reason_of(error))
        except RuntimeError:
            # The last word came too late: the connection was closed under it, and nobody waits for it any more.
            if not self._over.is_set():
                raise
            return None
        if self._failing:
            self._failing = False
            self._tell(ReportTaken())
        self._tell_clock()
        return True

    def _say(self) -> dict[str, object]:
        reading = self._archive.clock.read()
        return {
            "agent_version": importlib.metadata.version("liuhen"),
            "free_bytes": shutil.disk_usage(self._state_folder).free,
            "waiting_files": self._waiting_files(),
            "at": datetime.now().astimezone().isoformat(),
            "clock_offset_seconds": reading and round(reading.offset_seconds, 6),
            "clock_uncertainty_seconds": reading and round(reading.uncertainty_seconds, 6),
        }

    def _failed(self, reason: Words) -> bool:
        if not self._failing:
            self._failing = True
            self._tell(ReportFailed(reason))
        return False

    def _tell_clock(self) -> None:
        reading, told = self._archive.clock.read(), self._told
        if reading is None:
            return
        if told is not None:
            known = _NEWS_SECONDS + reading.uncertainty_seconds + told.uncertainty_seconds
            if abs(reading.offset_seconds - told.offset_seconds) <= known:
                return
        self._told = reading
        self._tell(ClockMeasured(round(reading.offset_seconds, 3), round(reading.uncertainty_seconds, 3)))
