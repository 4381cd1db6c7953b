"""A collector of OpenTelemetry: it takes OTLP over HTTP, and has what it was sent, decoded. As a program, with an
address and a port, it prints each span as a line of JSON.
"""

from __future__ import annotations

import dataclasses
import http.server
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class SentSpan:
    """One span, as it came over the wire. `links` are trace ids."""

    service: str
    resource: dict[str, Any]
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    began_ns: int
    ended_ns: int
    attributes: dict[str, Any]
    has_failed: bool
    links: tuple[str, ...]
    events: int


class Collector:
    """`status` is what it answers; while `hangs` is set it takes a request and answers nothing. `tell` is given each
    body instead of `raw`, in the thread of the request."""

    def __init__(
        self, address: tuple[str, int] = ("127.0.0.1", 0), tell: Callable[[bytes], None] | None = None
    ) -> None:
        self.raw: list[bytes] = []
        self.paths: set[str] = set()
        self.status = 200
        self.hangs = threading.Event()
        self.over = threading.Event()
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if collector.hangs.is_set():
                    collector.over.wait()
                    return
                collector.paths.add(self.path)
                if collector.status == 200 and tell is not None:
                    tell(body)
                elif collector.status == 200:
                    collector.raw.append(body)
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Whoever is killed amid a request has hung up."""

        self._server = Server(address, Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def spans(self) -> list[SentSpan]:
        return [span for body in list(self.raw) for span in _decoded(body)]


@contextmanager
def running_collector() -> Iterator[Collector]:
    collector = Collector()
    try:
        yield collector
    finally:
        collector.close()


def _decoded(body: bytes) -> Iterator[SentSpan]:
    for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        resource = _plain(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield SentSpan(
                    service=str(resource["service.name"]),
                    resource=resource,
                    name=span.name,
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    began_ns=span.start_time_unix_nano,
                    ended_ns=span.end_time_unix_nano,
                    attributes=_plain(span.attributes),
                    has_failed=span.status.code == 2,
                    links=tuple(link.trace_id.hex() for link in span.links),
                    events=len(span.events),
                )


def _plain(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


def _print_each_span(body: bytes) -> None:
    lines = [json.dumps(dataclasses.asdict(span)) + "\n" for span in _decoded(body)]
    # One write, or two requests at once would be one line.
    sys.stdout.write("".join(lines))
    sys.stdout.flush()


if __name__ == "__main__":
    Collector((sys.argv[1], int(sys.argv[2])), _print_each_span)
    threading.Event().wait()
