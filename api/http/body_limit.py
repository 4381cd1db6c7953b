"""An end to bodies outside /uploads: so many bytes, so many seconds, before anything else is done with them.

A plain ASGI wrapper. The body is read whole before the application is called, which would do just that, without limit.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from starlette.requests import Request

from api.http.errors import MOST_BODY_BYTES, BodyTooLarge, HttpRefused
from api.http.problem_responses import problem_response
from casework.papers import MOST_PAPER_BYTES
from ingest.uploads.asgi import AsgiApplication, Message, Receive, Scope, Send

BODY_SECONDS = 20.0
_PAPERS = re.compile(
    r"/api/v1/(requests/[^/]{1,40}/attachments|postings/[^/]{1,40}/evidence|return-sendings/[^/]{1,40}/receipts)"
)
# Closing over unread bytes resets the connection, and the refusal may never be seen: so they are thrown away first.
_LINGER_SECONDS = 1.0
_LINGER_BYTES = 4 << 20


class BodyTooSlow(HttpRefused):
    status, code = 408, "body-too-slow"

    def __init__(self) -> None:
        super().__init__(
            f"请求内容未在 {BODY_SECONDS:.0f} 秒内到齐，请重试",
            f"the request's body did not arrive within {BODY_SECONDS:.0f} seconds: try again",
        )


class _ClientGone(Exception):
    """The connection was cut before the body ended: nobody is there to answer."""


def with_body_limit(application: AsgiApplication) -> AsgiApplication:
    """`application`, called only for requests whose bodies are within the limits; 413 or 408 to the others."""

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"]) if scope["type"] == "http" else {}
        if headers.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in headers:
            await application(scope, receive, send)
            return
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _read_body(headers, receive, most_bytes(scope["path"]))
        except TimeoutError:
            await _refuse(BodyTooSlow(), scope, receive, send)
        except BodyTooLarge as error:
            await _refuse(error, scope, receive, send)
        except _ClientGone:
            return
        else:
            await application(scope, _replaying(body, receive), send)

    return limited


def most_bytes(path: str) -> int:
    """A scanned letter, and a picture of a notice board, is larger than any form."""
    return MOST_PAPER_BYTES if _PAPERS.fullmatch(path) else MOST_BODY_BYTES


async def _read_body(headers: dict[bytes, bytes], receive: Receive, most: int) -> bytes:
    """Raises BodyTooLarge, before anything is read when the size is declared; _ClientGone."""
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and (len(declared) > 18 or int(declared) > most):
        raise BodyTooLarge(most)
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientGone
        body += message.get("body", b"")
        if len(body) > most:
            raise BodyTooLarge(most)
        more = message.get("more_body", False)
    return bytes(body)


def _replaying(body: bytes, receive: Receive) -> Receive:
    """The body once more, then whatever comes after it: the client's going away."""
    told = False

    async def replay() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _refuse(error: HttpRefused, scope: Scope, receive: Receive, send: Send) -> None:
    response = problem_response(Request(scope), error)
    response.headers["Connection"] = "close"

    async def send_unended(message: Any) -> None:
        await send({**message, "more_body": True} if message["type"] == "http.response.body" else message)

    await response(scope, receive, send_unended)
    await _throw_away(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _throw_away(receive: Receive) -> None:
    thrown_bytes = 0
    try:
        async with asyncio.timeout(_LINGER_SECONDS):
            while thrown_bytes < _LINGER_BYTES:
                message = await receive()
                thrown_bytes += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return
