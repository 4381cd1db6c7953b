"""What a request shows of who sends it, for the database to judge: each of its transactions begins with that."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from api.credentials import TOKEN_PREFIX
from api.http.sessions import SESSION_COOKIE
from ingest.uploads.asgi import AsgiApplication, Receive, Scope, Send
from storage.entering import showing


def with_shown_secret(application: AsgiApplication) -> AsgiApplication:
    """`application`, within which the database goes by the secret that each request brings.

    Here and not where people are found: what runs in threads, dependencies among them, has a copy of this context.
    """

    async def shown(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        with showing(secret_of(Headers(scope=scope))):
            await application(scope, receive, send)

    return shown


def secret_of(headers: Headers) -> str | None:
    """A program's token, else a browser's cookie: as api/http/sessions.py finds viewers. A station's is none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if token and scheme.lower() == "bearer":
        return token.strip() if token.strip().startswith(TOKEN_PREFIX) else None
    return cookie_parser(headers.get("cookie", "")).get(SESSION_COOKIE)
