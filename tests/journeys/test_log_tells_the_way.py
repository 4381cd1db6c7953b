"""What the logs of all processes say of one recording's way: JSON lines with its trace, and nobody's name."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.running import RunningArchive

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]
UNIT = "LOG-01"
CELERYS_OWN = ("purge: ", "worker: ")
"""As a worker begins and ends."""
TRACED = ["upload.finished", "recording.sealed", "receipt.issued"]


def test_one_trace_leads_from_the_stations_upload_to_its_receipt(archive: RunningArchive) -> None:
    begun = {path: path.stat().st_size for path in logs_of(archive)}  # others have written before
    archive.admin("unit", "create", "留痕队", "--code", UNIT)
    token = str(archive.admin("station", "enrol", "traced", "--unit", UNIT)["token"])
    name = "AB77777_007777_20260102093000.mp4"
    proved = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}
    with httpx.Client(base_url=archive.url, headers=proved, trust_env=False, timeout=60) as station:
        content = b"what nobody can play" * 4000
        metadata = f"filename {base64.b64encode(name.encode()).decode()}"
        made = station.post("/uploads", headers={"Upload-Length": str(len(content)), "Upload-Metadata": metadata})
        trace = made.headers["Location"].rpartition("/")[2]
        bytes_of_it = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        assert station.patch(made.headers["Location"], content=content, headers=bytes_of_it).status_code == 204
        receipt = wait_for_receipt(station, trace)
    assert len(trace) == 32
    int(trace, 16)  # a trace id of W3C Trace Context
    lines = list(read_lines(archive, begun))
    of_it = sorted((line for line in lines if line.get("trace") == trace), key=lambda line: line["timestamp"])
    assert [line["event"] for line in of_it] == TRACED
    assert of_it[0]["size_bytes"] == len(content)
    assert of_it[1]["recording"] == of_it[2]["recording"]
    assert of_it[2]["seconds"] > 0
    assert receipt
    everything = "".join(path.read_text("utf-8", "replace") for path in (archive.data / "log").glob("*.log"))
    for private in (name, "AB77777", "007777", token):
        assert private not in everything


def wait_for_receipt(station: httpx.Client, upload_id: str) -> Any:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        answer = station.get(f"/api/v1/uploads/{upload_id}/receipt")
        if answer.status_code == 200:
            return answer.json()
        time.sleep(0.1)
    raise AssertionError("no receipt")


def logs_of(archive: RunningArchive) -> list[Path]:
    return [path for pattern in ("http-*.log", "worker-*.log") for path in (archive.data / "log").glob(pattern)]


def read_lines(archive: RunningArchive, begun: Mapping[Path, int]) -> Iterator[dict[str, Any]]:
    """Every line since then of those that receive, seal and render: whatever it is about, a program can read it."""
    for path in logs_of(archive):
        whole_lines, _, _ = path.read_bytes()[begun.get(path, 0) :].decode().rpartition("\n")
        for line in whole_lines.splitlines():
            if line and not line.startswith(CELERYS_OWN):
                yield json.loads(line)
