"""A request and its response as ASGI has them: the one place that knows its messages, and what our own server adds."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

from ingest.stations.credential import PresentedCredential
from ingest.uploads.staged_bytes import Piece

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApplication = Callable[[Scope, Receive, Send], Awaitable[None]]

SERVER_BODY: Final = "liuhen.body"
"""The extension of ASGI by which a server that can gives more of a request's body than messages do: a ServerBody."""
PROVED: Final = "liuhen.proved"
"""The extension by which whoever stands before the tus server hears of which upload a request is, of whichever method,
and whether it has made it: once it is proved that it may speak of it."""
DIRECT_FROM_BYTES: Final = 256 << 10

_SetAside = tuple[bytes, bool, bool]
"""Some bytes of a body, and whether they were its last: because it ended, or because the connection was cut."""


class RestOfBody(Protocol):
    """Of a long body, read past the server's parser and queue (api/engines/direct_body.py)."""

    @property
    def has_ended(self) -> bool: ...
    @property
    def was_cut(self) -> bool: ...
    async def gather(self, wanted_bytes: int, patience_seconds: float) -> None: ...
    def take(self) -> list[Piece]: ...


class ServerBody(Protocol):
    """A request's body as our server has it (api/engines/http_protocol.py). Behind any other there is none."""

    def go_direct(self) -> RestOfBody | None:
        """The rest of a long body past the parser and the queue; None where it is not under way."""

    def hold_back(self) -> None:
        """Read no further until a message is asked for: the server reads 128 KiB of each connection ahead."""

    def left_behind(self) -> bytes:
        """What arrived before a cut and was not handed over. `http.disconnect` is answered as soon as the connection
        is lost, also when bytes that were read before still lie in the queue. They arrived, so they count."""


class AsgiRequest(ABC):
    """What came before the body, as it came; and the body, piece by piece."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.root_path: str = scope.get("root_path", "")
        self.method: str = scope["method"].upper()
        self.presented = PresentedCredential.of(scope)
        self._scheme: str = scope.get("scheme", "http")
        self._path: str = scope["path"].removeprefix(self.root_path)
        self._pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        self._receive = receive
        self.body_ended = False
        self.was_cut = False
        self._set_aside: deque[_SetAside] = deque()
        extensions = scope.get("extensions") or {}
        self._server_body: ServerBody | None = extensions.get(SERVER_BODY)
        self._on_proved: Callable[[str, str, bool], None] | None = extensions.get(PROVED)
        self._direct: RestOfBody | None = None
        self._has_asked_direct = False
        self._has_received = False
        self.on_taken_up: Callable[[], None] = lambda: None
        """Called when nothing is left of what `whole_body` had put back, or `give_back` has."""

    def proved(self, upload_id: str, *, is_new: bool = False) -> None:
        """Tell whoever listens of which upload this request is; again, as it is found out in several ways."""
        if self._on_proved is not None:
            self._on_proved(upload_id, self.method, is_new)

    @property
    def has_body(self) -> bool:
        """As whoever checks a signature sees it: what is taken here is just what has to be bound by one there."""
        return self.presented.has_body

    @property
    @abstractmethod
    def body_bytes(self) -> int | None:
        """The declared size of the body; None for a chunked one."""

    async def next_piece(self) -> bytes:
        """Some more of the body, perhaps nothing; `body_ended` or `was_cut` then say that these bytes were its last."""
        if self._set_aside:
            piece, self.body_ended, self.was_cut = self._set_aside.popleft()
            if not self._set_aside:
                self.on_taken_up()
            return piece
        message = await self._receive()
        self._has_received = True
        if message["type"] == "http.disconnect":
            self.was_cut = True
            return b"" if self._server_body is None else self._server_body.left_behind()
        self.body_ended = not message.get("more_body", False)
        body: bytes = message.get("body", b"")
        return body

    async def next_pieces(self, wanted_bytes: int, patience_seconds: float) -> list[Piece]:
        """Some more of the body, within so many seconds: about as much as is wanted, where the server gives it past its
        queue; else what comes next. Perhaps nothing."""
        direct = self._go_direct()
        if direct is not None:
            await direct.gather(wanted_bytes, patience_seconds)
            return self._pieces_here(direct)
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_seconds):
                return [await self.next_piece()]
        return []

    def _pieces_here(self, direct: RestOfBody) -> list[Piece]:
        pieces = direct.take()
        self.body_ended = direct.has_ended
        self.was_cut = direct.was_cut and not self.body_ended
        return pieces

    def _go_direct(self) -> RestOfBody | None:
        """Once the body has begun the usual way, and is long."""
        is_due = self._has_received and not self._set_aside and not (self.body_ended or self.was_cut)
        if is_due and self._server_body is not None and not self._has_asked_direct:
            self._has_asked_direct = True
            if (self.body_bytes or 0) >= DIRECT_FROM_BYTES:
                self._direct = self._server_body.go_direct()
        return self._direct

    def hold_back(self) -> None:
        """Leave what comes next with the kernel, until another piece is asked for, where the server can."""
        if self._server_body is not None and not (self.body_ended or self.was_cut):
            self._server_body.hold_back()

    async def whole_body(self, patience_seconds: float) -> list[bytes] | None:
        """All of the body, if it comes within moments. Otherwise None, and `next_piece` begins from the start."""
        came: list[_SetAside] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_seconds):
                while not (self.body_ended or self.was_cut):
                    piece = await self.next_piece()
                    came.append((piece, self.body_ended, self.was_cut))
        if self.body_ended:
            return [piece for piece, _, _ in came]
        self._put_back(came)
        return None

    def give_back(self, pieces: Sequence[bytes]) -> None:
        """What `whole_body` gave, for `next_piece` to begin with."""
        self._put_back([(piece, number == len(pieces), False) for number, piece in enumerate(pieces, 1)])

    def _put_back(self, came: Sequence[_SetAside]) -> None:
        self._set_aside.extendleft(reversed(came))
        self.body_ended = self.was_cut = False


async def begin_response(send: Send, status: int, headers: Sequence[tuple[str, str]]) -> None:
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": encoded})


async def send_body(send: Send, content: bytes, *, is_last: bool) -> None:
    """After the last of it the server may close the connection."""
    await send({"type": "http.response.body", "body": content, "more_body": not is_last})
