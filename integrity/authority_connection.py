"""One request and one reply over HTTP (RFC 3161, section 3.4), by TCP, TLS or a local socket.

http.client rather than urllib: urllib has no local sockets, and would follow redirects and the environment's proxies,
so that somebody else's setting decides who gets asked for the time.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from urllib.parse import SplitResult, urlsplit

from integrity.errors import AuthorityUnreachable

# Real replies are 1 to 8 KiB.
REPLY_LIMIT_BYTES = 1 << 20
_PIECE_BYTES = 1 << 16


def exchange(url: str, request: bytes, timeout_seconds: float) -> bytes:
    """Send `request`, give the body of the reply. Raises AuthorityUnreachable for everything that is not HTTP 200."""
    deadline = time.monotonic() + timeout_seconds
    try:
        connection, path = _connect(urlsplit(url), timeout_seconds)
        try:
            connection.request("POST", path, request, {"Content-Type": "application/timestamp-query"})
            with connection.getresponse() as response:
                if response.status != http.HTTPStatus.OK:
                    raise AuthorityUnreachable(url, f"HTTP status {response.status} {response.reason}")
                return _read_body(response, deadline)
        finally:
            connection.close()
    except TimeoutError as error:
        raise AuthorityUnreachable(url, f"no complete answer within {timeout_seconds:g} s") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise AuthorityUnreachable(url, str(error) or type(error).__name__) from error


def _connect(url: SplitResult, timeout_seconds: float) -> tuple[http.client.HTTPConnection, str]:
    if url.scheme == "unix" and url.path:
        return _LocalConnection(url.path, timeout_seconds), "/"
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    if url.scheme == "http" and url.hostname:
        return http.client.HTTPConnection(url.hostname, url.port, timeout=timeout_seconds), path
    if url.scheme == "https" and url.hostname:
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(url.hostname, url.port, timeout=timeout_seconds, context=context), path
    raise ValueError("the address must begin with http://HOST, https://HOST or unix:///PATH")


def _read_body(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """The socket's timeout is for one read; a peer that drips bytes is stopped by the deadline."""
    body = bytearray()
    while piece := response.read1(_PIECE_BYTES):
        body += piece
        if len(body) > REPLY_LIMIT_BYTES:
            raise ValueError(f"the reply is longer than {REPLY_LIMIT_BYTES} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError
    return bytes(body)


class _LocalConnection(http.client.HTTPConnection):
    def __init__(self, socket_path: str, timeout_seconds: float) -> None:
        super().__init__("localhost", timeout=timeout_seconds)
        self._socket_path = socket_path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._socket_path)
