"""One HTTP request to /uploads: ASGI in, strictly read headers out."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from ingest.stations.credential import PresentedCredential
from ingest.uploads.errors import RequestMalformed, UploadUnknown
from ingest.uploads.staged_bytes import Piece
from ingest.uploads.staging import UPLOAD_ID
from storage.node_names import is_node_name

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApplication = Callable[[Scope, Receive, Send], Awaitable[None]]

UPLOADS_PATH: Final = "/uploads"
"""The collection of all uploads; each has its address below it."""
SERVER_BODY: Final = "liuhen.body"
"""The extension of ASGI by which a server that can gives more of a request's body than messages do: a ServerBody."""
DIRECT_FROM_BYTES: Final = 256 << 10
OFFSET_STREAM = "application/offset+octet-stream"
CHECKSUM_BYTES = {"sha1": 20, "sha256": 32}

_LARGEST = (1 << 63) - 1
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_ONCE = frozenset(
    {
        "authorization", "content-digest", "content-length", "content-type", "idempotency-key", "signature",
        "signature-input", "tus-resumable", "transfer-encoding", "upload-checksum", "upload-defer-length",
        "upload-length", "upload-metadata", "upload-offset", "x-http-method-override",
    }
)  # fmt: skip


_SetAside = tuple[bytes, bool, bool]
"""Some bytes of a body, and whether they were its last: because it ended, or because the connection was cut."""


class DirectBody(Protocol):
    @property
    def has_ended(self) -> bool: ...
    @property
    def was_cut(self) -> bool: ...
    async def gather(self, wanted_bytes: int, patience_seconds: float) -> None: ...
    def take(self) -> list[Piece]: ...


class ServerBody(Protocol):
    """A request's body as our server has it (api/engines/http_protocol.py). Behind any other there is none."""

    def go_direct(self) -> DirectBody | None:
        """The rest of a long body past the parser and the queue; None where it is not under way."""

    def hold_back(self) -> None:
        """Read no further until a message is asked for: the server reads up to 300 KiB of each connection ahead."""

    def left_behind(self) -> bytes:
        """What arrived before a cut and was not handed over. `http.disconnect` is answered as soon as the connection
        is lost, also when bytes that were read before still lie in the queue. They arrived, so they count."""


@dataclass(frozen=True)
class ClaimedChecksum:
    """What Upload-Checksum says the body's digest is."""

    algorithm: str
    value: bytes


class Request:
    """Headers are lower-case names with values as Latin-1 text, which keeps every byte."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.root_path: str = scope.get("root_path", "")
        self._receive = receive
        self.body_ended = False
        self.was_cut = False
        self.created: str | None = None
        """The address of the upload that this request has opened, and that outlives its being refused after all."""
        self._set_aside: deque[_SetAside] = deque()
        self._server_body: ServerBody | None = (scope.get("extensions") or {}).get(SERVER_BODY)
        self._direct: DirectBody | None = None
        self._has_asked_direct = False
        self._has_received = False
        self.on_taken_up: Callable[[], None] = lambda: None
        """Called when nothing is left of what `whole_body` had put back, or `give_back` has."""
        self.presented = PresentedCredential.of(scope)
        self._scheme: str = scope.get("scheme", "http")
        self._path: str = scope["path"].removeprefix(self.root_path)
        self._pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        self._headers = dict(self._pairs)
        method: str = scope["method"].upper()
        # Only a POST stands for another method (tus 1.0): what a GET asks for, nobody expects to change anything.
        if method == "POST":
            method = self._headers.get("x-http-method-override") or method
        self.method = method.strip().upper()

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

    def _pieces_here(self, direct: DirectBody) -> list[Piece]:
        pieces = direct.take()
        self.body_ended = direct.has_ended
        self.was_cut = direct.was_cut and not self.body_ended
        return pieces

    def _go_direct(self) -> DirectBody | None:
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

    def header(self, name: str) -> str | None:
        return self._headers.get(name)

    def _list(self, name: str) -> list[str]:
        """The members of a list field, which may come in several lines (RFC 9110, 5.3), in lower case."""
        said = ",".join(value for each, value in self._pairs if each == name)
        return [member.strip().lower() for member in said.split(",") if member.strip()]

    def check_framing(self) -> None:
        """Two readings of one request are how requests are smuggled: refuse whatever could be read in two ways."""
        seen: set[str] = set()
        for name, _ in self._pairs:
            if name in seen and name in _ONCE:
                raise RequestMalformed(name, "出现两次", "comes twice")
            seen.add(name)
        if {"content-length", "transfer-encoding"} <= seen:
            raise RequestMalformed(
                "Transfer-Encoding", "与 Content-Length 同时出现", "comes together with Content-Length"
            )
        if any(each != "identity" for each in self._list("content-encoding")):
            raise RequestMalformed(
                "Content-Encoding", "上传的字节不得再编码", "the bytes of a file are sent as they are"
            )
        # Fields after the body are dropped before they come here: who announces a digest there would not be heard.
        if "upload-checksum" in self._list("trailer"):
            raise RequestMalformed(
                "Trailer", "Upload-Checksum 应在请求头中", "Upload-Checksum belongs among the headers, before the body"
            )

    @property
    def upload_id(self) -> str | None:
        """None for the collection itself. Raises UploadUnknown for any other address than an upload's.

        An address may begin with a node's name, by which a proxy finds the node; which one it is says the row.
        """
        path = self._path.removeprefix("/")
        if not path:
            return None
        node, slash, name = path.rpartition("/")
        if not UPLOAD_ID.fullmatch(name) or (slash and not is_node_name(node)):
            raise UploadUnknown
        return name

    def address_of(self, upload_id: str, node: str) -> str:
        """Absolute, since some clients (aiotus) take no other; a path where a proxy nobody named speaks otherwise."""
        path = f"{self.root_path}/{path_of_upload(upload_id, node)}"
        host = self.header("host") or ""
        if not _HOST.fullmatch(host) or self._headers.get("x-forwarded-proto", self._scheme) != self._scheme:
            return path
        return f"{self._scheme}://{host}{path}"

    @property
    def has_body(self) -> bool:
        return "transfer-encoding" in self._headers or self._headers.get("content-length", "0") != "0"

    @property
    def body_bytes(self) -> int | None:
        """The declared size of this body; None for a chunked one."""
        return None if "transfer-encoding" in self._headers else self.number("content-length") or 0

    def number(self, name: str) -> int | None:
        """A non-negative whole number without sign, space or leading zero. Raises RequestMalformed for others."""
        value = self.header(name)
        if value is None:
            return None
        if not _NUMBER.fullmatch(value) or int(value) > _LARGEST:
            raise RequestMalformed(
                name.title(), f"应为 0 至 {_LARGEST} 的整数", f"must be a whole number from 0 to {_LARGEST}"
            )
        return int(value)

    @property
    def carries_upload_bytes(self) -> bool:
        return (self.header("content-type") or "").strip().lower() == OFFSET_STREAM

    @property
    def defers_length(self) -> bool:
        """Upload-Defer-Length, whose only value is 1. Raises RequestMalformed for others."""
        value = self.header("upload-defer-length")
        if value not in (None, "1"):
            raise RequestMalformed("Upload-Defer-Length", "应为 1", "must be 1")
        return value is not None

    def checksum(self) -> ClaimedChecksum | None:
        """Upload-Checksum: algorithm, space, Base64 digest. Raises RequestMalformed."""
        value = self.header("upload-checksum")
        if value is None:
            return None
        algorithm, _, encoded = value.strip().partition(" ")
        if algorithm not in CHECKSUM_BYTES:
            offered = ", ".join(CHECKSUM_BYTES)
            raise RequestMalformed("Upload-Checksum", f"可用的算法为 {offered}", f"the algorithms are {offered}")
        try:
            digest = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError) as error:
            raise RequestMalformed("Upload-Checksum", "校验值不是 Base64", "the digest is not Base64") from error
        size = CHECKSUM_BYTES[algorithm]
        if len(digest) != size:
            reasons = (f"{algorithm} 校验值应为 {size} 字节", f"a {algorithm} digest has {size} bytes")
            raise RequestMalformed("Upload-Checksum", *reasons)
        return ClaimedChecksum(algorithm, digest)


def path_of_upload(upload_id: str, node: str) -> str:
    """Below the collection; '' is the one box."""
    return f"{node}/{upload_id}" if node else upload_id


def is_at_or_below(path: str, prefix: str = UPLOADS_PATH) -> bool:
    return path == prefix or path.startswith(prefix + "/")
