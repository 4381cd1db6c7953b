"""What every response says to the browser. A plain ASGI wrapper: a framework's middleware would wrap each body too."""

from __future__ import annotations

from typing import Any

from ingest.uploads.asgi import AsgiApplication, Receive, Scope, Send

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_ENCODED = tuple((name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items())
# Answers speak of people and cases: nothing between here and the reader keeps them unless a route says it may.
_OF_THE_API = (*_ENCODED, (b"cache-control", b"no-store"))


def with_security_headers(application: AsgiApplication) -> AsgiApplication:
    """`application` with those headers on each response that does not state its own."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        defaults = _OF_THE_API if scope["path"].startswith("/api/v1") else _ENCODED

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                stated = list(message.get("headers", ()))
                names = {name.lower() for name, _ in stated}
                message = {**message, "headers": stated + [pair for pair in defaults if pair[0] not in names]}
            await send(message)

        await application(scope, receive, send_with_headers)

    return wrapped
