"""Requests of stations as spans: those about an upload, once it is proved whose it is. Others leave none.

What an anonymous client sends costs no span, and can put none into anybody's trace.
"""

from __future__ import annotations

import re
import time
from typing import Any

from opentelemetry.trace import Span, SpanKind

from api.tracing.spans import Spans, mark_failed, parent_named_by
from ingest.trace_context import TRACEPARENT, TRACERESPONSE, TraceParent, first_span_of
from ingest.uploads.asgi import PROVED, AsgiApplication, Message, Receive, Scope, Send

_NAMES = {"POST": "upload.create", "PATCH": "upload.append", "HEAD": "upload.offset", "DELETE": "upload.terminate"}
_RECEIPT = re.compile(r"/api/v1/uploads/(?P<upload>[0-9a-f]{32})/receipt")
_OF_THE_STATION = (200, 409, 422)
"""What only its own station is answered: here is the receipt, or why there is none. 202 comes once a second."""


def with_request_spans(uploads: AsgiApplication, spans: Spans) -> AsgiApplication:
    """The tus server, each of whose requests is a span of its upload's trace."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        request = _UploadRequest(spans, scope)
        extensions = {**(scope.get("extensions") or {}), PROVED: request.prove}
        try:
            await uploads({**scope, "extensions": extensions}, receive, request.answering(send))
        finally:
            request.end()

    return application


def with_receipt_spans(others: AsgiApplication, spans: Spans) -> AsgiApplication:
    """The application, in which the receipt that a station is given is a span: the last of its upload's trace."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        match = _RECEIPT.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if match is None:
            await others(scope, receive, send)
            return
        upload_id, began_ns = match["upload"], time.time_ns()

        async def answer(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.start" and message["status"] in _OF_THE_STATION:
                said = _said("GET", "/api/v1/uploads/{upload_id}/receipt", message["status"])
                parent = _parent(scope, upload_id)
                spans.begin("receipt.fetch", parent, said, SpanKind.SERVER, began_ns).end()

        await others(scope, receive, answer)

    return application


class _UploadRequest:
    """One request to the tus server, which may turn out to be about an upload."""

    def __init__(self, spans: Spans, scope: Scope) -> None:
        self._spans = spans
        self._scope = scope
        self._began_ns = time.time_ns()
        self._span: Span | None = None
        self._is_answered = False

    def prove(self, upload_id: str, method: str, is_new: bool) -> None:
        """It may speak of this upload; `is_new`: it has made it. What is said again counts once."""
        if self._span is not None:
            return
        said = _said(method, "/uploads" if method == "POST" else "/uploads/{upload_id}")
        name = _NAMES[method]
        if is_new:
            asked = _header(self._scope, TRACEPARENT)
            self._span = self._spans.begin_first(name, upload_id, self._began_ns, said, asked)
        else:
            parent = _parent(self._scope, upload_id)
            self._span = self._spans.begin(name, parent, said, SpanKind.SERVER, self._began_ns)

    def answering(self, send: Send) -> Send:
        """`send`, which notes the status, and says in the answer of which trace the request was."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = self._note(message)
            await send(message)

        return answer

    def end(self) -> None:
        """Of a request that was cut off nothing was answered."""
        if self._span is None:
            return
        if not self._is_answered:
            mark_failed(self._span, "cut")
        self._span.end()

    def _note(self, message: Message) -> Message:
        if self._span is None:
            return message
        self._is_answered = True
        status = message["status"]
        self._span.set_attribute("http.response.status_code", status)
        if status >= 500:
            mark_failed(self._span, str(status))
        told = (TRACERESPONSE.encode(), str(parent_named_by(self._span)).encode())
        return {**message, "headers": [*message["headers"], told]}


def _said(method: str, route: str, status: int | None = None) -> dict[str, str | int | float | bool]:
    said: dict[str, str | int | float | bool] = {"http.request.method": method, "http.route": route}
    return said if status is None else said | {"http.response.status_code": status}


def _parent(scope: Scope, upload_id: str) -> TraceParent:
    """The span that the request names in its upload's trace; else the first. Of another trace it can be none: which one
    an upload is of, its id says, and no client."""
    named = TraceParent.parse(_header(scope, TRACEPARENT))
    return named if named is not None and named.trace_id == upload_id else first_span_of(upload_id)


def _header(scope: Scope, name: str) -> str:
    headers: Any = scope["headers"]
    return next((value.decode("latin-1") for key, value in headers if key == name.encode()), "")
