"""The proxy's own configuration in Debian's nginx, before two stand-ins that say which node they are."""

from __future__ import annotations

import http.client
import re
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import uvicorn

from tests.ports import find_free_port
from tests.servers import ServingThread

DOCKER = Path(__file__).parents[2] / "docker"
NGINX = "/usr/sbin/nginx"
SECONDS = 20.0


def stand_in(name: str) -> ThreadingHTTPServer:
    class Node(BaseHTTPRequestHandler):
        # A connection for each request: none is left that would outlive the server.
        protocol_version = "HTTP/1.0"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            said = "|".join(
                [name, self.path, *(str(self.headers.get(each)) for each in ("Host", "X-Forwarded-For", "Client-Cert"))]
            )
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said.encode())

        do_GET = do_POST = do_PATCH = do_HEAD = answer  # noqa: N815  the names that http.server asks for

        def log_message(self, *_: object) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Node)


@dataclass
class Proxy:
    port: int
    authority: Path
    nodes: dict[str, int] = field(default_factory=dict)
    serving: dict[str, ServingThread] = field(default_factory=dict)

    def ask(self, method: str, path: str, **headers: str) -> tuple[int, list[str], dict[str, str]]:
        """Status, what the node said of the request (its name first), and the headers."""
        trusted = ssl.create_default_context(cafile=str(self.authority))
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=SECONDS, context=trusted)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            reply = connection.getresponse()
            return reply.status, reply.read().decode().split("|"), dict(reply.getheaders())
        finally:
            connection.close()


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    secrets, port = tmp_path / "secrets", find_free_port()
    subprocess.run([DOCKER / "make-secrets", secrets], check=True, capture_output=True)
    made = Proxy(port, secrets / "tls-certificate")
    text = (DOCKER / "proxy" / "nginx.conf").read_text(encoding="utf-8")
    for name in sorted(set(re.findall(r"server api-([a-z]):8000", text))):
        node = stand_in(name)
        made.nodes[name], made.serving[name] = node.server_port, ServingThread(node)
        text = text.replace(f"api-{name}:8000", f"127.0.0.1:{node.server_port}")
    text = text.replace("/tmp/", f"{tmp_path}/").replace("/run/secrets/", f"{secrets}/").replace("8443", str(port))
    text = text.replace("/dev/stdout", f"{tmp_path}/access.log")
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(text)
    subprocess.run([NGINX, "-t", "-c", configuration], check=True, capture_output=True)
    process = subprocess.Popen([NGINX, "-c", configuration], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                made.ask("GET", "/healthz")
                break
            except ConnectionError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield made
    finally:
        process.terminate()
        process.wait(SECONDS)
        for serving in made.serving.values():
            serving.end()


def test_what_a_client_says_of_itself_is_not_passed_on(proxy: Proxy) -> None:
    status, said, headers = proxy.ask(
        "GET", "/x?a=%2F&b", X_Forwarded_For="10.1.1.1", Client_Cert="forged", Host="archive:1"
    )
    assert status == 200
    assert said[1:] == ["/x?a=%2F&b", "archive:1", "127.0.0.1", "None"]
    assert "max-age" in headers["Strict-Transport-Security"]
    assert headers["Server"] == "nginx"


def test_the_figures_are_not_for_everybody(proxy: Proxy) -> None:
    assert proxy.ask("GET", "/metrics")[0] == 404


def test_a_station_stays_with_its_node_and_a_node_has_its_uploads(proxy: Proxy) -> None:
    began = {proxy.ask("POST", "/uploads")[1][0] for _ in range(6)}
    assert len(began) == 1
    for name in proxy.nodes:
        for method in ("HEAD", "PATCH", "GET"):
            status, said, _ = proxy.ask(method, f"/uploads/{name}/0190c1a0")
            assert status == 200
            assert method == "HEAD" or said[:2] == [name, f"/uploads/{name}/0190c1a0"]
    assert {proxy.ask("GET", "/recordings")[1][0] for _ in range(10)} == set(proxy.nodes)


@pytest.mark.parametrize("name", ["127.0.0.1:9", "a.b", "%61", "a%2f..%2fb", "..", "api-b", "A", "localhost"])
def test_no_path_names_a_server(proxy: Proxy, name: str) -> None:
    """Whatever stands in a node's place: one of ours answers, or nobody does."""
    status, said, _ = proxy.ask("GET", f"/uploads/{name}/0190c1a0")
    assert status in (200, 400)
    assert status == 400 or said[0] in proxy.nodes


def test_a_node_that_is_away_keeps_nobody_from_beginning(proxy: Proxy) -> None:
    usual = proxy.ask("POST", "/uploads")[1][0]
    proxy.serving.pop(usual).end()
    (other,) = set(proxy.nodes) - {usual}
    for _ in range(4):
        status, said, _ = proxy.ask("POST", "/uploads")
        assert (status, said[0]) == (200, other)
        assert proxy.ask("GET", "/recordings")[1][0] == other
    # What it has alone waits for it, and is told so in words that agents heed.
    status, _, headers = proxy.ask("PATCH", f"/uploads/{usual}/0190c1a0")
    assert status == 503
    assert headers["Retry-After"]


def test_an_idle_connection_is_given_up_before_a_node_hangs_up_on_it() -> None:
    """What is sent into a connection that is just being closed counts as a node that fails."""
    text = (DOCKER / "proxy" / "nginx.conf").read_text(encoding="utf-8")
    upstreams = re.findall(r"^    upstream (\w+) \{(.*?)^    \}", text, re.DOTALL | re.MULTILINE)
    assert len(upstreams) == 4
    for name, said in upstreams:
        kept = re.search(r"keepalive_timeout (\d+)s;", said)
        assert kept is not None, name
        # A busy node is some seconds late to read what came in time.
        assert int(kept[1]) + 2 < uvicorn.Config("app").timeout_keep_alive, name
