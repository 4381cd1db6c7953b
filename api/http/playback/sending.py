"""Footage on its way out: decrypted piece by piece, under one committed window after the other."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime

import anyio
import anyio.to_thread
import structlog
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from api.http.errors import SignInNeeded
from api.http.pace import Pace
from api.http.playback.going_on import GoingOn
from api.http.playback.ranges import Span
from api.http.playback.sent_notes import SentNotes
from casework.errors import CaseworkError
from casework.playback import Window
from storage.encryption.segments import SEGMENT_BYTES
from storage.errors import DecryptionFailed, ObjectStoreError
from storage.sealed_object import OpenedObject

log = structlog.get_logger()


class Sending:
    """The bytes of one response, and the note of how many of them were handed over under which window.

    Wherever a window ends, by bytes or by time, the next one for the bytes from a position on is asked for: of
    `find_next`, on the event loop, if one stands; else of `open_next`, in a thread, which commits one or raises
    AccessRefused or SignInNeeded. Within a window api/http/asking_again.py asks.
    """

    def __init__(
        self,
        notes: SentNotes,
        plaintext: OpenedObject,
        span: Span,
        window: Window,
        find_next: Callable[[int], Awaitable[Window | None]],
        open_next: Callable[[int], Window],
    ) -> None:
        self._notes, self._plaintext = notes, plaintext
        self._position, self._last = span.first, span.last
        self._window, self._find_next, self._open_next = window, find_next, open_next
        self._handed: Counter[uuid.UUID] = Counter()
        self._segments = self._segments_in_window()
        self._first: memoryview | None = None

    @property
    def is_complete(self) -> bool:
        return self._position > self._last

    async def begin(self) -> None:
        """Read what comes first: what is wrong with it still shows, for nothing has been answered yet."""
        self._first = await self._next_segment()

    async def pieces(self) -> AsyncIterator[memoryview]:
        """Once it has begun. Ends early when the next window is refused. Decrypting a segment here is quicker than a
        thread, unless it comes over a network or from a disk first: the others are not made to wait for that."""
        pace, segment, self._first = Pace(), self._first, None
        while segment is not None:
            for piece in pace.cut(segment):
                # Noted before it is handed over: rather a piece too much in the ledger than one too few.
                self._handed[self._window.window_id] += len(piece)
                self._position += len(piece)
                yield piece
                if self.is_complete:
                    return
                if self._is_over():
                    await self._enter_next_window()
                    break
            segment = await self._next_segment()

    async def finish(self) -> None:
        """Close what is open and keep the note; also when whoever was sent to has gone."""
        self._plaintext.close()
        if self._notes.add(self._handed):
            with anyio.CancelScope(shield=True):
                await self._notes.write()

    def _is_over(self) -> bool:
        return self._position > self._window.last_byte or datetime.now(UTC) >= self._window.expires_at

    async def _next_segment(self) -> memoryview | None:
        """Where the store fails, and the second one has a copy, from that."""
        try:
            return await self._segment_of_store()
        except (DecryptionFailed, ObjectStoreError):
            if not await anyio.to_thread.run_sync(self._plaintext.turn_to_copy):
                raise
        self._segments = self._segments_in_window()
        return await self._segment_of_store()

    async def _segment_of_store(self) -> memoryview | None:
        if not self._plaintext.is_remote:
            segment = next(self._segments, None)
            if segment is None or len(segment):
                return segment
        return await anyio.to_thread.run_sync(next, self._segments, None)

    async def _enter_next_window(self) -> None:
        window = await self._find_next(self._position)
        if window is None:
            window = await anyio.to_thread.run_sync(self._open_next, self._position)
        self._window = window
        self._segments = self._segments_in_window()

    def _segments_in_window(self) -> Iterator[memoryview]:
        length = min(self._window.last_byte, self._last) - self._position + 1
        return self._plaintext.pieces(self._position, length, SEGMENT_BYTES, told=not self._plaintext.is_remote)


class FootageResponse(Response):
    """Sends, stops when the client has gone, and always finishes what it was given.

    What is cut short (a window refused, bytes altered) stays shorter than its Content-Length: no client takes it for
    the whole.
    """

    def __init__(
        self, sending: Sending, going_on: GoingOn, status_code: int, headers: Mapping[str, str], media_type: str
    ) -> None:
        self._sending, self._going_on = sending, going_on
        self.status_code = status_code
        self.media_type = media_type
        self.background = None
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_await_end(receive))
        try:
            await self._send(send, gone)
        finally:
            gone.cancel()
            await self._sending.finish()

    async def _send(self, send: Send, gone: asyncio.Future[None]) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async for piece in self._sending.pieces():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                # Sending to somebody who has gone, or into an empty buffer, does not wait: others get their turn here.
                await self._going_on.turn()
                if gone.done():
                    return
        except (CaseworkError, SignInNeeded) as refused:
            log.info("playback.cut", reason=str(refused))
        except Exception:
            log.exception("playback.failed")
        if self._sending.is_complete:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _await_end(receive: Receive) -> None:
    """Until the client has gone. Whoever waits for him to take more is let go by the server then."""
    while (await receive())["type"] != "http.disconnect":
        pass
