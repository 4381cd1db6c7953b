"""Answers of the tus server, and how they are sent when the request's body was not read to its end."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from ingest.errors import RequestRefused
from ingest.uploads.asgi import Send, begin_response, send_body
from ingest.uploads.contract import UploadLimits
from ingest.uploads.problems import UNEXPECTED, Problem, describe_problem, problem_of
from ingest.uploads.request import CHECKSUM_BYTES, Request

TUS_VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,creation-defer-length,checksum,termination,expiration"

_LINGER_SECONDS = 5
_LINGER_BYTES = 16 << 20
_THROWN_AT_ONCE_BYTES = 64 << 10


@dataclass(frozen=True)
class Answer:
    """Tus-Resumable and Cache-Control are added to every answer when it is sent."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def describe_server(limits: UploadLimits) -> Answer:
    """OPTIONS: what this server can do (tus 1.0, core)."""
    return Answer(
        204,
        (
            ("Tus-Version", TUS_VERSION),
            ("Tus-Extension", EXTENSIONS),
            ("Tus-Max-Size", str(limits.max_upload_bytes)),
            ("Tus-Checksum-Algorithm", ",".join(CHECKSUM_BYTES)),
        ),
    )


def refusal(error: RequestRefused, request: Request, limits: UploadLimits) -> Answer:
    """The problem details of an error, with the headers its status asks for, and where what it created is."""
    problem = problem_of(error)
    facts = vars(error)
    again = str(facts.get("retry_after_seconds", limits.retry_after_seconds))
    extra = {
        401: [("WWW-Authenticate", 'Bearer realm="uploads"')],
        405: [("Allow", str(facts.get("offered", "")))],
        412: [("Tus-Version", TUS_VERSION)],
        413: [("Tus-Max-Size", str(limits.max_upload_bytes))],
        429: [("Retry-After", again)],
        503: [("Retry-After", again)],
        507: [("Retry-After", again)],
    }.get(problem.status, [])
    if "recorded" in facts:
        extra.append(("Upload-Offset", str(facts["recorded"])))
    if request.created is not None:
        extra.append(("Location", request.created))
    return _with_problem(problem, facts, request, extra)


def unexpected(request: Request) -> Answer:
    return _with_problem(UNEXPECTED, {}, request, [])


def http_date(moment: datetime) -> str:
    """RFC 9110's date, as Upload-Expires wants it; `moment` is UTC."""
    return format_datetime(moment, usegmt=True)


async def send_answer(answer: Answer, request: Request, send: Send) -> None:
    """Send it. When a body is still on its way, close the connection afterwards, yet not at once.

    Closing over unread bytes resets the connection, and the client may never see why it was refused: so the answer
    goes out whole, and what still comes in is thrown away for a short while.
    """
    unread = request.has_body and not request.body_ended
    headers = [("Tus-Resumable", TUS_VERSION), ("Cache-Control", "no-store"), *answer.headers]
    if answer.status != 204:
        headers.append(("Content-Length", str(len(answer.body))))
    if unread:
        headers.append(("Connection", "close"))
    await begin_response(send, answer.status, headers)
    await send_body(send, answer.body, is_last=not unread)
    if unread:
        await _throw_away(request)
        await send_body(send, b"", is_last=True)


async def _throw_away(request: Request) -> None:
    thrown_bytes = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_SECONDS):
            while thrown_bytes < _LINGER_BYTES and not (request.body_ended or request.was_cut):
                thrown_bytes += sum(map(len, await request.next_pieces(_THROWN_AT_ONCE_BYTES, _LINGER_SECONDS)))


def _with_problem(problem: Problem, facts: dict[str, object], request: Request, extra: list[tuple[str, str]]) -> Answer:
    body, language = describe_problem(problem, facts, request.header("accept-language"))
    headers = (("Content-Type", "application/problem+json"), ("Content-Language", language), *extra)
    return Answer(problem.status, headers, body)
