"""A whole archive and a docking agent that send spans: one trace from the station to the receipt, and nobody in it."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ingest.trace_context import first_span_of
from tests.collector import Collector, SentSpan, running_collector
from tests.journeys.running import LIUHEN, RunningArchive

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]
UNIT, UNIT_NAME, STATION = "JC-51", "江城区城管追踪中队", "tracing-dock-7"
NAMES = ("AB77777_007777_20260102093000.mp4", "张三执法.mp4")
STEPS = (
    *("verify_upload", "probe", "begin_attempt", "digest_and_store_encrypted", "read_back_and_compare", "claims_of"),
    *("state_manifest", "sign_manifest", "timestamp_signature", "record_sealing", "lock_in_store", "issue_receipt"),
)
ATTRIBUTES = {
    *("http.request.method", "http.route", "http.response.status_code", "error.type"),
    *("liuhen.size_bytes", "liuhen.attempts", "liuhen.waited_seconds", "liuhen.offset"),
}
RESOURCE = {"service.name", "service.namespace", "service.instance.id", "liuhen.node"}


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with running_collector() as collector:
        yield collector


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[RunningArchive]:
    folder = tmp_path_factory.mktemp("archive")
    archive = RunningArchive(folder, LIUHEN_HTTP_PROCESSES="1", LIUHEN_OTEL_URL=collector.url)
    try:
        archive.start()
        archive.admin("unit", "create", UNIT_NAME, "--code", UNIT)
        yield archive
    finally:
        archive.stop()


def dock(archive: RunningArchive, folder: Path, collector: Collector) -> tuple[dict[str, str], str]:
    """The upload of each file that was taken over, by its name, and the station's token."""
    enrolled = archive.admin("station", "enrol", STATION, "--unit", UNIT)
    card = folder / "card"
    card.mkdir()
    # The second one has the bytes of the first: another way through custody.
    for name in NAMES:
        (card / name).write_bytes(b"what nobody can play" * 4000)
    (folder / "token").write_text(json.dumps(enrolled))
    (folder / "token").chmod(0o600)
    (folder / "dock.toml").write_text(
        f'folders = ["card"]\nurl = "{archive.url}"\nstation_token_file = "token"\nstate = "notes"\n'
        f'parallel = 1\npoll_seconds = 0.2\nsettle_seconds = 0.2\notel_url = "{collector.url}"\n'
    )
    agent = subprocess.Popen(
        [LIUHEN, "dock", "--config", str(folder / "dock.toml"), "--json"], stdout=subprocess.PIPE, text=True
    )
    uploads: dict[str, str] = {}
    assert agent.stdout is not None
    for line in agent.stdout:
        event = json.loads(line)
        if event["event"] == "receipt":
            uploads[event["file"].rpartition("/")[2]] = event["upload_id"]
        if len(uploads) == len(NAMES):
            break
    agent.terminate()
    agent.communicate(timeout=30)
    return uploads, str(enrolled["token"])


def wait_for(collector: Collector, trace_id: str, name: str, times: int = 1) -> None:
    deadline = time.monotonic() + 30
    while sum(span.trace_id == trace_id and span.name == name for span in collector.spans) < times:
        assert time.monotonic() < deadline, (name, [span.name for span in collector.spans])
        time.sleep(0.1)


def test_one_trace_runs_from_the_station_through_custody_to_the_receipt(
    archive: RunningArchive, collector: Collector, tmp_path: Path
) -> None:
    uploads, token = dock(archive, tmp_path, collector)
    for upload_id in uploads.values():
        for name in ("custody.seal_upload", "receipt.fetch", "station.await_receipt"):
            wait_for(collector, upload_id, name)
    assert collector.paths == {"/v1/traces"}
    assert set(uploads) == set(NAMES)
    for upload_id in uploads.values():
        check_whole([span for span in collector.spans if span.trace_id == upload_id], upload_id)
    told = {span.name for span in collector.spans if span.trace_id in uploads.values()}
    assert {f"custody.{step}" for step in (*STEPS, "keep_stored_copy", "record_repeat")} <= told
    check_nobody_is_in(collector, (*NAMES, "AB77777", "007777", "张三", UNIT_NAME, STATION, token, str(tmp_path)))


def check_whole(trace: list[SentSpan], upload_id: str) -> None:
    """Of three programs, one first span, and each other's parent is there."""
    by_id = {span.span_id: span for span in trace}
    assert len(by_id) == len(trace)
    (first,) = (span for span in trace if not span.parent_id)
    assert (first.name, first.span_id) == ("upload.create", first_span_of(upload_id).span_id)
    assert {span.service for span in trace} == {"liuhen-dock", "liuhen-http", "liuhen-custody"}
    assert {span.parent_id for span in trace if span.parent_id} <= set(by_id)
    of_station = next(span for span in trace if span.name == "station.send")
    appended = [span for span in trace if span.name == "upload.append"]
    assert appended
    assert {span.parent_id for span in appended} == {of_station.span_id}
    (sealing,) = (span for span in trace if span.name == "custody.seal_upload")
    steps = [span for span in trace if span.parent_id == sealing.span_id]
    assert {span.service for span in steps} == {"liuhen-custody"}
    assert {"custody.verify_upload", "custody.issue_receipt"} <= {span.name for span in steps}
    assert all(sealing.began_ns <= span.began_ns <= span.ended_ns <= sealing.ended_ns for span in steps)
    assert not any(span.has_failed for span in trace)
    (fetched,) = (span for span in trace if span.name == "receipt.fetch")
    assert by_id[fetched.parent_id].name == "station.await_receipt"


def check_nobody_is_in(collector: Collector, private: tuple[str, ...]) -> None:
    """In all that was ever sent: by what is there, and by what must not be."""
    everything = b"".join(collector.raw)
    for word in private:
        assert word.encode() not in everything
    for span in collector.spans:
        assert set(span.attributes) <= ATTRIBUTES
        assert set(span.resource) <= RESOURCE
        assert span.events == 0


def test_the_trace_of_somebody_else_is_linked_and_an_anonymous_one_leaves_nothing(
    archive: RunningArchive, collector: Collector
) -> None:
    token = str(archive.admin("station", "enrol", "traced-tus", "--unit", UNIT)["token"])
    theirs = f"00-{'ab' * 16}-{'cd' * 8}-01"
    said = {"Tus-Resumable": "1.0.0", "Upload-Length": "4", "traceparent": theirs}
    offset = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream", "Tus-Resumable": "1.0.0"}
    with httpx.Client(base_url=archive.url, trust_env=False, timeout=60) as client:
        proved = {"Authorization": f"Bearer {token}"}
        made = client.post("/uploads", headers={**said, **proved})
        upload_id = made.headers["Location"].rpartition("/")[2]
        assert made.headers["traceresponse"] == str(first_span_of(upload_id))
        nobody = client.patch(f"/uploads/{upload_id}", headers={**offset, "traceparent": theirs}, content=b"1234")
        assert nobody.status_code == 401
        assert "traceresponse" not in nobody.headers
        wrong = {**offset, **proved, "Upload-Offset": "3"}
        assert client.patch(f"/uploads/{upload_id}", headers=wrong, content=b"1").status_code == 409
        done = client.patch(f"/uploads/{upload_id}", headers={**offset, **proved}, content=b"1234")
        assert done.status_code == 204
        assert done.headers["traceresponse"].split("-")[1] == upload_id
    # Each program sends what it has by itself: what custody did may arrive before what the server did.
    wait_for(collector, upload_id, "custody.issue_receipt")
    wait_for(collector, upload_id, "upload.append", times=2)
    trace = [span for span in collector.spans if span.trace_id == upload_id]
    (first,) = (span for span in trace if not span.parent_id)
    assert first.links == ("ab" * 16,)
    answered = [span.attributes["http.response.status_code"] for span in trace if span.name == "upload.append"]
    assert sorted(answered) == [204, 409]
    assert not any(span.trace_id == "ab" * 16 for span in collector.spans)


def test_a_creation_that_is_asked_for_again_is_another_span(archive: RunningArchive, collector: Collector) -> None:
    token = str(archive.admin("station", "enrol", "traced-again", "--unit", UNIT)["token"])
    said = {"Tus-Resumable": "1.0.0", "Upload-Length": "4", "Authorization": f"Bearer {token}",
            "Idempotency-Key": '"0123456789abcdef"'}  # fmt: skip
    with httpx.Client(base_url=archive.url, trust_env=False, timeout=60) as client:
        places = {client.post("/uploads", headers=said).headers["Location"] for _ in range(2)}
        (place,) = places
        assert client.delete(place, headers=said).status_code == 204
    upload_id = place.rpartition("/")[2]
    wait_for(collector, upload_id, "upload.terminate")
    created = [span for span in collector.spans if span.trace_id == upload_id and span.name == "upload.create"]
    assert len({span.span_id for span in created}) == 2
    assert sorted(span.parent_id for span in created) == ["", first_span_of(upload_id).span_id]


def test_a_collector_that_hangs_stops_no_upload_and_no_ending(archive: RunningArchive, collector: Collector) -> None:
    """Last: it ends the archive."""
    token = str(archive.admin("station", "enrol", "traced-hang", "--unit", UNIT)["token"])
    collector.hangs.set()
    proved = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}
    name = base64.b64encode(b"x.mp4").decode()
    with httpx.Client(base_url=archive.url, headers=proved, trust_env=False, timeout=60) as client:
        said = {"Upload-Length": "4", "Upload-Metadata": f"filename {name}"}
        place = client.post("/uploads", headers=said).headers["Location"]
        offset = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        assert client.patch(place, headers=offset, content=b"hang").status_code == 204
        deadline = time.monotonic() + 60
        while client.get(f"/api/v1/uploads/{place.rpartition('/')[2]}/receipt").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    began = time.monotonic()
    archive.stop()
    assert time.monotonic() - began < 20
    said = (archive.folder / "up.log").read_text()
    assert "SIGKILL" not in said
