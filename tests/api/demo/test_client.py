"""The client looks at every answer: whatever is not what it should be ends the demo with the facts."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from api.demo.client import ApiClient
from api.demo.errors import CheckFailed
from tests.servers import ServingThread


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        pages = {
            "/list?limit=200": b'{"items": [1, 2], "next": "c"}',
            "/list?limit=200&cursor=c": b'{"items": [3], "next": null}',
        }
        status, body = (200, pages[self.path]) if self.path in pages else (404, b"")
        if self.path == "/footage":
            status, body = (206, b"bytes") if "Range" in self.headers else (200, b"all the bytes")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def client() -> Iterator[ApiClient]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    with ServingThread(server), ApiClient(f"http://127.0.0.1:{server.server_port}", "token", "name") as client:
        yield client


def test_a_list_is_read_to_its_end(client: ApiClient) -> None:
    assert list(client.items("/list")) == [1, 2, 3]


def test_a_span_is_exactly_what_was_asked_for(client: ApiClient) -> None:
    assert client.fetch_span("/footage", 0, 4) == b"bytes"
    with pytest.raises(CheckFailed, match="206"):
        client.fetch_span("/footage", 0, 5)


def test_a_download_tells_what_is_not_there_from_what_fails(client: ApiClient, tmp_path: Path) -> None:
    assert client.download("/footage", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"all the bytes"
    assert not client.download("/nothing", tmp_path / "none")


def test_an_answer_other_than_expected_and_none_at_all_are_told(client: ApiClient) -> None:
    with pytest.raises(CheckFailed, match="answered with 404"):
        client.get("/nothing")
    with (
        ApiClient("http://127.0.0.1:9", "token", "name") as nobody,
        pytest.raises(CheckFailed, match="does not answer"),
    ):
        nobody.get("/list")
