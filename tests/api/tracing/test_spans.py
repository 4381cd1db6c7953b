"""What sends spans: bounded, never waited for, and not there unless it is asked for."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from structlog.testing import capture_logs

from api.errors import SettingInvalid
from api.settings import load_settings
from api.tracing.opening import open_spans, open_station_spans
from api.tracing.spans import CLOSING_SECONDS, MOST_WAITING, Spans
from api.tracing.station import StationSpans
from ingest.dock.events import FileStays, FileUploaded, ReceiptHeld, UploadBegun
from ingest.dock.words import Words
from ingest.trace_context import TraceParent, first_span_of
from tests.collector import Collector, running_collector
from tests.ports import find_free_port

UPLOAD = "ab" * 16
STATION = "11111111-2222-4333-8444-555555555555"


class Held(SpanExporter):
    """A collector that answers nothing until it is let go."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.asked = threading.Event()
        self.let_go = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.asked.set()
        self.let_go.wait(30)
        self.taken += [span.name for span in spans]
        return SpanExportResult.SUCCESS


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as collector:
        yield collector


def test_a_collector_that_does_not_answer_is_waited_for_by_nobody_and_the_oldest_are_dropped() -> None:
    held = Held()
    spans = Spans(held, "test")
    spans.begin("begun", first_span_of(UPLOAD), {}).end()
    assert held.asked.wait(5)
    began = time.monotonic()
    for number in range(5 * MOST_WAITING):
        spans.begin(str(number), first_span_of(UPLOAD), {}).end()
    assert time.monotonic() - began < 10
    began = time.monotonic()
    spans.close()
    assert time.monotonic() - began < CLOSING_SECONDS + 1
    held.let_go.set()
    deadline = time.monotonic() + 10
    while len(held.taken) < 1 + MOST_WAITING and time.monotonic() < deadline:
        time.sleep(0.05)
    assert held.taken[0] == "begun"
    assert sorted(map(int, held.taken[1:])) == list(range(4 * MOST_WAITING, 5 * MOST_WAITING))


def test_closing_sends_what_waits(collector: Collector) -> None:
    spans = Spans.to_collector(collector.url, None, "test", "jb-1")
    spans.begin("last", first_span_of(UPLOAD), {"liuhen.size_bytes": 7}).end()
    spans.close(20)
    (sent,) = collector.spans
    assert (sent.name, sent.trace_id, sent.parent_id) == ("last", UPLOAD, first_span_of(UPLOAD).span_id)
    assert sent.resource["liuhen.node"] == "jb-1"
    spans.begin("after", first_span_of(UPLOAD), {}).end()
    spans.close(20)
    assert len(collector.spans) == 1


@pytest.mark.parametrize("away", ["nobody", "refuses", "elsewhere"])
def test_a_collector_that_takes_nothing_is_told_once(away: str, collector: Collector) -> None:
    collector.status = {"nobody": 200, "refuses": 400, "elsewhere": 307}[away]
    url = f"http://127.0.0.1:{find_free_port()}" if away == "nobody" else collector.url
    spans = Spans.to_collector(url, None, "test")
    with capture_logs() as said:
        for number in range(2):
            spans.begin(str(number), first_span_of(UPLOAD), {}).end()
            time.sleep(1.5)
        spans.close(5)
        deadline = time.monotonic() + 10
        while not said and time.monotonic() < deadline:
            time.sleep(0.05)
    assert [line["event"] for line in said] == ["spans.not_sent"]
    assert collector.spans == []


def test_what_is_raised_is_named_by_its_kind_alone(collector: Collector) -> None:
    spans = Spans.to_collector(collector.url, None, "test")
    with pytest.raises(ValueError, match="zhangsan"), spans.running("step", first_span_of(UPLOAD), {}):
        raise ValueError("zhangsan.mp4")
    with pytest.raises(KeyError), spans.running("turn", first_span_of(UPLOAD), {}, no_failures=(KeyError,)):
        raise KeyError
    spans.close(20)
    failed, turned = sorted(collector.spans, key=lambda span: span.name)
    assert (failed.has_failed, failed.attributes, failed.events) == (True, {"error.type": "ValueError"}, 0)
    assert (turned.has_failed, turned.attributes) == (False, {})
    assert b"zhangsan" not in b"".join(collector.raw)


def test_an_agents_spans_end_with_what_became_of_the_file(collector: Collector) -> None:
    heard: list[object] = []
    other = "cd" * 16
    station = StationSpans(Spans.to_collector(collector.url, None, "liuhen-dock"), heard.append)
    assert station.traceparent_of(UPLOAD) == str(first_span_of(UPLOAD))
    begun = UploadBegun("a.mp4", UPLOAD, 0, 10, False)
    station(begun)
    sending = TraceParent.parse(station.traceparent_of(UPLOAD))
    station(UploadBegun("a.mp4", UPLOAD, 4, 10, True))  # the connection was cut
    assert TraceParent.parse(station.traceparent_of(UPLOAD)) == sending
    station(UploadBegun("b.mp4", other, 0, 10, False))
    station(FileUploaded("a.mp4", UPLOAD, 10))
    assert TraceParent.parse(station.traceparent_of(UPLOAD)) != sending
    station(ReceiptHeld("a.mp4", UPLOAD, 10, "r", "t", 1, False))
    station(FileStays("b.mp4", "TransferRefused", Words("no", "不")))
    station.close()
    assert heard[0] == begun
    assert len(heard) == 6
    sent = {(span.trace_id, span.name): span for span in collector.spans}
    assert set(sent) == {(UPLOAD, "station.send"), (UPLOAD, "station.await_receipt"), (other, "station.send")}
    assert sending is not None
    assert sent[UPLOAD, "station.send"].span_id == sending.span_id
    assert sent[other, "station.send"].attributes["error.type"] == "TransferRefused"
    assert not sent[UPLOAD, "station.send"].has_failed
    assert b".mp4" not in b"".join(collector.raw)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (f"00-{'a' * 32}-{'b' * 16}-01", TraceParent("a" * 32, "b" * 16)),
        (f"00-{'a' * 32}-{'b' * 16}-00", TraceParent("a" * 32, "b" * 16)),
        (f"cc-{'a' * 32}-{'b' * 16}-01-more", TraceParent("a" * 32, "b" * 16)),
        (f"00-{'a' * 32}-{'b' * 16}-01-more", None),
        (f"ff-{'a' * 32}-{'b' * 16}-01", None),
        (f"00-{'0' * 32}-{'b' * 16}-01", None),
        (f"00-{'a' * 32}-{'0' * 16}-01", None),
        (f"00-{'A' * 32}-{'b' * 16}-01", None),
        (f"00-{'a' * 31}-{'b' * 16}-01", None),
        ("", None),
        ("x" * 10_000, None),
    ],
)
def test_a_traceparent_is_read_as_w3c_has_it(text: str, read: TraceParent | None) -> None:
    assert TraceParent.parse(text) == read


def test_off_nothing_of_it_is_imported() -> None:
    """By any process of an archive, nor by the agent. The client of the broker looks for metrics of its own, and takes
    what it finds of them: no spans, and nothing that sends."""
    program = (
        "import sys\n"
        "from api.engines.fork_server import PRELOADED, _import\n"
        "_import(PRELOADED)\n"
        "import api.cli.dock_order, ingest.dock.agent\n"
        "ours = ('opentelemetry.sdk.trace', 'opentelemetry.exporter', 'api.tracing.')\n"
        "print(sorted(name for name in sys.modules if name.startswith(ours)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['api.tracing.opening']"


def test_off_there_is_nothing_to_send_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIUHEN_OTEL_URL", raising=False)
    assert open_spans(load_settings(), "test") is None
    assert open_station_spans("", None) is None


@pytest.mark.parametrize("command", [("up",), ("http",), ("worker", "custody")])
def test_each_command_that_would_send_says_so_at_once(command: tuple[str, ...], tmp_path: Path) -> None:
    program = (
        "import sys\nsys.modules['opentelemetry.sdk'] = None\n"
        "from api.cli.main import run\nsys.exit(run(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command],
        env={"PATH": "/usr/bin:/bin", "LIUHEN_DATA": str(tmp_path), "LIUHEN_OTEL_URL": "http://127.0.0.1:4318",
             "LIUHEN_BIND": "127.0.0.1:0", "LIUHEN_BROKER_URL": "redis://127.0.0.1:1/0"},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "没有安装 OpenTelemetry" in done.stderr
    assert "OpenTelemetry is not installed" in done.stderr


@pytest.mark.parametrize("value", ["collector:4318", "ftp://a", "http://user:hunter2@a:4318", "http://a:4318/?x=1"])
def test_an_address_that_is_none_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIUHEN_OTEL_URL", value)
    with pytest.raises(SettingInvalid, match="LIUHEN_OTEL_URL") as refusal:
        load_settings()
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("otel_url", "is_installed", "says"),
    [
        ("http://127.0.0.1:4318", False, "设置了 otel_url，但没有安装 OpenTelemetry"),
        ("collector:4318", True, "otel_url：须为 http(s)://主机:端口"),
    ],
)
def test_an_agent_that_cannot_send_says_so_before_it_sends_anything(
    otel_url: str, is_installed: bool, says: str, tmp_path: Path
) -> None:
    (tmp_path / "token").touch(0o600)
    (tmp_path / "token").write_text(json.dumps({"token": f"lhs1.{'a' * 43}.{'a' * 43}", "station_id": STATION}))
    (tmp_path / "dock.toml").write_text(
        f'folders = ["."]\nurl = "http://127.0.0.1:{find_free_port()}"\nstation_token_file = "token"\n'
        f'state = "notes"\notel_url = "{otel_url}"\n'
    )
    without = "" if is_installed else "sys.modules['opentelemetry.sdk'] = None\n"
    program = f"import sys\n{without}from api.cli.main import run\nsys.exit(run(sys.argv[1:]))\n"
    done = subprocess.run(
        [sys.executable, "-c", program, "dock", "--config", str(tmp_path / "dock.toml"), "--json"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
