"""What a connection may ask of this process before anybody knows who is asking: so many bytes, so many seconds.

The parser keeps what is not complete yet, a header line, an address, a trailer, however long it grows. So bytes are
counted here from one thing that the parser completed to the next. Bodies are not limited: whoever reads them does
that, and uploads pass through unlooked-at.
"""

from __future__ import annotations

import asyncio
import enum
import re
import time
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.engines.direct_body import DirectBody
from ingest.uploads.asgi import SERVER_BODY
from ingest.uploads.request import is_at_or_below

MOST_HEAD_BYTES = 64 << 10
# Each waiting request costs some kilobytes of ours and eighteen bytes of theirs; browsers pipeline none.
MOST_PIPELINED = 16
# So many more are told that there is no room, a second each; what comes beyond them is hung up on.
_MOST_REFUSALS = 128
_RETRY_AFTER_SECONDS = 2
# A head is parsed in pieces of this size, so that the limit is overstepped by no more.
_PIECE_BYTES = 16 << 10
# RFC 9110, 7.2, and RFC 3986, 3.2.2. Not empty, which the grammar allows and no http address may be (RFC 9110, 4.2.1).
_HOST = re.compile(
    rb"(?:\[(?:[0-9a-fA-F:.]{2,45}|v[0-9a-fA-F]+\.[\w.~!$&'()*+,;=:-]+)\]|(?:[\w.~!$&'()*+,;=-]|%[0-9a-fA-F]{2})+)"
    rb"(?::\d{0,5})?"
)
_READ_BUFFER = memoryview(bytearray(64 << 10))
# Closing over unread bytes resets the connection, and the refusal may never be seen: so they are thrown away first.
_LINGER_SECONDS = 1.0


@dataclass(frozen=True)
class ConnectionBounds:
    """What all connections of one process may have together, and each of them."""

    connections: int = 1024
    """Each costs some ten kilobytes and a descriptor, of which files and the database need some as well."""
    head_seconds: float = 20.0
    unread_seconds: float = 10.0
    """An answer that nobody reads: kept so long, once there is no room for others."""


class _Loss(enum.IntEnum):
    """What is lost with a connection, the least first. Those that are at work, as uploads are, are not among them."""

    IDLE = enum.auto()
    HALF_A_HEAD = enum.auto()
    HALF_A_BODY = enum.auto()
    UNREAD_ANSWER = enum.auto()


def _refusal(status: str, sentence: str, *headers: str) -> bytes:
    body = f"{sentence}\n".encode()
    lines = ("content-type: text/plain; charset=utf-8", f"content-length: {len(body)}", "connection: close", *headers)
    return "\r\n".join((f"HTTP/1.1 {status}", *lines, "", "")).encode("ascii") + body


_TOO_LARGE = _refusal("431 Request Header Fields Too Large", "请求头过大 / the request line and headers are too large")
_NO_HOST = _refusal(
    "400 Bad Request",
    "请求须有且仅有一个 Host，其值为主机名或地址，可带端口 / "
    "a request has one Host field, a name or an address, with a port or without",
)
_NO_OTHER_PROTOCOL = _refusal(
    "400 Bad Request",
    "此处只用 HTTP/1.1：请去掉 Upgrade 请求头（curl 请加 --http1.1）后重发；也不作代理 (CONNECT) / "
    "only HTTP/1.1 is spoken here: send the request without its Upgrade field (curl: --http1.1); "
    "nor is this a proxy (CONNECT)",
)
_UNKNOWN_CODING = _refusal(
    "501 Not Implemented",
    "Transfer-Encoding 仅支持 chunked / the only Transfer-Encoding understood here is chunked",
)
_TOO_MANY = _refusal(
    "503 Service Unavailable",
    f"连接过多，请 {_RETRY_AFTER_SECONDS} 秒后重试 / too many connections: try again in {_RETRY_AFTER_SECONDS} seconds",
    f"retry-after: {_RETRY_AFTER_SECONDS}",
)


class _RequestBody:
    """What an application finds of a request's body in its scope: ServerBody of ingest/uploads/asgi.py."""

    def __init__(self, protocol: BoundedProtocol) -> None:
        self._protocol = protocol
        self.cycle: RequestResponseCycle | None = None

    def go_direct(self) -> DirectBody | None:
        return None if self.cycle is None else self._protocol.begin_direct(self.cycle)

    def hold_back(self) -> None:
        self._protocol.flow.pause_reading()

    def left_behind(self) -> bytes:
        return b"" if self.cycle is None else bytes(self.cycle.body)


class _SmallReads(asyncio.BufferedProtocol):
    """Reads for a protocol at most a buffer at once, and that into the one buffer of all connections: between filling
    and emptying it the loop does nothing else. A long body brings its own.

    uvloop's own reads are four times as large, and so much each connection has before it can be told to wait."""

    def __init__(self, reader: BoundedProtocol) -> None:
        self._reader = reader
        self.eof_received, self.connection_lost = reader.eof_received, reader.connection_lost  # type: ignore[method-assign]
        self.pause_writing, self.resume_writing = reader.pause_writing, reader.resume_writing  # type: ignore[method-assign]

    def get_buffer(self, sizehint: int) -> memoryview:
        direct = self._reader.direct
        return _READ_BUFFER if direct is None else direct.space()

    def buffer_updated(self, nbytes: int) -> None:
        if self._reader.direct is None:
            self._reader.data_received(bytes(_READ_BUFFER[:nbytes]))
        else:
            self._reader.body_received(nbytes)


class BoundedProtocol(HttpToolsProtocol):
    """Uvicorn's protocol with an end to heads: 431 past MOST_HEAD_BYTES, closed after `head_seconds` of its bounds.

    And with an end to connections: past `connections` the one goes of which the least is lost, the longest waiting
    first: idle, amid a head, amid a small body, its answer unread. Where all are at work the new one gets 503.
    """

    def __init__(self, *arguments: Any, bounds: ConnectionBounds = ConnectionBounds(), **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._bounds = bounds
        self._in_head = True
        self._incomplete_bytes = 0
        self._head_deadline: asyncio.TimerHandle | None = None
        self._refused = False
        self.direct: DirectBody | None = None
        """What of a body comes past the parser."""
        self._body_left: int | None = None
        """Of a body whose length was said, what the parser has not seen yet."""
        # Not by the loop's clock, which stands still for a millisecond and more: the first of two would be anybody.
        self._waits_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_protocol(_SmallReads(self))
        self._await_head()
        if len(self.connections) > self._bounds.connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_deadline()
        if self.direct is not None:
            self.direct.cut()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """True: whoever has sent a whole request and ends his own side (`nc -N`, a pipe) hears the answer, behind
        which the line is closed. Of one that has closed altogether the answer itself is refused.

        Amid a request it is a cut: what else was to come is not.
        """
        if self._refused or not self._in_head or not self._is_answering:
            return False
        self.cycle.keep_alive = False
        return True

    def data_received(self, data: bytes) -> None:
        if not self._in_head:
            self._parse(data)
            return
        position = 0
        while position < len(data) and not self._refused and not self.transport.is_closing():
            end = position + _PIECE_BYTES if self._in_head else len(data)
            self._parse(data[position:end])
            position = end

    def _parse(self, piece: bytes) -> None:
        if self._refused:
            return
        # Whatever the parser completes in this piece sets the count back.
        self._incomplete_bytes += len(piece)
        super().data_received(piece)
        if self.transport.is_closing():
            return
        if len(self.pipeline) > MOST_PIPELINED:
            self.transport.abort()
        elif self._incomplete_bytes > MOST_HEAD_BYTES:
            self._refuse(_TOO_LARGE)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Fields of a head. The parser tells of trailers in the same way: those come after the request was admitted,
        and would say who sent it, by which proxy, to which host. Nothing here asks for any, so they are dropped."""
        if self._in_head:
            # Spaces after a value are no part of it (RFC 9110, 5.5), and the parser leaves them there.
            super().on_header(name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._waits_since = time.monotonic()
        self._incomplete_bytes = 0
        self._cancel_deadline()
        if self.parser.should_upgrade():
            # The parser is through with it: it would skip the body that is said to come, and read it as a request.
            self._refuse(_NO_OTHER_PROTOCOL)
            return
        if not _names_one_host(self.headers, self.parser.get_http_version()):
            # Two stations on the way would read two of them differently (RFC 9112, 3.2 and 11.2).
            self._refuse(_NO_HOST)
            return
        if any(name == b"transfer-encoding" and value.lower() != b"chunked" for name, value in self.headers):
            # Undone by nobody, a compressed body would be taken for what it was made of.
            self._refuse(_UNKNOWN_CODING)
            return
        self._body_left = _length_said(self.headers)
        body = _RequestBody(self)
        cast("MutableMapping[str, Any]", self.scope)["extensions"] = {SERVER_BODY: body}
        super().on_headers_complete()
        # Its task has not begun: that is the loop's next turn.
        body.cycle = self.cycle

    def begin_direct(self, cycle: RequestResponseCycle) -> DirectBody | None:
        """From here on the rest of that request's body comes past the parser; None where it is not under way.

        What has come by now is in it. For whoever has taken some of the body before: no client waits for 100 Continue.
        """
        is_under_way = cycle is self.cycle and not self._in_head
        if not is_under_way or not self._body_left or self.direct is not None or self.transport.is_closing():
            return None
        come, cycle.body = bytes(cycle.body), bytearray()
        self.direct = DirectBody(self.flow, self._body_left, come, self._end_direct)
        return self.direct

    def body_received(self, size_bytes: int) -> None:
        """Of the body that comes past the parser, into its own space."""
        assert self.direct is not None
        if self.cycle.response_complete:
            self.direct.throw_away(size_bytes)
        else:
            self.direct.put(size_bytes)

    def _end_direct(self) -> None:
        """The parser still waits for what it never saw: the next head is read by a new one."""
        self.direct = None
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.on_message_complete()

    def on_body(self, body: bytes) -> None:
        self._incomplete_bytes = 0
        if self._body_left is not None:
            self._body_left -= len(body)
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head = True
        self._incomplete_bytes = 0
        if not self._refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.is_closing():
            self._await_head()

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def _loss(self) -> _Loss | None:
        """None for one that nobody else's takes the place of."""
        if self._refused:
            return None
        if self._in_head and not self._is_answering:
            if self.transport.get_write_buffer_size() > 0:
                waits_seconds = time.monotonic() - self._waits_since
                return _Loss.UNREAD_ANSWER if waits_seconds > self._bounds.unread_seconds else None
            return _Loss.HALF_A_HEAD if self._incomplete_bytes else _Loss.IDLE
        # Nothing has been answered while a small body is still to come, which is anybody's to promise. An upload's is
        # long, and nobody sends one before he is known to be allowed to.
        awaits_body = not self._in_head and self.cycle is not None and not self.cycle.response_started
        return _Loss.HALF_A_BODY if awaits_body and not is_at_or_below(self.scope["path"]) else None

    def _make_room(self) -> None:
        # One that was closed a moment ago is still among them.
        open_ones = [
            each for each in self.connections if isinstance(each, BoundedProtocol) and not each.transport.is_closing()
        ]
        if len(open_ones) <= self._bounds.connections:
            return
        losses = [(loss, each._waits_since, each) for each in open_ones if each is not self and (loss := each._loss)]
        if losses:
            loss, _, least = min(losses, key=itemgetter(0, 1))
            # What is closed sends what it still has first, and would wait for ever where nobody reads.
            least.transport.abort() if loss is _Loss.UNREAD_ANSWER else least.transport.close()
        elif len(open_ones) > self._bounds.connections + _MOST_REFUSALS:
            self.transport.abort()
        else:
            self._refuse(_TOO_MANY)

    def send_400_response(self, msg: str) -> None:
        """What follows a head that was refused may be no request at all; it has its answer, and its line is closed."""
        if not self._refused:
            super().send_400_response(msg)

    def _refuse(self, answer: bytes) -> None:
        """An answer under way cannot be followed by another one: then there is nothing but to hang up."""
        self._refused = True
        if self._is_answering:
            self.transport.abort()
            return
        self._cancel_deadline()
        self.transport.write(answer)
        self.transport.write_eof()
        self._head_deadline = self.loop.call_later(_LINGER_SECONDS, self.transport.abort)

    def _await_head(self) -> None:
        self._cancel_deadline()
        self._waits_since = time.monotonic()
        self._head_deadline = self.loop.call_later(self._bounds.head_seconds, self._give_up)

    def _give_up(self) -> None:
        # While an answer is under way the next head may take its time: its end sets the next deadline.
        if not self._is_answering and not self.transport.is_closing():
            self.transport.close()

    def _cancel_deadline(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None


def _names_one_host(headers: Iterable[tuple[bytes, bytes]], http_version: str) -> bool:
    """RFC 9112, 3.2: one field of a valid value; before HTTP/1.1 there may be none."""
    said = [value for name, value in headers if name == b"host"]
    if not said:
        return http_version in ("0.9", "1.0")
    return len(said) == 1 and _HOST.fullmatch(said[0]) is not None


def _length_said(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """The parser has refused what is no number, and more than one of them."""
    said = [value for name, value in headers if name == b"content-length"]
    return int(said[0]) if len(said) == 1 else None
