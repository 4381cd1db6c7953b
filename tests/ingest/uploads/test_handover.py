"""The log's line of a finished upload: a moment later, with the time that it was, and none is left out."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from structlog.testing import capture_logs

from ingest.uploads.contract import UploadRecord, nothing
from ingest.uploads.handover import Handover
from ingest.uploads.metadata import UploadClaims
from integrity.fields import parse_instant


class Register:
    """Finishes each once."""

    def __init__(self) -> None:
        self.finished: set[str] = set()

    def finish_uploads(self, records: Sequence[UploadRecord], meanwhile: Callable[[], None] = nothing) -> list[bool]:
        meanwhile()
        first = [each.upload_id not in self.finished for each in records]
        self.finished.update(each.upload_id for each in records)
        return first


def record(number: int) -> UploadRecord:
    upload_id = f"{number:032x}"
    return UploadRecord(upload_id, uuid.UUID(int=1), uuid.UUID(int=2), 4, UploadClaims(), "open", datetime.now(UTC))


def handover() -> Handover:
    return Handover(Register(), lambda _: None)  # type: ignore[arg-type]


def wait_for(lines: list[Any], number: int) -> None:
    deadline = time.monotonic() + 20
    while len(lines) < number and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(lines) == number


def test_each_is_told_once_in_order_with_its_own_time_and_not_before_the_answer() -> None:
    handing, began = handover(), datetime.now(UTC)
    with capture_logs() as lines:
        for number in range(3):
            assert handing.hand_over([record(number), record(number)]) == [True, True]
            assert handing.hand_over([record(number)]) == [False]
        ended, told_by_then = datetime.now(UTC), len(lines)
        wait_for(lines, 6)
    assert told_by_then == 0
    assert [line["trace"] for line in lines] == [record(number).upload_id for number in (0, 0, 1, 1, 2, 2)]
    times = [parse_instant(line["timestamp"], "a line") for line in lines]
    assert times == sorted(times)
    assert began <= times[0] <= times[-1] <= ended


def test_what_comes_later_is_told_as_well() -> None:
    handing = handover()
    with capture_logs() as lines:
        for number in range(3):
            handing.hand_over([record(number)])
            wait_for(lines, number + 1)


def test_a_wake_up_that_is_lost_is_told_and_keeps_nothing_from_being_handed_over() -> None:
    def refuse(_: str) -> None:
        raise OSError("no broker")

    handing = Handover(Register(), refuse)  # type: ignore[arg-type]
    with capture_logs() as lines:
        assert handing.hand_over([record(1), record(2)]) == [True, True]
        wait_for(lines, 4)
    lost = [(line["trace"], line["error"]) for line in lines if line["event"] == "upload.nobody_woken"]
    assert lost == [(record(number).upload_id, "OSError") for number in (1, 2)]


ENDING = """
from api.logs import write_log_lines
from tests.ingest.uploads.test_handover import handover, record
write_log_lines()
handover().hand_over([record(7)])
"""


def test_a_process_that_ends_has_told_it() -> None:
    done = subprocess.run([sys.executable, "-c", ENDING], capture_output=True, text=True, check=True)
    (line,) = (json.loads(each) for each in done.stderr.splitlines())
    assert (line["event"], line["trace"], line["level"]) == ("upload.finished", record(7).upload_id, "info")
    assert line["timestamp"].endswith("Z")
