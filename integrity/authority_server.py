"""The process around our own time stamp authority: RFC 3161 over HTTP on this machine only, standard library only.

`POST /` takes application/timestamp-query and gives application/timestamp-reply; `GET /healthz` gives 200 once the key
is loaded and the socket is open.
"""

from __future__ import annotations

import http.server
import ipaddress
import logging
import os
import socket
import socketserver
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from integrity.authority import Authority

# A request is about 60 bytes; one with a long policy and extensions stays far below this.
REQUEST_LIMIT_BYTES = 1 << 14
_IDLE_SECONDS = 10

_log = logging.getLogger(__name__)


def serve_authority(folder: Path, address: str, on_ready: Callable[[str], None] | None = None) -> None:
    """Answer requests until the process is ended. `on_ready` gets the URL for `request_timestamp` once it does.

    `address` is HOST:PORT with a loopback host (port 0: a free one) or the path of a socket. Raises ValueError for
    any other address, OSError when it is in use, and what `Authority.load` raises.
    """
    with open_authority_server(Authority.load(folder), address) as server:
        if on_ready is not None:
            on_ready(server.url)
        server.serve_forever()


def open_authority_server(authority: Authority, address: str) -> AuthorityServer:
    """A server that is bound and listening, but answers only once `serve_forever` runs."""
    if "/" in address:
        return _open_local(authority, address)
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    # Whoever reaches the port gets tokens; and plain HTTP between machines is for somebody else's authority.
    if not port.isdecimal() or not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"{address!r} is neither a loopback HOST:PORT nor the path of a socket")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = AuthorityServer(authority, family, (host, int(port)))
    shown = f"[{host}]" if family == socket.AF_INET6 else host
    server.url = f"http://{shown}:{server.server_address[1]}/"
    return server


def _open_local(authority: Authority, path: str) -> AuthorityServer:
    _remove_dead_socket(path)
    # Only the user who runs the archive may ask; the permission has to be there from the first moment.
    previous = os.umask(0o177)
    try:
        server = AuthorityServer(authority, socket.AF_UNIX, path)
    except OSError as error:
        raise OSError(error.errno, f"socket {path} ({len(os.fsencode(path))} bytes, at most 107): {error}") from error
    finally:
        os.umask(previous)
    server.url = f"unix://{Path(path).absolute()}"
    return server


def _remove_dead_socket(path: str) -> None:
    """A killed server leaves its socket behind. One that still answers is left alone: bind then says it is in use."""
    if not Path(path).is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()


class AuthorityServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A thread a connection; connections that say nothing are dropped."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64
    url = ""

    def __init__(self, authority: Authority, family: socket.AddressFamily, address: tuple[str, int] | str) -> None:
        self.authority = authority
        self.address_family = family
        super().__init__(address, _Handler)  # type: ignore[arg-type]  # typeshed knows TCP addresses only

    def handle_error(self, request: object, client_address: object) -> None:
        """The asker sees its connection closed and asks again; the log has the traceback."""
        _log.warning("a time stamp request was not answered", exc_info=True)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: AuthorityServer
    server_version = "LiuhenTSA"
    sys_version = ""
    timeout = _IDLE_SECONDS

    def do_GET(self) -> None:
        found = self.path == "/healthz"
        self._send(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND, "text/plain", b"ok\n" if found else b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()):
            self._send(HTTPStatus.LENGTH_REQUIRED, "text/plain", b"")
        elif int(length) > REQUEST_LIMIT_BYTES:
            self._send(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "text/plain", b"")
        else:
            reply = self.server.authority.answer(self.rfile.read(int(length)))
            self._send(HTTPStatus.OK, "application/timestamp-reply", reply)

    def _send(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        """A local socket has no peer address; the base class would fail on its empty string."""
        return str(self.client_address[0]) if self.client_address else "local"

    def log_message(self, format: str, *args: object) -> None:
        _log.debug("%s %s", self.address_string(), format % args)
