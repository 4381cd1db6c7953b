"""Whoever is answered at length is asked about again while the answer leaves: footage, packages, files, tables, pages.

Around all of the framework, so that no route can forget it. What is cut stays shorter than its Content-Length, or
without its last chunk: no client takes it for the whole.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import structlog
from starlette.requests import Request

from api.errors import ApiError
from api.http.pace import LEAST_AT_ONCE, Pace
from api.http.sessions import ANSWERED, SAFE_METHODS, Answered, require_same_viewer
from casework.errors import CaseworkError
from ingest.uploads.asgi import AsgiApplication, Receive, Scope, Send
from retention.errors import RetentionError

log = structlog.get_logger()
ASK_AGAIN_SECONDS = 1.0
"""What is under way stops at most this long after its person signed out, was blocked or lost his role, or his grant."""


def with_asking_again(application: AsgiApplication) -> AsgiApplication:
    """`application`, whose answers to people who look end where asking again finds that they may have them no more.

    Within api/http/presented.py: the database is asked by the secret that the request brought.
    """

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        scope[ANSWERED] = Answered()
        if scope["method"] not in SAFE_METHODS:
            # The answer to a deed tells that it was done; and a deed may end its doer's own session, or his right.
            await application(scope, receive, send)
            return
        with anyio.CancelScope() as answering:
            await application(scope, receive, _Leaving(scope, send, answering).send)

    return asked


class _Leaving:
    """One answer on its way out. The server closes the connection of what ends before its end."""

    def __init__(self, scope: Scope, send: Send, answering: anyio.CancelScope) -> None:
        self._request, self._answered = Request(scope), scope[ANSWERED]
        self._send, self._answering = send, answering
        self._asked_at = time.monotonic()
        self._pace = Pace()
        self._cut = False

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._asked_at = time.monotonic()
        if self._answered.viewer is None or message["type"] != "http.response.body":
            await self._send(message)
            return
        for piece in self._pieces(message):
            await self._ask_again_if_due()
            if self._cut:
                return
            await self._send(piece)

    def _pieces(self, message: Any) -> Iterator[Any]:
        """A slow line takes minutes over what a route hands over in one piece."""
        body = message.get("body", b"")
        if len(body) <= LEAST_AT_ONCE:
            yield message
            return
        left = len(body)
        for piece in self._pace.cut(memoryview(body)):
            left -= len(piece)
            yield {**message, "body": piece, "more_body": left > 0 or message.get("more_body", False)}

    async def _ask_again_if_due(self) -> None:
        if self._cut or time.monotonic() - self._asked_at < ASK_AGAIN_SECONDS:
            return
        if not await _holds_soon(self._answered):
            self._cut = not await anyio.to_thread.run_sync(_may_go_on, self._request, self._answered)
        self._asked_at = time.monotonic()
        if self._cut:
            # Whatever makes the answer ends as if the client had gone, and closes what it has open.
            self._answering.cancel()
            await anyio.lowlevel.checkpoint()


async def _holds_soon(answered: Answered) -> bool:
    """False says nothing: it is asked at length then."""
    return answered.soon is not None and await answered.soon()


def _may_go_on(request: Request, answered: Answered) -> bool:
    try:
        viewer = require_same_viewer(request, answered)
        for still_holds in answered.conditions:
            still_holds(viewer)
    except (ApiError, CaseworkError, RetentionError) as refused:
        log.info("answer.cut", path=request.url.path, reason=str(refused))
        return False
    except Exception:
        # What cannot be asked is not taken for granted.
        log.exception("answer.not_asked_again", path=request.url.path)
        return False
    return True
